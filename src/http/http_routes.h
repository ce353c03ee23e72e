/* Which handler a path belongs to. */
#ifndef TRI_HTTP_ROUTES_H
#define TRI_HTTP_ROUTES_H

#include "base_alloc.h"
#include "base_limits.h"
#include "base_slice.h"

struct tri_route {
    char *path;                      /* owned */
    const struct tri_ws_handler *ws; /* borrowed; NULL: no WebSocket here */
    void *ws_user;
    const struct tri_http_handler *http; /* borrowed; NULL: no plain HTTP here */
    void *http_user;
    bool early; /* plain requests that only read are answered in early data too */
    /* Of the WebSockets: as tri_config_ws_* say. */
    enum tri_deflate deflate;
    enum tri_slow slow;
    char *subprotocols; /* owned; NULL: none */
    char *origins;      /* owned; NULL: any */
};

struct tri_routes {
    const struct tri_alloc *alloc;
    struct tri_route routes[TRI_ROUTES_MAX];
    size_t len;
};

void tri_routes_init(struct tri_routes *r, const struct tri_alloc *alloc);
void tri_routes_deinit(struct tri_routes *r);

/*
 * Adds a handler at |path|; the same path may get one of each kind. TRI_OK; TRI_ERR_INVALID (no
 * leading "/", or one of that kind is there already); TRI_ERR_LIMIT; TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_routes_add_ws(struct tri_routes *r, const char *path,
                                            const struct tri_ws_handler *handler, void *user);
TRI_MUST_USE enum tri_err tri_routes_add_http(struct tri_routes *r, const char *path,
                                              const struct tri_http_handler *handler, void *user);

/* The route at exactly |path| that serves WebSockets, to change it; NULL: none. */
struct tri_route *tri_routes_get_ws(struct tri_routes *r, const char *path);

/* And the same for the one that serves plain HTTP. */
struct tri_route *tri_routes_get_http(struct tri_routes *r, const char *path);

/* Copies all of |from| into the empty |to|, which keeps its own allocator. TRI_ERR_NOMEM: it is
 * empty again. */
TRI_MUST_USE enum tri_err tri_routes_copy(struct tri_routes *to, const struct tri_routes *from);

/*
 * The route for |path| (without query): the exact one, else the longest that ends in "/" and is a
 * prefix. NULL: none.
 */
const struct tri_route *tri_routes_find(const struct tri_routes *r, struct tri_slice path);

#endif
