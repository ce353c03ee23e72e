/*
 * THE SEAM: one bidirectional byte stream, between a transport (h1, h2, h3) and whoever lives on
 * the stream (a WebSocket session, or the body of a plain response).
 *
 * Bytes out are pulled by the transport with peek; bytes in are pushed with on_data, and the
 * receiver returns flow-control credit with consume when it is done with them. There is one output
 * queue, in the session; a transport has none.
 *
 * The contract. Each line has a test in tests/contract/stream_contract_test.c, run over a fake, an
 * h1, an h2 and an h3 stream.
 *
 *  1. Stable bytes. Until on_sent, a repeated peek returns the same bytes at the same address,
 *     perhaps with more behind them; until on_released they do not move.
 *  2. Sent is not released. on_sent: the transport will not peek these bytes again. on_released:
 *     it will not read them again. released <= sent, always. h1 and h2 report released once the
 *     cipher has taken the bytes; h3 reports sent when they are in a packet and released on
 *     acknowledgement. Both count toward the session's queue limit, because both hold memory.
 *  3. Nothing to send is peek = 0 with *fin false. The transport asks again after wake_write.
 *     *fin true means: nothing follows the returned bytes; the transport ends its direction once
 *     they are sent, and peeks no more after that.
 *  4. Input is borrowed for the call. The receiver takes all of it.
 *  5. Credit. Stream credit waits for consume; connection credit is returned at once, so that one
 *     slow session cannot stall its siblings. The bound, streams_max x stream window, is known at
 *     configuration. h1 has neither: while much waits for consume, the connection is not read.
 *  6. No bytes before the verdict. What arrives before the events are bound is held by the
 *     transport, bounded, and gets no credit.
 *  7. No re-entry. Ops never call events: they set flags that the transport acts on when it is
 *     driven next (its recv, send or expire). Events may call ops, on their own stream.
 *  8. Exactly one on_closed, last. After it no other event comes and no op may be called. The
 *     memory of the stream stays until the transport's next drive step.
 *  9. Units are stream bytes, always: after framing, masking and compression.
 * 10. Framing is finished above the seam: a transport never looks inside a frame.
 * 11. What set_urgency says holds from the transport's next drive step, whatever the peer has asked
 *     for or asks for later. Bytes that were sent (on_sent) keep their place. Tested in
 *     tests/contract/priority_contract_test.c.
 */
#ifndef TRI_WS_STREAM_H
#define TRI_WS_STREAM_H

#include "base_slice.h"

struct tri_stream;

/* How a stream ended. */
enum tri_stream_cause {
    TRI_STREAM_FINISHED,  /* both directions ended in order */
    TRI_STREAM_RESET,     /* the peer aborted the stream (either direction) */
    TRI_STREAM_ABORTED,   /* we did, by the abort op */
    TRI_STREAM_CONN_LOST, /* the connection went, with everything on it */
};

/* What a transport offers; h1, h2 and h3 each define one static const table. */
struct tri_stream_ops {
    const char *name;                                  /* "http/1.1" "h2" "h3": for logs only */
    void (*wake_write)(struct tri_stream *s);          /* peek has something new, or fin */
    void (*consume)(struct tri_stream *s, size_t len); /* len received bytes are done with */
    void (*abort)(struct tri_stream *s);               /* drop both directions now */
    /* The owner's word on RFC 9218 urgency, 0 (first) to 7; nothing where a stream has no siblings. */
    void (*set_urgency)(struct tri_stream *s, unsigned urgency);
};

/* What lives on the stream; the session and the body each define one static const table. */
struct tri_stream_events {
    void (*on_data)(void *session, const uint8_t *data, size_t len);
    void (*on_fin)(void *session); /* the peer will send no more; comes at most once */
    /* Fills up to out_max slices (out_max >= 1), returns how many. */
    size_t (*peek)(void *session, struct tri_slice *out, size_t out_max, bool *fin);
    void (*on_sent)(void *session, size_t len);     /* in order */
    void (*on_released)(void *session, size_t len); /* in order */
    void (*on_closed)(void *session, enum tri_stream_cause cause);
};

/* Embedded in a transport's own stream struct. */
struct tri_stream {
    const struct tri_stream_ops *ops;
    const struct tri_stream_events *events; /* NULL until bound */
    void *session;
};

#endif
