/*
 * How many connections each address has, so that one of them cannot take all that the server may
 * hold. An IPv4 address counts by itself, an IPv6 address with the 2^64 of its /64: that is what one
 * customer of a provider has. The table has an entry for each that has a connection, and no more; its
 * hash is keyed, so that whoever may choose addresses cannot make it slow.
 */
#ifndef TRI_SERVER_PEERS_H
#define TRI_SERVER_PEERS_H

#include "base_addr.h"
#include "base_alloc.h"
#include "base_random.h"

/* An address that has connections. */
struct tri_peer {
    struct tri_peer *next; /* in its bucket */
    uint64_t prefix;       /* an IPv6 /64, or an IPv4 address */
    bool is_v6;
    uint32_t conns; /* > 0 */
};

/* Invariant: every entry has connections; |len| <= the connections that were entered. */
struct tri_peers {
    const struct tri_alloc *alloc;
    uint64_t key[2];
    struct tri_peer **buckets; /* owned; NULL before the first */
    size_t buckets_len;        /* a power of two, or 0 */
    size_t len;
};

void tri_peers_init(struct tri_peers *p, const struct tri_alloc *alloc,
                    const struct tri_random *random);

/* Every connection has left. */
void tri_peers_deinit(struct tri_peers *p);

/*
 * One more connection of |addr|, if it has fewer than |max| (0: any number, and nobody counts: *out is
 * NULL). TRI_OK, and *out is for tri_peers_leave; TRI_ERR_LIMIT; TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_peers_enter(struct tri_peers *p, const struct tri_addr *addr,
                                          uint32_t max, struct tri_peer **out);

/* One less; |peer| may go. NULL is fine. */
void tri_peers_leave(struct tri_peers *p, struct tri_peer *peer);

#endif
