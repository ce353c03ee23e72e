/* Chunked bodies: sizes, extensions, the ends of chunks, trailers. RFC 9112 section 7.1 */
#include "smuggling_table.h"

/* |body| behind a head that is in order */
#define CHUNKED(body)                                                                              \
    BYTES("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" body)
#define FIVE "\r\nhello\r\n0\r\n\r\n"

static const struct smuggling_case sizes[] = {
    {"9112 7.1: one chunk", CHUNKED("5" FIVE), KEPT("200")},
    {"9112 7.1: none", CHUNKED("0\r\n\r\n"), KEPT("200")},
    {"9112 7.1: two chunks", CHUNKED("1\r\nh\r\n4\r\nello\r\n0\r\n\r\n"), KEPT("200")},
    {"9112 7.1: a small hexadecimal digit", CHUNKED("a\r\n0123456789\r\n0\r\n\r\n"), KEPT("200")},
    {"9112 7.1: a capital one", CHUNKED("A\r\n0123456789\r\n0\r\n\r\n"), KEPT("200")},
    {"9112 7.1: zeros in front", CHUNKED("000000000000000000005" FIVE), KEPT("200")},
    {"9112 7.1: many zeros as the last", CHUNKED("00000000000000000000\r\n\r\n"), KEPT("200")},
    {"9112 7.1: what stands behind is data", CHUNKED("2b\r\n"), SILENT},
    {"9112 7.1: no size", CHUNKED("\r\nhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: plus", CHUNKED("+5" FIVE), REFUSED("400")},
    {"9112 7.1: minus", CHUNKED("-5" FIVE), REFUSED("400")},
    {"9112 7.1: minus zero", CHUNKED("-0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: 0x", CHUNKED("0x5" FIVE), REFUSED("400")},
    {"9112 7.1: 0X0", CHUNKED("0X0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: h behind", CHUNKED("5h" FIVE), REFUSED("400")},
    {"9112 7.1: no hexadecimal digit", CHUNKED("g" FIVE), REFUSED("400")},
    {"9112 7.1: a space in front", CHUNKED(" 5" FIVE), REFUSED("400")},
    {"9112 7.1: a tab in front", CHUNKED("\t5" FIVE), REFUSED("400")},
    {"9112 7.1: a space behind", CHUNKED("5 " FIVE), REFUSED("400")},
    {"9112 7.1: a tab behind", CHUNKED("5\t" FIVE), REFUSED("400")},
    {"9112 7.1: a space inside", CHUNKED("0 5" FIVE), REFUSED("400")},
    {"9112 7.1: an underscore", CHUNKED("0_5" FIVE), REFUSED("400")},
    {"9112 7.1: a fraction", CHUNKED("5.0" FIVE), REFUSED("400")},
    {"9112 7.1: a list", CHUNKED("5,5" FIVE), REFUSED("400")},
    {"9112 7.1: quoted", CHUNKED("\"5\"" FIVE), REFUSED("400")},
    {"9112 7.1: NUL behind", CHUNKED("5\0" FIVE), REFUSED("400")},
    {"9112 7.1: a byte beyond ASCII", CHUNKED("5\xff" FIVE), REFUSED("400")},
    {"9112 7.1: an empty line in front", CHUNKED("\r\n5" FIVE), REFUSED("400")},
    {"9112 7.1: over the limit", CHUNKED("100001\r\n"), REFUSED("413")},
    {"9112 7.1: over the limit together", CHUNKED("5\r\nhello\r\nffffc\r\n"), REFUSED("413")},
    {"9112 7.1: 2^32 + 5", CHUNKED("100000005" FIVE), REFUSED("413")},
    {"9112 7.1: 2^63", CHUNKED("8000000000000000\r\n"), REFUSED("413")},
    {"9112 7.1: 2^64 - 1", CHUNKED("FFFFFFFFFFFFFFFF\r\n"), REFUSED("413")},
    {"9112 7.1: 2^64 + 5", CHUNKED("10000000000000005" FIVE), REFUSED("413")},
};

static const struct smuggling_case ends[] = {
    {"9112 7.1: the size ends in a bare LF", CHUNKED("5\nhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: the size ends in a bare CR", CHUNKED("5\rhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: CR CR LF behind the size", CHUNKED("5\r\r\nhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: the data ends in a bare LF", CHUNKED("5\r\nhello\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: the data ends in a bare CR", CHUNKED("5\r\nhello\r0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: the data does not end", CHUNKED("5\r\nhello0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: the data is longer than told", CHUNKED("5\r\nhelloo\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: the data is shorter than told", CHUNKED("6\r\nhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: two bytes where CR LF should be", CHUNKED("5\r\nhelloXX0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1: another byte for LF behind the size", CHUNKED("5\rXhello\r\n0\r\n\r\n"),
     REFUSED("400")},
    {"9112 7.1: another byte for LF behind the data", CHUNKED("5\r\nhello\rX0\r\n\r\n"),
     REFUSED("400")},
    {"9112 7.1: another byte for CR behind the data", CHUNKED("5\r\nhelloX\n0\r\n\r\n"),
     REFUSED("400")},
    {"9112 7.1: another byte for LF at the end", CHUNKED("0\r\n\rX"), REFUSED("400")},
    {"9112 7.1: the last size ends in a bare LF", CHUNKED("0\n\r\n"), REFUSED("400")},
    {"9112 7.1: the end is a bare LF", CHUNKED("0\r\n\n"), REFUSED("400")},
    {"9112 7.1: the end is a bare CR", CHUNKED("0\r\n\r"), REFUSED("400")},
    {"9112 7.1: the end is missing, a request line is no trailer", CHUNKED("0\r\n"),
     REFUSED("400")},
    {"9112 7.1.1: an extension is passed over", CHUNKED("5;a=b" FIVE), KEPT("200")},
    {"9112 7.1.1: a quoted one", CHUNKED("5;a=\"b;c\"" FIVE), KEPT("200")},
    {"9112 7.1.1: of the last chunk", CHUNKED("0;a\r\n\r\n"), KEPT("200")},
    {"9112 7.1.1: an empty one, for none is looked at", CHUNKED("5;" FIVE), KEPT("200")},
    {"9112 7.1.1: a space before the semicolon", CHUNKED("5 ;a=b" FIVE), REFUSED("400")},
    {"9112 7.1.1: an extension without a size", CHUNKED(";a=b" FIVE), REFUSED("400")},
    {"9112 7.1.1: it ends in a bare LF", CHUNKED("5;a=b\nhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.1: it ends in a bare CR", CHUNKED("5;a=b\rhello\r\n0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.1: a bare LF inside quotes", CHUNKED("5;a=\"\n\"" FIVE), REFUSED("400")},
    {"9112 7.1.1: CR LF inside quotes ends it", CHUNKED("0;a=\"\r\n\r\n"), KEPT("200")},
    {"9112 7.1.1: a bare CR inside", CHUNKED("5;a\rb" FIVE), REFUSED("400")},
    {"9112 7.1.1: NUL inside", CHUNKED("5;a\0" FIVE), REFUSED("400")},
    {"9112 7.1.1: a control inside", CHUNKED("5;a\x1b" FIVE), REFUSED("400")},
};

static const struct smuggling_case trailers[] = {
    {"9112 7.1.2: a trailer is dropped", CHUNKED("0\r\nX: y\r\n\r\n"), KEPT("200")},
    {"9110 6.5.1: so is a length among them", CHUNKED("0\r\nContent-Length: 43\r\n\r\n"),
     KEPT("200")},
    {"9110 6.5.1: and a coding", CHUNKED("0\r\nTransfer-Encoding: chunked\r\n\r\n"), KEPT("200")},
    {"9110 6.5.1: and a host", CHUNKED("0\r\nHost: other\r\n\r\n"), KEPT("200")},
    {"9110 6.5.1: and an option", CHUNKED("0\r\nConnection: close\r\n\r\n"), KEPT("200")},
    {"9110 6.5.1: and an upgrade",
     CHUNKED("0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), KEPT("200")},
    {"9110 6.5.1: and an expectation", CHUNKED("0\r\nExpect: 100-continue\r\n\r\n"), KEPT("200")},
    {"9112 7.1.2: a space before the colon", CHUNKED("0\r\nX : y\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: a space in front", CHUNKED("0\r\n X: y\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: folded", CHUNKED("0\r\nX: y\r\n z\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: no colon", CHUNKED("0\r\nX\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: no name", CHUNKED("0\r\n: y\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: it ends in a bare LF", CHUNKED("0\r\nX: y\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: a bare CR inside", CHUNKED("0\r\nX: y\rz\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: NUL inside", CHUNKED("0\r\nX: y\0\r\n\r\n"), REFUSED("400")},
    {"9112 7.1.2: another chunk is none", CHUNKED("0\r\n5\r\nhello\r\n0\r\n\r\n"), REFUSED("400")},
};

void smuggling_chunks(struct smuggling_table *t)
{
    smuggling_add_rows(t, sizes, sizeof sizes / sizeof sizes[0]);
    smuggling_add_rows(t, ends, sizeof ends / sizeof ends[0]);
    smuggling_add_rows(t, trailers, sizeof trailers / sizeof trailers[0]);
}
