/* Fields: their form, Host, the options of a connection, expectations, and limits. */
#include "smuggling_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base_limits.h"

#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n"
#define HOST "Host: localhost\r\n"
#define END "\r\n"

static const struct smuggling_case forms[] = {
    {"9112 5: no space behind the colon", BYTES(GET "Host:localhost\r\n" END), KEPT("200")},
    {"9112 5: space around the value", BYTES(GET "Host: \t localhost \t \r\n" END), KEPT("200")},
    {"9112 5: an empty value", BYTES(GET HOST "X:\r\n" END), KEPT("200")},
    {"9112 5: a value of colons", BYTES(GET HOST "X: :a::b:\r\n" END), KEPT("200")},
    {"9110 5.5: a value beyond ASCII", BYTES(GET HOST "X: \x80\xff\r\n" END), KEPT("200")},
    {"9110 5.1: every tchar", BYTES(GET HOST "!#$%&'*+-.^_`|~09aZ: a\r\n" END), KEPT("200")},
    {"9110 5.1: an underscore is not a hyphen",
     BYTES(POST HOST "Content_Length: 43\r\nTransfer_Encoding: chunked\r\n" END), KEPT("200")},
    {"9112 5.1: a space before the colon", BYTES(GET "Host : localhost\r\n" END), REFUSED("400")},
    {"9112 5.1: a tab before the colon", BYTES(GET "Host\t: localhost\r\n" END), REFUSED("400")},
    {"9112 5.1: a space before a length's colon", BYTES(POST HOST "Content-Length : 43\r\n" END),
     REFUSED("400")},
    {"9112 5.1: a space before a coding's colon",
     BYTES(POST HOST "Transfer-Encoding : chunked\r\n" END), REFUSED("400")},
    {"9112 5.1: a space in a name", BYTES(GET HOST "X Y: a\r\n" END), REFUSED("400")},
    {"9112 5: no name", BYTES(GET HOST ": a\r\n" END), REFUSED("400")},
    {"9112 5: only a colon", BYTES(GET HOST ":\r\n" END), REFUSED("400")},
    {"9112 5: no colon", BYTES(GET HOST "X\r\n" END), REFUSED("400")},
    {"9112 5: no colon in the first line", BYTES(GET "localhost\r\n" HOST END), REFUSED("400")},
    {"9112 5: a second request line", BYTES(GET GET HOST END), REFUSED("400")},
    {"9112 5.2: a folded line", BYTES(GET HOST "X: a\r\n b\r\n" END), REFUSED("400")},
    {"9112 5.2: folded with a tab", BYTES(GET HOST "X: a\r\n\tb\r\n" END), REFUSED("400")},
    {"9112 5.2: folded to nothing", BYTES(GET HOST "X: a\r\n \r\n" END), REFUSED("400")},
    {"9112 5.2: a folded Host", BYTES(GET "Host:\r\n localhost\r\n" END), REFUSED("400")},
    {"9112 5.2: a folded length", BYTES(POST HOST "Content-Length:\r\n 43\r\n" END),
     REFUSED("400")},
    {"9112 5.2: a folded coding", BYTES(POST HOST "Transfer-Encoding:\r\n chunked\r\n" END),
     REFUSED("400")},
    {"9112 5.2: a length that looks folded", BYTES(POST HOST "X: a\r\n Content-Length: 43\r\n" END),
     REFUSED("400")},
};

