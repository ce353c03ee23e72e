/* See server_hub.h. */
#include "server_hub.h"

#include "server_ws.h"

#include <assert.h>

enum tri_err tri_hub_init(struct tri_hub *hub, struct tri_shared *shared,
                          const struct tri_loop_events *events, void *user)
{
    *hub = (struct tri_hub){.shared = shared};
    tri_list_init(&hub->conns);
    tri_list_init(&hub->dirty);
    tri_list_init(&hub->dead);
    tri_list_init(&hub->sockets);
    tri_heap_init(&hub->deadlines, shared->alloc);
    tri_gate_init(&hub->gate, shared->alloc);
    tri_http_bodies_init(&hub->bodies, shared->config.limits.response_timeout_ms);
    hub->bodies.budget = &shared->budget;
    enum tri_err err = tri_session_worker_init(&hub->sessions, shared->alloc,
                                               &shared->config.limits, tri_random_system());
    hub->sessions.budget = &shared->budget;
    if (err != TRI_OK) {
        tri_heap_deinit(&hub->deadlines);
        return err;
    }
    err = tri_loop_new(&hub->loop, shared->alloc, events, user);
    if (err != TRI_OK) {
        tri_session_worker_deinit(&hub->sessions);
        tri_heap_deinit(&hub->deadlines);
        return err;
    }
    tri_ws_host_init(&hub->ws_host, hub);
    return TRI_OK;
}

void tri_hub_deinit(struct tri_hub *hub)
{
    assert(tri_list_is_empty(&hub->conns) && tri_list_is_empty(&hub->dirty));
    assert(tri_list_is_empty(&hub->dead) && tri_list_is_empty(&hub->sockets));
    assert(hub->sockets_len == 0);
    tri_loop_free(hub->loop);
    tri_gate_deinit(&hub->gate);
    tri_session_worker_deinit(&hub->sessions);
    tri_heap_deinit(&hub->deadlines);
}
