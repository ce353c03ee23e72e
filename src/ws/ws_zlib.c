/* zlib as permessage-deflate uses it: raw deflate streams, and memory that is counted. */
#include "ws_zlib.h"

#include <assert.h>
#include <limits.h>

/* "A few kilobytes for small objects" (zconf.h); zlib 1.2.13 has 6 and 7 KiB, and there is ours. */
#define OBJECTS_BYTES ((size_t)(8 * 1024))

/* Compressed bytes made in one go, on the stack. */
#define PIECE_BYTES ((size_t)4096)

/* What a sync flush ends with, and a message is sent without. RFC 7692 section 7.2.1 */
#define TRAILER_BYTES ((size_t)4)
static const uint8_t trailer[TRAILER_BYTES] = {0x00, 0x00, 0xff, 0xff};

/* z_stream.data_type between two blocks, when not a bit is left over. See inflate() in zlib.h. */
#define BETWEEN_BLOCKS 128

/* --- memory */

/* In front of all that zlib is given, so that what is freed can be counted. */
struct block {
    _Alignas(max_align_t) size_t size; /* with this header */
};

static void *take(struct tri_deflate_worker *w, size_t len)
{
    const size_t size = sizeof(struct block) + len;
    struct block *b = tri_alloc_get(w->alloc, size);
    if (!b) {
        return NULL;
    }
    b->size = size;
    w->held_bytes += size;
    return b + 1;
}

static void give(struct tri_deflate_worker *w, void *ptr)
{
    if (!ptr) {
        return;
    }
    struct block *b = (struct block *)ptr - 1;
    assert(b->size <= w->held_bytes);
    w->held_bytes -= b->size;
    tri_alloc_release(w->alloc, b);
}

static voidpf take_for_zlib(voidpf opaque, uInt items, uInt size)
{
    const uint64_t len = (uint64_t)items * size;
    return len <= PTRDIFF_MAX - sizeof(struct block) ? take(opaque, (size_t)len) : NULL;
}

static void give_from_zlib(voidpf opaque, voidpf ptr)
{
    give(opaque, ptr);
}

static void init_stream(z_stream *z, struct tri_deflate_worker *w)
{
    *z = (z_stream){.zalloc = take_for_zlib, .zfree = give_from_zlib, .opaque = w};
}

static uInt clip(size_t len)
{
    return len < UINT_MAX ? (uInt)len : UINT_MAX;
}

/* --- compressing */

/* As much for hashes and symbols as for the window: 8 for 15 bits, as zlib has it by default. */
static int choose_mem_level(unsigned bits)
{
    return (int)bits - 7;
}

size_t tri_deflater_cost(unsigned bits)
{
    return ((size_t)1 << (bits + 2)) + ((size_t)1 << (choose_mem_level(bits) + 9)) + OBJECTS_BYTES;
}

