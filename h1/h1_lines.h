/*
 * The lines of a head, as h1_scan has found it, and the fields on them. RFC 9112 section 5. No copy:
 * what comes out points into the bytes that went in.
 */
#ifndef TRI_H1_LINES_H
#define TRI_H1_LINES_H

#include "http_request.h"

/* Bytes of a head that are still to parse, and may be written over; whole lines. */
struct tri_h1_lines {
    uint8_t *data;
    size_t len;
};

/* Takes one line off the front, without its CRLF. The scan has seen that it ends in one. */
struct tri_h1_lines tri_h1_lines_take(struct tri_h1_lines *rest);

/*
 * Takes the lines up to the empty one, each of which is a field; the names are written over in lower
 * case.
 *
 * fields, fields_max   room; there must be enough
 * len                  how many there were before the end or the fault
 *
 * Returns TRI_OK, or TRI_ERR_PROTOCOL: a line is no field.
 */
TRI_MUST_USE enum tri_err tri_h1_lines_fields(struct tri_h1_lines *rest, struct tri_field *fields,
                                              size_t fields_max, size_t *len);

/* The bytes of |s| before the first |separator|, which is taken off too. All, if there is none. */
struct tri_slice tri_h1_lines_until(struct tri_slice *s, uint8_t separator);

#endif
