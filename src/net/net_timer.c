/*
 * See net_timer.h. The descriptor is readable from the time that was set until it is set again, so
 * nothing is ever read from it.
 */
#include "net_timer.h"

#include "net_socket.h"
#include "net_turn.h"

#include <assert.h>
#include <errno.h>
#include <sys/timerfd.h>

#define NS_PER_S ((uint64_t)1000000000)

struct tri_timer {
    uv_poll_t poll;
    struct tri_loop *loop;
    int fd;         /* -1 when freed */
    uint64_t at_ns; /* what the descriptor is set to; UINT64_MAX: to nothing */
    bool is_past;   /* its time has come, and it was not set again */
    void (*on_time)(void *user);
    void *user;
};

static void set_descriptor(struct tri_timer *t, uint64_t at_ns)
{
    /* A past time is at once; 0 would be never, and so is what we mean by UINT64_MAX. */
    uint64_t ns = at_ns == UINT64_MAX ? 0 : at_ns > 0 ? at_ns : 1;
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)},
    };
    int failed = timerfd_settime(t->fd, TFD_TIMER_ABSTIME, &when, NULL);
    assert(!failed);
    t->at_ns = at_ns;
    t->is_past = false;
}

static void expire(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct tri_timer *t = poll->data;
    tri_loop_begin(t->loop);
    if (uv_hrtime() < t->at_ns) {
        return; /* set anew by whoever was called before in this turn */
    }
    t->is_past = true;
    t->on_time(t->user);
    if (t->fd >= 0 && t->is_past) {
        set_descriptor(t, UINT64_MAX); /* not to be told again */
    }
}

static enum tri_err open_polled(struct tri_timer *t)
{
    t->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (t->fd < 0) {
        return TRI_ERR_IO;
    }
    int failed = uv_poll_init(tri_loop_uv(t->loop), &t->poll, t->fd);
    if (failed) {
        tri_socket_close(t->fd);
        errno = -failed;
        return TRI_ERR_IO;
    }
    failed = uv_poll_start(&t->poll, UV_READABLE, expire);
    assert(!failed);
    return TRI_OK;
}

enum tri_err tri_timer_new(struct tri_timer **out, struct tri_loop *loop,
                           void (*on_time)(void *user), void *user)
{
    assert(out && loop && on_time);
    *out = NULL;
    const struct tri_alloc *alloc = tri_loop_alloc(loop);
    struct tri_timer *t = tri_alloc_zero(alloc, sizeof *t);
    if (!t) {
        return TRI_ERR_NOMEM;
    }
    t->loop = loop;
    t->at_ns = UINT64_MAX;
    t->on_time = on_time;
    t->user = user;
    t->poll.data = t;
    enum tri_err err = open_polled(t);
    if (err) {
        int kept = errno;
        tri_alloc_release(alloc, t);
        errno = kept;
        return err;
    }
    *out = t;
    return TRI_OK;
}

static void free_closed(uv_handle_t *handle)
{
    struct tri_timer *t = handle->data;
    tri_alloc_release(tri_loop_alloc(t->loop), t);
}

void tri_timer_free(struct tri_timer *t)
{
    if (!t) {
        return;
    }
    assert(t->fd >= 0);
    uv_close((uv_handle_t *)&t->poll, free_closed);
    tri_socket_close(t->fd);
    t->fd = -1;
}

void tri_timer_set(struct tri_timer *t, uint64_t at_ns)
{
    assert(t && t->fd >= 0);
    if (t->is_past || at_ns != t->at_ns) {
        set_descriptor(t, at_ns);
    }
}
