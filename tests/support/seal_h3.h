/*
 * QUIC packets written by hand: any frames, sealed with the keys of a client, so that what a proper
 * client would never send reaches the server behind its decryption. RFC 9001 section 5. Version 1,
 * AES-128-GCM.
 */
#ifndef TRI_TESTS_SEAL_H3_H
#define TRI_TESTS_SEAL_H3_H

#include "base_slice.h"
#include "h3_endpoint.h" /* the build gives its libraries to whoever includes it */

#include <ngtcp2/ngtcp2.h>
#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#define SEAL_H3_OVERHEAD 128u /* header and tag, bytes at most */

struct seal_h3 {
    Aes payload, header;
    uint8_t iv[12];
};

/* With a secret that TLS has given to the client. */
void seal_h3_init(struct seal_h3 *s, const uint8_t *secret, size_t len);
/* With the keys of a client's first packets: they follow from the id that it chose. */
void seal_h3_init_first(struct seal_h3 *s, const ngtcp2_cid *dcid);
void seal_h3_deinit(struct seal_h3 *s);

/* A packet with a short header. Returns its bytes; |out| has room for SEAL_H3_OVERHEAD more. */
size_t seal_h3_short(struct seal_h3 *s, uint8_t *out, const ngtcp2_cid *dcid, uint32_t number,
                     struct tri_slice frames);

/* A packet with a long header: 0 Initial, 2 Handshake. */
size_t seal_h3_long(struct seal_h3 *s, uint8_t *out, uint8_t type, const ngtcp2_cid *dcid,
                    const ngtcp2_cid *scid, uint32_t number, struct tri_slice frames);

#endif
