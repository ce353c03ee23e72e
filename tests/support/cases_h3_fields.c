/* A malformed request is an error of its stream: RFC 9114 section 4.1.2, 4.2, 4.3, RFC 9220. */
#include "cases_h3.h"

/* Fields of one request, the last without a name. */
#define FIELDS(...)                                                                                \
    (const struct tri_header[])                                                                    \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }

#define F(name, value)                                                                             \
    {                                                                                              \
        (name), (value)                                                                            \
    }
#define METHOD(m) F(":method", m)
#define SCHEME F(":scheme", "https")
#define AUTHORITY F(":authority", "localhost")
#define PATH F(":path", "/echo")
#define PROTOCOL F(":protocol", "websocket")
#define GET METHOD("GET"), SCHEME, AUTHORITY, PATH
#define CONNECT METHOD("CONNECT"), PROTOCOL, SCHEME, AUTHORITY, PATH

#define BAD(what, ...)                                                                             \
    {                                                                                              \
        .name = what, .outcome = CASE_H3_STREAM, .code = NGHTTP3_H3_MESSAGE_ERROR, .acts = {       \
            ACT_H3_HEAD(REQUEST, FIELDS(__VA_ARGS__))                                              \
        }                                                                                          \
    }
#define GOOD(what, ...)                                                                            \
    {                                                                                              \
        .name = what, .outcome = CASE_H3_SERVED, .acts = {                                         \
            ACT_H3_HEAD(REQUEST, FIELDS(__VA_ARGS__)),                                             \
            ACT_H3_END(SAME, "", FIN)                                                              \
        }                                                                                          \
    }

#define X16 "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16
#define X4096 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256
#define X32768 X4096 X4096 X4096 X4096 X4096 X4096 X4096 X4096

