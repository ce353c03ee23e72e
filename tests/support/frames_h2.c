#include "frames_h2.h"

#include <assert.h>

#define FRAME_HEAD_BYTES ((size_t)9)

static void put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

uint32_t frames_h2_read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void frames_h2_frame(struct bytes_h2 *out, uint8_t type, uint8_t flags, uint32_t stream_id,
                     const void *payload, size_t len)
{
    uint8_t head[FRAME_HEAD_BYTES] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type,
                                      flags};
    put_u32(head + 5, stream_id);
    bytes_h2_append(out, head, sizeof head);
    bytes_h2_append(out, payload, len);
}

void frames_h2_preface(struct bytes_h2 *out)
{
    bytes_h2_append(out, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    frames_h2_frame(out, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    frames_h2_frame(out, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

/* RFC 7541 section 5.1, with a prefix of 7 bits */
static void append_integer(struct bytes_h2 *out, size_t value)
{
    uint8_t byte = (uint8_t)(value < 127 ? value : 127);
    bytes_h2_append(out, &byte, 1);
    if (value < 127) {
        return;
    }
    for (value -= 127; value >= 128; value >>= 7) {
        byte = (uint8_t)(value | 128);
        bytes_h2_append(out, &byte, 1);
    }
    byte = (uint8_t)value;
    bytes_h2_append(out, &byte, 1);
}

void frames_h2_field(struct bytes_h2 *out, const void *name, size_t name_len, const void *value,
                     size_t value_len)
{
    bytes_h2_append(out, "", 1);
    append_integer(out, name_len);
    bytes_h2_append(out, name, name_len);
    append_integer(out, value_len);
    bytes_h2_append(out, value, value_len);
}

void frames_h2_headers(struct bytes_h2 *out, uint32_t stream_id, const struct tri_header *fields,
                       bool fin)
{
    struct bytes_h2 block = {.len = 0};
    for (; fields->name; fields++) {
        frames_h2_field(&block, fields->name, strlen(fields->name), fields->value,
                        strlen(fields->value));
    }
    assert(block.len <= 16384);
    const uint8_t flags = NGHTTP2_FLAG_END_HEADERS | (fin ? NGHTTP2_FLAG_END_STREAM : 0);
    frames_h2_frame(out, NGHTTP2_HEADERS, flags, stream_id, block.data, block.len);
    bytes_h2_free(&block);
}

void frames_h2_data(struct bytes_h2 *out, uint32_t stream_id, const void *data, size_t len,
                    bool fin)
{
    const uint8_t *at = data;
    do {
        const size_t part = len < 16384 ? len : 16384;
        const bool last = part == len;
        frames_h2_frame(out, NGHTTP2_DATA, fin && last ? NGHTTP2_FLAG_END_STREAM : 0, stream_id, at,
                        part);
        at = at ? at + part : NULL;
        len -= part;
    } while (len > 0);
}

void frames_h2_number(struct bytes_h2 *out, uint8_t type, uint32_t stream_id, uint32_t number)
{
    uint8_t payload[4];
    put_u32(payload, number);
    frames_h2_frame(out, type, 0, stream_id, payload, sizeof payload);
}

bool frames_h2_next(struct tri_slice *rest, struct frame_h2 *out)
{
    if (rest->len < FRAME_HEAD_BYTES) {
        return false;
    }
    const uint8_t *p = rest->data;
    const size_t len = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
    if (rest->len - FRAME_HEAD_BYTES < len) {
        return false;
    }
    *out = (struct frame_h2){
        .type = p[3],
        .flags = p[4],
        .stream_id = frames_h2_read_u32(p + 5) & 0x7fffffffu,
        .payload = tri_slice_of(p + FRAME_HEAD_BYTES, len),
    };
    *rest = tri_slice_of(p + FRAME_HEAD_BYTES + len, rest->len - FRAME_HEAD_BYTES - len);
    return true;
}
