/*
 * Random bytes for the masks of frames (RFC 6455 section 5.3): AES-128 in counter mode, with a key
 * from the system, and a new key out of its own bytes at each fill, so that no earlier mask can be told
 * from what is in memory. The system's own generator costs more than all else that a mask needs.
 */
#ifndef TRI_CLIENT_RANDOM_H
#define TRI_CLIENT_RANDOM_H

#include "base_random.h"
#include "trisock/trisock.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

struct tri_client_random {
    struct tri_random random; /* to be handed on; its user is this struct, which must not move */
    Aes aes;
};

/* TRI_OK, or TRI_ERR_NOMEM: there is nothing to deinit. */
TRI_MUST_USE enum tri_err tri_client_random_init(struct tri_client_random *r);
void tri_client_random_deinit(struct tri_client_random *r);

#endif
