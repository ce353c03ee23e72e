/* Masking where there are no vectors that we know. RFC 6455 section 5.3. */
#include "ws_mask_impl.h"
#include "ws_simd.h"

#ifdef TRI_SIMD_NONE

static bool can_always_run(void)
{
    return true;
}

const struct tri_mask_impl tri_mask_impls[] = {
    {"scalar", can_always_run, tri_mask_apply_scalar},
};
const size_t tri_mask_impls_len = sizeof tri_mask_impls / sizeof tri_mask_impls[0];

const char *tri_mask_impl_name(void)
{
    return "scalar";
}

void tri_mask_apply_best(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t mask[4],
                         uint64_t offset)
{
    tri_mask_apply_scalar(dst, src, len, mask, offset);
}

#else
typedef int tri_mask_has_vectors;
#endif
