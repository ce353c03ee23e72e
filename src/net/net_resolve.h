/*
 * From a host and a port to addresses. Names are looked up by the system, in a thread of libuv's pool;
 * addresses are read here, and so is "localhost" (RFC 6761 section 6.3), without one.
 */
#ifndef TRI_NET_RESOLVE_H
#define TRI_NET_RESOLVE_H

#include "base_addr.h"
#include "net_loop.h"

/* Of the addresses that a name has, the first ones: whoever tries them gives up before. */
#define TRI_RESOLVE_ADDRS_MAX 8u

/* A name is at most 253 characters (RFC 1035 section 2.3.4), an IPv6 address with a zone less; what is
 * longer has no address. */
#define TRI_RESOLVE_HOST_MAX 253u

struct tri_resolve;

struct tri_resolve_query {
    const char *host; /* a name, an IPv4 or IPv6 address without brackets; copied */
    uint16_t port;    /* set in all addresses */
    /*
     * Once, from the loop, never during tri_resolve_start. |addrs| are borrowed, in the order in
     * which they should be tried, each once. |addrs_len| 0: there are none, |error| says why, static
     * English; else it is "". The struct tri_resolve is gone.
     */
    void (*on_done)(void *user, const struct tri_addr *addrs, size_t addrs_len, const char *error);
    void *user;
};

/* TRI_OK; TRI_ERR_NOMEM: on_done does not come. */
TRI_MUST_USE enum tri_err tri_resolve_start(struct tri_resolve **out, struct tri_loop *loop,
                                            const struct tri_resolve_query *query);

/* Forgets it: on_done does not come. Before tri_loop_free, and not from on_done. A look-up that has
 * begun keeps a thread until it ends, and tri_loop_free waits for it. */
void tri_resolve_cancel(struct tri_resolve *r);

#endif
