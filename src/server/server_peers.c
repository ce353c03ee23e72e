/* See server_peers.h. */
#include "server_peers.h"

#include "base_hash.h"

#include <assert.h>
#include <string.h>

#define FIRST_BUCKETS ((size_t)64)

void tri_peers_init(struct tri_peers *p, const struct tri_alloc *alloc,
                    const struct tri_random *random)
{
    *p = (struct tri_peers){.alloc = alloc};
    random->fill(random->user, (uint8_t *)p->key, sizeof p->key);
}

void tri_peers_deinit(struct tri_peers *p)
{
    assert(p->len == 0);
    tri_alloc_release(p->alloc, (void *)p->buckets);
    p->buckets = NULL;
    p->buckets_len = 0;
}

/* ---- what counts together */

static void name_v4(struct tri_peer *out, const void *bytes)
{
    uint32_t address;
    memcpy(&address, bytes, sizeof address);
    out->prefix = address;
}

static void name_v6(struct tri_peer *out, const struct in6_addr *address)
{
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        name_v4(out, address->s6_addr + 12);
        return;
    }
    memcpy(&out->prefix, address->s6_addr, sizeof out->prefix);
    out->is_v6 = true;
}

static struct tri_peer name_of(const struct tri_addr *addr)
{
    struct tri_peer name = {.prefix = 0};
    assert(addr->sa.sa_family == AF_INET || addr->sa.sa_family == AF_INET6);
    if (addr->sa.sa_family == AF_INET) {
        name_v4(&name, &addr->in.sin_addr);
    } else {
        name_v6(&name, &addr->in6.sin6_addr);
    }
    return name;
}

/* ---- the table */

static size_t bucket_of(const struct tri_peers *p, const struct tri_peer *name)
{
    const uint64_t words[2] = {name->prefix, name->is_v6};
    return tri_hash_words(p->key, words, 2) & (p->buckets_len - 1);
}

/* Where the pointer to the entry of |name| is, or would be. */
static struct tri_peer **find_place(const struct tri_peers *p, const struct tri_peer *name)
{
    struct tri_peer **place = &p->buckets[bucket_of(p, name)];
    while (*place && ((*place)->prefix != name->prefix || (*place)->is_v6 != name->is_v6)) {
        place = &(*place)->next;
    }
    return place;
}

/* Without memory the chains stay as long as they are: slower, never wrong. */
static bool change_buckets(struct tri_peers *p, size_t len)
{
    struct tri_peers next = *p;
    next.buckets_len = len;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers it is */
    next.buckets = (struct tri_peer **)tri_alloc_zero(p->alloc, len * sizeof(struct tri_peer *));
    if (!next.buckets) {
        return false;
    }
    for (size_t i = 0; i < p->buckets_len; i++) {
        for (struct tri_peer *peer = p->buckets[i], *rest; peer; peer = rest) {
            rest = peer->next;
            struct tri_peer **place = &next.buckets[bucket_of(&next, peer)];
            peer->next = *place;
            *place = peer;
        }
    }
    tri_alloc_release(p->alloc, (void *)p->buckets);
    *p = next;
    return true;
}

static struct tri_peer *add_peer(struct tri_peers *p, const struct tri_peer *name)
{
    struct tri_peer *peer = tri_alloc_get(p->alloc, sizeof *peer);
    if (!peer) {
        return NULL;
    }
    if (p->len >= p->buckets_len) {
        (void)change_buckets(p, p->buckets_len * 2);
    }
    struct tri_peer **place = find_place(p, name);
    assert(!*place);
    *peer = *name;
    *place = peer;
    p->len++;
    return peer;
}

enum tri_err tri_peers_enter(struct tri_peers *p, const struct tri_addr *addr, uint32_t max,
                             struct tri_peer **out)
{
    *out = NULL;
    if (max == 0) {
        return TRI_OK;
    }
    if (!p->buckets && !change_buckets(p, FIRST_BUCKETS)) {
        return TRI_ERR_NOMEM;
    }
    const struct tri_peer name = name_of(addr);
    struct tri_peer *peer = *find_place(p, &name);
    if (peer && peer->conns >= max) {
        return TRI_ERR_LIMIT;
    }
    if (!peer) {
        peer = add_peer(p, &name);
    }
    if (!peer) {
        return TRI_ERR_NOMEM;
    }
    peer->conns++;
    *out = peer;
    return TRI_OK;
}

void tri_peers_leave(struct tri_peers *p, struct tri_peer *peer)
{
    if (!peer) {
        return;
    }
    assert(peer->conns > 0 && p->len > 0);
    peer->conns--;
    if (peer->conns > 0) {
        return;
    }
    struct tri_peer **place = find_place(p, peer);
    assert(*place == peer);
    *place = peer->next;
    p->len--;
    tri_alloc_release(p->alloc, peer);
    if (p->buckets_len > FIRST_BUCKETS && p->len < p->buckets_len / 8) {
        (void)change_buckets(p, p->buckets_len / 2);
    }
}
