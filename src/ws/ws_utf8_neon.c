/* UTF-8 with NEON, as ws_utf8_flaws.h has it. RFC 3629. */
#include "ws_utf8_impl.h"
#include "ws_simd.h"

#ifdef TRI_SIMD_NEON

#include "ws_utf8_flaws.h"

#include <arm_neon.h>
#include <string.h>

#define VECTOR sizeof(uint8x16_t)
#define BLOCK 64u /* bytes looked at together */

struct block {
    uint8x16_t v[BLOCK / VECTOR];
};

static bool can_always_run(void)
{
    return true;
}

static struct block load_block(const uint8_t *data)
{
    return (struct block){{vld1q_u8(data), vld1q_u8(data + VECTOR), vld1q_u8(data + 2 * VECTOR),
                           vld1q_u8(data + 3 * VECTOR)}};
}

/* Not zero where a byte of |now| does not fit what stands before it; |before| are the 16 before. */
static uint8x16_t find_flaws(uint8x16_t before, uint8x16_t now)
{
    const uint8x16_t first = vextq_u8(before, now, 15);
    const uint8x16_t by_high = vqtbl1q_u8(vld1q_u8(tri_utf8_by_first_high), vshrq_n_u8(first, 4));
    const uint8x16_t by_low =
        vqtbl1q_u8(vld1q_u8(tri_utf8_by_first_low), vandq_u8(first, vdupq_n_u8(0x0f)));
    const uint8x16_t by_second = vqtbl1q_u8(vld1q_u8(tri_utf8_by_second_high), vshrq_n_u8(now, 4));
    const uint8x16_t pair = vandq_u8(vandq_u8(by_high, by_low), by_second);

    /* Third bytes are two behind 0xe0 or more, fourth ones three behind 0xf0 or more: there, and
     * nowhere else, two continuations must meet. */
    const uint8x16_t third = vcgeq_u8(vextq_u8(before, now, 14), vdupq_n_u8(0xe0));
    const uint8x16_t fourth = vcgeq_u8(vextq_u8(before, now, 13), vdupq_n_u8(0xf0));
    const uint8x16_t late = vandq_u8(vorrq_u8(third, fourth), vdupq_n_u8(TRI_FLAW_PAIR));
    return veorq_u8(late, pair);
}

static bool is_block_ascii(const struct block *b)
{
    const uint8x16_t all = vorrq_u8(vorrq_u8(b->v[0], b->v[1]), vorrq_u8(b->v[2], b->v[3]));
    return vmaxvq_u8(all) < 0x80;
}

static bool is_block_valid(uint8x16_t before, const struct block *b)
{
    uint8x16_t flaws = find_flaws(before, b->v[0]);
    for (size_t i = 1; i < BLOCK / VECTOR; i++) {
        flaws = vorrq_u8(flaws, find_flaws(b->v[i - 1], b->v[i]));
    }
    return vmaxvq_u8(flaws) == 0;
}

/* The last block's worth of bytes. If some are of a block that was valid, nothing is open there. */
static bool is_end_ascii(const uint8_t *data, size_t len)
{
    if (len < BLOCK) {
        return false;
    }
    const struct block b = load_block(data + len - BLOCK);
    return is_block_ascii(&b);
}

/*
 * The |len| - |i| bytes that are less than a block, with zeros behind them: those show whether the
 * last sequence is whole.
 */
static size_t pass_rest(uint8x16_t before, const uint8_t *data, size_t i, size_t len)
{
    const size_t end = tri_utf8_border(data, len);
    if (end < i || i == len) { /* the open sequence, if any, began in the last block */
        return end;
    }
    uint8_t rest[BLOCK] = {0};
    memcpy(rest, data + i, end - i);
    const struct block b = load_block(rest);
    return is_block_valid(before, &b) ? end : tri_utf8_border(data, i);
}

static size_t pass_neon(const uint8_t *data, size_t len)
{
    uint8x16_t before = vdupq_n_u8(0);
    bool is_calm = true; /* the block before was ASCII, so nothing is open */
    size_t i = 0;
    for (; len - i >= BLOCK; i += BLOCK) {
        const struct block b = load_block(data + i);
        const bool is_ascii = is_block_ascii(&b);
        if (!(is_ascii && is_calm) && !is_block_valid(before, &b)) {
            return tri_utf8_border(data, i);
        }
        before = b.v[BLOCK / VECTOR - 1];
        is_calm = is_ascii;
    }
    return is_end_ascii(data, len) ? len : pass_rest(before, data, i, len);
}

const struct tri_utf8_impl tri_utf8_impls[] = {
    {"neon", can_always_run, pass_neon},
    {"scalar", can_always_run, tri_utf8_pass_none},
};
const size_t tri_utf8_impls_len = sizeof tri_utf8_impls / sizeof tri_utf8_impls[0];

const char *tri_utf8_impl_name(void)
{
    return "neon";
}

size_t tri_utf8_pass_best(const uint8_t *data, size_t len)
{
    return pass_neon(data, len);
}

#else
typedef int tri_utf8_neon_is_elsewhere;
#endif
