/* What the sessions of a worker share: memory, masks, and the three lists of timeouts. */
#include "ws_session_internal.h"

#include "base_random.h"

#include <assert.h>

enum tri_err tri_session_worker_init(struct tri_session_worker *w, const struct tri_alloc *alloc,
                                     const struct tri_limits *limits,
                                     const struct tri_random *random)
{
    *w = (struct tri_session_worker){.alloc = alloc, .limits = limits, .random = random};
    w->scratch = tri_alloc_get(alloc, TRI_SCRATCH_BYTES);
    if (!w->scratch) {
        return TRI_ERR_NOMEM;
    }
    tri_chunk_pool_init(&w->chunks, alloc);
    tri_timeout_list_init(&w->pings, limits->ping_interval_ms * TRI_NS_PER_MS);
    tri_timeout_list_init(&w->idles, limits->idle_timeout_ms * TRI_NS_PER_MS);
    tri_timeout_list_init(&w->closes, limits->close_timeout_ms * TRI_NS_PER_MS);
    return TRI_OK;
}

void tri_session_worker_deinit(struct tri_session_worker *w)
{
    assert(tri_list_is_empty(&w->pings.timeouts)); /* a session is still alive */
    assert(tri_list_is_empty(&w->idles.timeouts));
    assert(tri_list_is_empty(&w->closes.timeouts));
    tri_chunk_pool_deinit(&w->chunks);
    tri_alloc_release(w->alloc, w->scratch);
    w->scratch = NULL;
}

void tri_session_worker_mask(struct tri_session_worker *w, uint8_t out[4])
{
    assert(w->masks_left <= sizeof w->masks);
    if (w->masks_left < 4) {
        w->random->fill(w->random->user, w->masks, sizeof w->masks);
        w->masks_left = sizeof w->masks;
    }
    w->masks_left -= 4;
    memcpy(out, w->masks + w->masks_left, 4);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t tri_session_worker_deadline_ns(const struct tri_session_worker *w)
{
    const uint64_t ping = tri_timeout_list_deadline_ns(&w->pings);
    const uint64_t idle = tri_timeout_list_deadline_ns(&w->idles);
    const uint64_t close = tri_timeout_list_deadline_ns(&w->closes);
    return earlier(ping, earlier(idle, close));
}

/* The silence has lasted: ask whether the peer is there. RFC 6455 section 5.5.2 */
static void ping(struct tri_session *s)
{
    assert(s->state == TRI_SESSION_OPEN);
    tri_timeout_arm(&s->worker->pings, &s->ping, s->worker->now_ns);
    if (tri_queue_has_unsent(&s->queue)) {
        return; /* a ping behind what the peer does not take would only grow the queue */
    }
    if (tri_session_output_frame(s, TRI_OP_PING, tri_slice_of(NULL, 0)) != TRI_OK) {
        tri_session_abort_because(s, "out of memory");
    }
}

static void expire_deadlines(struct tri_timeout_list *l, uint64_t now_ns, const char *reason)
{
    for (;;) {
        struct tri_timeout *t = tri_timeout_list_pop(l, now_ns);
        if (!t) {
            return;
        }
        tri_session_abort_because(TRI_CONTAINER_OF(t, struct tri_session, deadline), reason);
    }
}

void tri_session_worker_expire(struct tri_session_worker *w, uint64_t now_ns)
{
    w->now_ns = now_ns;
    /* The dead first, so that they are not pinged. */
    expire_deadlines(&w->closes, now_ns, "the closing handshake took too long");
    expire_deadlines(&w->idles, now_ns, "idle timeout");
    for (;;) {
        struct tri_timeout *t = tri_timeout_list_pop(&w->pings, now_ns);
        if (!t) {
            return;
        }
        ping(TRI_CONTAINER_OF(t, struct tri_session, ping));
    }
}
