/*
 * Looks at the frames of a client's streams before nghttp3 gets them, for faults to which nghttp3
 * answers with another code than the RFCs, or with none. It says how much nghttp3 may have, so that
 * what nghttp3 finds wrong earlier counts first; what it does not mind is left to nghttp3. Never
 * more than the heads of frames, the first bytes of short ones and the lengths in a field section.
 * RFC 9114 sections 4.1, 6.2, 7; RFC 9204 section 4.5; RFC 9218 section 7.2.
 */
#ifndef TRI_H3_GUARD_H
#define TRI_H3_GUARD_H

#include "base_slice.h"
#include "h3_section.h"
#include "h3_walk.h"

/* ---- a request's stream */

/* All zero is a new one. */
struct tri_h3_guard {
    struct tri_h3_walk walk;
    struct tri_h3_section section; /* of the last HEADERS */
    uint32_t fields;               /* of it, that nghttp3 has told of */
    bool has_headers;
};

/*
 * Goes on with |data| up to the end of the next HEADERS, or all of it. Returns how much of it
 * nghttp3 may have; |*code| is NGHTTP3_H3_NO_ERROR, or what the connection ends with after that.
 */
size_t tri_h3_guard_next(struct tri_h3_guard *g, struct tri_slice data, uint64_t *code);

/* The stream ends here: NGHTTP3_H3_NO_ERROR; H3_REQUEST_INCOMPLETE, an error of the stream; or
 * H3_FRAME_ERROR, one of the connection. */
uint64_t tri_h3_guard_end(const struct tri_h3_guard *g);

/* nghttp3 has told of all fields of the last HEADERS: was it all that there were? */
static inline bool tri_h3_guard_lost_fields(const struct tri_h3_guard *g)
{
    return g->fields != g->section.lines;
}

/* ---- unidirectional streams */

/* Streams whose kind is cut in pieces, at one time: no client has a reason for one. */
#define TRI_H3_GUARD_KINDS_MAX ((size_t)4)

/* SETTINGS of a client have a few dozen bytes; one of unknown settings without end is a flood. */
#define TRI_H3_SETTINGS_BYTES_MAX 4096u

/* The first bytes of a stream, held until they say its kind. All zero is a free one. */
struct tri_h3_kind {
    int64_t stream_id;
    struct tri_h3_varint varint;
    uint8_t bytes[8];
    uint8_t len; /* 0: free */
};

/* All zero is a new one. */
struct tri_h3_unis {
    struct tri_h3_kind kinds[TRI_H3_GUARD_KINDS_MAX];
    int64_t control_id; /* 0, which is a request's: not there yet */
    struct tri_h3_walk walk;
    struct tri_h3_varint element; /* the first of a payload */
    uint64_t max_push_id;
    bool has_frame;       /* the first came: SETTINGS, or nghttp3 ends the connection */
    bool has_element;     /* its first byte came */
    bool has_max_push_id; /* |max_push_id| means something */
    bool is_condemned;    /* this frame is wrong in any case; nghttp3 gets nothing more */
};

/* What |id| holds back; NULL: nothing. */
struct tri_h3_kind *tri_h3_guard_kind(struct tri_h3_unis *u, int64_t id);

/* For the first bytes of |id|; NULL: too many are open. */
struct tri_h3_kind *tri_h3_guard_kind_new(struct tri_h3_unis *u, int64_t id);

/* Takes bytes of the kind off |*data|. True once it is whole: it is free then, and |bytes|,
 * |*len| are for nghttp3. */
bool tri_h3_guard_kind_take(struct tri_h3_unis *u, struct tri_h3_kind *k, struct tri_slice *data,
                            uint8_t bytes[8], size_t *len);

/* The stream ended, or was reset, before it said its kind, if it holds something back. */
void tri_h3_guard_kind_drop(struct tri_h3_unis *u, int64_t id);

/* As tri_h3_guard_next, for all of |data| of the control stream. Without a code, what nghttp3
 * may not have belongs to a frame that ends the connection as soon as more of it comes. */
size_t tri_h3_guard_control(struct tri_h3_unis *u, struct tri_slice data, uint64_t *code);

#endif
