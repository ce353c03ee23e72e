/* The streaming echo: pieces go back as they come, and one is held at most. */
#include "app_stream.h"
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
    f->req = fake_request_new("GET", "/stream");
    tri_stream_handler.on_request(&f->echo, f->req);
    f->user = f->req->user;
}

#define FIRST 1u
#define LAST 2u
#define WHOLE (FIRST | LAST)

/* In memory of its own, which is gone afterwards. */
static void pass(struct socket_fixture *f, unsigned where, const char *text)
{
    uint8_t data[64];
    const struct tri_fragment piece = {TRI_BINARY, where & FIRST, where & LAST, data, strlen(text)};
    assert_true(piece.len < sizeof data);
    memcpy(data, text, piece.len);
    tri_stream_handler.on_fragment(f->user, &f->ws, &piece);
    memset(data, '#', sizeof data);
}

static void drain(struct socket_fixture *f, size_t room)
{
    f->ws.room = room;
    tri_stream_handler.on_drain(f->user, &f->ws);
}

static void close_socket(struct socket_fixture *f)
{
    const struct tri_ws_end end = {.code = 1000, .reason = ""};
    tri_stream_handler.on_close(f->user, &f->ws, &end);
    fake_request_free(f->req);
}

static void it_takes_pieces_and_no_whole_messages(void **state)
{
    (void)state;
    assert_non_null(tri_stream_handler.on_fragment);
    assert_null(tri_stream_handler.on_message);
}

static void pieces_go_back_as_they_come(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 10);
    pass(&f, FIRST, "ab");
    assert_string_equal(f.ws.sent, "B2+ab;");
    pass(&f, 0, "c");
    assert_string_equal(f.ws.sent, "B2+ab;B1+c;");
    pass(&f, LAST, "de");
    assert_string_equal(f.ws.sent, "B2+ab;B1+c;B2+de;B.;");
    pass(&f, WHOLE, "whole");
    pass(&f, WHOLE, "");
    assert_string_equal(f.ws.sent, "B2+ab;B1+c;B2+de;B.;B5:whole;B0:;");
    close_socket(&f);
}

static void an_empty_last_piece_only_ends(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    pass(&f, FIRST, "ab");
    pass(&f, LAST, "");
    assert_string_equal(f.ws.sent, "B2+ab;B.;");
    close_socket(&f);
}

/* Whichever piece finds no room: what comes out is the same, with a pause and a resume before it. */
static void each_piece_can_wait(void **state)
{
    (void)state;
    static const char *const sent[] = {
        "pause;B2+ab;resume;B1+c;B2+de;B.;B1:f;",
        "B2+ab;pause;B1+c;resume;B2+de;B.;B1:f;",
        "B2+ab;B1+c;pause;B2+de;B.;resume;B1:f;",
        "B2+ab;B1+c;B2+de;B.;pause;B1:f;resume;",
    };
    static const struct {
        unsigned where;
        const char *text;
    } pieces[] = {{FIRST, "ab"}, {0, "c"}, {LAST, "de"}, {WHOLE, "f"}};
    for (size_t full = 0; full < 4; full++) {
        struct socket_fixture f;
        open_socket(&f, TRI_SLOW_WAIT, full);
        for (size_t i = 0; i < 4; i++) {
            pass(&f, pieces[i].where, pieces[i].text);
            assert_int_equal(f.ws.paused, i == full);
            if (i == full) {
                drain(&f, 0);
                assert_true(f.ws.paused);
                drain(&f, 10);
            }
        }
        assert_string_equal(f.ws.sent, sent[full]);
        close_socket(&f);
    }
}

static void under_drop_a_whole_message_is_lost_and_a_piece_waits(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_DROP, 0);
    pass(&f, WHOLE, "lost");
    assert_string_equal(f.ws.sent, "");
    pass(&f, FIRST, "a");
    assert_string_equal(f.ws.sent, "pause;");
    drain(&f, 2);
    pass(&f, LAST, "b");
    assert_string_equal(f.ws.sent, "pause;B1+a;resume;B1+b;B.;");
    close_socket(&f);
}

static void under_close_the_library_closes_and_nobody_waits(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_CLOSE, 1);
    pass(&f, FIRST, "a");
    pass(&f, 0, "b");
    pass(&f, LAST, "c"); /* a socket that closes takes no more */
    assert_string_equal(f.ws.sent, "B1+a;close(1013 );");
    close_socket(&f);
}

static void a_socket_may_end_within_a_message(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    pass(&f, FIRST, "a");
    pass(&f, 0, "kept");
    assert_true(f.ws.paused);
    close_socket(&f); /* the leak checker sees the rest */
}

static void without_memory_it_closes(void **state)
{
    (void)state;
    struct socket_fixture f;
    open_socket(&f, TRI_SLOW_WAIT, 1);
    pass(&f, FIRST, "a");
    f.ws.broken = TRI_ERR_NOMEM;
    pass(&f, 0, "b");
    assert_string_equal(f.ws.sent, "B1+a;close(1013 short of memory);");
    close_socket(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_takes_pieces_and_no_whole_messages),
        cmocka_unit_test(pieces_go_back_as_they_come),
        cmocka_unit_test(an_empty_last_piece_only_ends),
        cmocka_unit_test(each_piece_can_wait),
        cmocka_unit_test(under_drop_a_whole_message_is_lost_and_a_piece_waits),
        cmocka_unit_test(under_close_the_library_closes_and_nobody_waits),
        cmocka_unit_test(a_socket_may_end_within_a_message),
        cmocka_unit_test(without_memory_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
