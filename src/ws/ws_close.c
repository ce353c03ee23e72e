/* The payload of a Close frame. RFC 6455 section 5.5.1, 7.4. */
#include "ws_close.h"

#include "base_cursor.h"
#include "ws_utf8.h"

#include <assert.h>

bool tri_close_code_is_sendable(uint16_t code)
{
    /* RFC 6455 section 7.4.1: 1004 is reserved; 1005, 1006 and 1015 MUST NOT be sent. */
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

enum tri_err tri_close_decode(const uint8_t *data, size_t len, struct tri_close *out)
{
    assert(len <= TRI_CONTROL_PAYLOAD_MAX);
    struct tri_cursor c = tri_cursor_of(data, len);
    struct tri_close close = {.code = TRI_CLOSE_NO_STATUS};
    if (len == 0) {
        *out = close; /* RFC 6455 section 7.1.5 */
        return TRI_OK;
    }
    if (!tri_cursor_u16(&c, &close.code) || !tri_close_code_is_sendable(close.code)) {
        return TRI_ERR_PROTOCOL;
    }
    if (!tri_utf8_is_valid(c.data, c.len)) {
        return TRI_ERR_UTF8; /* RFC 6455 section 8.1 */
    }
    assert(c.len <= TRI_CLOSE_REASON_MAX);
    memcpy(close.reason, c.data, c.len);
    close.reason_len = (uint8_t)c.len;
    *out = close;
    return TRI_OK;
}

size_t tri_close_encode(const struct tri_close *close, uint8_t out[TRI_CONTROL_PAYLOAD_MAX])
{
    if (close->code == TRI_CLOSE_NO_STATUS) {
        return 0;
    }
    assert(tri_close_code_is_sendable(close->code));
    assert(close->reason_len <= TRI_CLOSE_REASON_MAX);
    uint8_t *p = tri_put_u16(out, close->code);
    p = tri_put_bytes(p, close->reason, close->reason_len);
    return (size_t)(p - out);
}