struct tri_deflater *tri_deflater_new(struct tri_deflate_worker *w, unsigned bits)
{
    assert(bits >= TRI_DEFLATE_BITS_MIN && bits <= TRI_DEFLATE_BITS_MAX);
    struct tri_deflater *d = take(w, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->worker = w;
    init_stream(&d->z, w);
    const int done = deflateInit2(&d->z, w->limits->deflate_level, Z_DEFLATED, -(int)bits,
                                  choose_mem_level(bits), Z_DEFAULT_STRATEGY);
    if (done != Z_OK) {
        assert(done == Z_MEM_ERROR);
        give(w, d);
        return NULL;
    }
    return d;
}

void tri_deflater_free(struct tri_deflater *d)
{
    if (d) {
        (void)deflateEnd(&d->z); /* says that data was pending, which may be so */
        give(d->worker, d);
    }
}

void tri_deflater_reset(struct tri_deflater *d)
{
    const int done = deflateReset(&d->z);
    assert(done == Z_OK);
    (void)done;
}

/* Compressed bytes on their way out. The last four stay until it is known whether they count. */
struct piece {
    uint8_t bytes[PIECE_BYTES];
    size_t len; /* <= TRAILER_BYTES between two calls */
};

static enum tri_err pass_on(struct piece *p, struct tri_buf *out)
{
    const size_t kept = p->len < TRAILER_BYTES ? p->len : TRAILER_BYTES;
    const enum tri_err err = tri_buf_append(out, p->bytes, p->len - kept);
    memmove(p->bytes, p->bytes + p->len - kept, kept);
    p->len = kept;
    return err;
}

/* Compresses what |z| has as input, and flushes if |flush| says so. */
static enum tri_err deflate_input(z_stream *z, int flush, struct piece *p, struct tri_buf *out)
{
    enum tri_err err = TRI_OK;
    do { /* while there was not room for all; zlib.h wants more than 6 bytes of it */
        z->next_out = p->bytes + p->len;
        z->avail_out = (uInt)(sizeof p->bytes - p->len);
        const int done = deflate(z, flush);
        assert(done == Z_OK);
        (void)done;
        p->len = sizeof p->bytes - z->avail_out;
        err = pass_on(p, out);
    } while (err == TRI_OK && z->avail_out == 0);
    return err;
}

enum tri_err tri_deflater_compress(struct tri_deflater *d, struct tri_slice data, bool last,
                                   struct tri_buf *out)
{
    struct piece p; /* not 4 KiB of zeros for each small message */
    p.len = 0;
    if (data.len == 0) { /* RFC 7692 section 7.2.3.6; zlib would not flush twice */
        return last ? tri_buf_append(out, trailer, 1) : TRI_OK;
    }
    enum tri_err err = TRI_OK;
    while (err == TRI_OK && data.len > 0) {
        const uInt now = clip(data.len);
        d->z.next_in = data.data;
        d->z.avail_in = now;
        data = tri_slice_of(data.data + now, data.len - now);
        err = deflate_input(&d->z, data.len > 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH, &p, out);
    }
    if (err != TRI_OK) {
        return err;
    }
    /* RFC 7692 section 7.2.1: MUST be taken off the end of the message */
    assert(p.len == TRAILER_BYTES && memcmp(p.bytes, trailer, TRAILER_BYTES) == 0);
    return last ? TRI_OK : tri_buf_append(out, p.bytes, p.len);
}

/* --- decompressing */

size_t tri_inflater_cost(unsigned bits)
{
    return ((size_t)1 << bits) + OBJECTS_BYTES;
}

struct tri_inflater *tri_inflater_new(struct tri_deflate_worker *w, unsigned bits)
{
    assert(bits >= 8 && bits <= TRI_DEFLATE_BITS_MAX);
    struct tri_inflater *i = take(w, sizeof *i);
    if (!i) {
        return NULL;
    }
    *i = (struct tri_inflater){.worker = w};
    init_stream(&i->z, w);
    const int done = inflateInit2(&i->z, -(int)bits);
    if (done != Z_OK) {
        assert(done == Z_MEM_ERROR);
        give(w, i);
        return NULL;
    }
    i->z.data_type = BETWEEN_BLOCKS;
    return i;
}

void tri_inflater_free(struct tri_inflater *i)
{
    if (i) {
        (void)inflateEnd(&i->z);
        give(i->worker, i);
    }
}

void tri_inflater_reset(struct tri_inflater *i)
{
    const int done = inflateReset(&i->z);
    assert(done == Z_OK);
    (void)done;
    i->z.data_type = BETWEEN_BLOCKS;
}

void tri_inflater_begin(struct tri_inflater *i)
{
    i->finals = 0;
    i->bytes = 0;
    i->base = i->z.total_in + i->z.total_out;
}

bool tri_inflater_is_between_blocks(const struct tri_inflater *i)
{
    return i->z.data_type == BETWEEN_BLOCKS;
}

/* Counts a final block. False: there are more of them than data, to no use but ours of the CPU. */
static bool count_final(struct tri_inflater *i)
{
    i->bytes += i->z.total_in + i->z.total_out - i->base;
    i->base = 0; /* a reset follows */
    i->finals++;
    return i->finals <= TRI_FINAL_BLOCKS_FREE + i->bytes / TRI_FINAL_BLOCK_BYTES;
}

/*
 * Behind a final block zlib stops, but a message goes on, and may refer to what was before it. RFC
 * 7692 section 7.2.3.4
 */
static enum tri_err go_on_after_final(struct tri_inflater *i)
{
    if (!count_final(i)) {
        return TRI_ERR_PROTOCOL;
    }
    uInt len = 0;
    (void)inflateGetDictionary(&i->z, NULL, &len);
    uint8_t *window = take(i->worker, len);
    if (!window) {
        return TRI_ERR_NOMEM;
    }
    (void)inflateGetDictionary(&i->z, window, &len);
    tri_inflater_reset(i);
    const int done = len > 0 ? inflateSetDictionary(&i->z, window, len) : Z_OK;
    give(i->worker, window);
    return done == Z_OK ? TRI_OK : TRI_ERR_NOMEM;
}

static enum tri_err inflate_once(struct tri_inflater *i)
{
    switch (inflate(&i->z, Z_SYNC_FLUSH)) {
    case Z_OK:
    case Z_BUF_ERROR: /* nothing to do: no input, and no output held back */
        return TRI_OK;
    case Z_STREAM_END:
        return go_on_after_final(i);
    case Z_MEM_ERROR:
        return TRI_ERR_NOMEM;
    case Z_DATA_ERROR:
        return TRI_ERR_PROTOCOL;
    default:
        assert(!"a stream that zlib does not know");
        return TRI_ERR_PROTOCOL;
    }
}

enum tri_err tri_inflater_run(struct tri_inflater *i, struct tri_slice *in, uint8_t *out,
                              size_t max, size_t *len)
{
    assert(max > 0 && max < UINT_MAX);
    z_stream *z = &i->z;
    const uInt given = clip(in->len);
    enum tri_err err = TRI_OK;
    z->next_in = in->data;
    z->avail_in = given;
    z->next_out = out;
    z->avail_out = (uInt)max;
    if (given == 0 && !tri_inflater_is_between_blocks(i)) {
        err = inflate_once(i); /* what did not fit the last time */
    }
    while (err == TRI_OK && z->avail_in > 0 && z->avail_out > 0) {
        err = inflate_once(i);
    }
    *len = max - z->avail_out;
    *in = tri_slice_of(z->next_in, in->len - (given - z->avail_in));
    return err;
}
