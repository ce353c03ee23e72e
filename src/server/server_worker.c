/* See server_worker.h. */
#include "server_worker.h"

#include "server_refusal.h"
#include "server_reply.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * How often a turn's end goes over what is dirty: flushing one connection may give another
 * something to send. What is left then waits for the next turn, after the sockets were read.
 */
#define FLUSH_ROUNDS 4

/* Turns in which dropped connections are given up by the loop. One is enough. */
#define DROP_TURNS_MAX 1000

static void set_state(struct tri_worker *w, enum tri_worker_state state)
{
    assert(state > w->state);
    w->state = state;
}

/* ------------------------------------------------------------------------------------- the turn */

static bool is_dirty(const struct tri_worker *w)
{
    if (!tri_list_is_empty(&w->hub.dirty) || tri_admin_port_is_dirty(&w->admin)) {
        return true;
    }
    for (size_t i = 0; i < w->listeners_len; i++) {
        if (tri_h3_port_is_dirty(&w->listeners[i].h3)) {
            return true;
        }
    }
    return false;
}

static void flush_all(struct tri_worker *w)
{
    int round = 0;
    do {
        tri_tcp_conns_flush(&w->hub);
        tri_admin_port_flush(&w->admin);
        for (size_t i = 0; i < w->listeners_len; i++) {
            tri_h3_port_flush(&w->listeners[i].h3);
        }
        round++;
    } while (is_dirty(w) && round < FLUSH_ROUNDS);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t find_deadline_ns(const struct tri_worker *w)
{
    if (is_dirty(w)) {
        return 0;
    }
    uint64_t deadline_ns = tri_session_worker_deadline_ns(&w->hub.sessions);
    deadline_ns = earlier(deadline_ns, tri_tcp_conns_deadline_ns(&w->hub));
    deadline_ns = earlier(deadline_ns, tri_replies_deadline_ns(&w->hub));
    deadline_ns = earlier(deadline_ns, tri_refusals_deadline_ns(&w->hub));
    deadline_ns = earlier(deadline_ns, tri_admin_port_deadline_ns(&w->admin));
    for (size_t i = 0; i < w->listeners_len; i++) {
        deadline_ns = earlier(deadline_ns, tri_h3_port_deadline_ns(&w->listeners[i].h3));
    }
    if (w->state == TRI_WORKER_STOPPING) {
        deadline_ns = earlier(deadline_ns, w->stop_deadline_ns);
        deadline_ns = earlier(deadline_ns, tri_drain_deadline_ns(&w->drain));
    }
    return deadline_ns;
}

static bool is_all_gone(const struct tri_worker *w)
{
    for (size_t i = 0; i < w->listeners_len; i++) {
        if (!tri_h3_port_is_idle(&w->listeners[i].h3)) {
            return false;
        }
    }
    return tri_list_is_empty(&w->hub.conns);
}

static void close_listeners(struct tri_worker *w)
{
    for (size_t i = 0; i < w->listeners_len; i++) {
        tri_listener_close(&w->listeners[i]);
    }
}

/* Sessions that wait for nothing but their turn: resumed, or with more to decompress. */
static bool has_resumed(const struct tri_worker *w)
{
    return tri_session_worker_deadline_ns(&w->hub.sessions) == 0;
}

static void log_stop(struct tri_worker *w)
{
    tri_refusals_expire(&w->hub, UINT64_MAX);
    const uint64_t ms = (tri_hub_now_ns(&w->hub) - w->stop_started_ns) / TRI_NS_PER_MS;
    char seconds[32];
    (void)snprintf(seconds, sizeof seconds, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
    TRI_LOG(tri_hub_log(&w->hub), INFO, "drain.end", TRI_KV_U("sockets", w->stop_sockets),
            TRI_KV_U("dropped", w->stop_dropped), TRI_KV_S("seconds", seconds));
    TRI_LOG(tri_hub_log(&w->hub), INFO, "stop",
            TRI_KV_U("connections", atomic_load(&w->hub.shared->conns_made)),
            TRI_KV_U("sockets", atomic_load(&w->hub.shared->sockets_made)));
}

static void end_stop(struct tri_worker *w)
{
    close_listeners(w);
    set_state(w, TRI_WORKER_STOPPED);
    log_stop(w);
    tri_loop_stop(w->hub.loop);
}

static void end_turn(void *user, uint64_t now_ns)
{
    struct tri_worker *w = user;
    if (has_resumed(w)) {
        /* Before the flush, for they may answer, and give credit to their peers. */
        tri_session_worker_expire(&w->hub.sessions, now_ns);
    }
    flush_all(w);
    if (w->state == TRI_WORKER_STOPPING && !is_dirty(w) && is_all_gone(w)) {
        /* The admin address has answered until here; its last answers may still be on their way. */
        tri_admin_port_finish(&w->admin, now_ns);
        if (tri_admin_port_is_gone(&w->admin)) {
            end_stop(w);
        }
    }
    tri_loop_set_deadline(w->hub.loop, find_deadline_ns(w));
}

/* ------------------------------------------------------------------------------------- the stop */

static void start_stop(struct tri_worker *w, uint64_t over_ms)
{
    set_state(w, TRI_WORKER_STOPPING);
    w->hub.stopping = true;
    const uint64_t now_ns = tri_hub_now_ns(&w->hub);
    const uint64_t timeout_ms = tri_hub_config(&w->hub)->limits.close_timeout_ms;
    w->stop_started_ns = now_ns;
    w->stop_deadline_ns = now_ns + (over_ms + timeout_ms) * TRI_NS_PER_MS;
    w->stop_sockets = w->hub.sockets_len;
    w->hub.gone_ns = w->stop_deadline_ns;
    TRI_LOG(tri_hub_log(&w->hub), INFO, "drain.start",
            TRI_KV_U("connections", atomic_load(&w->hub.shared->conns_open)),
            TRI_KV_U("sockets", w->stop_sockets), TRI_KV_U("ms", over_ms));
    for (size_t i = 0; i < w->listeners_len; i++) {
        tri_listener_stop(&w->listeners[i]);
    }
    tri_drain_start(&w->drain, &w->hub, over_ms * TRI_NS_PER_MS, now_ns);
    tri_tcp_conns_stop(&w->hub);
}

static void drop_all(struct tri_worker *w)
{
    w->stop_deadline_ns = UINT64_MAX;
    w->stop_dropped += w->hub.sockets_len;
    tri_tcp_conns_drop(&w->hub);
    tri_admin_port_drop(&w->admin);
    close_listeners(w);
}

/* Whoever asked is not here to be told: the result is in the log. */
static void reload(struct tri_worker *w)
{
    const struct tri_config *config = tri_hub_config(&w->hub);
    if (config->on_reload) {
        config->on_reload(config->on_reload_user);
        return;
    }
    enum tri_err ignored = tri_shared_reload(w->hub.shared, (struct tri_sentence){0});
    (void)ignored;
}

static void take_wake(void *user)
{
    struct tri_worker *w = user;
    if (atomic_exchange(&w->reload_asked, false) && w->state == TRI_WORKER_SERVING) {
        reload(w);
    }
    unsigned asked = atomic_load(&w->stops_asked);
    if (atomic_exchange(&w->drain_asked, false) && w->state == TRI_WORKER_SERVING) {
        start_stop(w, atomic_load(&w->drain_ms));
    }
    while (w->stops_done < asked && w->state != TRI_WORKER_STOPPED) {
        w->stops_done++;
        if (w->state == TRI_WORKER_SERVING) {
            start_stop(w, 0);
        } else {
            drop_all(w);
        }
    }
}

static void take_deadline(void *user, uint64_t now_ns)
{
    struct tri_worker *w = user;
    tri_session_worker_expire(&w->hub.sessions, now_ns);
    tri_drain_expire(&w->drain, &w->hub, now_ns);
    tri_replies_expire(&w->hub, now_ns);
    tri_refusals_expire(&w->hub, now_ns);
    tri_admin_port_expire(&w->admin, now_ns);
    tri_tcp_conns_expire(&w->hub, now_ns);
    for (size_t i = 0; i < w->listeners_len; i++) {
        tri_h3_port_expire(&w->listeners[i].h3, now_ns);
    }
    if (w->state == TRI_WORKER_STOPPING && w->stop_deadline_ns <= now_ns) {
        drop_all(w);
    }
}

static const struct tri_loop_events loop_events = {
    .on_turn_end = end_turn,
    .on_deadline = take_deadline,
    .on_wake = take_wake,
};

/* ---------------------------------------------------------------------------------- the making */

static void drain_for_admin(void *owner)
{
    struct tri_worker *w = owner;
    tri_worker_ask_drain(w, tri_hub_config(&w->hub)->drain_ms);
}

static struct tri_metrics_view view_for_admin(const void *owner)
{
    return tri_metrics_view(owner);
}

enum tri_err tri_worker_init(struct tri_worker *w, struct tri_shared *shared,
                             struct tri_sentence error)
{
    *w = (struct tri_worker){.state = TRI_WORKER_SERVING};
    tri_drain_init(&w->drain);
    enum tri_err err = tri_hub_init(&w->hub, shared, &loop_events, w);
    if (err != TRI_OK) {
        tri_sentence_write(error, "no event loop can be made: %s", tri_err_text(err));
        return err;
    }
    const struct tri_admin admin = {.drain = drain_for_admin, .view = view_for_admin, .owner = w};
    tri_admin_port_init(&w->admin, &w->hub, &admin);
    err = tri_worker_listen(w, error);
    if (err != TRI_OK) {
        close_listeners(w);
        tri_hub_deinit(&w->hub);
        return err;
    }
    TRI_LOG(tri_hub_log(&w->hub), INFO, "start", TRI_KV_S("version", TRI_VERSION));
    return TRI_OK;
}

static bool is_dropped(const struct tri_worker *w)
{
    return tri_list_is_empty(&w->hub.conns) && tri_admin_port_is_gone(&w->admin);
}

void tri_worker_deinit(struct tri_worker *w)
{
    assert(!tri_loop_is_running(w->hub.loop)); /* by a handler, whose connection would go */
    (void)tri_hub_now_ns(&w->hub);
    w->hub.stopping = true;
    drop_all(w);
    for (int i = 0; i < DROP_TURNS_MAX && !is_dropped(w); i++) {
        tri_loop_step(w->hub.loop);
    }
    tri_tcp_conns_flush(&w->hub);
    tri_admin_port_flush(&w->admin);
    tri_hub_deinit(&w->hub);
}

/* ---------------------------------------------------------------------------------- the running */

enum tri_err tri_worker_run(struct tri_worker *w)
{
    if (w->state == TRI_WORKER_STOPPED) {
        return TRI_OK;
    }
    return tri_loop_run(w->hub.loop);
}

void tri_worker_step(struct tri_worker *w)
{
    tri_loop_step(w->hub.loop);
}

int tri_worker_timeout_ms(const struct tri_worker *w)
{
    /* What was called since the last turn may have started a timeout: a resume does. */
    tri_loop_set_deadline(w->hub.loop, find_deadline_ns(w));
    const bool is_due = is_dirty(w) || has_resumed(w) || w->state == TRI_WORKER_STOPPED;
    return is_due ? 0 : tri_loop_timeout_ms(w->hub.loop);
}

void tri_worker_ask_stop(struct tri_worker *w)
{
    atomic_fetch_add(&w->stops_asked, 1);
    tri_loop_wake(w->hub.loop);
}

void tri_worker_ask_drain(struct tri_worker *w, uint64_t over_ms)
{
    if (atomic_load(&w->stops_asked) > 0) {
        return; /* the stop may not be heard yet, and must not become the second one */
    }
    atomic_store(&w->drain_ms, over_ms < TRI_DRAIN_MS_MAX ? over_ms : TRI_DRAIN_MS_MAX);
    atomic_store(&w->drain_asked, true);
    tri_loop_wake(w->hub.loop);
}

void tri_worker_ask_reload(struct tri_worker *w)
{
    atomic_store(&w->reload_asked, true);
    tri_loop_wake(w->hub.loop);
}
