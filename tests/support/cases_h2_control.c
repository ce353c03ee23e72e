/* Frames that belong to the connection, flow control, and the preface: RFC 9113 sections 3.4, 5.2,
 * 6.5 to 6.9. */
#include "cases_h2.h"

#define MAGIC "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE(text, error, bytes)                                                                \
    {                                                                                              \
        .name = (text), .outcome = CASE_H2_GOAWAY, .code = NGHTTP2_##error, .preface = (bytes),    \
        .preface_len = sizeof(bytes) - 1                                                           \
    }

/* clang-format off: one case, one or two lines */
const struct case_h2 cases_h2_control[] = {
    /* SETTINGS: section 6.5 */
    FINE("SETTINGS of 0 bytes", ZEROS(SETTINGS, 0, 0, 0)),
    FINE("SETTINGS with ids that nobody knows", FRAME(SETTINGS, 0, 0,
                                                      "\x00\x7f\xff\xff\xff\xff"
                                                      "\xab\xcd\0\0\0\0")),
    FINE("SETTINGS with flags that it does not define", ZEROS(SETTINGS, 0xfe, 0, 0)),
    FINE("SETTINGS with one id twice", FRAME(SETTINGS, 0, 0,
                                             "\0\x03\0\0\0\x01"
                                             "\0\x03\0\0\0\x64")),
    FINE("SETTINGS_HEADER_TABLE_SIZE of 0", FRAME(SETTINGS, 0, 0, "\0\x01\0\0\0\0")),
    FINE("SETTINGS_HEADER_TABLE_SIZE of all there is",
         FRAME(SETTINGS, 0, 0, "\0\x01\xff\xff\xff\xff")),
    FINE("SETTINGS_ENABLE_PUSH of 0", FRAME(SETTINGS, 0, 0, "\0\x02\0\0\0\0")),
    FINE("SETTINGS_ENABLE_PUSH of 1", FRAME(SETTINGS, 0, 0, "\0\x02\0\0\0\x01")),
    FINE("SETTINGS_MAX_CONCURRENT_STREAMS of 0", FRAME(SETTINGS, 0, 0, "\0\x03\0\0\0\0")),
    FINE("SETTINGS_INITIAL_WINDOW_SIZE of the highest",
         FRAME(SETTINGS, 0, 0, "\0\x04\x7f\xff\xff\xff")),
    FINE("SETTINGS_MAX_FRAME_SIZE of the lowest", FRAME(SETTINGS, 0, 0, "\0\x05\0\0\x40\0")),
    FINE("SETTINGS_MAX_FRAME_SIZE of the highest", FRAME(SETTINGS, 0, 0, "\0\x05\0\xff\xff\xff")),
    FINE("SETTINGS_MAX_HEADER_LIST_SIZE of 0", FRAME(SETTINGS, 0, 0, "\0\x06\0\0\0\0")),
    FINE("SETTINGS_ENABLE_CONNECT_PROTOCOL from a client",
         FRAME(SETTINGS, 0, 0, "\0\x08\0\0\0\x01")),
    FINE("SETTINGS_NO_RFC7540_PRIORITIES as it was", FRAME(SETTINGS, 0, 0, "\0\x09\0\0\0\0")),
    FINE("SETTINGS_INITIAL_WINDOW_SIZE of 0, and back", FRAME(SETTINGS, 0, 0, "\0\x04\0\0\0\0"),
         FRAME(SETTINGS, 0, 0, "\0\x04\0\0\xff\xff")),
    GOAWAY("SETTINGS on a stream", PROTOCOL_ERROR, ZEROS(SETTINGS, 0, 1, 0)),
    GOAWAY("SETTINGS of 5 bytes", FRAME_SIZE_ERROR, ZEROS(SETTINGS, 0, 0, 5)),
    GOAWAY("SETTINGS of 7 bytes", FRAME_SIZE_ERROR, ZEROS(SETTINGS, 0, 0, 7)),
    GOAWAY("SETTINGS of 16,386 bytes", FRAME_SIZE_ERROR, ZEROS(SETTINGS, 0, 0, 16386)),
    /* Section 10.5: "activity that is suspicious". */
    GOAWAY("SETTINGS with more values than there are settings", ENHANCE_YOUR_CALM,
           ZEROS(SETTINGS, 0, 0, 600)),
    GOAWAY("SETTINGS with ACK and a value", FRAME_SIZE_ERROR,
           FRAME(SETTINGS, ACK, 0, "\0\x03\0\0\0\x64")),
    GOAWAY("SETTINGS with ACK on a stream", PROTOCOL_ERROR, ZEROS(SETTINGS, ACK, 1, 0)),
    /* No section has a code for it; 5.4.1: "an endpoint can end a connection at any time". */
    GOAWAY("SETTINGS with ACK that nothing waits for", PROTOCOL_ERROR, ZEROS(SETTINGS, ACK, 0, 0)),
    GOAWAY("SETTINGS_ENABLE_PUSH of 2", PROTOCOL_ERROR, FRAME(SETTINGS, 0, 0, "\0\x02\0\0\0\x02")),
    GOAWAY("SETTINGS_INITIAL_WINDOW_SIZE of 2^31", FLOW_CONTROL_ERROR,
           FRAME(SETTINGS, 0, 0, "\0\x04\x80\0\0\0")),
    GOAWAY("SETTINGS_INITIAL_WINDOW_SIZE that overflows an open stream", FLOW_CONTROL_ERROR,
           OPEN(3), FRAME(WINDOW_UPDATE, 0, 3, "\x7f\xff\0\0"),
           FRAME(SETTINGS, 0, 0, "\0\x04\x7f\xff\xff\xff")),
    GOAWAY("SETTINGS_MAX_FRAME_SIZE below the lowest", PROTOCOL_ERROR,
           FRAME(SETTINGS, 0, 0, "\0\x05\0\0\x3f\xff")),
    GOAWAY("SETTINGS_MAX_FRAME_SIZE above the highest", PROTOCOL_ERROR,
           FRAME(SETTINGS, 0, 0, "\0\x05\x01\0\0\0")),
    GOAWAY("SETTINGS_ENABLE_CONNECT_PROTOCOL of 2", PROTOCOL_ERROR,
           FRAME(SETTINGS, 0, 0, "\0\x08\0\0\0\x02")),
    GOAWAY("SETTINGS_NO_RFC7540_PRIORITIES of 2", PROTOCOL_ERROR,
           FRAME(SETTINGS, 0, 0, "\0\x09\0\0\0\x02")),
    GOAWAY("SETTINGS_NO_RFC7540_PRIORITIES behind the first SETTINGS",
           PROTOCOL_ERROR, /* RFC 9218 section 2.1 */
           FRAME(SETTINGS, 0, 0, "\0\x09\0\0\0\x01")),

    /* PRIORITY_UPDATE: RFC 9218 section 7.1 */
    FINE("PRIORITY_UPDATE of an open stream", OPEN(3),
         FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\x03u=1")),
    FINE("PRIORITY_UPDATE of an idle stream", FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\x03u=1, i")),
    FINE("PRIORITY_UPDATE of a closed stream", OPEN(3), DROPPED(3),
         FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\x03u=1")),
    FINE("PRIORITY_UPDATE without a value", OPEN(3), FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\x03")),
    FINE("PRIORITY_UPDATE with flags that it does not define",
         FRAME(PRIORITY_UPDATE, 0xff, 0, "\0\0\0\x03u=1")),
    GOAWAY("PRIORITY_UPDATE on a stream", PROTOCOL_ERROR, OPEN(3),
           FRAME(PRIORITY_UPDATE, 0, 3, "\0\0\0\x03u=1")),
    GOAWAY("PRIORITY_UPDATE of stream 0", PROTOCOL_ERROR,
           FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\0u=1")),
    GOAWAY("PRIORITY_UPDATE of a push that was never promised", PROTOCOL_ERROR,
           FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\x02u=1")),
    GOAWAY("PRIORITY_UPDATE of 3 bytes", FRAME_SIZE_ERROR, ZEROS(PRIORITY_UPDATE, 0, 0, 3)),
    GOAWAY("PRIORITY_UPDATE of 16,385 bytes", FRAME_SIZE_ERROR,
           ZEROS(PRIORITY_UPDATE, 0, 0, 16385)),
    GOAWAY("PRIORITY_UPDATE inside a field block", PROTOCOL_ERROR, FRAME(HEADERS, 0, 3, GET_BLOCK),
           FRAME(PRIORITY_UPDATE, 0, 0, "\0\0\0\x03u=1")),

    /* PUSH_PROMISE: section 8.4, a client cannot push */
    GOAWAY("PUSH_PROMISE from a client", PROTOCOL_ERROR, OPEN(3),
           FRAME(PUSH_PROMISE, EH, 3, "\0\0\0\x02" GET_BLOCK)),
    GOAWAY("PUSH_PROMISE on stream 0", PROTOCOL_ERROR,
           FRAME(PUSH_PROMISE, EH, 0, "\0\0\0\x02" GET_BLOCK)),
    GOAWAY("PUSH_PROMISE on an idle stream", PROTOCOL_ERROR,
           FRAME(PUSH_PROMISE, EH, 3, "\0\0\0\x02" GET_BLOCK)),
    GOAWAY("PUSH_PROMISE after END_STREAM", PROTOCOL_ERROR, OPEN(3), ENDED(3),
           FRAME(PUSH_PROMISE, EH, 3, "\0\0\0\x02" GET_BLOCK)),
    /* section 4.2: too small for what it must hold */
    GOAWAY("PUSH_PROMISE of 3 bytes", FRAME_SIZE_ERROR, ZEROS(PUSH_PROMISE, EH, 1, 3)),

    /* PING: section 6.7 */
    FINE("PING is answered", FRAME(PING, 0, 0, "12345678")),
    FINE("PING with flags that it does not define", FRAME(PING, 0xfe, 0, "12345678")),
    FINE("PING with ACK that nobody waits for", FRAME(PING, ACK, 0, "12345678")),
    GOAWAY("PING on a stream", PROTOCOL_ERROR, FRAME(PING, 0, 1, "12345678")),
    GOAWAY("PING of 0 bytes", FRAME_SIZE_ERROR, ZEROS(PING, 0, 0, 0)),
    GOAWAY("PING of 7 bytes", FRAME_SIZE_ERROR, ZEROS(PING, 0, 0, 7)),
    GOAWAY("PING of 9 bytes", FRAME_SIZE_ERROR, ZEROS(PING, 0, 0, 9)),
    GOAWAY("PING of 16,385 bytes", FRAME_SIZE_ERROR, ZEROS(PING, 0, 0, 16385)),
    GOAWAY("PING with ACK of 9 bytes", FRAME_SIZE_ERROR, ZEROS(PING, ACK, 0, 9)),

    /* GOAWAY: section 6.8, what is open goes on */
    FINE("GOAWAY lets what is open go on", ZEROS(GO_AWAY, 0, 0, 8)),
    FINE("GOAWAY with debug data", FRAME(GO_AWAY, 0, 0,
                                         "\0\0\0\0\0\0\0\0"
                                         "good bye")),
    FINE("GOAWAY with a code that nobody knows", FRAME(GO_AWAY, 0, 0, "\0\0\0\0\xde\xad\xbe\xef")),
    GOAWAY("GOAWAY on a stream", PROTOCOL_ERROR, ZEROS(GO_AWAY, 0, 1, 8)),
    GOAWAY("GOAWAY of 7 bytes", FRAME_SIZE_ERROR, ZEROS(GO_AWAY, 0, 0, 7)),
    GOAWAY("GOAWAY of 16,385 bytes", FRAME_SIZE_ERROR, ZEROS(GO_AWAY, 0, 0, 16385)),
    /* "Endpoints MUST NOT increase the value they send in the last stream identifier": no code
     * for it but 5.4.1's; the same for an id that is none of the server's. */
    GOAWAY("GOAWAY with an id above the last", PROTOCOL_ERROR, ZEROS(GO_AWAY, 0, 0, 8),
           FRAME(GO_AWAY, 0, 0, "\0\0\0\x02\0\0\0\0")),
    GOAWAY("GOAWAY with an id of the client's", PROTOCOL_ERROR,
           FRAME(GO_AWAY, 0, 0, "\0\0\0\x01\0\0\0\0")),

    /* WINDOW_UPDATE: sections 6.9 and 6.9.1 */
    FINE("WINDOW_UPDATE with the reserved bit", OPEN(3),
         FRAME(WINDOW_UPDATE, 0, 3, "\x80\0\0\x01")),
    FINE("WINDOW_UPDATE with flags that it does not define",
         FRAME(WINDOW_UPDATE, 0xff, 0, "\0\0\0\x01")),
    FINE("WINDOW_UPDATE after END_STREAM", OPEN(3), ENDED(3),
         FRAME(WINDOW_UPDATE, 0, 3, "\0\0\0\x01")),
    FINE("WINDOW_UPDATE on a closed stream", OPEN(3), DROPPED(3),
         FRAME(WINDOW_UPDATE, 0, 3, "\0\0\0\x01")),
    FINE("WINDOW_UPDATE to the highest window", OPEN(3),
         FRAME(WINDOW_UPDATE, 0, 3, "\x7f\xff\0\0")),
    FINE("WINDOW_UPDATE to the highest window of the connection",
         FRAME(WINDOW_UPDATE, 0, 0, "\x7f\xff\0\0")),
    /* errors of their stream: a way to make a server reset streams (CVE-2025-8671), so they
     * count */
    RESET("WINDOW_UPDATE of 0 on a stream", 3, PROTOCOL_ERROR, OPEN(3),
          ZEROS(WINDOW_UPDATE, 0, 3, 4)),
    RESET("WINDOW_UPDATE of 0 and the reserved bit on a stream", 3, PROTOCOL_ERROR, OPEN(3),
          FRAME(WINDOW_UPDATE, 0, 3, "\x80\0\0\0")),
    RESET("WINDOW_UPDATE of 0 on a stream, twice", 3, PROTOCOL_ERROR, OPEN(3),
          {.type = WINDOW_UPDATE, .stream_id = 3, .len = 4, .times = 2}),
    RESET("WINDOW_UPDATE of 0 after END_STREAM", 3, PROTOCOL_ERROR, OPEN(3), ENDED(3),
          ZEROS(WINDOW_UPDATE, 0, 3, 4)),
    RESET("WINDOW_UPDATE over 2^31-1 on a stream", 3, FLOW_CONTROL_ERROR, OPEN(3),
          FRAME(WINDOW_UPDATE, 0, 3, "\x7f\xff\xff\xff")),
    RESET("WINDOW_UPDATE over 2^31-1 in two steps", 3, FLOW_CONTROL_ERROR, OPEN(3),
          FRAME(WINDOW_UPDATE, 0, 3, "\x7f\xff\0\0"), FRAME(WINDOW_UPDATE, 0, 3, "\0\0\0\x01")),
    FINE("WINDOW_UPDATE of 0 on a closed stream", OPEN(3), DROPPED(3),
         ZEROS(WINDOW_UPDATE, 0, 3, 4)),
    GOAWAY("WINDOW_UPDATE of 0 on the connection", PROTOCOL_ERROR, ZEROS(WINDOW_UPDATE, 0, 0, 4)),
    GOAWAY("WINDOW_UPDATE over 2^31-1 on the connection", FLOW_CONTROL_ERROR,
           FRAME(WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff")),
    GOAWAY("WINDOW_UPDATE of 0 on an idle stream", PROTOCOL_ERROR, ZEROS(WINDOW_UPDATE, 0, 3, 4)),
    GOAWAY("WINDOW_UPDATE on an idle stream", PROTOCOL_ERROR,
           FRAME(WINDOW_UPDATE, 0, 3, "\0\0\0\x01")),
    GOAWAY("WINDOW_UPDATE on an idle stream of the server's", PROTOCOL_ERROR,
           FRAME(WINDOW_UPDATE, 0, 2, "\0\0\0\x01")),
    GOAWAY("WINDOW_UPDATE of 3 bytes", FRAME_SIZE_ERROR, ZEROS(WINDOW_UPDATE, 0, 0, 3)),
    GOAWAY("WINDOW_UPDATE of 5 bytes on a stream", FRAME_SIZE_ERROR, OPEN(3),
           ZEROS(WINDOW_UPDATE, 0, 3, 5)),

    /* the client's preface: section 3.4 */
    PREFACE("a preface that is an HTTP/1.1 request", PROTOCOL_ERROR,
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    PREFACE("a preface with one wrong byte", PROTOCOL_ERROR, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r"),
    PREFACE("a preface of binary bytes", PROTOCOL_ERROR,
            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    PREFACE("a preface and no SETTINGS but PING", PROTOCOL_ERROR,
            MAGIC "\0\0\x08\x06\0\0\0\0\0"
                  "12345678"),
    PREFACE("a preface and no SETTINGS but their ACK", PROTOCOL_ERROR,
            MAGIC "\0\0\0\x04\x01\0\0\0\0"),
    PREFACE("a preface and no SETTINGS but HEADERS", PROTOCOL_ERROR,
            MAGIC "\0\0\x0e\x01\x05\0\0\0\x01" GET_BLOCK),
    PREFACE("a preface and no SETTINGS but an unknown frame", PROTOCOL_ERROR,
            MAGIC "\0\0\0\xee\0\0\0\0\0"),
    PREFACE("a preface and SETTINGS of 7 bytes", FRAME_SIZE_ERROR,
            MAGIC "\0\0\x07\x04\0\0\0\0\0"
                  "1234567"),
    PREFACE("a preface and SETTINGS on a stream", PROTOCOL_ERROR, MAGIC "\0\0\0\x04\0\0\0\0\x01"),
    {.name = NULL},
};
/* clang-format on */
