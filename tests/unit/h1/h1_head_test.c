#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_head.h"

#define FIELDS_MAX 32

/* A head on memory of exactly its size. */
struct parsed {
    uint8_t *bytes;
    struct tri_field fields[FIELDS_MAX];
    struct tri_h1_head head;
    enum tri_err err;
};

static void parse(struct parsed *p, const char *text)
{
    const size_t len = strlen(text);
    p->bytes = malloc(len);
    assert_non_null(p->bytes);
    memcpy(p->bytes, text, len);
    p->err = tri_h1_head_parse(&p->head, p->bytes, len, p->fields, FIELDS_MAX);
}

static void check_slice(struct tri_slice got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.data, want, got.len);
}

static void check_status(const char *text, int status)
{
    struct parsed p;
    parse(&p, text);
    if (p.head.status != status) {
        print_error("%s\n", text);
    }
    assert_int_equal(p.head.status, status);
    assert_int_equal(p.err, status == 0 ? TRI_OK : TRI_ERR_PROTOCOL);
    free(p.bytes);
}

/* The same with a Host field, so that nothing else is wrong. */
static void check_fields(const char *fields, int status)
{
    char text[1024] = "GET / HTTP/1.1\r\nHost: a\r\n";
    assert_true(strlen(text) + strlen(fields) + 3 < sizeof text);
    memcpy(text + strlen(text), fields, strlen(fields) + 1);
    memcpy(text + strlen(text), "\r\n", 3);
    check_status(text, status);
}

static void reads_a_whole_request_head(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "GET /a/b?c=d HTTP/1.1\r\nHost: localhost:8443\r\nUser-AGENT:x\r\n"
              "Empty:\r\nspaced:  \t a b \t \r\nX-*!#$%&'+.^_`|~9: \x80\xff\r\n\r\n");
    assert_int_equal(p.err, TRI_OK);
    check_slice(p.head.request.method, "GET");
    check_slice(p.head.request.path, "/a/b?c=d");
    check_slice(p.head.request.authority, "localhost:8443");
    check_slice(p.head.request.scheme, "");
    check_slice(p.head.request.protocol, "");
    assert_int_equal(p.head.minor, 1);
    assert_true(p.head.keeps_alive);
    assert_false(p.head.is_chunked);
    assert_int_equal(p.head.body_len, 0);
    assert_int_equal(p.head.request.fields_len, 5);
    const struct tri_field *f = p.head.request.fields;
    check_slice(f[0].name, "host");
    check_slice(f[0].value, "localhost:8443");
    check_slice(f[1].name, "user-agent");
    check_slice(f[1].value, "x");
    check_slice(f[2].name, "empty");
    check_slice(f[2].value, "");
    check_slice(f[3].value, "a b");
    check_slice(f[4].name, "x-*!#$%&'+.^_`|~9");
    check_slice(f[4].value, "\x80\xff");
    free(p.bytes);
}

static void the_empty_line_that_a_scan_passes_over_is_passed_over(void **state)
{
    (void)state;
    check_status("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0);
}

static void U7_a_request_line_of_another_form_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "GET /",           "GET / ",           "GET",
        "GET  / HTTP/1.1", "GET /  HTTP/1.1",  "GET / HTTP/1.1 ",
        " GET / HTTP/1.1", "GET\t/ HTTP/1.1",  "GET /a b HTTP/1.1",
        "GET /\tHTTP/1.1", "GET HTTP/1.1",     "G@T / HTTP/1.1",
        "GET: / HTTP/1.1", "(GET) / HTTP/1.1", " / HTTP/1.1",
        "GET / http/1.1",  "GET / HTTP/11",    "GET / HTTP/1",
        "GET / HTTP/1.",   "GET / HTTP/1.10",  "GET / HTTP/01.1",
        "GET / HTTP/1,1",  "GET / HTTP/a.1",   "GET / HTTP/1.a",
        "GET / HTTPS/1.1", "GET / HTTP 1.1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s\r\nHost: a\r\n\r\n", lines[i]);
        check_status(text, 400);
    }
}

