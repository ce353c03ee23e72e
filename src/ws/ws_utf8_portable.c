/* UTF-8 where there are no vectors that we know. RFC 3629. */
#include "ws_utf8_impl.h"
#include "ws_simd.h"

#ifdef TRI_SIMD_NONE

static bool can_always_run(void)
{
    return true;
}

const struct tri_utf8_impl tri_utf8_impls[] = {
    {"scalar", can_always_run, tri_utf8_pass_none},
};
const size_t tri_utf8_impls_len = sizeof tri_utf8_impls / sizeof tri_utf8_impls[0];

const char *tri_utf8_impl_name(void)
{
    return "scalar";
}

size_t tri_utf8_pass_best(const uint8_t *data, size_t len)
{
    return tri_utf8_pass_none(data, len);
}

#else
typedef int tri_utf8_has_vectors;
#endif
