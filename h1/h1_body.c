#include "h1_body.h"

#include <assert.h>

#include "base_limits.h"
#include "h1_fields.h"
#include "http_token.h"

void tri_h1_body_init_length(struct tri_h1_body *b, uint64_t len)
{
    assert(len > 0 && len <= TRI_REQUEST_BODY_BYTES_MAX);
    *b = (struct tri_h1_body){.state = TRI_H1_BODY_PLAIN, .left = len};
}

void tri_h1_body_init_chunked(struct tri_h1_body *b)
{
    *b = (struct tri_h1_body){.state = TRI_H1_BODY_SIZE};
}

static enum tri_err refuse(struct tri_h1_body *b, enum tri_err err, int status)
{
    b->status = status;
    return err;
}

static enum tri_err go_on(struct tri_h1_body *b, enum tri_h1_body_state state)
{
    b->state = state;
    return TRI_PARTIAL;
}

/* The byte that must come here, or 400. */
static enum tri_err expect(struct tri_h1_body *b, uint8_t got, uint8_t want,
                           enum tri_h1_body_state next)
{
    return got == want ? go_on(b, next) : refuse(b, TRI_ERR_PROTOCOL, 400);
}

/* -1 if |c| is no HEXDIG */
static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const uint8_t lower = (uint8_t)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* chunk-size, RFC 9112 section 7.1. The sum stays far from overflow by the limit alone. */
static enum tri_err take_size(struct tri_h1_body *b, uint8_t c)
{
    const int digit = hex_value(c);
    if (digit >= 0) {
        b->has_digit = true;
        b->left = b->left * 16 + (uint64_t)digit;
        const bool is_over = b->left > TRI_REQUEST_BODY_BYTES_MAX - b->data;
        return is_over ? refuse(b, TRI_ERR_LIMIT, 413) : TRI_PARTIAL;
    }
    if (b->has_digit && c == ';') {
        return go_on(b, TRI_H1_BODY_EXTENSION);
    }
    if (b->has_digit && c == '\r') {
        return go_on(b, TRI_H1_BODY_SIZE_LF);
    }
    return refuse(b, TRI_ERR_PROTOCOL, 400);
}

static bool is_text(uint8_t c)
{
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

/* Bytes of a line until its CR: an extension is not looked at (RFC 9112 section 7.1.1). */
static enum tri_err take_text(struct tri_h1_body *b, uint8_t c, enum tri_h1_body_state next)
{
    if (c == '\r') {
        return go_on(b, next);
    }
    return is_text(c) ? TRI_PARTIAL : refuse(b, TRI_ERR_PROTOCOL, 400);
}

static enum tri_err end_size(struct tri_h1_body *b, uint8_t c)
{
    b->data += b->left;
    b->has_digit = false;
    return expect(b, c, '\n', b->left > 0 ? TRI_H1_BODY_DATA : TRI_H1_BODY_TRAILER);
}

/* A trailer section has the form of fields: RFC 9112 section 7.1.2. */
static enum tri_err take_name(struct tri_h1_body *b, uint8_t c)
{
    if (b->state == TRI_H1_BODY_TRAILER && c == '\r') {
        return go_on(b, TRI_H1_BODY_END_LF);
    }
    if (b->state == TRI_H1_BODY_NAME && c == ':') {
        return go_on(b, TRI_H1_BODY_VALUE);
    }
    if (!tri_token_is(tri_slice_of(&c, 1))) {
        return refuse(b, TRI_ERR_PROTOCOL, 400);
    }
    return go_on(b, TRI_H1_BODY_NAME);
}

/* One byte that is not data. */
static enum tri_err take_framing(struct tri_h1_body *b, uint8_t c)
{
    b->framing++;
    if (b->framing > TRI_REQUEST_BODY_BYTES_MAX) {
        return refuse(b, TRI_ERR_LIMIT, 413);
    }
    switch (b->state) {
    case TRI_H1_BODY_SIZE:
        return take_size(b, c);
    case TRI_H1_BODY_EXTENSION:
        return take_text(b, c, TRI_H1_BODY_SIZE_LF);
    case TRI_H1_BODY_SIZE_LF:
        return end_size(b, c);
    case TRI_H1_BODY_DATA_CR:
        return expect(b, c, '\r', TRI_H1_BODY_DATA_LF);
    case TRI_H1_BODY_DATA_LF:
        return expect(b, c, '\n', TRI_H1_BODY_SIZE);
    case TRI_H1_BODY_TRAILER:
    case TRI_H1_BODY_NAME:
        return take_name(b, c);
    case TRI_H1_BODY_VALUE:
        return take_text(b, c, TRI_H1_BODY_VALUE_LF);
    case TRI_H1_BODY_VALUE_LF:
        return expect(b, c, '\n', TRI_H1_BODY_TRAILER);
    case TRI_H1_BODY_END_LF:
        return c == '\n' ? TRI_OK : refuse(b, TRI_ERR_PROTOCOL, 400);
    case TRI_H1_BODY_PLAIN:
    case TRI_H1_BODY_DATA:
        break; /* drop_data has them */
    }
    assert(false);
    return TRI_ERR_PROTOCOL;
}

static bool has_data(const struct tri_h1_body *b)
{
    return b->state == TRI_H1_BODY_PLAIN || b->state == TRI_H1_BODY_DATA;
}

/* Returns how many bytes of |len| were data. */
static size_t drop_data(struct tri_h1_body *b, size_t len)
{
    const size_t part = len < b->left ? len : (size_t)b->left;
    b->left -= part;
    if (b->left == 0 && b->state == TRI_H1_BODY_DATA) {
        b->state = TRI_H1_BODY_DATA_CR;
    }
    return part;
}

enum tri_err tri_h1_body_feed(struct tri_h1_body *b, const uint8_t *data, size_t len, size_t *used)
{
    assert(b->status == 0);
    *used = 0;
    while (*used < len) {
        if (has_data(b)) {
            *used += drop_data(b, len - *used);
            if (b->state == TRI_H1_BODY_PLAIN && b->left == 0) {
                return TRI_OK;
            }
            continue;
        }
        const enum tri_err err = take_framing(b, data[*used]);
        if (err != TRI_PARTIAL && err != TRI_OK) {
            return err;
        }
        *used += 1;
        if (err == TRI_OK) {
            return TRI_OK;
        }
    }
    return TRI_PARTIAL;
}
