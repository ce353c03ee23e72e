/*
 * The inside of a session, shared by ws_session*.c and ws_worker.c and by nobody else.
 *
 *   ws_session.c          life, states, closing and aborting
 *   ws_session_input.c    received bytes to frames; what is held back while the owner pauses
 *   ws_session_message.c  payload of data frames to messages or pieces of them
 *   ws_session_deliver.c  these to the owner: UTF-8, and the buffer of a whole message
 *   ws_session_control.c  control frames
 *   ws_session_send.c     messages to frames: compression, pieces, the queue's limit
 *   ws_session_output.c   frames to bytes, and what the stream takes of them
 *   ws_worker.c           what sessions share, and their timeouts
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

/*
 * Where the reader of frames is. A session has one only while bytes are being read, in the middle of
 * a frame or message, and while it holds bytes back; the worker keeps spare ones. A spare one is as
 * a reader between two messages leaves it: all false, all empty.
 */
struct tri_reading {
    struct tri_reading *next; /* spare */
    struct tri_frame frame;   /* meaningful while in_frame, and for the message in is_ending */
    uint64_t taken;           /* bytes of its payload so far; taken <= frame.payload_len */
    struct tri_buf message;   /* of a whole message: what came so far, as it will be delivered */
    struct tri_buf held;      /* received, not looked at: paused, or it was enough for one turn */
    size_t inflated_bytes;    /* in this turn */
    uint32_t fragments;       /* frames of the message so far, this one included; 0: no message */
    enum tri_type type;       /* of the message; meaningful while fragments > 0 */
    struct tri_utf8 utf8;     /* of the text so far */
    bool in_frame;            /* the header came, the payload has not ended */
    bool is_compressed;       /* the message */
    bool is_begun;            /* a piece of the message was delivered */
    bool has_more;            /* the decompressor holds output of what it was given */
    bool is_ending;           /* all payload came, the decompressor has not said that it is done */
    bool is_feeding;          /* it is on the stack: whoever reads gives it back */
    uint8_t header_len;       /* of a header that has not come whole */
    uint8_t header[TRI_FRAME_HEADER_MAX];
    uint8_t control[TRI_CONTROL_PAYLOAD_MAX]; /* payload of a control frame, as it comes */
};

struct tri_session {
    struct tri_session_worker *worker;
    struct tri_stream *stream;
    const struct tri_session_events *events;
    void *owner;
    struct tri_deflate_socket *deflate; /* owned; NULL: off */
    struct tri_reading *reading;        /* owned; NULL at rest */
    struct tri_queue queue;
    struct tri_timeout ping;     /* on worker->pings while open */
    struct tri_timeout deadline; /* on worker->idles while open, then on worker->closes */
    struct tri_list resumed;     /* on worker->resumed while held bytes are to be read */
    uint64_t opened_ns;
    uint64_t messages_in, messages_out, messages_dropped;
    uint64_t bytes_in, bytes_out;
    const char *reason;      /* static, or reason_owned; "" if there is none */
    char *reason_owned;      /* the peer's, or NULL */
    uint32_t control_second; /* the second in which control_count were received */
    uint32_t control_count;
    uint16_t code; /* as on_close will tell it */
    enum tri_session_role role : 2;
    enum tri_session_state state : 4;
    enum tri_slow slow : 3;
    enum tri_type out_type : 3; /* of the message that is being sent in pieces */
    bool is_close_queued : 1;   /* our Close is in the queue, last */
    bool is_close_sent : 1;     /* and the stream took it */
    bool is_close_received : 1;
    bool is_fin_received : 1;
    bool waits_for_fin : 1;     /* a client: its fin comes after the server's */
    bool wants_drain : 1;       /* a send was refused since the last on_drain */
    bool is_paused : 1;         /* by the owner */
    bool in_message : 1;        /* between send_begin and send_end */
    bool has_sent_piece : 1;    /* of that message */
    bool compresses_pieces : 1; /* of that message */
};

/* Thousands of them are at rest at any time. */
_Static_assert(sizeof(struct tri_session) <= 256, "a session at rest has outgrown its size");

/* At the server's limit of memory, |total| bytes are more than a socket may hold of a thing; |more| of
 * them are new. */
static inline bool tri_session_is_memory_short(const struct tri_session *s, size_t total,
                                               size_t more)
{
    const struct tri_budget *budget = s->worker->budget;
    return budget && total > TRI_MEMORY_SMALL_BYTES && more > 0 &&
           !tri_budget_has_room(budget, more);
}

/* --- ws_session.c */

/* Moves to |next|, with the timeouts that belong to it. Asserts that the step is legal. */
void tri_session_set_state(struct tri_session *s, enum tri_session_state next);

/*
 * Fails the WebSocket connection: Close with |code|, unless ours is queued already, then fin.
 * |reason| is static. RFC 6455 section 7.1.7
 */
