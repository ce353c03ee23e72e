/* See h3_control.h. */
#include "h3_control.h"

#include <nghttp3/nghttp3.h>

#include <assert.h>

/* RFC 9218 section 7.2: that for the streams of requests */
#define FRAME_PRIORITY_UPDATE ((uint64_t)0xf0700)

static void start_frame(struct tri_h3_control *c)
{
    c->element = (struct tri_h3_varint){.left = 0};
    c->has_element = false;
    c->value_len = 0;
}

static void take_element_byte(struct tri_h3_control *c, uint8_t byte,
                              struct tri_h3_control_piece *piece)
{
    c->has_element = tri_h3_varint_take(&c->element, byte);
    c->keeps_value = c->walk.left <= TRI_H3_PRIORITY_BYTES_MAX;
    piece->is_update = c->has_element && c->walk.left == 0; /* an empty value is one too */
}

static struct tri_slice legible(const struct tri_h3_control *c)
{
    static const uint8_t blanks[TRI_H3_PRIORITY_BYTES_MAX] = "                            ";
    nghttp3_pri ignored = {.urgency = NGHTTP3_DEFAULT_URGENCY};
    const bool is_legible = nghttp3_pri_parse_priority(&ignored, c->value, c->value_len) == 0;
    return tri_slice_of(is_legible ? c->value : blanks, c->value_len);
}

/* It is kept back until it is whole. */
static void take_value(struct tri_h3_control *c, struct tri_h3_control_piece *piece)
{
    const struct tri_slice part = piece->bytes;
    assert(part.len <= TRI_H3_PRIORITY_BYTES_MAX - c->value_len);
    memcpy(c->value + c->value_len, part.data, part.len);
    c->value_len = (uint8_t)(c->value_len + part.len);
    piece->is_update = c->walk.left == 0;
    piece->bytes = piece->is_update ? legible(c) : tri_slice_of(NULL, 0);
}

static void take_payload(struct tri_h3_control *c, struct tri_h3_control_piece *piece)
{
    if (c->walk.type != FRAME_PRIORITY_UPDATE) {
        return;
    }
    if (!c->has_element) {
        take_element_byte(c, *piece->bytes.data, piece);
    } else if (c->keeps_value) {
        take_value(c, piece);
    }
}

/* Byte by byte through an element, so that a value begins with a piece. */
static size_t reach(const struct tri_h3_control *c, size_t len)
{
    const bool is_in_element = c->walk.step == TRI_H3_WALK_PAYLOAD &&
                               c->walk.type == FRAME_PRIORITY_UPDATE && !c->has_element;
    return is_in_element ? 1 : len;
}

void tri_h3_control_next(struct tri_h3_control *c, const uint8_t *data, size_t len,
                         struct tri_h3_control_piece *piece)
{
    assert(len > 0);
    enum tri_h3_walk_event event;
    const size_t used = tri_h3_walk_next(&c->walk, data, reach(c, len), &event);
    *piece = (struct tri_h3_control_piece){.used = used, .bytes = tri_slice_of(data, used)};
    switch (event) {
    case TRI_H3_WALK_MORE:
        break;
    case TRI_H3_WALK_HEAD:
        start_frame(c);
        break;
    case TRI_H3_WALK_DATA:
        take_payload(c, piece);
        break;
    }
    piece->stream_id = c->element.value;
    piece->value = tri_slice_of(c->value, c->value_len);
}
