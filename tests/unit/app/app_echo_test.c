/* The echo: nothing lost, nothing out of order, and an end to what it keeps. */
#include "app_echo.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct socket_fixture {
    struct tri_echo echo;
    struct tri_request *req;
    struct tri_ws ws;
    void *user;
};

static void open_socket(struct socket_fixture *f, size_t room)
{
    *f = (struct socket_fixture){.ws = {.room = room}};
    f->req = fake_request_new("GET", "/echo");
    tri_echo_handler.on_request(&f->echo, f->req);
    assert_int_equal(f->req->status, 101);
    f->user = f->req->user;
}

static void say(struct socket_fixture *f, enum tri_type type, const char *text)
{
    tri_echo_handler.on_message(f->user, &f->ws, type, (const uint8_t *)text, strlen(text));
}

static void drain(struct socket_fixture *f, size_t room)
{
    f->ws.room = room;
    tri_echo_handler.on_drain(f->user, &f->ws);
}

static void close_socket(struct socket_fixture *f)
{
    const struct tri_ws_end end = {.code = 1000, .reason = ""};
    tri_echo_handler.on_close(f->user, &f->ws, &end);
    assert_int_equal(f->echo.kept_bytes, 0);
    fake_request_free(f->req);
}

static void every_message_comes_back_with_its_type(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 10);
    say(&f, TRI_TEXT, "hello");
    say(&f, TRI_BINARY, "xy");
    say(&f, TRI_TEXT, "");
    assert_string_equal(f.ws.sent, "T5:hello;B2:xy;T0:;");
    close_socket(&f);
}

static void messages_wait_in_order_while_the_queue_is_full(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 1);
    say(&f, TRI_TEXT, "1");
    say(&f, TRI_TEXT, "2");
    say(&f, TRI_BINARY, "3");
    f.ws.room = 1; /* there is room now, but 4 may not overtake 2 */
    say(&f, TRI_TEXT, "4");
    assert_string_equal(f.ws.sent, "T1:1;");
    drain(&f, 2);
    assert_string_equal(f.ws.sent, "T1:1;T1:2;B1:3;");
    drain(&f, 10);
    assert_string_equal(f.ws.sent, "T1:1;T1:2;B1:3;T1:4;");
    assert_int_equal(f.echo.kept_bytes, 0);
    say(&f, TRI_TEXT, "5");
    assert_string_equal(f.ws.sent, "T1:1;T1:2;B1:3;T1:4;T1:5;");
    close_socket(&f);
}

static void what_is_kept_goes_with_its_socket(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 0);
    say(&f, TRI_TEXT, "kept");
    assert_true(f.echo.kept_bytes >= 4);
    close_socket(&f);
}

static void a_peer_that_never_reads_is_closed_with_1013(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 0);
    size_t len = TRI_ECHO_SOCKET_BYTES_MAX / 4;
    uint8_t *data = calloc(1, len);
    assert_non_null(data);
    for (int i = 0; i < 3; i++) {
        tri_echo_handler.on_message(f.user, &f.ws, TRI_BINARY, data, len);
        assert_string_equal(f.ws.sent, "");
    }
    tri_echo_handler.on_message(f.user, &f.ws, TRI_BINARY, data, len);
    assert_string_equal(f.ws.sent, "close(1013 slow consumer);");
    assert_int_equal(f.echo.kept_bytes, 0);
    free(data);
    close_socket(&f);
}

static void empty_messages_fill_what_is_kept_too(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 0);
    f.echo.kept_bytes = TRI_ECHO_TOTAL_BYTES_MAX; /* other sockets took it all */
    say(&f, TRI_TEXT, "");
    assert_string_equal(f.ws.sent, "close(1013 slow consumer);");
    assert_int_equal(f.echo.kept_bytes, TRI_ECHO_TOTAL_BYTES_MAX);
    f.echo.kept_bytes = 0;
    close_socket(&f);
}

static void a_socket_that_closes_is_sent_nothing(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 1);
    f.ws.broken = TRI_ERR_CLOSED;
    say(&f, TRI_TEXT, "late");
    assert_string_equal(f.ws.sent, "");
    assert_int_equal(f.echo.kept_bytes, 0);
    close_socket(&f);
}

static void kept_messages_go_when_the_socket_closed_before_it_drained(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, 0);
    say(&f, TRI_TEXT, "kept");
    f.ws.broken = TRI_ERR_CLOSED;
    drain(&f, 1);
    assert_int_equal(f.echo.kept_bytes, 0);
    close_socket(&f);
}

static void a_handshake_that_failed_leaves_nothing(void **state)
{
    (void)state;
    struct tri_echo echo = {0};
    struct tri_request *req = fake_request_new("GET", "/echo");
    req->accept_result = TRI_ERR_NOMEM;
    tri_echo_handler.on_request(&echo, req);
    assert_int_equal(req->status, 503);
    fake_request_free(req); /* the leak checker sees the rest */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_with_its_type),
        cmocka_unit_test(messages_wait_in_order_while_the_queue_is_full),
        cmocka_unit_test(what_is_kept_goes_with_its_socket),
        cmocka_unit_test(a_peer_that_never_reads_is_closed_with_1013),
        cmocka_unit_test(empty_messages_fill_what_is_kept_too),
        cmocka_unit_test(a_socket_that_closes_is_sent_nothing),
        cmocka_unit_test(kept_messages_go_when_the_socket_closed_before_it_drained),
        cmocka_unit_test(a_handshake_that_failed_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
