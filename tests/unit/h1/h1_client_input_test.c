/* The answer to an opening handshake: taken however it is split, and refused for each fault. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_call_rig.h"

static void a_right_answer_is_accepted_however_it_is_split(void **state)
{
    (void)state;
    static const char in[] = H1_CALL_101 "frames";
    for (size_t step = 1; step < sizeof in; step++) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        assert_string_equal(r.out, H1_CALL_REQUEST);
        h1_call_rig_drip(&r, in, sizeof in - 1, step);
        assert_int_equal(r.answers, 1);
        assert_true(r.is_accepted);
        assert_int_equal(r.status, 101);
        assert_int_equal(r.tenant.in_len, 6);
        assert_memory_equal(r.tenant.in, "frames", 6);
        assert_false(h1_call_rig_is_done(&r));
        assert_int_equal(r.err, TRI_OK);
        h1_call_rig_close(&r);
    }
}

static void fields_of_the_answer_are_given_with_names_in_lower_case(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_open(&r);
    h1_call_rig_text(&r,
                     "HTTP/1.1 101 \r\nUPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n"
                     "Sec-WebSocket-Accept:" H1_CALL_ACCEPT "\r\n"
                     "Set-Cookie: a=B \r\nX-Folded: one\r\n \t two\r\n\r\n");
    assert_true(r.is_accepted);
    assert_string_equal(r.fields, "upgrade: WebSocket\nconnection: keep-alive, upgrade\n"
                                  "sec-websocket-accept: " H1_CALL_ACCEPT "\n"
                                  "set-cookie: a=B\nx-folded: one   \t two\n");
    h1_call_rig_close(&r);
}

/* Gives |in| whole and byte by byte: it fails with |fault|, and |text| is in what is said of it. */
static void check_fault(const char *in, enum tri_fault fault, const char *text)
{
    for (size_t step = 1; step <= strlen(in); step += strlen(in) - (strlen(in) > 1)) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        h1_call_rig_drip(&r, in, strlen(in), step);
        assert_int_equal(r.fails, 1);
        assert_int_equal(r.answers, 0);
        assert_int_equal(r.end.fault, fault);
        if (!strstr(r.end.text, text)) {
            fail_msg("%s", r.end.text);
        }
        assert_int_equal(r.end.code, 0);
        assert_false(r.end.is_retryable);
        assert_true(r.err == TRI_ERR_PROTOCOL || r.err == TRI_ERR_LIMIT);
        assert_true(h1_call_rig_is_done(&r));
        assert_int_equal(tri_h1_client_calls.end(r.conn).fault, fault);
        assert_int_equal(tri_h1_client_calls.room(r.conn), 0);
        assert_int_equal(r.alloc.live, 1); /* the connection alone */
        h1_call_rig_close(&r);
    }
}

#define OK_LINE "HTTP/1.1 101 Switching Protocols\r\n"
#define OK_UPGRADE "Upgrade: websocket\r\n"
#define OK_CONNECTION "Connection: Upgrade\r\n"
#define OK_ACCEPT "Sec-WebSocket-Accept: " H1_CALL_ACCEPT "\r\n"

