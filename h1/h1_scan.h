/*
 * Finds the end of a head as bytes come in, and refuses at the first byte what no head may hold:
 * RFC 9112 section 2.2, 3, 4, 5. Each byte is looked at once, however it is split; nothing is
 * kept but counts. What the lines say is h1_head's.
 */
#ifndef TRI_H1_SCAN_H
#define TRI_H1_SCAN_H

#include "base_slice.h"
#include "trisock/trisock.h"

/* All zero: before the first byte of a request. */
struct tri_h1_scan {
    bool is_response; /* of a response: its limits, and nothing is passed over in front */
    size_t len;       /* bytes of the head so far, an empty line in front included */
    size_t lines;     /* complete lines: the request or status line and the fields */
    size_t line_len;  /* bytes of the line that is being read */
    bool is_cr;       /* the last byte was CR */
    bool is_skipped;  /* an empty line was passed over in front */
    int status;       /* what to answer, after an error */
};

/*
 * Takes bytes from the front of |data|.
 *
 * used    how many of them belong to the head
 *
 * Returns TRI_OK (the head is complete; what is behind |*used| is not part of it), TRI_PARTIAL (all
 * are used), TRI_ERR_PROTOCOL or TRI_ERR_LIMIT: s->status is the answer (to a request), 400, 414 or
 * 431, and |s| may not be fed any more.
 */
TRI_MUST_USE enum tri_err tri_h1_scan_feed(struct tri_h1_scan *s, const uint8_t *data, size_t len,
                                           size_t *used);

/* Whether a request has begun: an empty line alone does not count. */
bool tri_h1_scan_has_begun(const struct tri_h1_scan *s);

#endif
