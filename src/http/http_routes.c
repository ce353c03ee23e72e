#include "http_routes.h"

#include <assert.h>

void tri_routes_init(struct tri_routes *r, const struct tri_alloc *alloc)
{
    *r = (struct tri_routes){.alloc = alloc};
}

void tri_routes_deinit(struct tri_routes *r)
{
    for (size_t i = 0; i < r->len; i++) {
        tri_alloc_release(r->alloc, r->routes[i].path);
    }
    r->len = 0;
}

static struct tri_route *find_exact(struct tri_routes *r, const char *path)
{
    for (size_t i = 0; i < r->len; i++) {
        if (strcmp(r->routes[i].path, path) == 0) {
            return &r->routes[i];
        }
    }
    return NULL;
}

/* The route of |path|, made if there is none. */
static enum tri_err get_route(struct tri_routes *r, const char *path, struct tri_route **out)
{
    if (!path || path[0] != '/') {
        return TRI_ERR_INVALID;
    }
    *out = find_exact(r, path);
    if (*out) {
        return TRI_OK;
    }
    if (r->len == TRI_ROUTES_MAX) {
        return TRI_ERR_LIMIT;
    }
    char *copy = tri_alloc_string(r->alloc, path, strlen(path));
    if (!copy) {
        return TRI_ERR_NOMEM;
    }
    r->routes[r->len] = (struct tri_route){.path = copy};
    *out = &r->routes[r->len++];
    return TRI_OK;
}

enum tri_err tri_routes_add_ws(struct tri_routes *r, const char *path,
                               const struct tri_ws_handler *handler, void *user)
{
    assert(handler);
    struct tri_route *route = NULL;
    const enum tri_err err = get_route(r, path, &route);
    if (err != TRI_OK) {
        return err;
    }
    if (route->ws) {
        return TRI_ERR_INVALID;
    }
    route->ws = handler;
    route->ws_user = user;
    return TRI_OK;
}

enum tri_err tri_routes_add_http(struct tri_routes *r, const char *path,
                                 const struct tri_http_handler *handler, void *user)
{
    assert(handler);
    struct tri_route *route = NULL;
    const enum tri_err err = get_route(r, path, &route);
    if (err != TRI_OK) {
        return err;
    }
    if (route->http) {
        return TRI_ERR_INVALID;
    }
    route->http = handler;
    route->http_user = user;
    return TRI_OK;
}

enum tri_err tri_routes_copy(struct tri_routes *to, const struct tri_routes *from)
{
    assert(to->len == 0);
    for (size_t i = 0; i < from->len; i++) {
        struct tri_route route = from->routes[i];
        route.path = tri_alloc_string(to->alloc, route.path, strlen(route.path));
        if (!route.path) {
            tri_routes_deinit(to);
            return TRI_ERR_NOMEM;
        }
        to->routes[to->len++] = route;
    }
    return TRI_OK;
}

/* Whether |route| serves what is below it: a plain one whose path ends in "/". */
static bool covers(struct tri_slice route, struct tri_slice path)
{
    return route.data[route.len - 1] == '/' && path.len > route.len &&
           memcmp(path.data, route.data, route.len) == 0;
}

const struct tri_route *tri_routes_find(const struct tri_routes *r, struct tri_slice path)
{
    const struct tri_route *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < r->len; i++) {
        const struct tri_slice own = tri_slice_of_string(r->routes[i].path);
        if (tri_slice_equal(own, path)) {
            return &r->routes[i];
        }
        if (r->routes[i].http && own.len > best_len && covers(own, path)) {
            best = &r->routes[i];
            best_len = own.len;
        }
    }
    return best;
}
