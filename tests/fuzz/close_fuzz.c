/*
 * Any bytes as the payload of a Close frame. What decodes may be sent, and encodes to the same
 * bytes; what does not is no code or no UTF-8, at whichever end it is cut.
 */
#include "ws_close.h"
#include "ws_utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_decoded(const uint8_t *data, size_t len, const struct tri_close *close)
{
    uint8_t wire[TRI_CONTROL_PAYLOAD_MAX];
    assert(close->reason_len <= TRI_CLOSE_REASON_MAX);
    assert(close->reason[close->reason_len] == '\0');
    assert(tri_utf8_is_valid((const uint8_t *)close->reason, close->reason_len));
    assert((close->code == TRI_CLOSE_NO_STATUS) == (len == 0));
    assert(len == 0 || tri_close_code_is_sendable(close->code));
    assert(tri_close_encode(close, wire) == len);
    assert(memcmp(wire, data, len) == 0 || len == 0);
}

static void check_refused(const uint8_t *data, size_t len, enum tri_err err)
{
    assert(len > 0);
    const uint16_t code = len < 2 ? 0 : (uint16_t)(data[0] << 8 | data[1]);
    if (err == TRI_ERR_PROTOCOL) {
        assert(len == 1 || !tri_close_code_is_sendable(code));
    } else {
        assert(err == TRI_ERR_UTF8 && tri_close_code_is_sendable(code));
        assert(!tri_utf8_is_valid(data + 2, len - 2));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > TRI_CONTROL_PAYLOAD_MAX) {
        len = TRI_CONTROL_PAYLOAD_MAX; /* the decoder of frames lets no more through */
    }
    for (size_t n = 0; n <= len; n++) {
        struct tri_close close;
        memset(&close, 0xa5, sizeof close); /* so that it must write all that counts */
        const enum tri_err err = tri_close_decode(data, n, &close);
        if (err == TRI_OK) {
            check_decoded(data, n, &close);
        } else {
            check_refused(data, n, err);
        }
    }
    return 0;
}
