/* The header of a WebSocket frame, read and written. RFC 6455 section 5.2. No policy, no payload. */
#ifndef TRI_WS_FRAME_H
#define TRI_WS_FRAME_H

#include "base_slice.h"
#include "trisock/trisock.h"

#define TRI_FRAME_HEADER_MAX 14u     /* bytes: 2, an 8-byte length, a 4-byte masking key */
#define TRI_CONTROL_PAYLOAD_MAX 125u /* RFC 6455 section 5.5 */

enum tri_opcode {
    TRI_OP_CONTINUATION = 0x0,
    TRI_OP_TEXT = 0x1,
    TRI_OP_BINARY = 0x2,
    TRI_OP_CLOSE = 0x8,
    TRI_OP_PING = 0x9,
    TRI_OP_PONG = 0xa,
};

struct tri_frame {
    enum tri_opcode opcode;
    bool fin;
    bool rsv1; /* the first frame of a compressed message; an error unless deflate is agreed */
    bool masked;
    uint8_t mask[4];      /* meaningful if masked */
    uint64_t payload_len; /* bytes, < 2^63 */
};

static inline bool tri_opcode_is_control(enum tri_opcode op)
{
    return (op & 0x8) != 0;
}

/*
 * Decodes one frame header from |data|.
 *
 * data, len   bytes as received; borrowed for the call; len may be 0
 * out         written only when TRI_OK is returned
 * used        header bytes consumed, 2..14; 0 unless TRI_OK
 *
 * Returns TRI_OK; TRI_PARTIAL if more bytes are needed (nothing consumed); TRI_ERR_PROTOCOL if
 * RSV2 or RSV3 is set, the opcode is reserved, a control frame is fragmented, has RSV1 or is longer
 * than 125, or the length is not minimal or has its top bit set. An error shows as soon as the
 * bytes that cause it are there. RSV1 on a data frame is left to the caller.
 *
 * RFC 6455 section 5.2, 5.5
 */
TRI_MUST_USE enum tri_err tri_frame_decode(const uint8_t *data, size_t len, struct tri_frame *out,
                                           size_t *used);

/* Bytes that tri_frame_encode writes for |frame|: 2..14. */
size_t tri_frame_header_len(const struct tri_frame *frame);

/* Writes the header with the minimal length form. Returns the bytes written. */
size_t tri_frame_encode(const struct tri_frame *frame, uint8_t out[TRI_FRAME_HEADER_MAX]);

#endif
