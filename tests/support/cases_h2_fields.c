/* Requests that are malformed in their fields (RFC 9113 section 8, RFC 8441 section 4) or in how
 * these are compressed (RFC 7541). */
#include "cases_h2.h"

#define MALFORMED(text, bytes) RESET(text, 3, PROTOCOL_ERROR, BLOCK(3, bytes))
#define WELL_FORMED(text, bytes) ANSWERED(text, 3, 200, BLOCK(3, bytes))
#define BAD_HPACK(text, bytes) GOAWAY(text, COMPRESSION_ERROR, BLOCK(3, bytes))
#define BAD_SOCKET(text, bytes) RESET(text, 3, PROTOCOL_ERROR, FRAME(HEADERS, EH, 3, bytes))

#define WAITING(text, ...)                                                                         \
    {                                                                                              \
        .name = (text), .outcome = CASE_H2_RESET, .stream_id = 3, .code = NGHTTP2_PROTOCOL_ERROR,  \
        .is_waiting = true, .steps = {                                                             \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define POST_OF_3                                                                                  \
    POST_BLOCK "\x0f\x0d\x01"                                                                      \
               "3"

/* clang-format off: one case, one or two lines */
const struct case_h2 cases_h2_fields[] = {
    /* pseudo-header fields: section 8.3 */
    WELL_FORMED("a request with its pseudo-header fields", GET_BLOCK),
    WELL_FORMED("pseudo-header fields in another order", "\x84" AUTHORITY "\x87\x82"),
    MALFORMED("a request without :method", "\x87\x84" AUTHORITY),
    MALFORMED("a request without :scheme", "\x82\x84" AUTHORITY),
    MALFORMED("a request without :path", "\x82\x87" AUTHORITY),
    MALFORMED("a request without pseudo-header fields", "\x00\x01x\x01y"),
    MALFORMED("a request with an empty :path", "\x82\x87\x04\x00" AUTHORITY),
    MALFORMED("a request whose :path begins with no slash", "\x82\x87\x04\x04"
                                                            "echo" AUTHORITY),
    MALFORMED("a request with :path of * and a method other than OPTIONS",
              "\x82\x87\x04\x01*" AUTHORITY),
    MALFORMED("a request with :path of a space", "\x82\x87\x04\x03/ /" AUTHORITY),
    MALFORMED("a request with an empty :method", "\x02\x00\x87\x84" AUTHORITY),
    MALFORMED("a request with a space in :method", "\x02\x03G T\x87\x84" AUTHORITY),
    MALFORMED("a request with an empty :scheme", "\x82\x06\x00\x84" AUTHORITY),
    MALFORMED("a request whose :scheme is none", "\x82\x06\x03+-1\x84" AUTHORITY),
    MALFORMED("a request with :method twice", "\x82\x82\x87\x84" AUTHORITY),
    MALFORMED("a request with :scheme twice", "\x82\x87\x87\x84" AUTHORITY),
    MALFORMED("a request with :path twice", "\x82\x87\x84\x84" AUTHORITY),
    MALFORMED("a request with :authority twice", "\x82\x87\x84" AUTHORITY AUTHORITY),
    MALFORMED("a request with a space in :authority", "\x82\x87\x84\x01\x03"
                                                      "a b"),
    MALFORMED("a request with a user in :authority", "\x82\x87\x84\x01\x0cme@localhost"),
    MALFORMED("a request without :authority and host", "\x82\x87\x84"),
    MALFORMED("a pseudo-header field behind a field", "\x82\x87\x00\x01x\x01y\x84" AUTHORITY),
    MALFORMED("a pseudo-header field that nobody knows", GET_BLOCK "\x00\x04:foo\x03"
                                                                   "bar"),
    MALFORMED("the pseudo-header field of a response", "\x88" GET_BLOCK),
    MALFORMED("a pseudo-header field of nothing but a colon", GET_BLOCK "\x00\x01:\x01x"),
    RESET("a pseudo-header field in trailers", 3, PROTOCOL_ERROR,
          FRAME(HEADERS, EH, 3, WEBSOCKET_BLOCK), BLOCK(3, "\x82")),

    /* CONNECT: section 8.5 and RFC 8441 section 4 */
    ANSWERED("extended CONNECT", 3, 200, FRAME(HEADERS, EH, 3, WEBSOCKET_BLOCK)),
    BAD_SOCKET("CONNECT without :authority", METHOD_CONNECT),
    BAD_SOCKET("CONNECT with :scheme and :path and no :protocol",
               METHOD_CONNECT "\x87" PATH_ECHO AUTHORITY),
    BAD_SOCKET("CONNECT with :path and no :protocol", METHOD_CONNECT PATH_ECHO AUTHORITY),
    BAD_SOCKET("extended CONNECT without :scheme",
               METHOD_CONNECT PROTOCOL PATH_ECHO AUTHORITY VERSION),
    BAD_SOCKET("extended CONNECT without :path", METHOD_CONNECT PROTOCOL "\x87" AUTHORITY VERSION),
    BAD_SOCKET("extended CONNECT without :authority",
               METHOD_CONNECT PROTOCOL "\x87" PATH_ECHO VERSION),
    BAD_SOCKET("extended CONNECT with :protocol twice",
               METHOD_CONNECT PROTOCOL PROTOCOL "\x87" PATH_ECHO AUTHORITY),
    BAD_SOCKET("extended CONNECT with :protocol behind a field",
               METHOD_CONNECT "\x87" PATH_ECHO AUTHORITY VERSION PROTOCOL),
    BAD_SOCKET("extended CONNECT with an empty :path",
               METHOD_CONNECT PROTOCOL "\x87\x04\x00" AUTHORITY VERSION),
    BAD_SOCKET("extended CONNECT with connection: upgrade",
               WEBSOCKET_BLOCK "\x00\x0a"
                               "connection\x07upgrade"),
    BAD_SOCKET("extended CONNECT with upgrade: websocket",
               WEBSOCKET_BLOCK "\x00\x07upgrade\x09websocket"),
    MALFORMED(":protocol without CONNECT", "\x82\x87\x84" AUTHORITY PROTOCOL),

    /* names and values: section 8.2.1 */
    WELL_FORMED("a field with an empty value", GET_BLOCK "\x00\x01x\x00"),
    WELL_FORMED("a field with bytes above 127", GET_BLOCK "\x00\x01x\x02\xc3\xa4"),
    WELL_FORMED("a cookie in crumbs", GET_BLOCK "\x00\x06"
                                                "cookie\x03"
                                                "a=b"
                                                "\x00\x06"
                                                "cookie\x03"
                                                "c=d"),
    MALFORMED("a name in upper case", GET_BLOCK "\x00\x01X\x01y"),
    MALFORMED("a name with one letter in upper case", GET_BLOCK "\x00\x05x-Foo\x01y"),
    MALFORMED("a name with a space", GET_BLOCK "\x00\x03x y\x01z"),
    MALFORMED("a name with a colon inside", GET_BLOCK "\x00\x03x:y\x01z"),
    MALFORMED("a name with a control character", GET_BLOCK "\x00\x03x\x01y\x01z"),
    MALFORMED("a name with DEL", GET_BLOCK "\x00\x02x\x7f\x01z"),
    MALFORMED("a name with a byte above 127", GET_BLOCK "\x00\x02x\xe4\x01z"),
    MALFORMED("a name of no bytes", GET_BLOCK "\x00\x00\x01y"),
    MALFORMED("a value with NUL", GET_BLOCK "\x00\x01x\x03y\x00z"),
    MALFORMED("a value with CR", GET_BLOCK "\x00\x01x\x03y\rz"),
    MALFORMED("a value with LF", GET_BLOCK "\x00\x01x\x03y\nz"),
    MALFORMED("a value that begins with a space", GET_BLOCK "\x00\x01x\x02 y"),
    MALFORMED("a value that ends with a space", GET_BLOCK "\x00\x01x\x02y "),
    MALFORMED("a value that ends with a tab", GET_BLOCK "\x00\x01x\x02y\t"),

    /* fields of a connection: section 8.2.2 */
    WELL_FORMED("te: trailers", GET_BLOCK "\x00\x02te\x08trailers"),
    MALFORMED("te: gzip", GET_BLOCK "\x00\x02te\x04gzip"),
    MALFORMED("connection", GET_BLOCK "\x00\x0a"
                                      "connection\x05"
                                      "close"),
    MALFORMED("keep-alive", GET_BLOCK "\x00\x0akeep-alive\x01"
                                      "5"),
    MALFORMED("proxy-connection", GET_BLOCK "\x00\x10proxy-connection\x05"
                                            "close"),
    MALFORMED("transfer-encoding", GET_BLOCK "\x00\x11transfer-encoding\x07"
                                             "chunked"),
    MALFORMED("upgrade", GET_BLOCK "\x00\x07upgrade\x03h2c"),

    /* bodies: section 8.1.1 */
    ANSWERED("content-length that is true", 3, 200,
             FRAME(HEADERS, EH, 3,
                   POST_BLOCK "\x0f\x0d\x01"
                              "3"),
             FRAME(DATA, ES, 3, "abc")),
    MALFORMED("content-length and no body", POST_BLOCK "\x0f\x0d\x01"
                                                       "3"),
    WAITING("more content than was announced", FRAME(HEADERS, EH, 3, POST_OF_3),
            FRAME(DATA, 0, 3, "abcd")),
    WAITING("less content than was announced", FRAME(HEADERS, EH, 3, POST_OF_3),
            FRAME(DATA, ES, 3, "ab")),
    MALFORMED("content-length twice", POST_BLOCK "\x0f\x0d\x01"
                                                 "0"
                                                 "\x0f\x0d\x01"
                                                 "0"),
    MALFORMED("content-length that is no number", POST_BLOCK "\x0f\x0d\x01x"),
    MALFORMED("content-length with a sign", POST_BLOCK "\x0f\x0d\x02+0"),
    MALFORMED("content-length with a list", POST_BLOCK "\x0f\x0d\x03"
                                                       "0,0"),
    MALFORMED("content-length over 63 bits", POST_BLOCK "\x0f\x0d\x13"
                                                        "9223372036854775808"),

    /* HPACK: RFC 7541 */
    WELL_FORMED("a literal that is never indexed", "\x82\x87\x84\x11\x09localhost"),
    WELL_FORMED("a literal with indexing", "\x82\x87\x84\x41\x09localhost"),
    WELL_FORMED("a value in Huffman code", "\x82\x87\x84\x01\x81\x1f"),
    WELL_FORMED("a table size of 0", "\x20" GET_BLOCK),
    WELL_FORMED("two table sizes", "\x20\x3f\xe1\x1f" GET_BLOCK),
    WELL_FORMED("an entry larger than the table", "\x20\x82\x87\x84\x41\x09localhost"),
    BAD_HPACK("index 0", "\x80"),
    BAD_HPACK("an index behind the tables", "\xbe"),
    BAD_HPACK("an index far behind the tables", "\xff\xff\xff\x7f"),
    BAD_HPACK("a literal with the name of an index behind the tables", "\x0f\x30\x01x"),
    BAD_HPACK("an index that overflows", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    BAD_HPACK("an index that does not end", GET_BLOCK "\xff\x80"),
    BAD_HPACK("a length that overflows", GET_BLOCK "\x00\x7f\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    BAD_HPACK("a name that does not end", GET_BLOCK "\x00\x05x"),
    BAD_HPACK("a value that does not end", GET_BLOCK "\x00\x01x\x05y"),
    BAD_HPACK("a literal without a value", GET_BLOCK "\x00\x01x"),
    BAD_HPACK("a field of no more than its first byte", GET_BLOCK "\x00"),
    BAD_HPACK("a value of 256 MiB that does not come",
              GET_BLOCK "\x00\x01x\x7f\x80\x80\x80\x80\x01"),
    BAD_HPACK("a table size above what was agreed", "\x3f\xe2\x1f" GET_BLOCK),
    BAD_HPACK("a table size behind a field", GET_BLOCK "\x20"),
    BAD_HPACK("Huffman code with EOS", GET_BLOCK "\x00\x01x\x84\xff\xff\xff\xff"),
    BAD_HPACK("Huffman code with padding of 8 bits", GET_BLOCK "\x00\x01x\x82\x1f\xff"),
    BAD_HPACK("Huffman code with padding of zeros", GET_BLOCK "\x00\x01x\x81\x18"),
    GOAWAY("bad HPACK in trailers", COMPRESSION_ERROR, FRAME(HEADERS, EH, 3, WEBSOCKET_BLOCK),
           BLOCK(3, "\x80")),
    GOAWAY("bad HPACK in CONTINUATION", COMPRESSION_ERROR, FRAME(HEADERS, ES, 3, GET_BLOCK),
           FRAME(CONTINUATION, EH, 3, "\x80")),
    GOAWAY("bad HPACK behind a malformed field", COMPRESSION_ERROR,
           BLOCK(3, GET_BLOCK "\x00\x01X\x01y\x80")),
    GOAWAY("bad HPACK on a stream that the server reset", COMPRESSION_ERROR, OPEN(3), FAULTY(3),
           BLOCK(3, "\x80")),
    {.name = NULL},
};
/* clang-format on */
