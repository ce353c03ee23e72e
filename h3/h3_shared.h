/*
 * What all connections of one endpoint share: configuration, memory, the table of connection ids,
 * and the lists and deadlines that the endpoint goes through. A client's connection has it for itself.
 */
#ifndef TRI_H3_SHARED_H
#define TRI_H3_SHARED_H

#include "base_heap.h"
#include "base_timeout.h"
#include "h3_cid.h"
#include "h3_endpoint.h"

#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>

struct tri_h3_client;

struct tri_h3_shared {
    struct tri_h3_config config;  /* of a client, without what only a server has */
    struct tri_h3_client *client; /* borrowed; whose connection it is; NULL: a server's */
    ngtcp2_mem quic_mem;          /* config.alloc, as the libraries want it */
    nghttp3_mem http_mem;
    /* Of the stateless reset tokens and the proofs of address: each has its own label in ngtcp2. */
    uint8_t secret[TRI_H3_SECRET_LEN];
    struct tri_h3_counters counters;
    struct tri_h3_cid_table cids;
    struct tri_list conns;           /* all of them */
    struct tri_list dirty;           /* those with something to send, in the order of service */
    struct tri_list graveyard;       /* streams that are over, until the next drive step */
    struct tri_heap timers;          /* one a connection */
    struct tri_timeout_list heads;   /* requests whose head is not complete */
    struct tri_timeout_list answers; /* those whose answer, a head alone, waits for the peer */
    size_t live;                     /* connections that are neither closing nor draining */
    size_t half_open;                /* those whose handshake is not complete; <= live */
    uint64_t now_ns;                 /* of this drive step */
};

/* TRI_OK or TRI_ERR_NOMEM (then there is nothing to deinit). |s| must not move afterwards. */
TRI_MUST_USE enum tri_err tri_h3_shared_init(struct tri_h3_shared *s,
                                             const struct tri_h3_config *config);

/* Every connection is gone. */
void tri_h3_shared_deinit(struct tri_h3_shared *s);

/* The stateless reset token of |cid|: RFC 9000 section 10.3.2. False if the hash failed. */
bool tri_h3_shared_reset_token(const struct tri_h3_shared *s, const ngtcp2_cid *cid,
                               uint8_t out[NGTCP2_STATELESS_RESET_TOKENLEN]);

static inline void tri_h3_shared_random(const struct tri_h3_shared *s, uint8_t *out, size_t len)
{
    s->config.random->fill(s->config.random->user, out, len);
}

#endif
