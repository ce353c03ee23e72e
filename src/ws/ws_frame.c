/* The header of a frame, read and written. RFC 6455 section 5.2. */
#include "ws_frame.h"

#include "base_cursor.h"

#include <assert.h>

#define BIT_FIN 0x80u
#define BIT_RSV1 0x40u
#define BITS_RSV23 0x30u
#define BITS_OPCODE 0x0fu
#define BIT_MASK 0x80u
#define BITS_LENGTH 0x7fu

/* Values of the 7-bit length that announce a longer form. */
#define LENGTH_16 126u
#define LENGTH_64 127u

static bool is_opcode_known(uint8_t opcode)
{
    switch (opcode) {
    case TRI_OP_CONTINUATION:
    case TRI_OP_TEXT:
    case TRI_OP_BINARY:
    case TRI_OP_CLOSE:
    case TRI_OP_PING:
    case TRI_OP_PONG:
        return true;
    default:
        return false; /* reserved: RFC 6455 section 5.2 */
    }
}

static enum tri_err decode_first(uint8_t byte, struct tri_frame *f)
{
    const uint8_t opcode = byte & BITS_OPCODE;
    if ((byte & BITS_RSV23) != 0 || !is_opcode_known(opcode)) {
        return TRI_ERR_PROTOCOL; /* RFC 6455 section 5.2: MUST be 0; MUST fail */
    }
    f->opcode = (enum tri_opcode)opcode;
    f->fin = (byte & BIT_FIN) != 0;
    f->rsv1 = (byte & BIT_RSV1) != 0;
    if (tri_opcode_is_control(f->opcode) && (!f->fin || f->rsv1)) {
        return TRI_ERR_PROTOCOL; /* RFC 6455 section 5.5: not fragmented. RFC 7692 section 6.1 */
    }
    return TRI_OK;
}

static enum tri_err decode_length_16(struct tri_cursor *c, struct tri_frame *f)
{
    uint16_t length = 0;
    if (!tri_cursor_u16(c, &length)) {
        return TRI_PARTIAL;
    }
    f->payload_len = length;
    return length < LENGTH_16 ? TRI_ERR_PROTOCOL : TRI_OK; /* RFC 6455 section 5.2: minimal */
}

static enum tri_err decode_length_64(struct tri_cursor *c, struct tri_frame *f)
{
    static const uint8_t zeros[6] = {0};
    if (c->len > 0 && (c->data[0] & 0x80) != 0) {
        return TRI_ERR_PROTOCOL; /* RFC 6455 section 5.2: the top bit MUST be 0 */
    }
    if (c->len >= sizeof zeros && memcmp(c->data, zeros, sizeof zeros) == 0) {
        return TRI_ERR_PROTOCOL; /* RFC 6455 section 5.2: minimal; two bytes would do */
    }
    return tri_cursor_u64(c, &f->payload_len) ? TRI_OK : TRI_PARTIAL;
}

static enum tri_err decode_second(struct tri_cursor *c, struct tri_frame *f)
{
    uint8_t byte = 0;
    if (!tri_cursor_u8(c, &byte)) {
        return TRI_PARTIAL;
    }
    const uint8_t length = byte & BITS_LENGTH;
    f->masked = (byte & BIT_MASK) != 0;
    f->payload_len = length;
    if (tri_opcode_is_control(f->opcode) && length > TRI_CONTROL_PAYLOAD_MAX) {
        return TRI_ERR_PROTOCOL; /* RFC 6455 section 5.5 */
    }
    if (length == LENGTH_16) {
        return decode_length_16(c, f);
    }
    return length == LENGTH_64 ? decode_length_64(c, f) : TRI_OK;
}

static enum tri_err decode_mask(struct tri_cursor *c, struct tri_frame *f)
{
    struct tri_slice key;
    if (!f->masked) {
        return TRI_OK;
    }
    if (!tri_cursor_bytes(c, sizeof f->mask, &key)) {
        return TRI_PARTIAL;
    }
    memcpy(f->mask, key.data, sizeof f->mask);
    return TRI_OK;
}

enum tri_err tri_frame_decode(const uint8_t *data, size_t len, struct tri_frame *out, size_t *used)
{
    struct tri_cursor c = tri_cursor_of(data, len);
    struct tri_frame f = {.opcode = TRI_OP_CONTINUATION};
    uint8_t first = 0;
    *used = 0;
    if (!tri_cursor_u8(&c, &first)) {
        return TRI_PARTIAL;
    }
    enum tri_err err = decode_first(first, &f);
    if (err == TRI_OK) {
        err = decode_second(&c, &f);
    }
    if (err == TRI_OK) {
        err = decode_mask(&c, &f);
    }
    if (err == TRI_OK) {
        *used = len - c.len;
        *out = f;
        assert(*used >= 2 && *used <= TRI_FRAME_HEADER_MAX);
    }
    return err;
}

size_t tri_frame_header_len(const struct tri_frame *frame)
{
    size_t len = 2;
    if (frame->payload_len > UINT16_MAX) {
        len += 8;
    } else if (frame->payload_len >= LENGTH_16) {
        len += 2;
    }
    return frame->masked ? len + sizeof frame->mask : len;
}

size_t tri_frame_encode(const struct tri_frame *frame, uint8_t out[TRI_FRAME_HEADER_MAX])
{
    assert(frame->payload_len <= INT64_MAX);
    assert(!tri_opcode_is_control(frame->opcode) ||
           (frame->fin && !frame->rsv1 && frame->payload_len <= TRI_CONTROL_PAYLOAD_MAX));
    const unsigned mask_bit = frame->masked ? BIT_MASK : 0;
    const unsigned first =
        (frame->fin ? BIT_FIN : 0) | (frame->rsv1 ? BIT_RSV1 : 0) | (unsigned)frame->opcode;

    uint8_t *p = tri_put_u8(out, (uint8_t)first);
    if (frame->payload_len > UINT16_MAX) {
        p = tri_put_u8(p, (uint8_t)(mask_bit | LENGTH_64));
        p = tri_put_u64(p, frame->payload_len);
    } else if (frame->payload_len >= LENGTH_16) {
        p = tri_put_u8(p, (uint8_t)(mask_bit | LENGTH_16));
        p = tri_put_u16(p, (uint16_t)frame->payload_len);
    } else {
        p = tri_put_u8(p, (uint8_t)(mask_bit | frame->payload_len));
    }
    if (frame->masked) {
        p = tri_put_bytes(p, frame->mask, sizeof frame->mask);
    }
    return (size_t)(p - out);
}
