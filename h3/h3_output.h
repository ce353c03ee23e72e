/*
 * What goes out on a request stream behind its head: the tenant's bytes, peeked when QUIC can send,
 * in DATA frames of our own (h3_framing.h), held by reference until the peer has acknowledged them.
 * The head is nghttp3's, and goes first. Decision 027.
 */
#ifndef TRI_H3_OUTPUT_H
#define TRI_H3_OUTPUT_H

#include "h3_stream.h"

/* Slices of one peek, and the head of a frame. */
#define TRI_H3_PIECE_VECTORS ((size_t)16)

/* What a stream has for the next packet. */
struct tri_h3_piece {
    struct tri_h3_stream *stream; /* NULL: it is nghttp3's */
    int64_t id;                   /* -1: nothing */
    bool fin;
    nghttp3_vec vec[TRI_H3_PIECE_VECTORS];
    size_t vec_len;
    size_t len;     /* bytes */
    size_t payload; /* of them, of a stream's own: the rest is the head of the frame */
};

/* Without the vectors, which nobody reads beyond |vec_len|: it is done for each message. */
static inline void tri_h3_piece_init(struct tri_h3_piece *p, struct tri_h3_stream *stream,
                                     int64_t id)
{
    p->stream = stream;
    p->id = id;
    p->fin = false;
    p->vec_len = 0;
    p->len = 0;
    p->payload = 0;
}

/* nghttp3's read_data callback, which has nothing for it: it says where the head ends. */
nghttp3_ssize tri_h3_output_read(nghttp3_conn *http, int64_t id, nghttp3_vec *vec, size_t vec_len,
                                 uint32_t *flags, void *user, void *stream_user);

/* |len| bytes of the head are in a packet; with |is_all|, all that nghttp3 has had so far. */
void tri_h3_output_head(struct tri_h3_stream *s, size_t len, bool is_all);

/* The tenant may have something: the stream is scheduled, if it may send. */
void tri_h3_output_wake(struct tri_h3_stream *s);

/* The peer's window of the stream is shut; or is open again. */
void tri_h3_output_block(struct tri_h3_stream *s);
void tri_h3_output_unblock(struct tri_h3_stream *s);

/* Fills |p|, of a scheduled stream. False: it has nothing, now, and |p| means nothing. */
TRI_MUST_USE bool tri_h3_output_next(struct tri_h3_stream *s, struct tri_h3_piece *p);

/* |taken| bytes of |p|, and its end if they are all, are in a packet. */
void tri_h3_output_take(const struct tri_h3_piece *p, size_t taken);

/* |len| bytes of the stream, from |offset| on, were acknowledged. 0 or an error of nghttp3. */
TRI_MUST_USE int tri_h3_output_acked(struct tri_h3_stream *s, uint64_t offset, uint64_t len);

#endif
