/* Lines of a head: how they end, what a request line is, and bytes that belong into neither. */
#include "smuggling_table.h"

#include <assert.h>
#include <string.h>

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"
#define END "\r\n"

static const struct smuggling_case line_ends[] = {
    {"a plain request", BYTES(GET HOST END), KEPT("200")},
    {"9112 2.2: one empty line in front is passed over", BYTES("\r\n" GET HOST END), KEPT("200")},
    {"9112 2.2: two are not", BYTES("\r\n\r\n" GET HOST END), REFUSED("400")},
    {"9112 2.2: nor a bare LF", BYTES("\n" GET HOST END), REFUSED("400")},
    {"9112 2.2: nor a bare CR", BYTES("\r" GET HOST END), REFUSED("400")},
    {"9112 2.2: nor a space on an empty line", BYTES(" \r\n" GET HOST END), REFUSED("400")},
    {"9112 2.2: all lines end in a bare LF", BYTES("GET / HTTP/1.1\nHost: localhost\n\n"),
     REFUSED("400")},
    {"9112 2.2: the request line ends in a bare LF", BYTES("GET / HTTP/1.1\n" HOST END),
     REFUSED("400")},
    {"9112 2.2: the request line ends in a bare CR", BYTES("GET / HTTP/1.1\r" HOST END),
     REFUSED("400")},
    {"9112 2.2: a field line ends in a bare LF", BYTES(GET "Host: localhost\n" END),
     REFUSED("400")},
    {"9112 2.2: a field line ends in a bare CR", BYTES(GET "Host: localhost\r" END),
     REFUSED("400")},
    {"9112 2.2: the head ends in a bare LF", BYTES(GET HOST "\n"), REFUSED("400")},
    {"9112 2.2: the head ends in a bare CR", BYTES(GET HOST "\r"), REFUSED("400")},
    {"9112 2.2: LF CR", BYTES("GET / HTTP/1.1\n\rHost: localhost\n\r\n\r"), REFUSED("400")},
    {"9112 2.2: CR CR LF", BYTES("GET / HTTP/1.1\r\r\n" HOST END), REFUSED("400")},
    {"9112 2.2: CR CR LF behind a field", BYTES(GET "Host: localhost\r\r\n" END), REFUSED("400")},
    {"9112 2.2: a bare CR in a target", BYTES("GET /a\rb HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.2: a bare CR in a value", BYTES(GET HOST "X: a\rb\r\n" END), REFUSED("400")},
    {"9112 2.2: a bare LF in a value", BYTES(GET HOST "X: a\nb\r\n" END), REFUSED("400")},
    {"9112 2.2: a bare LF hides a length",
     BYTES("POST / HTTP/1.1\r\n" HOST "X: a\nContent-Length: 43\r\n" END), REFUSED("400")},
    {"9112 2.2: a bare CR hides a coding",
     BYTES("POST / HTTP/1.1\r\n" HOST "X: a\rTransfer-Encoding: chunked\r\n" END), REFUSED("400")},
    {"9112 2.2: a bare CR in a name", BYTES(GET HOST "X\rY: a\r\n" END), REFUSED("400")},
    {"9112 2.2: the head does not end, a request line is no field", BYTES(GET HOST),
     REFUSED("400")},
    {"9112 2.2: space between request line and fields", BYTES(GET " " HOST END), REFUSED("400")},
    {"9112 2.2: a tab there", BYTES(GET "\t" HOST END), REFUSED("400")},
    {"9112 2.2: a line of space there", BYTES(GET " \r\n" HOST END), REFUSED("400")},
};

static const struct smuggling_case request_lines[] = {
    {"9112 3: two spaces before the target", BYTES("GET  / HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: two spaces before the version", BYTES("GET /  HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3: a space in front", BYTES(" GET / HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: a space behind", BYTES("GET / HTTP/1.1 \r\n" HOST END), REFUSED("400")},
    {"9112 3: a tab behind", BYTES("GET / HTTP/1.1\t\r\n" HOST END), REFUSED("400")},
    {"9112 3: a tab before the target", BYTES("GET\t/ HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: a tab before the version", BYTES("GET /\tHTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: a space in the target", BYTES("GET /a b HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: a second version in the target", BYTES("GET / HTTP/1.1 HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3: no target", BYTES("GET HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: only a method", BYTES("GET\r\n" HOST END), REFUSED("400")},
    {"9112 3: no method", BYTES("/ HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: only a version", BYTES("HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3: a status line", BYTES("HTTP/1.1 200 OK\r\n" HOST END), REFUSED("400")},
    {"9112 3: a field where the request line should be", BYTES(HOST GET END), REFUSED("400")},
    {"9110 9.1: an unknown method is a method", BYTES("BREW / HTTP/1.1\r\n" HOST END), KEPT("200")},
    {"9110 9.1: methods know case, this is none of ours", BYTES("get / HTTP/1.1\r\n" HOST END),
     KEPT("200")},
};

static const struct smuggling_case versions[] = {
    {"9110 2.5: a later minor version is read as 1.1", BYTES("GET / HTTP/1.2\r\n" HOST END),
     KEPT("200")},
    {"9112 9.3: HTTP/1.0 ends with its response", BYTES("GET / HTTP/1.0\r\n" HOST END),
     LAST("200")},
    {"9112 9.3: keep-alive is not kept for HTTP/1.0",
     BYTES("GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n" END), LAST("200")},
    {"9112 2.3: no version: HTTP/0.9", BYTES("GET /\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: an empty version", BYTES("GET / \r\n" HOST END), REFUSED("400")},
    {"9110 15.6.6: HTTP/0.9 in words", BYTES("GET / HTTP/0.9\r\n" HOST END), REFUSED("505")},
    {"9110 15.6.6: HTTP/2.0", BYTES("GET / HTTP/2.0\r\n" HOST END), REFUSED("505")},
    {"9110 15.6.6: HTTP/3.0", BYTES("GET / HTTP/3.0\r\n" HOST END), REFUSED("505")},
    {"9113 3.4: the preface of HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), REFUSED("505")},
    {"9112 2.3: http/1.1", BYTES("GET / http/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: Http/1.1", BYTES("GET / Http/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/1", BYTES("GET / HTTP/1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/1.", BYTES("GET / HTTP/1.\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/11", BYTES("GET / HTTP/11\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/1.1x", BYTES("GET / HTTP/1.1x\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/1.10", BYTES("GET / HTTP/1.10\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/01.1", BYTES("GET / HTTP/01.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/1,1", BYTES("GET / HTTP/1,1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/-1.1", BYTES("GET / HTTP/-1.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP/ 1.1", BYTES("GET / HTTP/ 1.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: HTTP 1.1", BYTES("GET / HTTP 1.1\r\n" HOST END), REFUSED("400")},
    {"9112 2.3: another protocol", BYTES("GET / ICAP/1.0\r\n" HOST END), REFUSED("400")},
};

static const struct smuggling_case targets[] = {
    {"9112 3.2.2: absolute-form, Host says the same",
     BYTES("GET http://localhost/ HTTP/1.1\r\n" HOST END), KEPT("200")},
    {"9112 3.2.2: absolute-form wins over Host",
     BYTES("GET https://other:1/a HTTP/1.1\r\n" HOST END), KEPT("200")},
    {"9112 3.2.2: absolute-form without a path", BYTES("GET http://a HTTP/1.1\r\n" HOST END),
     KEPT("200")},
    {"9112 3.2: absolute-form does not spare Host", BYTES("GET http://a/ HTTP/1.1\r\n" END),
     REFUSED("400")},
    {"9110 4.2.4: user information", BYTES("GET http://u@a/ HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9110 4.2.1: no host", BYTES("GET http:///a HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9110 4.2.1: a port and no host", BYTES("GET http://:80/a HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9110 4.2: a port that is none", BYTES("GET http://a:x/ HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3.2.2: one slash", BYTES("GET http:/a HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3.2.2: another scheme", BYTES("GET ftp://a/ HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3.2.2: a scheme of sockets is none of HTTP", BYTES("GET wss://a/ HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3.2.3: authority-form is for CONNECT", BYTES("GET localhost:443 HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3.2.4: asterisk-form for OPTIONS", BYTES("OPTIONS * HTTP/1.1\r\n" HOST END),
     KEPT("200")},
    {"9112 3.2.4: asterisk-form for GET", BYTES("GET * HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3.2.4: more than the asterisk", BYTES("OPTIONS */ HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3.2.1: a path without its slash", BYTES("GET a/b HTTP/1.1\r\n" HOST END),
     REFUSED("400")},
    {"9112 3.2.1: a query without a path", BYTES("GET ?a HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3.2: a fragment", BYTES("GET /#a HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3.2: a byte beyond ASCII", BYTES("GET /\xc3\xa4 HTTP/1.1\r\n" HOST END), REFUSED("400")},
    {"9112 3.2.1: two slashes are a path, not a host", BYTES("GET //a/ HTTP/1.1\r\n" HOST END),
     KEPT("200")},
    {"9112 3.2: what browsers leave unescaped in a query",
     BYTES("GET /?{a}|b^`\\ HTTP/1.1\r\n" HOST END), KEPT("200")},
    {"9112 3.2.1: an escaped CR LF stays escaped", BYTES("GET /%0d%0aX:%20y HTTP/1.1\r\n" HOST END),
     KEPT("200")},
};

/* --- each byte that cannot stand there */

static void add_byte(struct smuggling_table *t, const char *why, const char *before,
                     unsigned char byte, const char *after)
{
    char head[200];
    const size_t len = strlen(before);
    const size_t after_len = strlen(after);
    assert(len + 1 + after_len <= sizeof head);
    memcpy(head, before, len);
    head[len] = (char)byte;
    memcpy(head + len + 1, after, after_len);
    const struct smuggling_case row = {
        .why = why, .head = head, .head_len = len + 1 + after_len, .expect = REFUSED("400")};
    smuggling_add(t, &row);
}

static void add_controls(struct smuggling_table *t)
{
    for (unsigned c = 0; c <= 0x7f; c++) {
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f) {
            const unsigned char byte = (unsigned char)c;
            add_byte(t, "9110 5.5: a control in a value", GET HOST "X: a", byte, "b\r\n" END);
            add_byte(t, "9112 3.2: a control in the target", "GET /a", byte,
                     "b HTTP/1.1\r\n" HOST END);
        }
    }
    add_byte(t, "9112 3: NUL in front", "", 0, GET HOST END);
    add_byte(t, "9112 3: NUL behind the request line", "GET / HTTP/1.1", 0, "\r\n" HOST END);
    add_byte(t, "9112 5: NUL behind the colon", GET "Host:", 0, "localhost\r\n" END);
    add_byte(t, "9112 5: NUL behind the value", GET "Host: localhost", 0, "\r\n" END);
    add_byte(t, "9112 5: NUL in front of a name", GET, 0, HOST END);
}

/* RFC 9110 section 5.6.2: what is no tchar. A colon in a name is where it ends. */
static void add_separators(struct smuggling_table *t)
{
    for (const char *c = "\"(),/:;<=>?@[\\]{}\x80\xff"; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        add_byte(t, "9110 9.1: no byte of a method", "G", byte, "T / HTTP/1.1\r\n" HOST END);
        if (byte != ':') {
            add_byte(t, "9110 5.1: no byte of a name", GET HOST "X", byte, "Y: a\r\n" END);
        }
    }
}

void smuggling_lines(struct smuggling_table *t)
{
    smuggling_add_rows(t, line_ends, sizeof line_ends / sizeof line_ends[0]);
    smuggling_add_rows(t, request_lines, sizeof request_lines / sizeof request_lines[0]);
    smuggling_add_rows(t, versions, sizeof versions / sizeof versions[0]);
    smuggling_add_rows(t, targets, sizeof targets / sizeof targets[0]);
    add_controls(t);
    add_separators(t);
}
