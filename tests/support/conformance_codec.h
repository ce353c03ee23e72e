/*
 * The compression of a client, for the conformance suite: what it offered and what was answered,
 * its compressor and its decompressor. It is made of zlib alone, so that it shares no fault with
 * the server. It keeps strictly to what was agreed: a server that uses a larger window, or context
 * that it said to forget, is found out. RFC 7692 section 7
 */
#ifndef TRI_TESTS_CONFORMANCE_CODEC_H
#define TRI_TESTS_CONFORMANCE_CODEC_H

#include "base_buf.h"

#include <zlib.h>

struct conformance_codec {
    bool is_agreed;
    unsigned server_bits, client_bits;
    bool server_forgets, client_forgets;
    bool has_deflater, has_inflater;
    z_stream deflater, inflater;
};

/* |answer|: the response's sec-websocket-extensions, NULL if there is none. */
void conformance_codec_init(struct conformance_codec *c, const char *answer);
void conformance_codec_deinit(struct conformance_codec *c);

/* What is wrong with |answer| (NULL: none) to |offer|, RFC 7692 section 7.1; NULL: nothing. */
const char *conformance_codec_blame(const char *offer, const char *answer);

enum conformance_piece {
    PIECE_MIDDLE, /* flushed, so that all of it can be read; more follows */
    PIECE_LAST,   /* without the final 00 00 ff ff. RFC 7692 section 7.2.1 */
    PIECE_FINAL,  /* ends with a block that has BFINAL set. RFC 7692 section 7.2.3.4 */
};

/* A message of the client begins; then its pieces, appended to |out|. */
void conformance_codec_begin(struct conformance_codec *c);
void conformance_codec_deflate(struct conformance_codec *c, struct tri_slice data,
                               enum conformance_piece piece, struct tri_buf *out);

/* Earlier messages are not referred to any more (something else than this compressor sent). */
void conformance_codec_forget(struct conformance_codec *c);

/* A whole message of the server; appended to |out|. False: it is no deflate data. */
bool conformance_codec_inflate(struct conformance_codec *c, struct tri_slice data,
                               struct tri_buf *out);

#endif
