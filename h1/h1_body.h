/*
 * A request body, of which only the end is of interest: it is read and dropped. RFC 9112 section
 * 6.2, 7.1. Chunked framing is parsed to the letter: a server that is generous here lets requests
 * be smuggled past it (row U7).
 *
 *   SIZE ──► EXTENSION ──► SIZE_LF ──► DATA ──► DATA_CR ──► DATA_LF ──► SIZE
 *                             └─(last chunk)──► TRAILER ──► NAME ──► VALUE ──► VALUE_LF ──► TRAILER
 *                                                  └──(empty line)──► END_LF ──► end
 */
#ifndef TRI_H1_BODY_H
#define TRI_H1_BODY_H

#include "base_slice.h"
#include "trisock/trisock.h"

enum tri_h1_body_state {
    TRI_H1_BODY_PLAIN, /* |left| bytes and nothing else */
    TRI_H1_BODY_SIZE,
    TRI_H1_BODY_EXTENSION,
    TRI_H1_BODY_SIZE_LF,
    TRI_H1_BODY_DATA,
    TRI_H1_BODY_DATA_CR,
    TRI_H1_BODY_DATA_LF,
    TRI_H1_BODY_TRAILER, /* at the begin of a trailer line */
    TRI_H1_BODY_NAME,
    TRI_H1_BODY_VALUE,
    TRI_H1_BODY_VALUE_LF,
    TRI_H1_BODY_END_LF,
};

struct tri_h1_body {
    enum tri_h1_body_state state;
    uint64_t left;    /* of the body or the chunk, bytes still to come */
    uint64_t data;    /* of all chunks so far, declared bytes; <= TRI_REQUEST_BODY_BYTES_MAX */
    uint64_t framing; /* bytes of chunk lines and trailers so far; bounded by the same */
    bool has_digit;   /* of a chunk size */
    int status;       /* what to answer, after an error */
};

/* A body of |len| bytes, at least 1 and not over TRI_REQUEST_BODY_BYTES_MAX. */
void tri_h1_body_init_length(struct tri_h1_body *b, uint64_t len);

void tri_h1_body_init_chunked(struct tri_h1_body *b);

/*
 * Drops bytes of the body from the front of |data|.
 *
 * used    how many; what is behind them is the next request
 *
 * Returns TRI_OK (the body has ended), TRI_PARTIAL (all are used), TRI_ERR_PROTOCOL (b->status
 * 400), TRI_ERR_LIMIT (413). It may not be fed after its end or an error.
 */
TRI_MUST_USE enum tri_err tri_h1_body_feed(struct tri_h1_body *b, const uint8_t *data, size_t len,
                                           size_t *used);

#endif
