/* See h3_shared.h. */
#include "h3_shared.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <assert.h>
#include <string.h>

/* The libraries may ask for nothing, and tri_alloc knows no such request. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

static void *mem_get(size_t size, void *user)
{
    return tri_alloc_get(user, at_least_one(size));
}

static void mem_release(void *ptr, void *user)
{
    tri_alloc_release(user, ptr);
}

static void *mem_zero(size_t count, size_t size, void *user)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return tri_alloc_zero(user, at_least_one(count * size));
}

static void *mem_resize(void *ptr, size_t size, void *user)
{
    return tri_alloc_resize(user, ptr, at_least_one(size));
}

enum tri_err tri_h3_shared_init(struct tri_h3_shared *s, const struct tri_h3_config *config)
{
    *s = (struct tri_h3_shared){.config = *config};
    void *alloc = (void *)(uintptr_t)config->alloc; /* handed back as const above */
    s->quic_mem = (ngtcp2_mem){.user_data = alloc,
                               .malloc = mem_get,
                               .free = mem_release,
                               .calloc = mem_zero,
                               .realloc = mem_resize};
    s->http_mem = (nghttp3_mem){.user_data = alloc,
                                .malloc = mem_get,
                                .free = mem_release,
                                .calloc = mem_zero,
                                .realloc = mem_resize};
    if (config->secret) {
        memcpy(s->secret, config->secret, sizeof s->secret);
    } else {
        tri_h3_shared_random(s, s->secret, sizeof s->secret);
    }
    tri_list_init(&s->conns);
    tri_list_init(&s->dirty);
    tri_list_init(&s->graveyard);
    tri_heap_init(&s->timers, config->alloc);
    tri_timeout_list_init(&s->heads, config->limits->request_timeout_ms * TRI_NS_PER_MS);
    tri_timeout_list_init(&s->answers, config->limits->response_timeout_ms * TRI_NS_PER_MS);
    return tri_h3_cid_table_init(&s->cids, config->alloc, config->random);
}

void tri_h3_shared_deinit(struct tri_h3_shared *s)
{
    assert(s->live == 0 && s->half_open == 0 && tri_list_is_empty(&s->conns));
    assert(tri_list_is_empty(&s->dirty) && tri_list_is_empty(&s->graveyard));
    tri_heap_deinit(&s->timers);
    tri_h3_cid_table_deinit(&s->cids);
    explicit_bzero(s->secret, sizeof s->secret);
}

bool tri_h3_shared_reset_token(const struct tri_h3_shared *s, const ngtcp2_cid *cid,
                               uint8_t out[NGTCP2_STATELESS_RESET_TOKENLEN])
{
    return ngtcp2_crypto_generate_stateless_reset_token(out, s->secret, sizeof s->secret, cid) == 0;
}
