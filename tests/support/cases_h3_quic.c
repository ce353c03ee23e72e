/* RFC 9000: frames that no client may send behind the handshake. */
#include "cases_h3.h"

#define QUIC(which) .outcome = CASE_H3_TRANSPORT, .code = NGTCP2_##which

static const struct case_h3 cases[] = {
    /* ---- section 2.1, 4.6, 19.8: whose streams, and how many */
    {.name = "STREAM on a bidirectional stream of the server's",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x0a\x01\x01x")}},
    {.name = "STREAM on a unidirectional stream of the server's",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x0a\x03\x01x")}},
    {.name = "STREAM on one that the server has not opened",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x0a\x13\x01x")}},
    {.name = "a request beyond the limit of streams",
     QUIC(STREAM_LIMIT_ERROR),
     .acts = {ACT_H3(PACKET, "\x0a\xc0\x00\x00\x00\x00\x10\x00\x00\x01x")}},
    {.name = "a unidirectional stream beyond the limit",
     QUIC(STREAM_LIMIT_ERROR),
     .acts = {ACT_H3(PACKET, "\x0a\x42\x02\x01x")}},
    /* Section 19.4 has STREAM_STATE_ERROR; section 11: "a generic error code (such as
     * PROTOCOL_VIOLATION or INTERNAL_ERROR) can always be used in place of specific error
     * codes". */
    {.name = "RESET_STREAM for a stream of the server's",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x04\x03\x00\x00")}},
    {.name = "RESET_STREAM beyond the limit of streams",
     QUIC(STREAM_LIMIT_ERROR),
     .acts = {ACT_H3(PACKET, "\x04\x42\x02\x00\x00")}},
    {.name = "STOP_SENDING for the client's own direction",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x05\x02\x00")}},
    {.name = "STOP_SENDING for one that the server has not opened",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x05\x13\x00")}},
    {.name = "MAX_STREAM_DATA for the client's own direction",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x11\x02\x40\x40")}},
    {.name = "MAX_STREAM_DATA for one that the server has not opened",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x11\x13\x40\x40")}},
    {.name = "STREAM_DATA_BLOCKED for the server's direction",
     QUIC(STREAM_STATE_ERROR),
     .acts = {ACT_H3(PACKET, "\x15\x03\x40\x40")}},
    {.name = "STREAMS_BLOCKED at more streams than there are ids",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x16\xd0\x00\x00\x00\x00\x00\x00\x01")}},
    {.name = "a limit of more streams than there are ids",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x12\xd0\x00\x00\x00\x00\x00\x00\x01")}},

    /* ---- section 4.1, 4.5: flow control and final sizes */
    {.name = "data beyond the window of a stream",
     QUIC(FLOW_CONTROL_ERROR),
     .acts = {ACT_H3(PACKET, "\x0e\x04\xc0\x00\x00\x00\x10\x00\x00\x00\x01x")}},
    {.name = "data beyond what a stream can hold",
     .outcome = CASE_H3_TRANSPORT,
     .code = NGTCP2_FLOW_CONTROL_ERROR,
     .acts = {ACT_H3(PACKET, "\x0e\x04\xff\xff\xff\xff\xff\xff\xff\xff\x01x")}},
    {.name = "a reset whose size is beyond the window",
     QUIC(FLOW_CONTROL_ERROR),
     .acts = {ACT_H3(PACKET, "\x04\x04\x00\xc0\x00\x00\x00\x10\x00\x00\x00")}},
    {.name = "data behind the end",
     QUIC(FINAL_SIZE_ERROR),
     .acts = {ACT_H3(PACKET, "\x0f\x04\x04\x00\x0e\x04\x08\x01x")}},
    {.name = "an end before data that came",
     QUIC(FINAL_SIZE_ERROR),
     .acts = {ACT_H3(PACKET, "\x0e\x04\x08\x01x\x0f\x04\x04\x00")}},
    {.name = "a reset with another size than the end had",
     QUIC(FINAL_SIZE_ERROR),
     .acts = {ACT_H3(PACKET, "\x0f\x04\x04\x00\x04\x04\x00\x06")}},

    /* ---- section 12.4, 19: frames */
    {.name = "a frame of unknown type",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x21\x00\x00\x00")}},
    {.name = "a frame cut by the packet's end",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x01\x01\x01\x0a\x04\x09x")}},
    {.name = "NEW_TOKEN of a client",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x07\x01x\x01")}},
    {.name = "HANDSHAKE_DONE of a client",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x1e\x01\x01\x01")}},
    {.name = "DATAGRAM that was not agreed on",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x31\x02hi\x01")}},
    {.name = "an acknowledgement of a packet that was never sent",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x02\x80\x10\x00\x00\x00\x00\x00")}},
    {.name = "an acknowledgement below packet 0",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x02\x01\x00\x00\x05")}},
    {.name = "CRYPTO behind the handshake",
     .outcome = CASE_H3_TRANSPORT,
     .code = 0x10a,
     .acts = {ACT_H3(PACKET, "\x06\x00\x05\x18\x00\x00\x01\x00")}},

    /* ---- section 5.1, 19.15, 19.16: connection ids */
    {.name = "the end of an id that was never given out",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x19\x40\x63\x01")}},
    {.name = "the end of the id that the packet came by",
     QUIC(PROTOCOL_VIOLATION),
     .acts = {ACT_H3(PACKET, "\x19\x00\x01\x01")}},
    {.name = "an id that retires itself and more",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x18\x01\x02\x04"
                             "abcdresettokenresetto")}},
    {.name = "an id of no bytes",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x18\x01\x00\x00"
                             "resettokenresetto")}},
    {.name = "an id of too many bytes",
     QUIC(FRAME_ENCODING_ERROR),
     .acts = {ACT_H3(PACKET, "\x18\x01\x00\x15"
                             "twenty-one-bytes-long"
                             "resettokenresetto")}},
};

struct cases_h3 cases_h3_quic(void)
{
    return CASES_H3_OF(cases);
}
