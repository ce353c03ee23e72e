/*
 * What servers and clients have in common: versions, cipher suites, groups and the key log of a
 * WOLFSSL_CTX. RFC 8446, RFC 9325. Row N1. Private to tls.
 */
#ifndef TRI_TLS_RULES_H
#define TRI_TLS_RULES_H

#include "tls_context.h"

/*
 * TLS 1.3 suites, and for TLS 1.2 the ephemeral AEAD ones only (RFC 9325 section 4.2). In order of
 * preference: AES-GCM has instructions of its own in most processors. TLS_AES_128_GCM_SHA256 must
 * be there: RFC 8446 section 9.1.
 */
#define TRI_TLS_SUITES_13                                                                          \
    "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256"
#define TRI_TLS_SUITES_12                                                                          \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* Versions, suites and groups. False: this wolfSSL lacks one, or memory is short. */
bool tri_tls_set_rules(WOLFSSL_CTX *ctx, enum tri_tls_use use);

/* The same, of the key log; NULL: none. */
bool tri_tls_set_keylog(WOLFSSL_CTX *ctx, struct tri_tls_keylog *keylog);

#endif