static const struct smuggling_case hosts[] = {
    {"9112 3.2: a host with a port", BYTES(GET "Host: localhost:8443\r\n" END), KEPT("200")},
    {"9110 7.2: an address in brackets", BYTES(GET "Host: [::1]:8443\r\n" END), KEPT("200")},
    {"9112 3.2: no Host", BYTES(GET END), REFUSED("400")},
    {"9112 3.2: no Host on HTTP/1.0 either", BYTES("GET / HTTP/1.0\r\n" END), REFUSED("400")},
    {"9112 3.2: no Host, but an option", BYTES(GET "Connection: close\r\n" END), REFUSED("400")},
    {"9112 3.2: an empty Host", BYTES(GET "Host:\r\n" END), REFUSED("400")},
    {"9112 3.2: a Host of space", BYTES(GET "Host: \t\r\n" END), REFUSED("400")},
    {"9112 3.2: two, different", BYTES(GET HOST "Host: other\r\n" END), REFUSED("400")},
    {"9112 3.2: two, the same", BYTES(GET HOST HOST END), REFUSED("400")},
    {"9112 3.2: two, in other case", BYTES(GET HOST "hOST: localhost\r\n" END), REFUSED("400")},
    {"9112 3.2: two, one empty", BYTES(GET HOST "Host:\r\n" END), REFUSED("400")},
    {"9112 3.2: two, far apart", BYTES(GET HOST "A: b\r\nC: d\r\n" HOST END), REFUSED("400")},
    {"9112 3.2: two beside an absolute target",
     BYTES("GET http://localhost/ HTTP/1.1\r\n" HOST HOST END), REFUSED("400")},
    {"9110 7.2: a list", BYTES(GET "Host: localhost, other\r\n" END), REFUSED("400")},
    {"9110 7.2: a path", BYTES(GET "Host: localhost/a\r\n" END), REFUSED("400")},
    {"9110 7.2: a query", BYTES(GET "Host: localhost?a\r\n" END), REFUSED("400")},
    {"9110 7.2: a fragment", BYTES(GET "Host: localhost#a\r\n" END), REFUSED("400")},
    {"9110 7.2: user information", BYTES(GET "Host: u@localhost\r\n" END), REFUSED("400")},
    {"9110 7.2: a scheme", BYTES(GET "Host: http://localhost\r\n" END), REFUSED("400")},
    {"9110 7.2: a space", BYTES(GET "Host: local host\r\n" END), REFUSED("400")},
    {"9110 7.2: a backslash", BYTES(GET "Host: localhost\\a\r\n" END), REFUSED("400")},
    {"9110 7.2: a byte beyond ASCII", BYTES(GET "Host: localh\xc3\xb6st\r\n" END), REFUSED("400")},
    {"9110 7.2: a port and no host", BYTES(GET "Host: :443\r\n" END), REFUSED("400")},
    {"9110 7.2: a port of letters", BYTES(GET "Host: localhost:https\r\n" END), REFUSED("400")},
    {"9110 7.2: a port with a sign", BYTES(GET "Host: localhost:+443\r\n" END), REFUSED("400")},
    {"9110 7.2: two ports", BYTES(GET "Host: localhost:1:2\r\n" END), REFUSED("400")},
    {"9110 7.2: a bracket alone", BYTES(GET "Host: [::1\r\n" END), REFUSED("400")},
    {"9110 7.2: something behind the bracket", BYTES(GET "Host: [::1]a\r\n" END), REFUSED("400")},
    {"9110 7.2: an address without brackets", BYTES(GET "Host: ::1\r\n" END), REFUSED("400")},
    {"9110 7.2: half an escape", BYTES(GET "Host: localhost%4\r\n" END), REFUSED("400")},
};