static void other_versions_of_HTTP_are_refused_with_505(void **state)
{
    (void)state;
    check_status("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    check_status("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505);
    check_status("GET / HTTP/3.1\r\nHost: a\r\n\r\n", 505);
    check_status("GET / HTTP/1.0\r\nHost: a\r\n\r\n", 0);
    check_status("GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0);
}

static void N3_the_preface_of_HTTP_2_is_refused(void **state)
{
    (void)state;
    check_status("PRI * HTTP/2.0\r\n\r\n", 505);
}

static void U6_CONNECT_is_refused_whatever_its_target(void **state)
{
    (void)state;
    check_status("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501);
    check_status("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    check_status("CONNECT a:443 HTTP/1.0\r\n\r\n", 501);
}

static void reads_targets_in_absolute_and_asterisk_form(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *scheme, *authority, *path;
    } cases[] = {
        {"GET", "https://b:1/c?d", "https", "b:1", "/c?d"},
        {"GET", "HTTP://b/", "http", "b", "/"},
        {"GET", "https://b", "https", "b", "/"},
        {"GET", "https://[::1]:8443/x//y", "https", "[::1]:8443", "/x//y"},
        {"OPTIONS", "*", "", "a", "*"},
        {"GET", "//b/c", "", "a", "//b/c"},
        {"GET", "/https://b/", "", "a", "/https://b/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].method,
                 cases[i].target);
        struct parsed p;
        parse(&p, text);
        assert_int_equal(p.err, TRI_OK);
        check_slice(p.head.request.scheme, cases[i].scheme);
        check_slice(p.head.request.authority, cases[i].authority);
        check_slice(p.head.request.path, cases[i].path);
        free(p.bytes);
    }
}

static void refuses_targets_of_no_form(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "a",       "a/b",           "*",           "**",           "?a",           "#",
        "/a#b",    "https:/",       "https://",    "https:///a",   "https://u@b/", "ftp://b/",
        "https:b", "ws://b/",       "https://b?x", "https://b c/", "/\x80",        "/\xc3\xa9",
        "h",       "https://b\\c/",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        check_status(text, 400);
    }
}

static void U5_Host_must_be_there_once_and_well_formed(void **state)
{
    (void)state;
    check_status("GET / HTTP/1.1\r\n\r\n", 400);
    check_status("GET / HTTP/1.0\r\n\r\n", 400);
    check_status("GET https://a/ HTTP/1.1\r\n\r\n", 400);
    check_fields("Host: a\r\n", 400);
    check_fields("hOST: b\r\n", 400);
    static const char *const bad[] = {"",     "a/b",   "a b", "u@a",  "a?b",      "a#b",
                                      "a\\b", "\"a\"", "<a>", "a\tb", "\xc3\xa9", "a{b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
        check_status(text, 400);
    }
}

static void U7_malformed_fields_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a\r\n",
        "a b: c\r\n",
        "a : b\r\n",
        "a\t: b\r\n",
        " a: b\r\n",
        "\ta: b\r\n",
        ": b\r\n",
        ":\r\n",
        "a[]: b\r\n",
        "a\x80: b\r\n",
        "X: y\r\n z\r\n", /* obs-fold */
        "X: y\r\n\tz: 1\r\n",
        "\"a\": b\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_fields(bad[i], 400);
    }
    check_fields("a:b:c\r\n", 0);
}

static void reads_the_length_of_a_body(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint64_t len;
    } cases[] = {
        {"0", 0},
        {"17", 17},
        {"0017", 17},
        {"18446744073709551614", UINT64_MAX - 1},
        {"18446744073709551616", UINT64_MAX},
        {"99999999999999999999999999", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n",
                 cases[i].value);
        struct parsed p;
        parse(&p, text);
        assert_int_equal(p.err, TRI_OK);
        assert_true(p.head.body_len == cases[i].len);
        free(p.bytes);
    }
}

