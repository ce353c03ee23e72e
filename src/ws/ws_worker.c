/* What the sessions of a worker share: memory, masks, the lists of timeouts and of the resumed. */
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
    tri_deflate_worker_init(&w->deflate, alloc, limits);
    tri_buf_init(&w->deflated, alloc, SIZE_MAX / 2); /* what is sent bounds it */
    tri_list_init(&w->resumed);
    w->inflate_share = TRI_INFLATE_BYTES_PER_TURN;
    tri_timeout_list_init(&w->pings, limits->ping_interval_ms * TRI_NS_PER_MS);
    tri_timeout_list_init(&w->idles, limits->idle_timeout_ms * TRI_NS_PER_MS);
    tri_timeout_list_init(&w->closes, limits->close_timeout_ms * TRI_NS_PER_MS);
    return TRI_OK;
}

void tri_session_worker_limits_changed(struct tri_session_worker *w)
{
    const struct tri_limits *limits = w->limits;
    tri_timeout_list_change(&w->pings, limits->ping_interval_ms * TRI_NS_PER_MS);
    tri_timeout_list_change(&w->idles, limits->idle_timeout_ms * TRI_NS_PER_MS);
    tri_timeout_list_change(&w->closes, limits->close_timeout_ms * TRI_NS_PER_MS);
    tri_deflate_worker_limits_changed(&w->deflate);
}

static void free_readings(struct tri_session_worker *w)
{
    while (w->spare_readings) {
        struct tri_reading *r = w->spare_readings;
        w->spare_readings = r->next;
        w->spare_readings_len--;
        tri_alloc_release(w->alloc, r);
    }
    assert(w->spare_readings_len == 0);
}

struct tri_reading *tri_session_worker_take_reading(struct tri_session_worker *w)
{
    struct tri_reading *r = w->spare_readings;
    if (r) {
        w->spare_readings = r->next;
        w->spare_readings_len--;
    } else {
        r = tri_alloc_zero(w->alloc, sizeof *r);
        if (!r) {
            return NULL;
        }
        tri_buf_init(&r->held, w->alloc, TRI_PAUSED_BYTES_MAX);
    }
    tri_buf_init(&r->message, w->alloc, w->limits->message_bytes_max); /* a reload changes it */
    return r;
}

void tri_session_worker_give_reading(struct tri_session_worker *w, struct tri_reading *r)
{
    assert(!r->message.data && !r->held.data && !r->is_feeding);
    assert(!r->in_frame && !r->is_begun && !r->is_compressed && r->fragments == 0);
    if (w->spare_readings_len >= TRI_READINGS_SPARE_MAX) {
        tri_alloc_release(w->alloc, r);
        return;
    }
    r->next = w->spare_readings;
    w->spare_readings = r;
    w->spare_readings_len++;
}

void tri_session_worker_deinit(struct tri_session_worker *w)
{
    assert(tri_list_is_empty(&w->pings.timeouts)); /* a session is still alive */
    assert(tri_list_is_empty(&w->idles.timeouts));
    assert(tri_list_is_empty(&w->closes.timeouts));
    assert(tri_list_is_empty(&w->resumed));
    tri_chunk_pool_deinit(&w->chunks);
    tri_deflate_worker_deinit(&w->deflate);
    tri_buf_deinit(&w->deflated);
    free_readings(w);
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
    if (!tri_list_is_empty(&w->resumed)) {
        return 0;
    }
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
    if (tri_session_output_control(s, TRI_OP_PING, tri_slice_of(NULL, 0)) != TRI_OK) {
        tri_session_abort_because(s, "out of memory");
    }
}

static void expire_closing(struct tri_session_worker *w)
{
    for (;;) {
        struct tri_timeout *t = tri_timeout_list_pop(&w->closes, w->now_ns);
        if (!t) {
            return;
        }
        tri_session_abort_because(TRI_CONTAINER_OF(t, struct tri_session, deadline),
                                  "the closing handshake took too long");
    }
}

/* Silent is not always gone: who has taken all that we sent, the last ping included, is told. */
static void give_up(struct tri_session *s)
{
    if (s->queue.held > 0) {
        tri_session_abort_because(s, "idle timeout");
    } else {
        tri_session_fail(s, TRI_CLOSE_GOING_AWAY, "idle timeout");
    }
}

static void expire_idle(struct tri_session_worker *w)
{
    for (;;) {
        struct tri_timeout *t = tri_timeout_list_pop(&w->idles, w->now_ns);
        if (!t) {
            return;
        }
        give_up(TRI_CONTAINER_OF(t, struct tri_session, deadline));
    }
}

/* Moves all of |from| behind what |to| holds; returns how many. */
static size_t move_list(struct tri_list *to, struct tri_list *from)
{
    size_t len = 0;
    for (struct tri_list *at = tri_list_pop(from); at; at = tri_list_pop(from)) {
        tri_list_append(to, at);
        len++;
    }
    return len;
}

static size_t choose_share(size_t sessions)
{
    const size_t share = sessions > 0 ? TRI_INFLATE_BYTES_PER_TURN / sessions : SIZE_MAX;
    return share > TRI_INFLATE_SHARE_MIN ? share : TRI_INFLATE_SHARE_MIN;
}

/*
 * Those that are on the list now; who has still more to read comes again at the next turn, behind
 * those for whom nothing was left in this one.
 */
static void feed_resumed(struct tri_session_worker *w)
{
    struct tri_list due, next;
    tri_list_init(&due);
    tri_list_init(&next);
    w->inflate_share = choose_share(move_list(&due, &w->resumed));
    w->coded_bytes = 0;
    for (struct tri_list *at = tri_list_pop(&due); at; at = tri_list_pop(&due)) {
        struct tri_session *s = TRI_CONTAINER_OF(at, struct tri_session, resumed);
        if (s->deflate && w->coded_bytes >= TRI_INFLATE_BYTES_PER_TURN) {
            tri_list_append(&next, at);
        } else {
            tri_session_input_go_on(s);
        }
    }
    w->inflate_share = TRI_INFLATE_BYTES_PER_TURN;
    move_list(&next, &w->resumed);
    move_list(&w->resumed, &next);
}

void tri_session_worker_expire(struct tri_session_worker *w, uint64_t now_ns)
{
    w->now_ns = now_ns;
    /* The dead first, so that they are not pinged. */
    expire_closing(w);
    expire_idle(w);
    feed_resumed(w);
    for (;;) {
        struct tri_timeout *t = tri_timeout_list_pop(&w->pings, now_ns);
        if (!t) {
            return;
        }
        ping(TRI_CONTAINER_OF(t, struct tri_session, ping));
    }
}
