/*
 * A WebSocket session: messages on one side, the byte stream of ws_stream.h on the other. RFC 6455
 * sections 5 to 8. It knows no HTTP and no socket; time comes from its worker.
 *
 *                      OPEN
 *     we close:          │  │          their Close (the echo is queued), a failure (our
 *     Close is queued    │  │          Close is queued), or a fin without Close (1006)
 *                        ▼  │
 *                  CLOSING  │          their data is still read, and dropped
 *      their Close,      │  │
 *      a failure, fin    ▼  ▼
 *                     ENDING           nothing more is read or queued
 *                        │
 *                        ▼
 *                   FINISHING          fin was given; waiting for the stream's end
 *                        │
 *                        ▼
 *                     CLOSED           on_closed came, from any state; the owner was told
 *
 * From CLOSING on a deadline runs; when it passes, or on tri_session_abort, the stream is aborted
 * (ABORTED) and on_closed follows. A server gives fin right behind its Close; a client whose
 * closing handshake is complete waits for the server's fin first. RFC 6455 section 7.1.1
 */
#ifndef TRI_WS_SESSION_H
#define TRI_WS_SESSION_H

#include "base_alloc.h"
#include "base_budget.h"
#include "base_limits.h"
#include "base_timeout.h"
#include "ws_close.h"
#include "ws_deflate.h"
#include "ws_payload.h"
#include "ws_queue.h"
#include "ws_stream.h"

struct tri_session;

enum tri_session_role {
    TRI_SESSION_SERVER, /* frames received must be masked, frames sent are not */
    TRI_SESSION_CLIENT, /* the other way round */
};

/* What happens on a session, toward its owner. Each may be NULL. All may send, close and abort. */
struct tri_session_events {
    /* A whole message; |data| is borrowed for the call. Text is valid UTF-8. */
    void (*on_message)(void *owner, enum tri_type type, const uint8_t *data, size_t len);
    /* Not NULL: messages piece by piece, as in trisock.h, and no on_message. */
    void (*on_fragment)(void *owner, const struct tri_fragment *fragment);
    /* The queue fell to half its limit after a send had returned TRI_ERR_FULL. */
    void (*on_drain)(void *owner);
    /*
     * Exactly once, last; |end| is borrowed. The session is gone when this returns. Where no Close
     * came (1006), end->reason says in our words what happened.
     */
    void (*on_close)(void *owner, const struct tri_ws_end *end);
};

/*
 * What the sessions of one worker share: memory, limits, time, timeouts. One a worker, made before
 * the first session, released after the last.
 */
struct tri_session_worker {
    const struct tri_alloc *alloc;
    const struct tri_limits *limits; /* borrowed */
    const struct tri_random *random; /* masks of the client role; borrowed */
    const struct tri_budget *budget; /* of all memory; borrowed; NULL, as after init: none */
    uint64_t now_ns;                 /* set by the loop at each turn, monotonic */
    struct tri_chunk_pool chunks;
    struct tri_deflate_worker deflate;
    struct tri_timeout_list pings;      /* silence until we ping */
    struct tri_timeout_list idles;      /* silence until the peer counts as dead */
    struct tri_timeout_list closes;     /* the closing handshake */
    struct tri_list resumed;            /* sessions that go on reading what they have held back */
    size_t coded_bytes;                 /* (de)compressed by all since those were last fed */
    size_t inflate_share;               /* what one may decompress in one go */
    struct tri_reading *spare_readings; /* a list, for messages and frames that come in pieces */
    unsigned spare_readings_len;        /* <= TRI_READINGS_SPARE_MAX */
    uint8_t *scratch;                   /* TRI_SCRATCH_BYTES, for unmasking small messages */
    struct tri_buf deflated;            /* a message while it is being compressed */
    uint8_t masks[4096];                /* random bytes in stock, so that not each frame asks */
    size_t masks_left;                  /* of them */
};

#define TRI_SCRATCH_BYTES ((size_t)(64 * 1024))

/* Spare struct tri_reading that a worker keeps: some 40 KiB. */
#define TRI_READINGS_SPARE_MAX 128u

