/* See server_reload.h. */
#include "server_reload.h"

#include "socket_ws.h"

#include <assert.h>
#include <string.h>

/* ------------------------------------------------------------ what only a restart can change */

static bool is_same_string(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_listen(const struct tri_config *a, const struct tri_config *b)
{
    bool same = a->listen_len == b->listen_len;
    for (size_t i = 0; same && i < a->listen_len; i++) {
        const struct tri_listen_port *x = &a->listen[i];
        const struct tri_listen_port *y = &b->listen[i];
        same = tri_addr_equal(&x->addr, &y->addr) &&
               x->has_extended_connect == y->has_extended_connect &&
               x->extended_connect == y->extended_connect;
    }
    return same;
}

static bool is_same_cleartext(const struct tri_config *a, const struct tri_config *b)
{
    bool same = a->cleartext_len == b->cleartext_len;
    for (size_t i = 0; same && i < a->cleartext_len; i++) {
        same = tri_addr_equal(&a->cleartext[i].addr, &b->cleartext[i].addr) &&
               a->cleartext[i].answer == b->cleartext[i].answer;
    }
    return same;
}

static bool is_same_admin(const struct tri_config *a, const struct tri_config *b)
{
    return a->admin.len == b->admin.len &&
           (a->admin.len == 0 || tri_addr_equal(&a->admin, &b->admin));
}

/* One that was made stays, and so does not having made one: its file and the secret follow it. */
static bool is_same_kind_of_certificate(const struct tri_config *a, const struct tri_config *b)
{
    return (a->certs_len == 0) == (b->certs_len == 0);
}

static struct tri_route *find_route(struct tri_routes *routes, const char *path)
{
    for (size_t i = 0; i < routes->len; i++) {
        if (strcmp(routes->routes[i].path, path) == 0) {
            return &routes->routes[i];
        }
    }
    return NULL;
}

static bool is_same_route(const struct tri_route *a, const struct tri_route *b)
{
    return a->ws == b->ws && a->ws_user == b->ws_user && a->http == b->http &&
           a->http_user == b->http_user;
}

static bool are_same_routes(struct tri_config *a, const struct tri_config *b)
{
    bool same = a->routes.len == b->routes.len;
    for (size_t i = 0; same && i < b->routes.len; i++) {
        const struct tri_route *route = find_route(&a->routes, b->routes.routes[i].path);
        same = route && is_same_route(route, &b->routes.routes[i]);
    }
    return same;
}

struct difference {
    const char *name;
    bool same;
};

static void log_difference(const struct tri_log *log, const char *name)
{
    TRI_LOG(log, WARN, "reload.ignored", TRI_KV_S("setting", name), TRI_KV_S("remedy", "restart"));
}

/* Names what is different between the two and stays as it is in |now|. */
static void log_ignored(struct tri_config *now, const struct tri_config *next)
{
    const struct difference rows[] = {
        {"listen", is_same_listen(now, next)},
        {"cleartext", is_same_cleartext(now, next)},
        {"admin", is_same_admin(now, next)},
        {"certificate", is_same_kind_of_certificate(now, next)},
        {"http", now->http == next->http},
        {"extended_connect", now->extended_connect == next->extended_connect},
        {"early_data", now->early_data == next->early_data},
        {"keylog", is_same_string(now->keylog_file, next->keylog_file)},
        {"qlog", is_same_string(now->qlog_dir, next->qlog_dir)},
        {"secret_file", is_same_string(now->secret_file, next->secret_file)},
        {"routes", are_same_routes(now, next)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!rows[i].same) {
            log_difference(&now->log, rows[i].name);
        }
    }
}

/* --------------------------------------------------------------------- what changes while it runs */

static void swap_strings(char **a, char **b)
{
    char *kept = *a;
    *a = *b;
    *b = kept;
}

/* The route stays where it is: requests that wait for their answer point at it. */
static void take_route(struct tri_route *to, struct tri_route *from)
{
    to->deflate = from->deflate;
    to->slow = from->slow;
    to->early = from->early;
    swap_strings(&to->subprotocols, &from->subprotocols);
    swap_strings(&to->origins, &from->origins);
}

static void take_routes(struct tri_routes *to, struct tri_routes *from)
{
    for (size_t i = 0; i < to->len; i++) {
        struct tri_route *other = find_route(from, to->routes[i].path);
        if (other && is_same_route(&to->routes[i], other)) {
            take_route(&to->routes[i], other);
        }
    }
}

static void take_certificates(struct tri_config *to, struct tri_config *from)
{
    for (size_t i = 0; i < TRI_CERTIFICATES_MAX; i++) {
        const struct tri_cert_files kept = to->certs[i];
        to->certs[i] = from->certs[i];
        from->certs[i] = kept;
    }
    const size_t kept_len = to->certs_len;
    to->certs_len = from->certs_len;
    from->certs_len = kept_len;
}

static void hand_on_limits(struct tri_worker *w)
{
    (void)tri_hub_now_ns(&w->hub);
    tri_session_worker_limits_changed(&w->hub.sessions);
    tri_timeout_list_change(&w->hub.bodies.unread,
                            w->hub.shared->config.limits.response_timeout_ms * TRI_NS_PER_MS);
    w->hub.shared->budget.max = w->hub.shared->config.limits.memory_bytes_max;
    for (struct tri_list *at = w->hub.sockets.next; at != &w->hub.sockets; at = at->next) {
        tri_session_limits_changed(TRI_CONTAINER_OF(at, struct tri_ws, node)->session);
    }
    for (size_t i = 0; i < w->listeners_len; i++) {
        tri_listener_limits_changed(&w->listeners[i]);
    }
}

/* Nothing of this fails. What |next| gets is for its release. */
static void take_over(struct tri_worker *w, struct tri_config *next)
{
    struct tri_config *now = &w->hub.shared->config;
    log_ignored(now, next);
    if (is_same_kind_of_certificate(now, next)) {
        take_certificates(now, next);
    }
    take_routes(&now->routes, &next->routes);
    now->drain_ms = next->drain_ms;
    now->limits = next->limits;
    now->log = next->log;
    hand_on_limits(w);
}

/* |next| is a copy. */
static enum tri_err read_and_take_over(struct tri_worker *w, struct tri_config *next,
                                       struct tri_sentence error)
{
    struct tri_shared *shared = w->hub.shared;
    const bool same = is_same_kind_of_certificate(&shared->config, next);
    const enum tri_err err = tri_shared_reload_from(shared, same ? next : &shared->config, error);
    if (err == TRI_OK) {
        take_over(w, next);
    }
    return err;
}

static enum tri_err copy_and_take_over(struct tri_worker *w, const struct tri_config *next,
                                       struct tri_sentence error)
{
    struct tri_config copy;
    tri_config_init(&copy, w->hub.shared->alloc);
    enum tri_err err = tri_config_copy(&copy, next);
    if (err == TRI_OK) {
        err = read_and_take_over(w, &copy, error);
    } else {
        tri_sentence_write(error, "memory is short");
        TRI_LOG(tri_hub_log(&w->hub), ERROR, "reload.fail", TRI_KV_S("reason", "memory is short"));
    }
    tri_config_deinit(&copy);
    return err;
}

enum tri_err tri_reload_apply(struct tri_worker *w, const struct tri_config *next,
                              struct tri_sentence error)
{
    assert(w && next);
    if (w->state != TRI_WORKER_SERVING) {
        tri_sentence_write(error, "the server is stopping");
        return TRI_ERR_CLOSED;
    }
    return copy_and_take_over(w, next, error);
}
