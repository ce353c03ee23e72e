/*
 * Reads the head of a response from bytes as they arrive, and tells whether it accepts an opening
 * handshake. RFC 9112 section 4 and 5, RFC 6455 section 4.1. Strict: what is not exactly right is
 * refused, never guessed at. The other end's twin of h1_reader and h1_head.
 */
#ifndef TRI_H1_ANSWER_H
#define TRI_H1_ANSWER_H

#include "base_buf.h"
#include "h1_scan.h"
#include "http_request.h"

struct tri_h1_answer {
    struct tri_h1_scan scan;
    struct tri_buf bytes; /* the head as it came; what the fields point into */
    /* Valid after TRI_OK, until reset. */
    int status;     /* 100 to 599 */
    unsigned minor; /* HTTP/1.minor */
    struct tri_field *fields;
    size_t fields_len;
    const char *text; /* after TRI_ERR_PROTOCOL or TRI_ERR_LIMIT: what is wrong; static */
};

void tri_h1_answer_init(struct tri_h1_answer *a, const struct tri_alloc *alloc);
void tri_h1_answer_deinit(struct tri_h1_answer *a);

/* Ready for the next head; the last one is gone. */
void tri_h1_answer_reset(struct tri_h1_answer *a);

/*
 * Takes bytes from the front of |data|, copied.
 *
 * used    how many were taken; what is behind them is not part of the head
 *
 * Returns TRI_OK (the head is there), TRI_PARTIAL (all were taken), TRI_ERR_PROTOCOL or
 * TRI_ERR_LIMIT (a->text), TRI_ERR_NOMEM. After an error, only reset or deinit.
 */
TRI_MUST_USE enum tri_err tri_h1_answer_feed(struct tri_h1_answer *a, const uint8_t *data,
                                             size_t len, size_t *used);

/*
 * Whether a complete head, whose status is 101, switches to WebSocket as a request with |key| asked
 * for. NULL, or what is wrong; static.
 */
const char *tri_h1_answer_check(const struct tri_h1_answer *a, struct tri_slice key);

#endif
