/*
 * Which connection a connection id belongs to: every id that an endpoint has issued, and the one
 * that each client chose for its first packet (RFC 9000 section 5.1, 5.2). A hash table that grows
 * with what it holds; the hash is keyed, because clients choose the ids of their first packets.
 */
#ifndef TRI_H3_CID_H
#define TRI_H3_CID_H

#include "base_alloc.h"
#include "base_list.h"
#include "base_random.h"
#include "base_slice.h"
#include "trisock/trisock.h"

/*
 * Length of the ids that we issue, bytes; a packet with a short header does not tell it. The first
 * byte is kept free for the number of a worker, and random until there is more than one.
 */
#define TRI_H3_CID_LEN 8u
#define TRI_H3_CID_LEN_MAX 20u /* RFC 9000 section 17.2 */

/* Ids of one connection: 8 in use, as many retired and waited for, and the client's own. */
#define TRI_H3_CIDS_MAX 20u

struct tri_h3_conn;

/* The ids of one connection. */
struct tri_h3_cids {
    struct tri_h3_conn *conn;
    struct tri_list list; /* of struct tri_h3_cid */
    size_t len;           /* <= TRI_H3_CIDS_MAX */
};

struct tri_h3_cid {
    struct tri_list node;      /* its connection's list */
    struct tri_h3_cid *next;   /* its bucket's chain */
    struct tri_h3_cids *owner; /* borrowed */
    size_t len;
    uint8_t data[TRI_H3_CID_LEN_MAX];
};

struct tri_h3_cid_table {
    const struct tri_alloc *alloc;
    uint64_t key[2];
    struct tri_h3_cid **buckets;
    size_t buckets_len; /* a power of two */
    size_t len;
};

/* TRI_OK or TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err tri_h3_cid_table_init(struct tri_h3_cid_table *t,
                                                const struct tri_alloc *alloc,
                                                const struct tri_random *random);
void tri_h3_cid_table_deinit(struct tri_h3_cid_table *t); /* it is empty: asserted */

void tri_h3_cids_init(struct tri_h3_cids *owner, struct tri_h3_conn *conn);

/* The connection that |cid| belongs to, or NULL. */
struct tri_h3_conn *tri_h3_cid_find(const struct tri_h3_cid_table *t, struct tri_slice cid);

/*
 * Adds |cid| (up to 20 bytes) to |owner|. TRI_OK; TRI_ERR_INVALID if it is taken; TRI_ERR_LIMIT
 * over TRI_H3_CIDS_MAX; TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_h3_cid_add(struct tri_h3_cid_table *t, struct tri_h3_cids *owner,
                                         struct tri_slice cid);

/* Harmless if |cid| is not there. */
void tri_h3_cid_remove(struct tri_h3_cid_table *t, struct tri_slice cid);
void tri_h3_cid_remove_all(struct tri_h3_cid_table *t, struct tri_h3_cids *owner);

#endif
