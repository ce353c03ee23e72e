/*
 * Proof that a client receives what is sent to its address: the token of a Retry packet, and the one
 * of a NEW_TOKEN frame for its next connection. RFC 9000 section 8.1.2, 8.1.3. Both are sealed with
 * the endpoint's secret, so that nothing is kept for them.
 */
#ifndef TRI_H3_TOKEN_H
#define TRI_H3_TOKEN_H

#include "h3_shared.h"

#include <ngtcp2/ngtcp2_crypto.h>

/* For the answer to a Retry to come: a few round trips of the slowest path, and no more. */
#define TRI_H3_RETRY_TOKEN_NS (UINT64_C(10) * 1000 * TRI_NS_PER_MS)

/* For a client to come back: a day, so that a token that was read by others is of no use for long. */
#define TRI_H3_NEW_TOKEN_NS (UINT64_C(24) * 3600 * 1000 * TRI_NS_PER_MS)

/* What opens a connection: a client's Initial packet and what its token proves. */
struct tri_h3_initial {
    ngtcp2_pkt_hd hd; /* its token is borrowed */
    /* UNKNOWN: nothing is proven, by no token or by one that RFC 9000 section 8.1.3 has ignored */
    ngtcp2_token_type proof;
    ngtcp2_cid original; /* the id that the client chose first: before the Retry, or hd.dcid */
};

/*
 * Fills |out->proof| and |out->original| from |out->hd|. TRI_OK; TRI_ERR_PROTOCOL if it has a Retry
 * token of ours that is too old, or another address's: the client will take no other Retry,
 * and is to be refused with INVALID_TOKEN.
 */
TRI_MUST_USE enum tri_err tri_h3_token_check(const struct tri_h3_shared *s,
                                             struct tri_h3_initial *out,
                                             const struct tri_addr *remote);

/*
 * The token for a Retry that answers |hd| with our id |own|: its length, 0 if the cipher failed.
 * |out| has room for NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2 bytes.
 */
size_t tri_h3_token_for_retry(const struct tri_h3_shared *s, const ngtcp2_pkt_hd *hd,
                              const ngtcp2_cid *own, const struct tri_addr *remote, uint8_t *out);

/* The token for later connections from |remote|, any port: its length, 0 if the cipher failed. |out|
 * has room for NGTCP2_CRYPTO_MAX_REGULAR_TOKENLEN bytes. */
size_t tri_h3_token_for_later(const struct tri_h3_shared *s, const ngtcp2_addr *remote,
                              uint8_t *out);

#endif
