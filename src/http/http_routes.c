#include "http_routes.h"

#include <assert.h>

void tri_routes_init(struct tri_routes *r, const struct tri_alloc *alloc)
{
    *r = (struct tri_routes){.alloc = alloc};
}

static void release_strings(const struct tri_alloc *alloc, const struct tri_route *route)
{
    tri_alloc_release(alloc, route->path);
    tri_alloc_release(alloc, route->subprotocols);
    tri_alloc_release(alloc, route->origins);
}

void tri_routes_deinit(struct tri_routes *r)
{
    for (size_t i = 0; i < r->len; i++) {
        release_strings(r->alloc, &r->routes[i]);
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

struct tri_route *tri_routes_get_ws(struct tri_routes *r, const char *path)
{
    struct tri_route *route = path ? find_exact(r, path) : NULL;
    return route && route->ws ? route : NULL;
}

struct tri_route *tri_routes_get_http(struct tri_routes *r, const char *path)
{
    struct tri_route *route = path ? find_exact(r, path) : NULL;
    return route && route->http ? route : NULL;
}

/* Sets |*out| to a copy of |text|, or to NULL where that is NULL. */
static enum tri_err copy_string(const struct tri_alloc *alloc, char **out, const char *text)
{
    *out = text ? tri_alloc_string(alloc, text, strlen(text)) : NULL;
    return *out || !text ? TRI_OK : TRI_ERR_NOMEM;
}

static enum tri_err copy_route(const struct tri_alloc *alloc, struct tri_route *to,
                               const struct tri_route *from)
{
    *to = *from;
    to->path = to->subprotocols = to->origins = NULL;
    enum tri_err err = copy_string(alloc, &to->path, from->path);
    if (err == TRI_OK) {
        err = copy_string(alloc, &to->subprotocols, from->subprotocols);
    }
    if (err == TRI_OK) {
        err = copy_string(alloc, &to->origins, from->origins);
    }
    if (err != TRI_OK) {
        release_strings(alloc, to);
    }
    return err;
}

enum tri_err tri_routes_copy(struct tri_routes *to, const struct tri_routes *from)
{
    assert(to->len == 0);
    for (size_t i = 0; i < from->len; i++) {
        if (copy_route(to->alloc, &to->routes[i], &from->routes[i]) != TRI_OK) {
            tri_routes_deinit(to);
            return TRI_ERR_NOMEM;
        }
        to->len++;
    }
    return TRI_OK;
}

/* Whether |route| serves what is below it: its path ends in "/". */
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
        if (own.len > best_len && covers(own, path)) {
            best = &r->routes[i];
            best_len = own.len;
        }
    }
    return best;
}
