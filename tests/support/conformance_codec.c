/* A client's permessage-deflate: see the header. */
#include "conformance_codec.h"

#include <assert.h>
#include <stdlib.h>

#define ROOM ((size_t)(64 * 1024))

static const char extension_name[] = "permessage-deflate";

/* --- what was agreed */

/* The value of parameter |name| in |list|; 0: it is not there; 1: it has no value. */
static unsigned parameter(const char *list, const char *name)
{
    const char *at = list ? strstr(list, name) : NULL;
    if (!at) {
        return 0;
    }
    at += strlen(name);
    if (*at != '=') {
        return 1;
    }
    at += at[1] == '"' ? 2 : 1;
    return (unsigned)strtoul(at, NULL, 10);
}

static unsigned bits_of(const char *list, const char *name)
{
    const unsigned value = parameter(list, name);
    return value > 1 ? value : MAX_WBITS;
}

void conformance_codec_init(struct conformance_codec *c, const char *answer)
{
    *c = (struct conformance_codec){
        .is_agreed = answer != NULL,
        .server_bits = bits_of(answer, "server_max_window_bits"),
        .client_bits = bits_of(answer, "client_max_window_bits"),
        .server_forgets = parameter(answer, "server_no_context_takeover") > 0,
        .client_forgets = parameter(answer, "client_no_context_takeover") > 0,
    };
}

const char *conformance_codec_blame(const char *offer, const char *answer)
{
    if (!answer || strchr(offer, ',')) {
        return NULL; /* of several alternatives any may be taken */
    }
    if (strncmp(answer, extension_name, strlen(extension_name)) != 0) {
        return "an extension was answered that was not offered";
    }
    if (parameter(offer, "server_no_context_takeover") &&
        !parameter(answer, "server_no_context_takeover")) {
        return "server_no_context_takeover was not agreed to"; /* RFC 7692 section 7.1.1.1 */
    }
    if (parameter(offer, "server_max_window_bits") &&
        (!parameter(answer, "server_max_window_bits") ||
         bits_of(answer, "server_max_window_bits") > bits_of(offer, "server_max_window_bits"))) {
        return "server_max_window_bits was not agreed to"; /* RFC 7692 section 7.1.2.1 */
    }
    if (!parameter(offer, "client_max_window_bits") &&
        parameter(answer, "client_max_window_bits")) {
        return "client_max_window_bits was not offered"; /* RFC 7692 section 7.1.2.2 */
    }
    return NULL;
}

void conformance_codec_deinit(struct conformance_codec *c)
{
    if (c->has_deflater) {
        (void)deflateEnd(&c->deflater);
    }
    if (c->has_inflater) {
        (void)inflateEnd(&c->inflater);
    }
    c->has_deflater = false;
    c->has_inflater = false;
}

/* --- compressing */

static void need_deflater(struct conformance_codec *c)
{
    if (!c->has_deflater) {
        const int rv =
            deflateInit2(&c->deflater, 6, Z_DEFLATED, -(int)c->client_bits, 8, Z_DEFAULT_STRATEGY);
        assert(rv == Z_OK);
        (void)rv;
        c->has_deflater = true;
    }
}

void conformance_codec_forget(struct conformance_codec *c)
{
    if (c->has_deflater) {
        (void)deflateReset(&c->deflater);
    }
}

void conformance_codec_begin(struct conformance_codec *c)
{
    need_deflater(c);
    if (c->client_forgets) {
        (void)deflateReset(&c->deflater);
    }
}

static void run_deflater(z_stream *z, int flush, struct tri_buf *out)
{
    do {
        enum tri_err err;
        z->next_out = tri_buf_reserve(out, ROOM, &err);
        assert(z->next_out);
        z->avail_out = ROOM;
        const int rv = deflate(z, flush);
        assert(rv == Z_OK || rv == Z_STREAM_END || rv == Z_BUF_ERROR);
        (void)rv;
        tri_buf_commit(out, ROOM - z->avail_out);
    } while (z->avail_out == 0);
}

void conformance_codec_deflate(struct conformance_codec *c, struct tri_slice data,
                               enum conformance_piece piece, struct tri_buf *out)
{
    static const uint8_t nothing = 0;
    assert(c->has_deflater);
    c->deflater.next_in = (uint8_t *)(uintptr_t)(data.len > 0 ? data.data : &nothing);
    c->deflater.avail_in = (uInt)data.len;
    if (data.len > 0 || piece == PIECE_FINAL) {
        run_deflater(&c->deflater, piece == PIECE_FINAL ? Z_FINISH : Z_SYNC_FLUSH, out);
        assert(c->deflater.avail_in == 0);
    }
    if (piece == PIECE_LAST && data.len > 0) {
        out->len -= 4;
        assert(memcmp(out->data + out->len, "\0\0\xff\xff", 4) == 0);
    } else if (piece != PIECE_MIDDLE) {
        /* With 00 00 ff ff an empty block: RFC 7692 section 7.2.3.6; 7.2.3.4 after BFINAL. */
        const enum tri_err err = tri_buf_append(out, &nothing, 1);
        assert(err == TRI_OK);
        (void)err;
    }
    if (piece == PIECE_FINAL) {
        (void)deflateReset(&c->deflater);
    }
}

/* --- decompressing */

/* zlib lets a distance be longer than the window, if it stays within the output of one call; so
 * that is kept short. */
#define STRICT_ROOM ((size_t)64)

static bool run_inflater(z_stream *z, struct tri_slice data, struct tri_buf *out)
{
    z->next_in = (uint8_t *)(uintptr_t)data.data;
    z->avail_in = (uInt)data.len;
    for (;;) {
        enum tri_err err;
        z->next_out = tri_buf_reserve(out, STRICT_ROOM, &err);
        assert(z->next_out);
        z->avail_out = STRICT_ROOM;
        const int rv = inflate(z, Z_SYNC_FLUSH);
        tri_buf_commit(out, STRICT_ROOM - z->avail_out);
        if (rv != Z_OK && rv != Z_BUF_ERROR) {
            return false; /* the server never ends its stream */
        }
        if (z->avail_out > 0) {
            return z->avail_in == 0;
        }
    }
}

bool conformance_codec_inflate(struct conformance_codec *c, struct tri_slice data,
                               struct tri_buf *out)
{
    static const uint8_t tail[] = {0, 0, 0xff, 0xff};
    if (!c->has_inflater) {
        const int rv = inflateInit2(&c->inflater, -(int)c->server_bits);
        assert(rv == Z_OK);
        (void)rv;
        c->has_inflater = true;
    } else if (c->server_forgets) {
        (void)inflateReset(&c->inflater);
    }
    return run_inflater(&c->inflater, data, out) &&
           run_inflater(&c->inflater, tri_slice_of(tail, sizeof tail), out);
}
