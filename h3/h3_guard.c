/* See h3_guard.h. */
#include "h3_guard.h"

#include <nghttp3/nghttp3.h>

#include <assert.h>

/* RFC 9114 section 11.2.1, RFC 9218 section 7.2 */
#define FRAME_HEADERS UINT64_C(0x01)
#define FRAME_CANCEL_PUSH UINT64_C(0x03)
#define FRAME_SETTINGS UINT64_C(0x04)
#define FRAME_GOAWAY UINT64_C(0x07)
#define FRAME_MAX_PUSH_ID UINT64_C(0x0d)
#define FRAME_PRIORITY_UPDATE_PUSH UINT64_C(0xf0701)

#define STREAM_CONTROL 0u /* RFC 9114 section 6.2.1 */

/* ---- a request's stream */

static bool is_headers(const struct tri_h3_walk *w)
{
    return w->type == FRAME_HEADERS;
}

/* RFC 9204 section 4.5.1: a section has a prefix, so it is never empty. */
static uint64_t begin_headers(struct tri_h3_guard *g)
{
    g->has_headers = true;
    g->section = (struct tri_h3_section){.lines = 0};
    g->fields = 0;
    return g->walk.left > 0 ? NGHTTP3_H3_NO_ERROR : NGHTTP3_QPACK_DECOMPRESSION_FAILED;
}

size_t tri_h3_guard_next(struct tri_h3_guard *g, struct tri_slice data, uint64_t *code)
{
    *code = NGHTTP3_H3_NO_ERROR;
    for (size_t at = 0; at < data.len;) {
        enum tri_h3_walk_event event;
        const size_t n = tri_h3_walk_next(&g->walk, data.data + at, data.len - at, &event);
        if (event == TRI_H3_WALK_HEAD && is_headers(&g->walk)) {
            *code = begin_headers(g);
            if (*code != NGHTTP3_H3_NO_ERROR) {
                return at + n - 1;
            }
        }
        if (event == TRI_H3_WALK_DATA && is_headers(&g->walk)) {
            tri_h3_section_read(&g->section, data.data + at, n);
            if (g->walk.left == 0) {
                return at + n;
            }
        }
        at += n;
    }
    return data.len;
}

uint64_t tri_h3_guard_end(const struct tri_h3_guard *g)
{
    if (tri_h3_walk_is_in_type(&g->walk)) {
        return NGHTTP3_H3_FRAME_ERROR; /* RFC 9114 section 7.1 */
    }
    if (tri_h3_walk_is_between(&g->walk) && !g->has_headers) {
        return NGHTTP3_H3_REQUEST_INCOMPLETE; /* RFC 9114 section 4.1 */
    }
    return NGHTTP3_H3_NO_ERROR;
}

/* ---- kinds of unidirectional streams */

struct tri_h3_kind *tri_h3_guard_kind(struct tri_h3_unis *u, int64_t id)
{
    for (size_t i = 0; i < TRI_H3_GUARD_KINDS_MAX; i++) {
        if (u->kinds[i].len > 0 && u->kinds[i].stream_id == id) {
            return &u->kinds[i];
        }
    }
    return NULL;
}

struct tri_h3_kind *tri_h3_guard_kind_new(struct tri_h3_unis *u, int64_t id)
{
    for (size_t i = 0; i < TRI_H3_GUARD_KINDS_MAX; i++) {
        if (u->kinds[i].len == 0) {
            u->kinds[i].stream_id = id;
            return &u->kinds[i];
        }
    }
    return NULL;
}

bool tri_h3_guard_kind_take(struct tri_h3_unis *u, struct tri_h3_kind *k, struct tri_slice *data,
                            uint8_t bytes[8], size_t *len)
{
    size_t at = 0;
    bool whole = false;
    while (at < data->len && !whole) {
        assert(k->len < sizeof k->bytes); /* no varint is longer */
        k->bytes[k->len++] = data->data[at];
        whole = tri_h3_varint_take(&k->varint, data->data[at]);
        at++;
    }
    if (!whole) {
        *data = tri_slice_of(NULL, 0);
        return false;
    }
    *data = tri_slice_of(data->data + at, data->len - at);
    if (k->varint.value == STREAM_CONTROL && u->control_id == 0) {
        u->control_id = k->stream_id; /* a second one is nghttp3's to refuse */
    }
    memcpy(bytes, k->bytes, k->len);
    *len = k->len;
    *k = (struct tri_h3_kind){.len = 0};
    return true;
}

