/* The echo: nothing lost, nothing out of order, and one message held at most. */
#include "app_echo.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

struct socket_fixture {
    struct tri_echo echo;
    struct tri_request *req;
    struct tri_ws ws;
    void *user;
};

static void open_socket(struct socket_fixture *f, enum tri_slow slow, size_t room)
{
    *f = (struct socket_fixture){.echo = {.slow = slow}, .ws = {.room = room, .slow = slow}};
    f->req = fake_request_new("GET", "/echo");
    tri_echo_handler.on_request(&f->echo, f->req);
    assert_int_equal(f->req->status, 101);
    f->user = f->req->user;
}

/* In memory of its own, which is gone afterwards. */
static void say(struct socket_fixture *f, enum tri_type type, const char *text)
{
    char data[64];
    size_t len = strlen(text);
    assert_true(len < sizeof data);
    memcpy(data, text, len);
    tri_echo_handler.on_message(f->user, &f->ws, type, (const uint8_t *)data, len);
    memset(data, '#', sizeof data);
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
    fake_request_free(f->req); /* the leak checker sees what was kept */
}

static void every_message_comes_back_with_its_type(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 10);
    say(&f, TRI_TEXT, "hello");
    say(&f, TRI_BINARY, "xy");
    say(&f, TRI_TEXT, "");
    assert_string_equal(f.ws.sent, "T5:hello;B2:xy;T0:;");
    close_socket(&f);
}

static void the_one_that_finds_no_room_waits_and_the_socket_with_it(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    say(&f, TRI_TEXT, "1");
    say(&f, TRI_BINARY, "2");
    assert_string_equal(f.ws.sent, "T1:1;pause;");
    drain(&f, 0); /* not enough yet */
    assert_string_equal(f.ws.sent, "T1:1;pause;");
    drain(&f, 2);
    assert_string_equal(f.ws.sent, "T1:1;pause;B1:2;resume;");
    say(&f, TRI_TEXT, "3");
    say(&f, TRI_TEXT, "");
    assert_string_equal(f.ws.sent, "T1:1;pause;B1:2;resume;T1:3;pause;");
    drain(&f, 1);
    assert_string_equal(f.ws.sent, "T1:1;pause;B1:2;resume;T1:3;pause;T0:;resume;");
    close_socket(&f);
}

static void a_drain_with_nothing_kept_is_harmless(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    drain(&f, 1);
    assert_string_equal(f.ws.sent, "");
    close_socket(&f);
}

static void what_is_kept_goes_with_its_socket(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 0);
    say(&f, TRI_TEXT, "kept");
    assert_true(f.ws.paused);
    close_socket(&f);
}

static void under_drop_a_message_is_lost_and_nobody_waits(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_DROP, 1);
    say(&f, TRI_TEXT, "1");
    say(&f, TRI_TEXT, "2");
    f.ws.room = 1;
    say(&f, TRI_TEXT, "3");
    assert_string_equal(f.ws.sent, "T1:1;T1:3;");
    assert_int_equal(f.ws.dropped, 1);
    close_socket(&f);
}

static void under_close_the_library_closes_and_nobody_waits(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_CLOSE, 0);
    say(&f, TRI_TEXT, "1");
    assert_string_equal(f.ws.sent, "close(1013 );");
    close_socket(&f);
}

static void a_socket_that_closes_is_sent_nothing(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    f.ws.broken = TRI_ERR_CLOSED;
    say(&f, TRI_TEXT, "late");
    assert_string_equal(f.ws.sent, "");
    close_socket(&f);
}

static void what_is_kept_goes_when_the_socket_closed_before_it_drained(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 0);
    say(&f, TRI_TEXT, "kept");
    f.ws.broken = TRI_ERR_CLOSED;
    drain(&f, 1);
    assert_string_equal(f.ws.sent, "pause;");
    say(&f, TRI_TEXT, "late"); /* a socket that closes reads on */
    close_socket(&f);
}

static void without_memory_it_closes_rather_than_lose_one(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    f.ws.broken = TRI_ERR_NOMEM;
    say(&f, TRI_TEXT, "1");
    assert_string_equal(f.ws.sent, "close(1013 short of memory);");
    close_socket(&f);
    open_socket(&f, TRI_SLOW_WAIT, 0);
    say(&f, TRI_TEXT, "1");
    f.ws.broken = TRI_ERR_NOMEM;
    drain(&f, 1);
    assert_string_equal(f.ws.sent, "pause;close(1013 short of memory);");
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
        cmocka_unit_test(the_one_that_finds_no_room_waits_and_the_socket_with_it),
        cmocka_unit_test(a_drain_with_nothing_kept_is_harmless),
        cmocka_unit_test(what_is_kept_goes_with_its_socket),
        cmocka_unit_test(under_drop_a_message_is_lost_and_nobody_waits),
        cmocka_unit_test(under_close_the_library_closes_and_nobody_waits),
        cmocka_unit_test(a_socket_that_closes_is_sent_nothing),
        cmocka_unit_test(what_is_kept_goes_when_the_socket_closed_before_it_drained),
        cmocka_unit_test(without_memory_it_closes_rather_than_lose_one),
        cmocka_unit_test(a_handshake_that_failed_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