static const struct smuggling_case options[] = {
    {"9112 9.6: close", BYTES(GET HOST "Connection: close\r\n" END), LAST("200")},
    {"9112 9.6: Close", BYTES(GET HOST "Connection: CLOSE\r\n" END), LAST("200")},
    {"9112 9.3: close wins over keep-alive",
     BYTES(GET HOST "Connection: keep-alive, close\r\n" END), LAST("200")},
    {"9112 9.3: in two lines too",
     BYTES(GET HOST "Connection: close\r\nConnection: keep-alive\r\n" END), LAST("200")},
    {"9110 7.6.1: close among empty elements", BYTES(GET HOST "Connection: ,, close ,\r\n" END),
     LAST("200")},
    {"9110 7.6.1: an option that only begins so", BYTES(GET HOST "Connection: closed\r\n" END),
     KEPT("200")},
    {"9110 7.6.1: Host as an option drops no Host", BYTES(GET HOST "Connection: Host\r\n" END),
     KEPT("200")},
    {"9110 7.6.1: nor Content-Length a length",
     BYTES(POST HOST "Connection: Content-Length\r\nContent-Length: 5\r\n" END "hello"),
     KEPT("200")},
    {"9110 7.6.1: nor Transfer-Encoding a coding",
     BYTES(POST HOST "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n" END
                     "5\r\nhello\r\n0\r\n\r\n"),
     KEPT("200")},
    {"9110 10.1.1: 100, then the answer",
     BYTES(POST HOST "Expect: 100-continue\r\nContent-Length: 5\r\n" END "hello"),
     "100 " KEPT("200")},
    {"9110 10.1.1: no body, no 100", BYTES(GET HOST "Expect: 100-Continue\r\n" END), KEPT("200")},
    {"9110 10.1.1: HTTP/1.0 cannot expect",
     BYTES("POST / HTTP/1.0\r\n" HOST "Expect: x\r\nContent-Length: 5\r\n" END "hello"),
     LAST("200")},
    {"9110 10.1.1: another expectation", BYTES(GET HOST "Expect: 200-ok\r\n" END), REFUSED("417")},
    {"9110 10.1.1: a list", BYTES(GET HOST "Expect: 100-continue, x\r\n" END), REFUSED("417")},
    {"9110 10.1.1: two", BYTES(GET HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n" END),
     REFUSED("417")},
    {"9110 10.1.1: no 100 before a body that is too long",
     BYTES(POST HOST "Expect: 100-continue\r\nContent-Length: 1048577\r\n" END), REFUSED("413")},
};

/* --- limits */

/* |before|, |count| times |unit|, |after| */
static void add_long(struct smuggling_table *t, struct smuggling_case row, const char *before,
                     const char *unit, size_t count, const char *after)
{
    const size_t unit_len = strlen(unit);
    const size_t len = strlen(before) + count * unit_len + strlen(after);
    char *head = malloc(len + 1);
    assert(head);
    char *at = head;
    memcpy(at, before, strlen(before));
    at += strlen(before);
    for (size_t i = 0; i < count; i++, at += unit_len) {
        memcpy(at, unit, unit_len);
    }
    memcpy(at, after, strlen(after) + 1);
    row.head = head;
    row.head_len = len;
    smuggling_add(t, &row);
    free(head);
}

#define ROW(because, what) ((struct smuggling_case){.why = (because), .expect = (what)})

static void add_limits(struct smuggling_table *t)
{
    const size_t target = TRI_REQUEST_LINE_BYTES_MAX - (sizeof "GET / HTTP/1.1" - 1);
    const size_t value = TRI_REQUEST_HEAD_BYTES_MAX - (sizeof GET HOST "X: \r\n\r\n" - 1);
    const size_t fields = TRI_REQUEST_FIELDS_MAX - 1; /* and Host */
    const char *after = " HTTP/1.1\r\n" HOST END;
    add_long(t, ROW("9112 3: a request line at its limit", KEPT("200")), "GET /", "a", target,
             after);
    add_long(t, ROW("9112 3: one byte over it", REFUSED("414")), "GET /", "a", target + 1, after);
    add_long(t, ROW("9112 3: far over it", REFUSED("414")), "GET /", "a", 30000, after);
    add_long(t, ROW("9112 3: a method as long", REFUSED("414")), "", "A", 10000, " / HTTP/1.1\r\n");
    add_long(t, ROW("9110 5.4: a head at its limit", KEPT("200")), GET HOST "X: ", "a", value,
             "\r\n" END);
    add_long(t, ROW("9110 5.4: one byte over it", REFUSED("431")), GET HOST "X: ", "a", value + 1,
             "\r\n" END);
    add_long(t, ROW("9110 5.4: a name without an end", REFUSED("431")), GET HOST, "a", 20000, "");
    add_long(t, ROW("9110 5.4: a length behind the limit", REFUSED("431")), POST HOST "X: ", "a",
             17000, "\r\nContent-Length: 43\r\n" END);
    add_long(t, ROW("9110 5.4: 100 fields", KEPT("200")), GET HOST, "X: y\r\n", fields, END);
    add_long(t, ROW("9110 5.4: 101 fields", REFUSED("431")), GET HOST, "X: y\r\n", fields + 1, END);
    add_long(t, ROW("9110 5.4: a coding as the 101st", REFUSED("431")), POST HOST, "X: y\r\n",
             fields, "Transfer-Encoding: chunked\r\n" END);
}

void smuggling_fields(struct smuggling_table *t)
{
    smuggling_add_rows(t, forms, sizeof forms / sizeof forms[0]);
    smuggling_add_rows(t, hosts, sizeof hosts / sizeof hosts[0]);
    smuggling_add_rows(t, options, sizeof options / sizeof options[0]);
    add_limits(t);
}
