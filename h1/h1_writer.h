/* What heads are written with: one part after the other. RFC 9112 section 5 */
#ifndef TRI_H1_WRITER_H
#define TRI_H1_WRITER_H

#include "base_buf.h"
#include "http_request.h"

/* Appends, and remembers the first failure, so that a head reads top down. */
struct tri_h1_writer {
    struct tri_buf *out;
    enum tri_err err; /* TRI_OK, TRI_ERR_LIMIT, TRI_ERR_NOMEM: |out| may hold a part of it then */
};

void tri_h1_writer_put(struct tri_h1_writer *w, struct tri_slice s);
void tri_h1_writer_field(struct tri_h1_writer *w, struct tri_slice name, struct tri_slice value);

/* A name or value that would break the head (CR, LF, NUL) is the caller's error, asserted. */
void tri_h1_writer_fields(struct tri_h1_writer *w, const struct tri_field *fields, size_t len);

/* Whether there is no byte in |value| that could end a line. */
bool tri_h1_writer_is_clean(struct tri_slice value);

#endif
