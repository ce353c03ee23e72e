/* See h3_walk.h. */
#include "h3_walk.h"

#include <assert.h>

bool tri_h3_varint_take(struct tri_h3_varint *v, uint8_t byte)
{
    if (v->left == 0) {
        v->left = (uint8_t)(1u << (byte >> 6));
        v->value = byte & 0x3fu;
    } else {
        v->value = v->value << 8 | byte;
    }
    v->left--;
    return v->left == 0;
}

/* The last byte of a type or of a length. */
static enum tri_h3_walk_event end_varint(struct tri_h3_walk *w)
{
    if (w->step == TRI_H3_WALK_TYPE) {
        w->type = w->varint.value;
        w->step = TRI_H3_WALK_LENGTH;
        return TRI_H3_WALK_MORE;
    }
    assert(w->step == TRI_H3_WALK_LENGTH);
    w->left = w->varint.value;
    w->step = w->left > 0 ? TRI_H3_WALK_PAYLOAD : TRI_H3_WALK_TYPE;
    return TRI_H3_WALK_HEAD;
}

size_t tri_h3_walk_next(struct tri_h3_walk *w, const uint8_t *data, size_t len,
                        enum tri_h3_walk_event *event)
{
    assert(len > 0);
    if (w->step == TRI_H3_WALK_PAYLOAD) {
        const size_t n = len < w->left ? len : (size_t)w->left;
        w->left -= n;
        w->step = w->left > 0 ? TRI_H3_WALK_PAYLOAD : TRI_H3_WALK_TYPE;
        *event = TRI_H3_WALK_DATA;
        return n;
    }
    size_t n = 0;
    *event = TRI_H3_WALK_MORE;
    while (n < len && *event == TRI_H3_WALK_MORE) {
        if (tri_h3_varint_take(&w->varint, data[n++])) {
            *event = end_varint(w);
        }
    }
    return n;
}