static const struct case_h3 cases[] = {
    /* ---- section 4.3: pseudo-header fields */
    GOOD("a plain request", GET),
    BAD("no method", SCHEME, AUTHORITY, PATH),
    BAD("no scheme", METHOD("GET"), AUTHORITY, PATH),
    BAD("no path", METHOD("GET"), SCHEME, AUTHORITY),
    BAD("no authority and no host", METHOD("GET"), SCHEME, PATH),
    GOOD("a host for the authority", METHOD("GET"), SCHEME, PATH, F("host", "localhost")),
    BAD("an empty method", METHOD(""), SCHEME, AUTHORITY, PATH),
    BAD("a method with a space", METHOD("GE T"), SCHEME, AUTHORITY, PATH),
    BAD("an empty path", METHOD("GET"), SCHEME, AUTHORITY, F(":path", "")),
    BAD("a path without a slash", METHOD("GET"), SCHEME, AUTHORITY, F(":path", "echo")),
    BAD("a path with a space", METHOD("GET"), SCHEME, AUTHORITY, F(":path", "/a b")),
    BAD("an empty scheme", METHOD("GET"), F(":scheme", ""), AUTHORITY, PATH),
    BAD("an authority with a user", METHOD("GET"), SCHEME, F(":authority", "me@localhost"), PATH),
    BAD("an authority with a path", METHOD("GET"), SCHEME, F(":authority", "localhost/"), PATH),
    BAD("two methods", METHOD("GET"), GET),
    BAD("two schemes", SCHEME, GET),
    BAD("two authorities", AUTHORITY, GET),
    BAD("two paths", PATH, GET),
    BAD("a status", GET, F(":status", "200")),
    BAD("an unknown pseudo-header field", F(":unknown", "x"), GET),
    BAD("a name that is a colon", F(":", "x"), GET),
    BAD("a pseudo-header field behind others", METHOD("GET"), SCHEME, AUTHORITY, F("x", "y"), PATH),

    /* ---- section 4.4 and RFC 9220: CONNECT and extended CONNECT */
    GOOD("extended CONNECT", CONNECT, F("sec-websocket-version", "13")),
    GOOD("CONNECT, left to the verdict", METHOD("CONNECT"), AUTHORITY),
    BAD("CONNECT with a scheme", METHOD("CONNECT"), SCHEME, AUTHORITY),
    BAD("CONNECT with a path", METHOD("CONNECT"), AUTHORITY, PATH),
    BAD("CONNECT without an authority", METHOD("CONNECT"), F("x", "y")),
    BAD("a protocol with GET", PROTOCOL, GET),
    BAD("a protocol with POST", METHOD("POST"), PROTOCOL, SCHEME, AUTHORITY, PATH),
    BAD("extended CONNECT without a path", METHOD("CONNECT"), PROTOCOL, SCHEME, AUTHORITY),
    BAD("extended CONNECT without a scheme", METHOD("CONNECT"), PROTOCOL, AUTHORITY, PATH),
    BAD("extended CONNECT without an authority", METHOD("CONNECT"), PROTOCOL, SCHEME, PATH,
        F("host", "localhost")),
    BAD("two protocols", PROTOCOL, CONNECT),
    BAD("extended CONNECT with upgrade", CONNECT, F("upgrade", "websocket")),
    BAD("extended CONNECT with connection", CONNECT, F("connection", "Upgrade")),

    /* ---- section 4.2: fields that speak of the connection */
    BAD("connection", GET, F("connection", "close")),
    BAD("keep-alive", GET, F("keep-alive", "timeout=5")),
    BAD("proxy-connection", GET, F("proxy-connection", "keep-alive")),
    BAD("transfer-encoding", GET, F("transfer-encoding", "chunked")),
    BAD("upgrade", GET, F("upgrade", "websocket")),
    BAD("te that is not trailers", GET, F("te", "gzip")),
    GOOD("te: trailers", GET, F("te", "trailers")),

    /* ---- section 4.2, 10.3: names and values */
    BAD("an uppercase name", GET, F("X-Upper", "y")),
    BAD("one uppercase letter at a name's end", GET, F("x-uppeR", "y")),
    BAD("a name that is empty", GET, F("", "y")),
    BAD("a name with a space", GET, F("x y", "z")),
    BAD("a name with a colon inside", GET, F("x:y", "z")),
    BAD("a name with a control character", GET, F("x\x01y", "z")),
    BAD("a name with DEL", GET, F("x\x7f", "z")),
    BAD("a name with a byte above 127", GET, F("x\xe4", "z")),
    BAD("a value with a line's end", GET, F("x", "y\r\nz: 1")),
    BAD("a value with a control character", GET, F("x", "y\x01z")),
    BAD("a value with DEL", GET, F("x", "y\x7f")),
    BAD("a bad field between good ones", GET, F("a", "b"), F("x y", "z"), F("c", "d")),
    BAD("a host with a space beside the authority", GET, F("host", "a b")),
    BAD("a priority with a line's end", GET, F("priority", "u=1\n")),
    {.name = "a value with NUL",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3(REQUEST, "\x01\x0d\x00\x00\xd1\xd7\xc1\x50\x01"
                              "a\x21x\x02\x00y")}},
    {.name = "a bad field in pieces",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3(REQUEST, "\x01\x0d\x00\x00\xd1\xd7\xc1"),
              ACT_H3(SAME, "\x50\x01"
                           "a\x21"),
              ACT_H3(SAME, "x\x02\x00"), ACT_H3(SAME, "y")}},
    GOOD("a value that is empty", GET, F("x", "")),
    GOOD("a value with bytes above 127", GET, F("x", "\xc3\xa4")),

    /* ---- section 4.1.2: content-length */
    BAD("a length that is none", GET, F("content-length", "x")),
    BAD("a negative length", GET, F("content-length", "-1")),
    BAD("an empty length", GET, F("content-length", "")),
    BAD("a length too large for a number", GET, F("content-length", "99999999999999999999")),
    BAD("two lengths that differ", GET, F("content-length", "1"), F("content-length", "2")),
    {.name = "more content than was announced",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(GET, F("content-length", "3"))),
              ACT_H3(SAME, "\x00\x04over")}},
    {.name = "less content than was announced",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(GET, F("content-length", "3"))),
              ACT_H3_END(SAME, "\x00\x02no", FIN)}},
    {.name = "a bad field among the trailers",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(METHOD("POST"), SCHEME, AUTHORITY, PATH)),
              ACT_H3_HEAD(SAME, FIELDS(F("x", "y"), F("x y", "z")))}},
    /* RFC 9110 section 6.5.1: "a sender MUST NOT generate a trailer field" that frames a
     * message. */
    {.name = "a length among the trailers",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(METHOD("POST"), SCHEME, AUTHORITY, PATH)),
              ACT_H3_HEAD(SAME, FIELDS(F("content-length", "0")))}},
    {.name = "a pseudo-header field among the trailers",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_H3_MESSAGE_ERROR,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(METHOD("POST"), SCHEME, AUTHORITY, PATH)),
              ACT_H3_HEAD(SAME, FIELDS(PATH))}},

    /* ---- section 4.2.2, RFC 9204 section 7.4: too much */
    {.name = "a field section over the limit",
     .outcome = CASE_H3_LARGE,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(GET, F("x", X32768))), ACT_H3_END(SAME, "", FIN)}},
    {.name = "a field value longer than the decoder takes",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_QPACK_DECOMPRESSION_FAILED,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(GET, F("x", X32768 X32768 X4096)))}},
    {.name = "a field name longer than the decoder takes",
     .outcome = CASE_H3_STREAM,
     .code = NGHTTP3_QPACK_DECOMPRESSION_FAILED,
     .acts = {ACT_H3_HEAD(REQUEST, FIELDS(GET, F(X4096, "y")))}},
};

struct cases_h3 cases_h3_fields(void)
{
    return CASES_H3_OF(cases);
}
