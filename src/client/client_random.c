/* See client_random.h. */
#include "client_random.h"

#include <assert.h>
#include <string.h>

#define SEED_BYTES (AES_128_KEY_SIZE + AES_BLOCK_SIZE) /* a key, and where the counter starts */

static bool set_seed(struct tri_client_random *r, uint8_t seed[SEED_BYTES])
{
    const int failed =
        wc_AesSetKey(&r->aes, seed, AES_128_KEY_SIZE, seed + AES_128_KEY_SIZE, AES_ENCRYPTION);
    explicit_bzero(seed, SEED_BYTES);
    return !failed;
}

static bool encrypt_zeros(struct tri_client_random *r, uint8_t *out, size_t len)
{
    memset(out, 0, len);
    return wc_AesCtrEncrypt(&r->aes, out, out, (word32)len) == 0;
}

static void fill(void *user, uint8_t *out, size_t len)
{
    struct tri_client_random *r = user;
    uint8_t seed[SEED_BYTES];
    assert(len <= UINT32_MAX);
    if (!encrypt_zeros(r, seed, sizeof seed) || !encrypt_zeros(r, out, len) || !set_seed(r, seed)) {
        assert(!"AES works");
    }
}

enum tri_err tri_client_random_init(struct tri_client_random *r)
{
    *r = (struct tri_client_random){.random = {.fill = fill, .user = r}};
    if (wc_AesInit(&r->aes, NULL, INVALID_DEVID) != 0) {
        return TRI_ERR_NOMEM;
    }
    const struct tri_random *system = tri_random_system();
    uint8_t seed[SEED_BYTES];
    system->fill(system->user, seed, sizeof seed);
    if (!set_seed(r, seed)) {
        wc_AesFree(&r->aes);
        return TRI_ERR_NOMEM;
    }
    return TRI_OK;
}

void tri_client_random_deinit(struct tri_client_random *r)
{
    wc_AesFree(&r->aes);
}
