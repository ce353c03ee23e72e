/*
 * Any bytes as a frame header. What decodes must encode to the same bytes, for only minimal headers
 * are taken; a verdict must not change as bytes are added, other than from partial to final.
 */
#include "ws_frame.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_round_trip(const uint8_t *data, const struct tri_frame *f, size_t used)
{
    uint8_t wire[TRI_FRAME_HEADER_MAX];
    assert(tri_frame_header_len(f) == used);
    assert(tri_frame_encode(f, wire) == used);
    assert(memcmp(wire, data, used) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tri_frame f;
    size_t used = 0;
    const enum tri_err all = tri_frame_decode(data, len, &f, &used);
    assert(all == TRI_OK || all == TRI_PARTIAL || all == TRI_ERR_PROTOCOL);
    assert(all == TRI_OK ? used >= 2 && used <= len && used <= TRI_FRAME_HEADER_MAX : used == 0);
    assert(all != TRI_PARTIAL || len < TRI_FRAME_HEADER_MAX);
    if (all == TRI_OK) {
        check_round_trip(data, &f, used);
    }
    for (size_t n = 0; n < len && n <= TRI_FRAME_HEADER_MAX; n++) {
        struct tri_frame part;
        size_t part_used;
        const enum tri_err err = tri_frame_decode(data, n, &part, &part_used);
        assert(err == all || err == TRI_PARTIAL);
        assert(err != TRI_OK || (part_used == used && n >= used));
        assert(all != TRI_OK || n >= used || err == TRI_PARTIAL);
    }
    return 0;
}
