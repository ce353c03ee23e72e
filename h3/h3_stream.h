/*
 * One request stream, of a server: an exchange (http_exchange.h) and, once it is answered, the transport's side
 * of the seam (ws_stream.h). RFC 9114 section 4.1, RFC 9220 section 3.
 *
 *   HEAD ──head complete──► WAITING ──respond, with a tenant──► BOUND ──┐
 *     │  └──► EARLY ──────────►┤ └───respond, without one─────► ANSWERED ┤
 *     │         │              └──on_cancel──┐                           │
 *     └─────────┴────────────────────────────┴───────────► OVER ◄────────┘
 *
 * Of a client it is a call (http_call.h): HEAD is that of the answer, with which it is BOUND or OVER.
 *
 * OVER means that nobody has to be told anything any more. QUIC may still be retransmitting a reset
 * or an end; the struct goes when QUIC has closed the stream, at the next drive step.
 *
 * Ops set marks and wake the connection; tri_h3_settle_stream acts on them when it is driven.
 */
#ifndef TRI_H3_STREAM_H
#define TRI_H3_STREAM_H

#include "base_list.h"
#include "h3_framing.h"
#include "h3_guard.h"
#include "h3_request.h"
#include "h3_schedule.h"
#include "http_call.h"
#include "http_exchange.h"
#include "http_priority.h"

#include <nghttp3/nghttp3.h>

struct tri_h3_conn;

enum tri_h3_phase {
    TRI_H3_HEAD,     /* the peer's head is arriving */
    TRI_H3_EARLY,    /* it came in early data, and has to wait for the handshake: input is held */
    TRI_H3_WAITING,  /* announced, not answered: input is held */
    TRI_H3_BOUND,    /* answered; a tenant lives on it */
    TRI_H3_ANSWERED, /* answered without a tenant; the answer is on its way */
    TRI_H3_OVER,
};

/* What a client keeps of a call besides. */
struct tri_h3_call {
    struct tri_call call;
    uint64_t peer_code; /* of the server's reset, if was_reset */
    uint16_t status;    /* of the head that arrives */
    uint8_t interims;   /* heads with 1xx that came */
    bool was_reset;     /* the server reset its direction */
    bool was_stopped;   /* the server wants no more of ours */
    bool is_refused;    /* it is above GOAWAY's id */
    bool is_forgotten;  /* the owner hears of it no more, unless somebody lives on it */
};

/* Invariant: while BOUND, unconsumed + credit <= the stream's window. */
struct tri_h3_stream {
    /* First, by the role: either begins with its stream, which is itself. */
    union {
        struct tri_exchange x;
        struct tri_h3_call call;
    };
    struct tri_h3_conn *conn; /* borrowed: it outlives its streams */
    int64_t id;
    enum tri_h3_phase phase;
    struct tri_list node;           /* the connection's streams; then the graveyard */
    struct tri_list woken;          /* the connection's streams with marks to act on */
    struct tri_h3_request *request; /* owned; NULL once answered and delivered */
    struct tri_carrier carrier;
    struct tri_h3_guard guard; /* of what arrives */
    size_t unconsumed;         /* bytes that the tenant has not returned credit for */

    /* Marks, acted on when the connection is driven. */
    size_t credit;   /* stream credit to return, bytes */
    bool stop_input; /* the answer is out: what the peer still sends is not wanted */
    bool ending;     /* to be reset with |code|, and told with |cause| */
    enum tri_stream_cause cause;
    uint64_t code;

    /* What goes out. */
    struct tri_h3_turn turn;
    struct tri_h3_framing framing;
    size_t head_bytes;   /* of what was sent, nghttp3's: DATA begins there */
    bool is_head_queued; /* nghttp3 has spelled all of it */
    bool is_head_sent;   /* the tenant's turn */
    bool is_head_acked;
    bool is_blocked;    /* by the peer's window of the stream */
    bool waits_for_ack; /* too many frames are on the way */
    bool output_fin;    /* the end is in a packet: peek is not called again */

    struct tri_priority priority;
    bool is_updated; /* PRIORITY_UPDATE came: it counts, not the field */
    bool is_websocket;
    bool is_let_go;     /* nghttp3 knows it no more: both heads are done, and the rest is DATA */
    bool is_plain;      /* what arrives is frames that nghttp3 does not get: h3_input.c */
    bool input_fin;     /* the peer's end came */
    bool fin_told;      /* and the tenant knows */
    bool input_stopped; /* we asked the peer to stop: its reset means nothing */
};

/*
 * A stream that the peer has opened, registered with its connection. TRI_OK or TRI_ERR_NOMEM (then
 * there is none, and the caller resets it).
 */
TRI_MUST_USE enum tri_err tri_h3_stream_open(struct tri_h3_conn *conn, int64_t id);

/* One that QUIC does not know yet; NULL if memory is short. It is registered once QUIC does, or
 * dropped. */
struct tri_h3_stream *tri_h3_stream_new(struct tri_h3_conn *conn);
void tri_h3_stream_register(struct tri_h3_stream *s, int64_t id);
void tri_h3_stream_drop(struct tri_h3_stream *s);

/* ---- what HTTP/3 says */

/* One field of the head. */
void tri_h3_stream_field(struct tri_h3_stream *s, struct tri_slice name, struct tri_slice value);

/* The head is complete: announces the request, if it may. It may be answered before this returns. */
void tri_h3_stream_head(struct tri_h3_stream *s);

/* Announces it now. */
void tri_h3_stream_announce(struct tri_h3_stream *s);

/* DATA; the end of the peer's direction. */
void tri_h3_stream_data(struct tri_h3_stream *s, const uint8_t *data, size_t len);
void tri_h3_stream_fin(struct tri_h3_stream *s);

/* ---- what QUIC says */

/* The peer reset its direction, or asked us to stop: either ends the whole stream (row E7), but for a
 * call whose answer may still come. */
void tri_h3_stream_peer_reset(struct tri_h3_stream *s, uint64_t code);
void tri_h3_stream_peer_stop(struct tri_h3_stream *s);

/* Our end of the stream is in a packet. */
void tri_h3_stream_fin_sent(struct tri_h3_stream *s);

/* QUIC has closed the stream: tells who is still to be told, and buries it. */
void tri_h3_stream_closed(struct tri_h3_stream *s);

/* ---- for the parts of a stream */

/* Asserts that |to| may follow. */
void tri_h3_stream_set_phase(struct tri_h3_stream *s, enum tri_h3_phase to);

/* There is a mark to act on. */
void tri_h3_stream_mark(struct tri_h3_stream *s);

/* Of a BOUND one: what came before the verdict goes to the tenant; then, if it came, the peer's end. */
void tri_h3_stream_deliver_held(struct tri_h3_stream *s);

/* ---- what the connection does */

/* Marks the stream to be reset with |code| at the next settle; the first mark counts. */
void tri_h3_stream_fail(struct tri_h3_stream *s, enum tri_stream_cause cause, uint64_t code);

/* The same for a request that is refused before it is announced; whoever counts is told why. Harmless
 * for one that was announced, but for the reset. */
void tri_h3_stream_refuse(struct tri_h3_stream *s, enum tri_refused why, uint64_t code);

/* Tells who is still to be told that it is over. Nothing of the tenant's is read afterwards. */
void tri_h3_stream_end(struct tri_h3_stream *s, enum tri_stream_cause cause);

/* Takes it off its connection, into the graveyard. */
void tri_h3_stream_bury(struct tri_h3_stream *s);

/* Frees one from the graveyard. */
void tri_h3_stream_free(struct tri_h3_stream *s, const struct tri_alloc *alloc);

#endif