static void an_answer_101_that_breaks_RFC_6455_is_a_fault_of_the_handshake(void **state)
{
    (void)state;
    static const struct {
        const char *in, *text;
    } rows[] = {
        {OK_LINE OK_CONNECTION OK_ACCEPT "\r\n", "does not say Upgrade"},
        {OK_LINE "Upgrade: h2c\r\n" OK_CONNECTION OK_ACCEPT "\r\n", "does not say Upgrade"},
        {OK_LINE "Upgrade: websocket, h2c\r\n" OK_CONNECTION OK_ACCEPT "\r\n",
         "does not say Upgrade"},
        {OK_LINE OK_UPGRADE OK_UPGRADE OK_CONNECTION OK_ACCEPT "\r\n", "does not say Upgrade"},
        {OK_LINE OK_UPGRADE OK_ACCEPT "\r\n", "does not say Connection"},
        {OK_LINE OK_UPGRADE "Connection: close\r\n" OK_ACCEPT "\r\n", "does not say Connection"},
        {OK_LINE OK_UPGRADE OK_CONNECTION "\r\n", "has no Sec-WebSocket-Accept"},
        {OK_LINE OK_UPGRADE OK_CONNECTION OK_ACCEPT OK_ACCEPT "\r\n", "more than one"},
        {OK_LINE OK_UPGRADE OK_CONNECTION
         "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         "does not belong to the key"},
        {OK_LINE OK_UPGRADE OK_CONNECTION "Sec-WebSocket-Accept:\r\n\r\n",
         "does not belong to the key"},
        {"HTTP/1.0 101 X\r\n" OK_UPGRADE OK_CONNECTION OK_ACCEPT "\r\n", "HTTP/1.0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_fault(rows[i].in, TRI_FAULT_HANDSHAKE, rows[i].text);
    }
}

static void an_answer_that_breaks_HTTP_is_a_fault_of_the_protocol(void **state)
{
    (void)state;
    static const struct {
        const char *in, *text;
    } rows[] = {
        {"SSH-2.0-OpenSSH\r\n\r\n", "is not HTTP/1.1"},
        {"HTTP/2 200 OK\r\n\r\n", "is not HTTP/1.1"},
        {"HTTP/1.\r\n\r\n", "is not HTTP/1.1"},
        {"http/1.1 200 OK\r\n\r\n", "is not HTTP/1.1"},
        {"HTTP/1.12 200 OK\r\n\r\n", "status line"},
        {"HTTP/1.1\r\n\r\n", "status line"},
        {"HTTP/1.1 200\r\n\r\n", "status line"},
        {"HTTP/1.1 2000 OK\r\n\r\n", "status line"},
        {"HTTP/1.1 20 OK\r\n\r\n", "status line"},
        {"HTTP/1.1  200 OK\r\n\r\n", "status line"},
        {"HTTP/1.1 099 OK\r\n\r\n", "status line"},
        {"HTTP/1.1 600 OK\r\n\r\n", "status line"},
        {"HTTP/1.1 -10 OK\r\n\r\n", "status line"},
        {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "not a field"},
        {"HTTP/1.1 200 OK\r\nname : space\r\n\r\n", "not a field"},
        {"HTTP/1.1 200 OK\r\n folded: first\r\n\r\n", "not a field"},
        {"HTTP/1.1 200 OK\r\n: nameless\r\n\r\n", "not a field"},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", "a byte or a line's end"},
        {"HTTP/1.1 200 OK\n\n", "a byte or a line's end"},
        {"HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n", "a byte or a line's end"},
        {"HTTP/1.1 200 O\x01K\r\n\r\n", "a byte or a line's end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_fault(rows[i].in, TRI_FAULT_PROTOCOL, rows[i].text);
    }
}

static void a_refusal_is_told_with_its_status_and_ends_the_connection(void **state)
{
    (void)state;
    static const char in[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX: y\r\n\r\nbody";
    for (size_t step = 1; step < sizeof in; step++) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        h1_call_rig_drip(&r, in, sizeof in - 1, step);
        assert_int_equal(r.answers, 1);
        assert_false(r.is_accepted);
        assert_int_equal(r.status, 403);
        assert_string_equal(r.fields, "content-length: 4\nx: y\n");
        assert_int_equal(r.err, TRI_OK);
        assert_true(h1_call_rig_is_done(&r));
        assert_int_equal(tri_h1_client_calls.end(r.conn).fault, TRI_FAULT_NONE);
        assert_int_equal(r.alloc.live, 1);
        h1_call_rig_close(&r);
    }
}

static void a_success_without_a_switch_is_no_acceptance(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_open(&r);
    h1_call_rig_text(&r, "HTTP/1.0 200 OK\r\n" OK_UPGRADE OK_CONNECTION OK_ACCEPT "\r\n");
    assert_int_equal(r.answers, 1);
    assert_false(r.is_accepted);
    assert_int_equal(r.status, 200);
    h1_call_rig_close(&r);
}

static void interim_responses_are_passed_over_up_to_a_limit(void **state)
{
    (void)state;
    for (unsigned count = 0; count <= TRI_ANSWER_INTERIM_MAX + 1; count++) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        for (unsigned i = 0; i < count; i++) {
            h1_call_rig_text(&r, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
        }
        h1_call_rig_text(&r, H1_CALL_101);
        assert_int_equal(r.answers, count <= TRI_ANSWER_INTERIM_MAX);
        assert_int_equal(r.fails, count > TRI_ANSWER_INTERIM_MAX);
        assert_int_equal(r.end.fault, r.fails ? TRI_FAULT_PROTOCOL : TRI_FAULT_NONE);
        h1_call_rig_close(&r);
    }
}

/* A head of |fields| fields after the status line, and |len| bytes in all. */
static char *make_head(size_t fields, size_t len)
{
    static const char end[] = {'\r', '\n', '\r', '\n'};
    char *head = malloc(len + 1);
    assert_non_null(head);
    memset(head, 'x', len);
    head[len] = '\0';
    size_t at = (size_t)snprintf(head, len, "HTTP/1.1 404 Not Found\r\n");
    for (size_t i = 1; i < fields; i++) {
        at += (size_t)snprintf(head + at, len - at, "a: b\r\n");
    }
    at += (size_t)snprintf(head + at, len - at, "long:");
    assert_true(at + sizeof end < len);
    head[at] = ' '; /* where the text ended */
    memcpy(head + len - sizeof end, end, sizeof end);
    return head;
}

static void a_head_may_be_64_KiB_long_and_have_256_fields_and_no_more(void **state)
{
    (void)state;
    static const struct {
        size_t fields, len;
        bool is_fine;
    } rows[] = {
        {1, TRI_RESPONSE_HEAD_BYTES_MAX, true},
        {1, TRI_RESPONSE_HEAD_BYTES_MAX + 1, false},
        {TRI_ANSWER_FIELDS_MAX, 4096, true},
        {TRI_ANSWER_FIELDS_MAX + 1, 4096, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        char *head = make_head(rows[i].fields, rows[i].len);
        h1_call_rig_drip(&r, head, rows[i].len, 1000);
        free(head);
        assert_int_equal(r.answers, rows[i].is_fine);
        assert_int_equal(r.fails, !rows[i].is_fine);
        assert_int_equal(r.err, rows[i].is_fine ? TRI_OK : TRI_ERR_LIMIT);
        assert_int_equal(r.end.fault, rows[i].is_fine ? TRI_FAULT_NONE : TRI_FAULT_PROTOCOL);
        h1_call_rig_close(&r);
    }
}

static void a_server_that_speaks_first_is_not_spoken_to(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_init(&r);
    r.waits = true;
    assert_true(h1_call_rig_open_as(&r));
    h1_call_rig_text(&r, "H");
    assert_int_equal(r.fails + r.answers, 0); /* there is no call to tell it to */
    assert_int_equal(r.err, TRI_ERR_PROTOCOL);
    assert_true(h1_call_rig_is_done(&r));
    assert_int_equal(tri_h1_client_calls.end(r.conn).fault, TRI_FAULT_PROTOCOL);
    h1_call_rig_ask(&r);
    assert_int_equal(r.open_err, TRI_ERR_CLOSED);
    h1_call_rig_close(&r);
}

static void the_end_of_the_server_before_its_answer_is_told(void **state)
{
    (void)state;
    static const char *const before[] = {"", "HTTP/1.1 10", "HTTP/1.1 100 Continue\r\n\r\n"};
    for (size_t i = 0; i < 2 * sizeof before / sizeof *before; i++) {
        const bool orderly = i % 2 == 0;
        struct h1_call_rig r;
        h1_call_rig_open(&r);
        h1_call_rig_text(&r, before[i / 2]);
        h1_call_rig_eof(&r, orderly);
        assert_int_equal(r.fails, 1);
        assert_int_equal(r.end.fault, TRI_FAULT_LOST);
        assert_non_null(strstr(r.end.text, orderly ? "without an answer" : "broke"));
        assert_int_equal(h1_call_rig_is_done(&r), orderly);
        assert_int_equal(h1_call_rig_is_aborted(&r), !orderly);
        h1_call_rig_close(&r);
    }
}

static void bytes_behind_an_end_are_passed_over(void **state)
{
    (void)state;
    struct h1_call_rig r;
    h1_call_rig_open(&r);
    h1_call_rig_text(&r, H1_CALL_101 "in");
    h1_call_rig_eof(&r, true);
    h1_call_rig_text(&r, "late");
    assert_int_equal(r.tenant.in_len, 2);
    assert_int_equal(r.tenant.fins, 1);
    h1_call_rig_eof(&r, true);
    assert_int_equal(r.tenant.fins, 1);
    h1_call_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_answer_is_accepted_however_it_is_split),
        cmocka_unit_test(fields_of_the_answer_are_given_with_names_in_lower_case),
        cmocka_unit_test(an_answer_101_that_breaks_RFC_6455_is_a_fault_of_the_handshake),
        cmocka_unit_test(an_answer_that_breaks_HTTP_is_a_fault_of_the_protocol),
        cmocka_unit_test(a_refusal_is_told_with_its_status_and_ends_the_connection),
        cmocka_unit_test(a_success_without_a_switch_is_no_acceptance),
        cmocka_unit_test(interim_responses_are_passed_over_up_to_a_limit),
        cmocka_unit_test(a_head_may_be_64_KiB_long_and_have_256_fields_and_no_more),
        cmocka_unit_test(a_server_that_speaks_first_is_not_spoken_to),
        cmocka_unit_test(the_end_of_the_server_before_its_answer_is_told),
        cmocka_unit_test(bytes_behind_an_end_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