void tri_session_fail(struct tri_session *s, enum tri_close_code code, const char *reason);

/* Whether |b| may grow by |len| bytes; else the session has failed, with 1013: it, and no other one,
 * is what would take the server over its limit of memory. */
bool tri_session_check_memory(struct tri_session *s, const struct tri_buf *b, size_t len);

/* As tri_session_abort, with a static reason for on_close, unless there is one already. */
void tri_session_abort_because(struct tri_session *s, const char *reason);

/* The peer's Close came: answer it, or see ours answered. */
void tri_session_receive_close(struct tri_session *s, const struct tri_close *close);

/* The peer's fin came, and all before it was read. */
void tri_session_receive_fin(struct tri_session *s);

/* --- ws_session_input.c */

/* Whether frames are read at all. */
static inline bool tri_session_is_reading(const struct tri_session *s)
{
    return s->state <= TRI_SESSION_CLOSING;
}

/* Reads frames out of |data|, as far as state and owner let it, holds the rest, and returns the
 * credit of what it has done with. */
void tri_session_input_feed(struct tri_session *s, struct tri_slice data);

/* Goes on with what is held, and with the peer's fin behind it. */
void tri_session_input_go_on(struct tri_session *s);

/* Goes on at the next turn, if there is anything to go on with. */
void tri_session_input_schedule(struct tri_session *s);

/* Nothing more is read: gives memory and credit back. */
void tri_session_input_stop(struct tri_session *s);

/* --- ws_session_message.c: between the header of a data frame and its last byte */

/* Whether the data frame |f| may come now, and is within the limits. Else the session has failed. */
bool tri_session_message_check(struct tri_session *s, const struct tri_frame *f);

/* The frame in s->reading->frame begins. */
void tri_session_message_begin_frame(struct tri_session *s);

/* Takes payload of that frame; returns how many bytes of |data| (not empty) were used. */
size_t tri_session_message_take(struct tri_session *s, struct tri_slice data);

/* Whether there is output to fetch before anything else is read; and fetching some of it. */
static inline bool tri_session_message_is_pending(const struct tri_reading *r)
{
    return r->has_more || r->is_ending;
}

void tri_session_message_fetch(struct tri_session *s);

/* Gives up the message in progress; the rest of it is dropped as it comes. */
void tri_session_message_drop(struct tri_session *s);

/* --- ws_session_deliver.c: while open, between the header of a data frame and its last byte */

/* Whether the owner takes messages piece by piece, and none is held. */
static inline bool tri_session_takes_pieces(const struct tri_session *s)
{
    return s->events->on_fragment != NULL;
}

/* How many bytes more the message may have. */
size_t tri_session_deliver_room(const struct tri_session *s);

/* The next bytes of the message, borrowed, as the owner is to see them; the last if |last|. The
 * owner is told from within, and may close the session; or the session has failed. */
void tri_session_deliver(struct tri_session *s, struct tri_slice data, bool last);

/*
 * The same without a copy, for a message that is held until it is whole: room for |len| bytes of
 * it, or NULL (the session has failed); and then all of these, |data|, were written there.
 */
uint8_t *tri_session_deliver_reserve(struct tri_session *s, size_t len);
void tri_session_deliver_reserved(struct tri_session *s, struct tri_slice data, bool last);

/* --- ws_session_control.c */

/* The header of a control frame came, in s->reading->frame; and payload of it (bytes used). */
void tri_session_control_begin_frame(struct tri_session *s);
size_t tri_session_control_take(struct tri_session *s, struct tri_slice data);

/* --- ws_session_output.c */

/* Queues |frame| (its mask is chosen here) with |payload|, and wakes the stream. TRI_OK or
 * TRI_ERR_NOMEM (nothing was queued). */
TRI_MUST_USE enum tri_err tri_session_output_frame(struct tri_session *s, struct tri_frame frame,
                                                   struct tri_slice payload);

/* A control frame. */
TRI_MUST_USE enum tri_err tri_session_output_control(struct tri_session *s, enum tri_opcode opcode,
                                                     struct tri_slice payload);

size_t tri_session_output_peek(void *session, struct tri_slice *out, size_t out_max, bool *fin);
void tri_session_output_sent(void *session, size_t len);
void tri_session_output_released(void *session, size_t len);

/* --- ws_worker.c */

/* A masking key that the peer's application cannot predict. RFC 6455 section 5.3 */
void tri_session_worker_mask(struct tri_session_worker *w, uint8_t out[4]);

/* A reader between two messages, or NULL if memory is short; and back, in that state. */
struct tri_reading *tri_session_worker_take_reading(struct tri_session_worker *w);
void tri_session_worker_give_reading(struct tri_session_worker *w, struct tri_reading *r);

#endif
