/*
 * Reads one request head from bytes as they arrive: keeps them, within the limits of a head, and
 * parses them when they are complete. Holds no memory before the first byte and after a reset.
 */
#ifndef TRI_H1_READER_H
#define TRI_H1_READER_H

#include "base_buf.h"
#include "h1_head.h"
#include "h1_scan.h"

struct tri_h1_reader {
    struct tri_h1_scan scan;
    struct tri_buf bytes;     /* the head as it came; what |head| points into */
    struct tri_field *fields; /* one a line */
    struct tri_h1_head head;  /* valid after TRI_OK, until reset */
    int status;               /* what to answer, after TRI_ERR_PROTOCOL or TRI_ERR_LIMIT */
};

void tri_h1_reader_init(struct tri_h1_reader *r, const struct tri_alloc *alloc);
void tri_h1_reader_deinit(struct tri_h1_reader *r);

/* Ready for the next head; the last one is gone. */
void tri_h1_reader_reset(struct tri_h1_reader *r);

/*
 * Takes bytes from the front of |data|, copied.
 *
 * used    how many were taken; what is behind them is not part of the head
 *
 * Returns TRI_OK (r->head is there), TRI_PARTIAL (all were taken), TRI_ERR_PROTOCOL or
 * TRI_ERR_LIMIT (r->status), TRI_ERR_NOMEM. After an error, only reset or deinit.
 */
TRI_MUST_USE enum tri_err tri_h1_reader_feed(struct tri_h1_reader *r, const uint8_t *data,
                                             size_t len, size_t *used);

/* Whether a request has begun. */
bool tri_h1_reader_has_begun(const struct tri_h1_reader *r);

#endif
