/*
 * The frames of the client's control stream on their way to nghttp3, looked at for the one that
 * nghttp3 does not tell of: PRIORITY_UPDATE. RFC 9218 section 7.2.
 *
 * nghttp3 still gets each byte and judges the frame (its length, its stream id, their number). Only a
 * value that it cannot read reaches it as blanks: it would end the connection, also for parameters
 * that RFC 9218 section 4 wants ignored.
 */
#ifndef TRI_H3_CONTROL_H
#define TRI_H3_CONTROL_H

#include "base_slice.h"
#include "h3_walk.h"

/* A longer priority field value is not looked at: "u=1, i=?0" and some of what is to come. */
#define TRI_H3_PRIORITY_BYTES_MAX ((size_t)28)

/* Invariant: value_len <= TRI_H3_PRIORITY_BYTES_MAX. All zero is a new one. */
struct tri_h3_control {
    struct tri_h3_walk walk;
    struct tri_h3_varint element; /* of an update: the id of its stream */
    bool has_element;             /* it is whole */
    bool keeps_value;             /* it has room in |value| */
    uint8_t value_len;
    uint8_t value[TRI_H3_PRIORITY_BYTES_MAX];
};

/* What comes next for nghttp3. */
struct tri_h3_control_piece {
    size_t used;            /* of the input; 1 at least */
    struct tri_slice bytes; /* for nghttp3; may be none */
    bool is_update;         /* with them ends a frame that says |value| of |stream_id| */
    uint64_t stream_id;
    struct tri_slice value;
};

/* Cuts a piece off |data|, len > 0; the stream's kind came before that. What it points at is valid
 * until the next call. */
void tri_h3_control_next(struct tri_h3_control *c, const uint8_t *data, size_t len,
                         struct tri_h3_control_piece *piece);

#endif
