/*
 * A stream: a request, its answer, and from then on the tenant of the seam (ws_stream.h).
 *
 *   HEAD ──on_request──► ASKED ──respond──► ANSWERED ──on_closed──► OVER
 *     │                    ├──on_cancel, 413──► ANSWERED            │
 *     │                    └──on_cancel────────────────────────────►┤
 *     ├──431──► ANSWERED                                            │
 *     └──malformed, reset──────────────────────────────────────────►┘
 *
 * At a client's end the request is its own, so that a stream starts ASKED (h2_call.h).
 *
 * OVER: nobody will be told anything more; the engine may still know the stream. It is freed when
 * both have let go.
 */
#ifndef TRI_H2_STREAM_H
#define TRI_H2_STREAM_H

#include "base_buf.h"
#include "h2_core.h"
#include "http_builder.h"
#include "http_call.h"
#include "http_priority.h"

/* What is needed only until the answer has been acted on: an idle WebSocket has none of it. */
struct tri_h2_request {
    struct tri_request_builder builder; /* of the head that arrives: a request's, or an answer's */
    struct tri_request_head head;       /* from ASKED on; of an answer only the fields */
    struct tri_buf held;                /* DATA of a tunnel that came before the verdict */
    size_t fields_bytes;                /* all that came, also past the limit */
    /* A client's: */
    int status;              /* of the head that arrives; 0: not there yet */
    uint32_t interims;       /* answers with 1xx so far */
    bool is_sent;            /* our HEADERS went out */
    struct tri_call_end end; /* what ends it without an answer; NONE: the connection's end */
};

struct tri_h2_stream {
    union {                           /* first */
        struct tri_stream seam;       /* the first member of both */
        struct tri_exchange exchange; /* at a server's end */
        struct tri_call call;         /* at a client's end */
    };
    struct tri_carrier carrier;
    struct tri_h2_conn *conn;
    struct tri_list node;           /* on one of the connection's lists */
    struct tri_list work_node;      /* on conn->work while an op's flag is set */
    struct tri_list flight_node;    /* on conn->flights while flight_bytes > 0 */
    struct tri_h2_request *request; /* owned; NULL once the answer was driven */
    size_t flight_bytes;            /* yielded by the last send, not released yet */
    size_t debt_bytes;              /* handed to the tenant, not consumed yet */
    size_t credit_bytes;            /* consumed by the tenant, not returned to the peer yet */
    uint64_t body_bytes;            /* of a request body, received so far */
    int32_t id;
    enum tri_h2_stream_state state;
    struct tri_priority priority; /* until is_scheduled: what the program has said */

    bool is_tunnel;    /* CONNECT: DATA is not a request body */
    bool is_scheduled; /* the engine has |priority|, and asks nobody else */
    bool is_websocket; /* answered so */
    bool is_closed;    /* the engine has let go of it */
    bool is_sending;   /* the engine holds a data provider for it */
    bool is_peer_fin;  /* END_STREAM came */
    bool is_fin_told;  /* and the tenant knows */
    bool is_fin_given; /* the tenant's fin was taken: it is not peeked again */
    bool is_fin_sent;  /* our END_STREAM went out */

    bool wants_write; /* ops: what the next drive step does */
    bool wants_abort;
    bool wants_priority;
};

/* A stream in HEAD, on conn->open; what is not the seam's in the union is the role's to fill. |id| 0:
 * it is set later. NULL if memory is short. */
struct tri_h2_stream *tri_h2_stream_new(struct tri_h2_conn *c, int32_t id);
void tri_h2_stream_set_id(struct tri_h2_stream *s, int32_t id);

/* Takes back one that the engine was never told of, and frees it. */
void tri_h2_stream_undo(struct tri_h2_stream *s);

/* Frees one that is OVER and closed, or whose connection goes. */
void tri_h2_stream_free(struct tri_h2_stream *s);

struct tri_h2_stream *tri_h2_stream_of_node(struct tri_list *node);

/* Asserts that the diagram above has this arrow. */
void tri_h2_stream_set_state(struct tri_h2_stream *s, enum tri_h2_stream_state state);

/*
 * |len| bytes of DATA came. A tenant gets them. Before the verdict they are held if the request is
 * a CONNECT, without credit, up to TRI_HELD_BYTES_MAX; the body of any other request is dropped,
 * with its credit, up to TRI_REQUEST_BODY_BYTES_MAX (413 above it).
 */
void tri_h2_stream_data(struct tri_h2_stream *s, const uint8_t *data, size_t len);

/* END_STREAM came. */
void tri_h2_stream_peer_fin(struct tri_h2_stream *s);

/* The engine has let go of the stream; the tenant is told by tri_h2_core_tell_ended. */
void tri_h2_stream_closed(struct tri_h2_stream *s);

/* How a stream that the engine closed has ended. */
enum tri_stream_cause tri_h2_stream_cause(const struct tri_h2_stream *s);

/* Tells whoever waits for the stream that it is over. Harmless when it is already. */
void tri_h2_stream_end(struct tri_h2_stream *s, enum tri_stream_cause cause);

/* Ends the stream from our side, for a reason of our own. */
void tri_h2_stream_kill(struct tri_h2_stream *s, uint32_t error_code);

/* Does what ops have asked for. */
void tri_h2_stream_drive(struct tri_h2_stream *s);

/* Puts the stream on conn->work and wakes the connection. */
void tri_h2_stream_mark(struct tri_h2_stream *s);

#endif
