/*
 * zlib as permessage-deflate uses it: raw deflate streams (RFC 1951), one compressor and one
 * decompressor, whose memory is counted in the worker's held_bytes. Private to ws_deflate.
 */
#ifndef TRI_WS_ZLIB_H
#define TRI_WS_ZLIB_H

#include "ws_deflate.h"

#define ZLIB_CONST
#include <zlib.h>

/* Final blocks that a message may have, of any size; beyond them one for so many bytes of it. Each
 * costs a copy of the window, which only some bytes of real work justify. */
#define TRI_FINAL_BLOCKS_FREE 64u
#define TRI_FINAL_BLOCK_BYTES 32u

/* Neither may move: zlib's state points back at |z|. */
struct tri_deflater {
    z_stream z;
    struct tri_deflate_worker *worker;
};

struct tri_inflater {
    z_stream z;
    struct tri_deflate_worker *worker;
    struct tri_inflater *next; /* in the worker's stock */
    size_t finals;             /* final blocks of this message */
    size_t bytes;              /* of this message, in and out, up to the last of them */
    size_t base;               /* what zlib had counted before the message */
};

/* Memory for windows of |bits|, by zlib's published formulas and room for its small objects. Never
 * less than what is held. */
size_t tri_deflater_cost(unsigned bits);
size_t tri_inflater_cost(unsigned bits);

struct tri_deflater *tri_deflater_new(struct tri_deflate_worker *w, unsigned bits); /* or NULL */
void tri_deflater_free(struct tri_deflater *d); /* NULL is fine */

/* Forgets all earlier data. What comes next is still one stream with what came before. */
void tri_deflater_reset(struct tri_deflater *d);

/* As tri_deflate_socket_compress, but that after an error the caller must reset. */
TRI_MUST_USE enum tri_err tri_deflater_compress(struct tri_deflater *d, struct tri_slice data,
                                                bool last, struct tri_buf *out);

struct tri_inflater *tri_inflater_new(struct tri_deflate_worker *w, unsigned bits); /* or NULL */
void tri_inflater_free(struct tri_inflater *i);  /* NULL is fine */
void tri_inflater_reset(struct tri_inflater *i); /* as new */
void tri_inflater_begin(struct tri_inflater *i); /* a message; the window stays */

/*
 * As tri_deflate_socket_inflate. |max| is below 4 GiB. A distance beyond the window that was agreed is
 * refused once the bytes that it names are gone; as long as they lie in |out| zlib takes it.
 */
TRI_MUST_USE enum tri_err tri_inflater_run(struct tri_inflater *i, struct tri_slice *in,
                                           uint8_t *out, size_t max, size_t *len);

/* Whether all that was given is decoded, and ended with a block and a byte. */
bool tri_inflater_is_between_blocks(const struct tri_inflater *i);

#endif
