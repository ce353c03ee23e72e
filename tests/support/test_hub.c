/* See test_hub.h. */
#include "test_hub.h"

#include "server_ws.h"

#include <assert.h>
#include <stdio.h>

uint64_t tri_loop_now_ns(struct tri_loop *l)
{
    const struct test_hub *t = (const void *)l;
    return t->now_ns;
}

static uint64_t no_time(void)
{
    return 0;
}

static void take_line(void *user, enum tri_log_level level, const char *line)
{
    (void)level;
    static const char time[] = "1970-01-01T00:00:00.000Z ";
    struct test_hub *t = user;
    size_t used = strlen(t->log);
    assert(strncmp(line, time, sizeof time - 1) == 0);
    int len = snprintf(t->log + used, sizeof t->log - used, "%s\n", line + sizeof time - 1);
    assert(len > 0 && (size_t)len < sizeof t->log - used);
}

static void count_wake(struct tri_link *link)
{
    struct test_hub *t = TRI_CONTAINER_OF(link, struct test_hub, link);
    t->wakes++;
}

void test_hub_init(struct test_hub *t)
{
    *t = (struct test_hub){.now_ns = 1};
    test_alloc_init(&t->heap);
    t->shared.alloc = &t->heap.alloc;
    tri_config_init(&t->shared.config, &t->heap.alloc);
    t->shared.config.log =
        (struct tri_log){.write = take_line, .user = t, .level = TRI_LOG_DEBUG, .wall_ms = no_time};
    t->hub.shared = &t->shared;
    t->hub.loop = (void *)t; /* nobody looks into it but tri_loop_now_ns above */
    tri_list_init(&t->hub.conns);
    tri_list_init(&t->hub.dirty);
    tri_list_init(&t->hub.dead);
    tri_list_init(&t->hub.sockets);
    tri_heap_init(&t->hub.deadlines, &t->heap.alloc);
    tri_gate_init(&t->hub.gate, &t->heap.alloc);
    tri_http_bodies_init(&t->hub.bodies, t->shared.config.limits.response_timeout_ms);
    enum tri_err err = tri_session_worker_init(&t->hub.sessions, &t->heap.alloc,
                                               &t->shared.config.limits, tri_random_system());
    assert(err == TRI_OK);
    tri_ws_host_init(&t->hub.ws_host, &t->hub);
    t->link = (struct tri_link){
        .hub = &t->hub, .alt_svc = "", .sockets_open = &t->sockets_open, .wake = count_wake};
    t->link.metrics = &t->hub.metrics.http[TRI_METRICS_H1];
}

void test_hub_deinit(struct test_hub *t)
{
    assert(tri_list_is_empty(&t->hub.sockets) && t->sockets_open == 0);
    assert(t->hub.sockets_len == 0 && t->link.sockets == 0);
    tri_session_worker_deinit(&t->hub.sessions);
    tri_heap_deinit(&t->hub.deadlines);
    tri_gate_deinit(&t->hub.gate);
    tri_config_deinit(&t->shared.config);
    assert(t->heap.live == 0);
}