static void U7_a_length_that_is_not_one_number_is_refused(void **state)
{
    (void)state;
    check_fields("Content-Length:\r\n", 400);
    check_fields("Content-Length: -1\r\n", 400);
    check_fields("Content-Length: +1\r\n", 400);
    check_fields("Content-Length: 1 2\r\n", 400);
    check_fields("Content-Length: 0x1\r\n", 400);
    check_fields("Content-Length: 5, 5\r\n", 400);
    check_fields("Content-Length: 5\r\nContent-Length: 5\r\n", 400);
    check_fields("Content-Length: 5\r\nContent-Length: 6\r\n", 400);
}

static void reads_chunked_as_the_only_coding(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: , ChunkeD,\r\n\r\n");
    assert_int_equal(p.err, TRI_OK);
    assert_true(p.head.is_chunked);
    assert_int_equal(p.head.body_len, 0);
    free(p.bytes);
}

static void U7_other_framings_are_refused(void **state)
{
    (void)state;
    check_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400);
    check_fields("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400);
    check_fields("Transfer-Encoding:\r\n", 400);
    check_fields("Transfer-Encoding: gzip\r\n", 400);
    check_fields("Transfer-Encoding: identity\r\n", 400);
    check_fields("Transfer-Encoding: xchunked\r\n", 400);
    check_fields("Transfer-Encoding: chunked;q=1\r\n", 400);
    check_fields("Transfer-Encoding: \"chunked\"\r\n", 400);
    check_fields("Transfer-Encoding: chunked, gzip\r\n", 400);
    check_fields("Transfer-Encoding: chunked, chunked\r\n", 400);
    check_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400);
    check_fields("Transfer-Encoding: gzip, chunked\r\n", 501);
    check_fields("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501);
    check_status("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
}

static void U8_knows_who_wants_the_connection_kept(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        bool keeps;
    } cases[] = {
        {"HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", true},
        {"HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", false},
        {"HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", false},
        {"HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.0\r\nHost: a\r\n\r\n", false},
        {"HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET / %s", cases[i].rest);
        struct parsed p;
        parse(&p, text);
        assert_int_equal(p.err, TRI_OK);
        assert_int_equal(p.head.keeps_alive, cases[i].keeps);
        free(p.bytes);
    }
}

static void knows_one_expectation(void **state)
{
    (void)state;
    check_fields("Expect: 100-Continue\r\n", 0);
    check_fields("Expect: something\r\n", 417);
    check_fields("Expect: 100-continue\r\nExpect: 100-continue\r\n", 417);
    check_status("GET / HTTP/1.0\r\nHost: a\r\nExpect: something\r\n\r\n", 0);
    struct parsed p;
    parse(&p, "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
    assert_true(p.head.expects_continue);
    free(p.bytes);
    parse(&p, "GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
    assert_false(p.head.expects_continue);
    free(p.bytes);
}

static void a_readable_method_is_told_even_with_an_error(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "HEAD / HTTP/1.1\r\n\r\n");
    assert_int_equal(p.err, TRI_ERR_PROTOCOL);
    check_slice(p.head.request.method, "HEAD");
    free(p.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_request_head),
        cmocka_unit_test(the_empty_line_that_a_scan_passes_over_is_passed_over),
        cmocka_unit_test(U7_a_request_line_of_another_form_is_refused),
        cmocka_unit_test(other_versions_of_HTTP_are_refused_with_505),
        cmocka_unit_test(N3_the_preface_of_HTTP_2_is_refused),
        cmocka_unit_test(U6_CONNECT_is_refused_whatever_its_target),
        cmocka_unit_test(reads_targets_in_absolute_and_asterisk_form),
        cmocka_unit_test(refuses_targets_of_no_form),
        cmocka_unit_test(U5_Host_must_be_there_once_and_well_formed),
        cmocka_unit_test(U7_malformed_fields_are_refused),
        cmocka_unit_test(reads_the_length_of_a_body),
        cmocka_unit_test(U7_a_length_that_is_not_one_number_is_refused),
        cmocka_unit_test(reads_chunked_as_the_only_coding),
        cmocka_unit_test(U7_other_framings_are_refused),
        cmocka_unit_test(U8_knows_who_wants_the_connection_kept),
        cmocka_unit_test(knows_one_expectation),
        cmocka_unit_test(a_readable_method_is_told_even_with_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