void tri_h3_guard_kind_drop(struct tri_h3_unis *u, int64_t id)
{
    struct tri_h3_kind *k = tri_h3_guard_kind(u, id);
    if (k) {
        *k = (struct tri_h3_kind){.len = 0};
    }
}

/* ---- the control stream */

/* The type and length of a frame. A server that never pushes has promised nothing: RFC 9114 section
 * 7.2.3, RFC 9218 section 7.2; it remains to be seen whether the frame is well-formed. */
static uint64_t judge_head(struct tri_h3_unis *u)
{
    const bool is_first = !u->has_frame;
    const uint64_t type = u->walk.type;
    u->has_frame = true;
    u->has_element = false;
    if (is_first) { /* nghttp3 wants it to be SETTINGS; the rest is RFC 9114 section 10.5 */
        const bool is_flood = type == FRAME_SETTINGS && u->walk.left > TRI_H3_SETTINGS_BYTES_MAX;
        return is_flood ? NGHTTP3_H3_EXCESSIVE_LOAD : NGHTTP3_H3_NO_ERROR;
    }
    if (type != FRAME_CANCEL_PUSH && type != FRAME_PRIORITY_UPDATE_PUSH) {
        return NGHTTP3_H3_NO_ERROR;
    }
    u->is_condemned = true;
    return u->walk.left > 0 ? NGHTTP3_H3_NO_ERROR : NGHTTP3_H3_FRAME_ERROR;
}

/* RFC 9114 section 7.1: the payload is the integer, no less and, but for an update, no more.
 * |len| is that of the payload. */
static uint64_t judge_size(struct tri_h3_unis *u, uint8_t first, uint64_t len)
{
    const uint64_t size = UINT64_C(1) << (first >> 6);
    const bool may_go_on = u->walk.type == FRAME_PRIORITY_UPDATE_PUSH;
    u->has_element = true;
    u->element.left = 0;
    if (size > len || (size < len && !may_go_on)) {
        return NGHTTP3_H3_FRAME_ERROR;
    }
    return u->is_condemned ? NGHTTP3_H3_ID_ERROR : NGHTTP3_H3_NO_ERROR;
}

/* RFC 9114 section 7.2.7: it never goes down. */
static uint64_t judge_push_id(struct tri_h3_unis *u)
{
    if (u->has_max_push_id && u->element.value < u->max_push_id) {
        return NGHTTP3_H3_ID_ERROR;
    }
    u->has_max_push_id = true;
    u->max_push_id = u->element.value;
    return NGHTTP3_H3_NO_ERROR;
}

static bool has_one_integer(uint64_t type)
{
    return type == FRAME_CANCEL_PUSH || type == FRAME_GOAWAY || type == FRAME_MAX_PUSH_ID ||
           type == FRAME_PRIORITY_UPDATE_PUSH;
}

/* Payload of such a frame. Returns how much of it is right. */
static size_t read_integer(struct tri_h3_unis *u, struct tri_slice payload, uint64_t *code)
{
    for (size_t at = 0; at < payload.len; at++) {
        if (!u->has_element) {
            *code = judge_size(u, payload.data[at], payload.len + u->walk.left);
        }
        if (*code == NGHTTP3_H3_NO_ERROR && tri_h3_varint_take(&u->element, payload.data[at]) &&
            u->walk.type == FRAME_MAX_PUSH_ID) {
            *code = judge_push_id(u);
        }
        if (*code != NGHTTP3_H3_NO_ERROR) {
            return at;
        }
    }
    return payload.len;
}

size_t tri_h3_guard_control(struct tri_h3_unis *u, struct tri_slice data, uint64_t *code)
{
    size_t good = 0;
    *code = NGHTTP3_H3_NO_ERROR;
    for (size_t at = 0; at < data.len && *code == NGHTTP3_H3_NO_ERROR;) {
        enum tri_h3_walk_event event;
        const size_t n = tri_h3_walk_next(&u->walk, data.data + at, data.len - at, &event);
        size_t right = n;
        if (event == TRI_H3_WALK_HEAD) {
            *code = judge_head(u);
            right = *code == NGHTTP3_H3_NO_ERROR ? n : n - 1;
        } else if (event == TRI_H3_WALK_DATA && has_one_integer(u->walk.type)) {
            right = read_integer(u, tri_slice_of(data.data + at, n), code);
        }
        good = u->is_condemned ? good : at + right;
        at += n;
    }
    return good;
}
