/*
 * The ways to pass over valid UTF-8 quickly, of which ws_utf8.h takes the best that the machine can
 * run. They give no verdict: what they do not pass over, the scalar machine reads byte by byte, so
 * that it alone decides, and at the first bad byte. Tests hold them against it.
 */
#ifndef TRI_WS_UTF8_IMPL_H
#define TRI_WS_UTF8_IMPL_H

#include "ws_utf8.h"

struct tri_utf8_impl {
    const char *name; /* "avx2" */
    bool (*can_run)(void);

    /*
     * How many bytes at the front of |data|, which begins where a sequence may begin, are whole and
     * valid sequences. It may stop early, at a border between sequences; a bad byte and a sequence
     * that is not all there are never passed.
     */
    size_t (*pass)(const uint8_t *data, size_t len);
};

/* Those that this platform has, best first. The last one passes nothing, and always runs. */
extern const struct tri_utf8_impl tri_utf8_impls[];
extern const size_t tri_utf8_impls_len;

/* The name of the first that can run, which tri_utf8_feed takes. */
const char *tri_utf8_impl_name(void);

/* Passes with the first that can run, whose test is cheap enough for every call. */
size_t tri_utf8_pass_best(const uint8_t *data, size_t len);

/* tri_utf8_feed without vectors. */
bool tri_utf8_feed_scalar(struct tri_utf8 *u, const uint8_t *data, size_t len);

/* tri_utf8_feed with one of the ways, also for short input. */
bool tri_utf8_feed_with(size_t (*pass)(const uint8_t *, size_t), struct tri_utf8 *u,
                        const uint8_t *data, size_t len);

/* Passes nothing. */
size_t tri_utf8_pass_none(const uint8_t *data, size_t len);

/*
 * Where the sequence begins that is not complete at |end|, or |end| if none is open there. The
 * bytes below |end| are either known to be the front of valid UTF-8, or are checked afterwards.
 */
static inline size_t tri_utf8_border(const uint8_t *data, size_t end)
{
    for (size_t back = 1; back <= 3 && back <= end; back++) {
        const uint8_t byte = data[end - back];
        if (byte >= 0xc0) {
            const size_t width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
            return back < width ? end - back : end;
        }
        if (byte < 0x80) {
            break;
        }
    }
    return end;
}

#endif
