/*
 * The inside of a session, shared by ws_session*.c and ws_worker.c and by nobody else.
 *
 *   ws_session.c         life, states, closing and aborting
 *   ws_session_input.c   received bytes to messages and control frames
 *   ws_session_output.c  messages to bytes, and what the stream takes of them
 *   ws_worker.c          what sessions share, and their timeouts
 */
#ifndef TRI_WS_SESSION_INTERNAL_H
#define TRI_WS_SESSION_INTERNAL_H

#include "base_buf.h"
#include "ws_frame.h"
#include "ws_session.h"
#include "ws_utf8.h"

/* In this order; a session only ever moves down, see tri_session_set_state. */
enum tri_session_state {
    TRI_SESSION_OPEN,
    TRI_SESSION_CLOSING,   /* our Close is queued, theirs has not come */
    TRI_SESSION_ENDING,    /* nothing more is read or queued; fin follows what is queued */
    TRI_SESSION_FINISHING, /* fin was given */
    TRI_SESSION_ABORTED,   /* the stream was told to abort */
    TRI_SESSION_CLOSED,    /* on_closed came */
};

/* Where the reader of frames is. It owns memory only in the middle of a message or frame. */
struct tri_session_input {
    struct tri_frame frame; /* meaningful while in_frame */
    uint64_t taken;         /* bytes of its payload so far; taken <= frame.payload_len */
    struct tri_buf message; /* payload of the message so far, unmasked */
    uint8_t *control;       /* payload of a control frame that comes in pieces, or NULL */
    uint32_t fragments;     /* frames of the message so far, this one included; 0: no message */
    enum tri_type type;     /* of the message; meaningful while fragments > 0 */
    struct tri_utf8 utf8;   /* of the text so far */
    uint8_t header[TRI_FRAME_HEADER_MAX]; /* a header that has not come whole */
    uint8_t header_len;
    bool in_frame; /* the header came, the payload has not ended */
};

struct tri_session {
    struct tri_session_worker *worker;
    struct tri_stream *stream;
    const struct tri_session_events *events;
    void *owner;
    enum tri_session_role role;
    enum tri_session_state state;
    struct tri_queue queue;
    struct tri_session_input input;
    struct tri_timeout ping;     /* on worker->pings while open */
    struct tri_timeout deadline; /* on worker->idles while open, then on worker->closes */
    uint64_t opened_ns;
    uint64_t messages_in, messages_out;
    uint64_t bytes_in, bytes_out;
    const char *reason;   /* static, or reason_owned; "" if there is none */
    char *reason_owned;   /* the peer's, or NULL */
    uint16_t code;        /* as on_close will tell it */
    bool is_close_queued; /* our Close is in the queue, last */
    bool is_close_sent;   /* and the stream took it */
    bool is_close_received;
    bool is_fin_received;
    bool waits_for_fin; /* a client: its fin comes after the server's */
    bool wants_drain;   /* a send was refused since the last on_drain */
};

/* --- ws_session.c */

/* Moves to |next|, with the timeouts that belong to it. Asserts that the step is legal. */
void tri_session_set_state(struct tri_session *s, enum tri_session_state next);

/*
 * Fails the WebSocket connection: Close with |code|, unless ours is queued already, then fin.
 * |reason| is static. RFC 6455 section 7.1.7
 */
void tri_session_fail(struct tri_session *s, uint16_t code, const char *reason);

/* As tri_session_abort, with a static reason for on_close, unless there is one already. */
void tri_session_abort_because(struct tri_session *s, const char *reason);

/* The peer's Close came: answer it, or see ours answered. */
void tri_session_receive_close(struct tri_session *s, const struct tri_close *close);

/* --- ws_session_input.c */

void tri_session_input_init(struct tri_session *s);

/* Reads frames out of |data|, as long as the state lets frames be read. */
void tri_session_input_feed(struct tri_session *s, struct tri_slice data);

/* Frees the message in progress; the reader goes on. */
void tri_session_input_drop_message(struct tri_session *s);

/* Frees everything; the reader is not used again. */
void tri_session_input_deinit(struct tri_session *s);

/* --- ws_session_output.c */

/* Queues one frame, and wakes the stream. TRI_OK or TRI_ERR_NOMEM (nothing was queued). */
TRI_MUST_USE enum tri_err tri_session_output_frame(struct tri_session *s, enum tri_opcode opcode,
                                                   struct tri_slice payload);

size_t tri_session_output_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin);
void tri_session_output_sent(void *session, size_t len);
void tri_session_output_released(void *session, size_t len);

/* --- ws_worker.c */

/* A masking key that the peer's application cannot predict. RFC 6455 section 5.3 */
void tri_session_worker_mask(struct tri_session_worker *w, uint8_t out[4]);

#endif
