/* The payload of a Close frame: RFC 6455 section 5.5.1, 7.4. */
#ifndef TRI_WS_CLOSE_H
#define TRI_WS_CLOSE_H

#include "ws_frame.h"

#define TRI_CLOSE_REASON_MAX 123u /* bytes */

struct tri_close {
    uint16_t code; /* 1005 if the payload was empty */
    uint8_t reason_len;
    char reason[TRI_CLOSE_REASON_MAX + 1]; /* UTF-8, NUL-terminated */
};

/*
 * Whether an endpoint may put |code| into a Close frame: 1000 to 1003, 1007 to 1014, 3000 to 4999.
 * RFC 6455 section 7.4.1, 7.4.2 and the IANA registry.
 */
bool tri_close_code_is_sendable(uint16_t code);

/*
 * Reads a Close payload. TRI_OK; TRI_ERR_PROTOCOL for 1 byte or a code that may not be sent (answer
 * 1002); TRI_ERR_UTF8 if the reason is not UTF-8 (answer 1007).
 */
TRI_MUST_USE enum tri_err tri_close_decode(const uint8_t *data, size_t len, struct tri_close *out);

/* Writes the payload, returns its length, 0..125. Code 1005 gives an empty one. */
size_t tri_close_encode(const struct tri_close *close, uint8_t out[TRI_CONTROL_PAYLOAD_MAX]);

#endif