/* Bytes that the sessions of a worker decompress in a turn, all together, less a part for the input
 * and for what they compress; then whoever else it serves has its turn. What each of many has of it
 * at least, so that none waits for long. And how many bytes one of input counts as: blocks of nothing
 * but their own tables yield none, and take thirty times as long. */
#define TRI_INFLATE_BYTES_PER_TURN ((size_t)(1024 * 1024))
#define TRI_INFLATE_SHARE_MIN ((size_t)(64 * 1024))
#define TRI_INFLATE_INPUT_WEIGHT 4u

struct tri_random;

TRI_MUST_USE enum tri_err tri_session_worker_init(struct tri_session_worker *w,
                                                  const struct tri_alloc *alloc,
                                                  const struct tri_limits *limits,
                                                  const struct tri_random *random);
void tri_session_worker_deinit(struct tri_session_worker *w);

/*
 * The limits have changed: timeouts that run are as long as they say now, from when they started.
 * now_ns must be that of this turn. Then tri_session_limits_changed for each session: one that had
 * no timeout may want one.
 */
void tri_session_worker_limits_changed(struct tri_session_worker *w);
void tri_session_limits_changed(struct tri_session *s);

/* When tri_session_worker_expire must be called next; 0: at once; TRI_NEVER_NS: no need. */
uint64_t tri_session_worker_deadline_ns(const struct tri_session_worker *w);

/*
 * Sends due pings, ends dead sessions, and lets resumed sessions read what they have held back. Sets
 * now_ns. Sessions call their owners, and ops of their streams.
 */
void tri_session_worker_expire(struct tri_session_worker *w, uint64_t now_ns);

/* The table to bind a session to a stream with: stream->events = this, stream->session = s. */
extern const struct tri_stream_events tri_session_stream_events;

/* What a session is made from; borrowed for the call, but for what says otherwise. */
struct tri_session_setup {
    enum tri_session_role role;
    struct tri_stream *stream;               /* kept; the caller binds it afterwards */
    const struct tri_session_events *events; /* kept, static */
    void *owner;                             /* handed to each of the events */
    enum tri_slow slow;
    struct tri_deflate_params deflate; /* as agreed in the opening handshake; all zero: off */
};

/*
 * Makes an open session. Its stream's on_closed ends it (there is no other way to free one):
 * on_close is called, then its memory goes.
 *
 * Returns TRI_OK or TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_session_new(struct tri_session **out, struct tri_session_worker *w,
                                          const struct tri_session_setup *setup);

/* Frees a session that was never bound to its stream; on_close is not called. */
void tri_session_discard(struct tri_session *s);

/*
 * As the functions tri_ws_ of the same name in trisock.h. They may be called at any time, also
 * within each of the events. Text is not checked to be UTF-8.
 *
 * A close or a reply for which there is no memory aborts the stream.
 */
TRI_MUST_USE enum tri_err tri_session_send(struct tri_session *s, enum tri_type type,
                                           const uint8_t *data, size_t len);
TRI_MUST_USE enum tri_err tri_session_send_payload(struct tri_session *s,
                                                   struct tri_payload *payload);
TRI_MUST_USE enum tri_err tri_session_send_begin(struct tri_session *s, enum tri_type type);
TRI_MUST_USE enum tri_err tri_session_send_append(struct tri_session *s, const uint8_t *data,
                                                  size_t len);
TRI_MUST_USE enum tri_err tri_session_send_end(struct tri_session *s);
TRI_MUST_USE enum tri_err tri_session_close(struct tri_session *s, uint16_t code,
                                            struct tri_slice reason);
void tri_session_abort(struct tri_session *s);
void tri_session_pause(struct tri_session *s);
void tri_session_resume(struct tri_session *s);
void tri_session_slow(struct tri_session *s, enum tri_slow policy);
void tri_session_urgency(struct tri_session *s, unsigned urgency);
bool tri_session_drops(const struct tri_session *s); /* whether that policy is TRI_SLOW_DROP */
size_t tri_session_queued_bytes(const struct tri_session *s);
enum tri_deflate tri_session_deflate(const struct tri_session *s);

/* Bytes of memory of a session at rest, without its stream. */
size_t tri_session_idle_bytes(void);

#endif
