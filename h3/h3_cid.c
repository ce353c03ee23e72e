/* See h3_cid.h. */
#include "h3_cid.h"

#include "base_hash.h"

#include <assert.h>

#define FIRST_BUCKETS ((size_t)64)

static uint64_t hash_cid(const struct tri_h3_cid_table *t, struct tri_slice cid)
{
    assert(cid.len <= TRI_H3_CID_LEN_MAX);
    uint8_t padded[24] = {0}; /* whole words; the length, in the last byte, tells zeros apart */
    if (cid.len > 0) {
        memcpy(padded, cid.data, cid.len);
    }
    padded[sizeof padded - 1] = (uint8_t)cid.len;
    uint64_t words[3];
    memcpy(words, padded, sizeof words);
    return tri_hash_words(t->key, words, 3);
}

/* ---- the table */

static struct tri_h3_cid **make_buckets(const struct tri_alloc *alloc, size_t len)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers it is */
    return (struct tri_h3_cid **)tri_alloc_zero(alloc, len * sizeof(struct tri_h3_cid *));
}

enum tri_err tri_h3_cid_table_init(struct tri_h3_cid_table *t, const struct tri_alloc *alloc,
                                   const struct tri_random *random)
{
    *t = (struct tri_h3_cid_table){.alloc = alloc, .buckets_len = FIRST_BUCKETS};
    random->fill(random->user, (uint8_t *)t->key, sizeof t->key);
    t->buckets = make_buckets(alloc, FIRST_BUCKETS);
    return t->buckets ? TRI_OK : TRI_ERR_NOMEM;
}

void tri_h3_cid_table_deinit(struct tri_h3_cid_table *t)
{
    assert(t->len == 0);
    tri_alloc_release(t->alloc, (void *)t->buckets);
    t->buckets = NULL;
}

void tri_h3_cids_init(struct tri_h3_cids *owner, struct tri_h3_conn *conn)
{
    owner->conn = conn;
    owner->len = 0;
    tri_list_init(&owner->list);
}

static struct tri_slice slice_of(const struct tri_h3_cid *c)
{
    return tri_slice_of(c->data, c->len);
}

/* Where the pointer to |cid|'s entry is, or would be. */
static struct tri_h3_cid **find_place(const struct tri_h3_cid_table *t, struct tri_slice cid)
{
    struct tri_h3_cid **place = &t->buckets[hash_cid(t, cid) & (t->buckets_len - 1)];
    while (*place && !tri_slice_equal(slice_of(*place), cid)) {
        place = &(*place)->next;
    }
    return place;
}

struct tri_h3_conn *tri_h3_cid_find(const struct tri_h3_cid_table *t, struct tri_slice cid)
{
    if (cid.len > TRI_H3_CID_LEN_MAX) {
        return NULL;
    }
    const struct tri_h3_cid *found = *find_place(t, cid);
    return found ? found->owner->conn : NULL;
}

/* Doubles the buckets. Without memory the chains grow longer instead: slower, never wrong. */
static void grow(struct tri_h3_cid_table *t)
{
    struct tri_h3_cid_table wider = *t;
    wider.buckets_len = t->buckets_len * 2;
    wider.buckets = make_buckets(t->alloc, wider.buckets_len);
    if (!wider.buckets) {
        return;
    }
    for (size_t i = 0; i < t->buckets_len; i++) {
        for (struct tri_h3_cid *c = t->buckets[i], *next; c; c = next) {
            next = c->next;
            struct tri_h3_cid **place =
                &wider.buckets[hash_cid(t, slice_of(c)) & (wider.buckets_len - 1)];
            c->next = *place;
            *place = c;
        }
    }
    tri_alloc_release(t->alloc, (void *)t->buckets);
    *t = wider;
}

enum tri_err tri_h3_cid_add(struct tri_h3_cid_table *t, struct tri_h3_cids *owner,
                            struct tri_slice cid)
{
    assert(cid.len <= TRI_H3_CID_LEN_MAX);
    if (owner->len >= TRI_H3_CIDS_MAX) {
        return TRI_ERR_LIMIT;
    }
    if (t->len >= t->buckets_len) {
        grow(t);
    }
    struct tri_h3_cid **place = find_place(t, cid);
    if (*place) {
        return TRI_ERR_INVALID;
    }
    struct tri_h3_cid *c = tri_alloc_zero(t->alloc, sizeof *c);
    if (!c) {
        return TRI_ERR_NOMEM;
    }
    if (cid.len > 0) {
        memcpy(c->data, cid.data, cid.len);
    }
    c->len = cid.len;
    c->owner = owner;
    tri_list_init(&c->node);
    tri_list_append(&owner->list, &c->node);
    *place = c;
    t->len++;
    owner->len++;
    return TRI_OK;
}

void tri_h3_cid_remove(struct tri_h3_cid_table *t, struct tri_slice cid)
{
    struct tri_h3_cid **place = find_place(t, cid);
    struct tri_h3_cid *c = *place;
    if (!c) {
        return;
    }
    *place = c->next;
    tri_list_remove(&c->node);
    assert(c->owner->len > 0 && t->len > 0);
    c->owner->len--;
    t->len--;
    tri_alloc_release(t->alloc, c);
}

void tri_h3_cid_remove_all(struct tri_h3_cid_table *t, struct tri_h3_cids *owner)
{
    for (struct tri_list *node; (node = tri_list_first(&owner->list));) {
        tri_h3_cid_remove(t, slice_of(TRI_CONTAINER_OF(node, struct tri_h3_cid, node)));
    }
    assert(owner->len == 0);
}
