/* Rooms: who hears what, who is counted, and where it ends. */
#include "app_rooms.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 8

struct rooms_fixture {
    struct tri_rooms rooms;
    struct tri_ws sockets[MEMBERS_MAX];
    void *users[MEMBERS_MAX]; /* NULL: not open */
};

static int set_up(void **state)
{
    struct rooms_fixture *f = calloc(1, sizeof *f);
    tri_rooms_init(&f->rooms);
    *state = f;
    return f ? 0 : -1;
}

static void leave(struct rooms_fixture *f, size_t i)
{
    const struct tri_ws_end end = {.code = 1000, .reason = ""};
    assert_non_null(f->users[i]);
    tri_rooms_handler.on_close(f->users[i], &f->sockets[i], &end);
    f->users[i] = NULL;
}

/* The leak checker sees what is not freed with the last member. */
static int tear_down(void **state)
{
    struct rooms_fixture *f = *state;
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        if (f->users[i]) {
            leave(f, i);
        }
    }
    tri_rooms_deinit(&f->rooms);
    free(f);
    return 0;
}

/* The answer to a handshake at |path|; 101 is a member that is not open yet, in |*user|. */
static int ask(struct rooms_fixture *f, const char *path, enum tri_err result, void **user)
{
    struct tri_request *req = fake_request_new("GET", path);
    req->accept_result = result;
    tri_rooms_handler.on_request(&f->rooms, req);
    assert_int_equal(req->answers, 1);
    int status = req->status;
    *user = req->user;
    fake_request_free(req);
    return status;
}

/* Member |i|, with the id i + 1, over h2 if that is even. */
static void join(struct rooms_fixture *f, size_t i, const char *path)
{
    assert_null(f->users[i]);
    f->sockets[i] =
        (struct tri_ws){.id = i + 1, .room = 100, .carrier = {.http = i % 2 ? "h2" : "http/1.1"}};
    assert_int_equal(ask(f, path, TRI_OK, &f->users[i]), 101);
    tri_rooms_handler.on_open(f->users[i], &f->sockets[i]);
}

static void say(struct rooms_fixture *f, size_t i, enum tri_type type, const char *text)
{
    tri_rooms_handler.on_message(f->users[i], &f->sockets[i], type, (const uint8_t *)text,
                                 strlen(text));
}

/* What member |i| was sent since the last time, "T5:hello;". */
static void assert_heard(struct rooms_fixture *f, size_t i, const char *expected)
{
    assert_string_equal(f->sockets[i].sent, expected);
    f->sockets[i].sent[0] = '\0';
}

static void assert_heard_text(struct rooms_fixture *f, size_t i, const char *json)
{
    char expected[1024];
    (void)snprintf(expected, sizeof expected, "T%zu:%s;", strlen(json), json);
    assert_heard(f, i, expected);
}

static void forget(struct rooms_fixture *f)
{
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        f->sockets[i].sent[0] = '\0';
    }
}

static void who_joins_is_welcomed_and_the_others_are_told(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/tea");
    assert_heard_text(
        f, 0,
        "{\"event\":\"welcome\",\"room\":\"tea\",\"id\":1,\"count\":1,\"http\":\"http/1.1\"}");
    join(f, 1, "/rooms/tea");
    assert_heard_text(
        f, 1, "{\"event\":\"welcome\",\"room\":\"tea\",\"id\":2,\"count\":2,\"http\":\"h2\"}");
    assert_heard_text(f, 0, "{\"event\":\"join\",\"id\":2,\"count\":2}");
    join(f, 2, "/rooms/tea");
    assert_heard_text(f, 0, "{\"event\":\"join\",\"id\":3,\"count\":3}");
    assert_heard_text(f, 1, "{\"event\":\"join\",\"id\":3,\"count\":3}");
}

static void a_text_reaches_all_as_an_event(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/tea");
    join(f, 1, "/rooms/tea");
    join(f, 2, "/rooms/coffee");
    forget(f);
    say(f, 1, TRI_TEXT, "he said \"\\o/\"\n");
    for (size_t i = 0; i < 2; i++) {
        assert_heard_text(
            f, i, "{\"event\":\"message\",\"id\":2,\"text\":\"he said \\\"\\\\o/\\\"\\n\"}");
    }
    assert_heard(f, 2, "");
    say(f, 0, TRI_TEXT, "");
    assert_heard_text(f, 1, "{\"event\":\"message\",\"id\":1,\"text\":\"\"}");
}

static void binary_messages_go_as_they_are(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/tea");
    join(f, 1, "/rooms/tea");
    forget(f);
    say(f, 0, TRI_BINARY, "\"x\"");
    assert_heard(f, 0, "B3:\"x\";");
    assert_heard(f, 1, "B3:\"x\";");
}

static void who_leaves_is_missed_wherever_it_stood(void **state)
{
    struct rooms_fixture *f = *state;
    static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};
    for (size_t n = 0; n < 4; n++) {
        const size_t *order = orders[n];
        for (size_t i = 0; i < 3; i++) {
            join(f, i, "/rooms/tea");
        }
        forget(f);
        char text[64];
        for (size_t gone = 0; gone < 2; gone++) {
            leave(f, order[gone]);
            (void)snprintf(text, sizeof text, "{\"event\":\"leave\",\"id\":%zu,\"count\":%zu}",
                           order[gone] + 1, 2 - gone);
            assert_heard(f, order[gone], "");
            for (size_t i = gone + 1; i < 3; i++) {
                assert_heard_text(f, order[i], text);
            }
        }
        leave(f, order[2]);
        assert_int_equal(f->rooms.rooms_len, 0);
    }
}

static void a_room_goes_with_its_last_member(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/tea");
    join(f, 1, "/rooms/coffee");
    join(f, 2, "/rooms/tea");
    assert_int_equal(f->rooms.rooms_len, 2);
    leave(f, 0);
    assert_int_equal(f->rooms.rooms_len, 2);
    leave(f, 2);
    assert_int_equal(f->rooms.rooms_len, 1);
    leave(f, 1);
    assert_int_equal(f->rooms.rooms_len, 0);
}

static void a_name_that_is_none_is_404(void **state)
{
    struct rooms_fixture *f = *state;
    static const char *const bad[] = {
        "/rooms/",
        "/rooms/a/",
        "/rooms/a/b",
        "/rooms/a b",
        "/rooms/%41",
        "/rooms/\xc3",
        "/rooms/\"",
        "/rooms/a\\",
        "/rooms",
        "/room/a",
        "/rooms/0123456789012345678901234567890123456789012345678901234567890123x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        void *user = NULL;
        assert_int_equal(ask(f, bad[i], TRI_OK, &user), 404);
        assert_null(user);
    }
    static const char *const good[] = {
        "/rooms/a",
        "/rooms/AZaz09-_.",
        "/rooms/0123456789012345678901234567890123456789012345678901234567890123",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        join(f, i, good[i]);
        assert_non_null(strstr(f->sockets[i].sent, good[i] + strlen(TRI_ROOMS_PATH)));
    }
}

static void rooms_end_at_their_limit(void **state)
{
    struct rooms_fixture *f = *state;
    assert_int_equal(f->rooms.rooms_max, TRI_ROOMS_MAX);
    f->rooms.rooms_max = 2;
    join(f, 0, "/rooms/a");
    join(f, 1, "/rooms/b");
    void *user = NULL;
    assert_int_equal(ask(f, "/rooms/c", TRI_OK, &user), 503);
    join(f, 2, "/rooms/a"); /* one that is there can be joined */
    leave(f, 1);
    join(f, 3, "/rooms/c");
}

static void members_end_at_their_limit(void **state)
{
    struct rooms_fixture *f = *state;
    assert_int_equal(f->rooms.members_max, TRI_ROOM_MEMBERS_MAX);
    f->rooms.members_max = 2;
    join(f, 0, "/rooms/a");
    join(f, 1, "/rooms/a");
    void *user = NULL;
    assert_int_equal(ask(f, "/rooms/a", TRI_OK, &user), 503);
    join(f, 2, "/rooms/b");
    leave(f, 0);
    join(f, 3, "/rooms/a");
}

static void in_a_large_room_nobody_is_told_who_comes_and_goes(void **state)
{
    struct rooms_fixture *f = *state;
    assert_int_equal(f->rooms.announced_max, TRI_ROOM_ANNOUNCED_MAX);
    f->rooms.announced_max = 2;
    join(f, 0, "/rooms/a");
    join(f, 1, "/rooms/a");
    forget(f);
    join(f, 2, "/rooms/a");
    join(f, 3, "/rooms/a");
    assert_heard(f, 0, "");
    assert_non_null(strstr(f->sockets[3].sent, "\"count\":4,"));
    leave(f, 3);
    assert_heard(f, 0, "");
    leave(f, 2); /* it is small again */
    assert_heard_text(f, 0, "{\"event\":\"leave\",\"id\":3,\"count\":2}");
}

static void a_longer_message_than_the_limit_closes_its_sender(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/a");
    join(f, 1, "/rooms/a");
    forget(f);
    size_t len = TRI_ROOM_MESSAGE_BYTES_MAX;
    uint8_t *data = calloc(1, len + 1);
    assert_non_null(data);
    size_t before = f->sockets[1].sent_bytes;
    tri_rooms_handler.on_message(f->users[0], &f->sockets[0], TRI_BINARY, data, len);
    assert_int_equal(f->sockets[1].sent_bytes - before, len);
    before = f->sockets[1].sent_bytes;
    tri_rooms_handler.on_message(f->users[0], &f->sockets[0], TRI_TEXT, data, len); /* 6 for 1 */
    assert_true(f->sockets[1].sent_bytes - before > 6 * len);
    tri_rooms_handler.on_message(f->users[0], &f->sockets[0], TRI_TEXT, data, len + 1);
    assert_heard(f, 0, "close(1009 a room takes messages of up to 65536 bytes);");
    assert_heard(f, 1, "");
    free(data);
}

static void a_member_that_does_not_read_holds_up_nobody(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/a");
    join(f, 1, "/rooms/a");
    join(f, 2, "/rooms/a");
    assert_int_equal(f->sockets[1].slow, TRI_SLOW_DROP);
    forget(f);
    f->sockets[1].room = 0;
    f->sockets[2].broken = TRI_ERR_CLOSED;
    say(f, 0, TRI_BINARY, "x");
    assert_heard(f, 0, "B1:x;");
    assert_heard(f, 1, "");
    assert_int_equal(f->sockets[1].dropped, 1);
    f->sockets[1].room = 1;
    say(f, 0, TRI_BINARY, "y");
    assert_heard(f, 1, "B1:y;");
}

static void a_member_that_cannot_be_welcomed_is_closed(void **state)
{
    struct rooms_fixture *f = *state;
    join(f, 0, "/rooms/a");
    f->sockets[1] = (struct tri_ws){.carrier = {.http = "h3"}, .broken = TRI_ERR_NOMEM};
    assert_int_equal(ask(f, "/rooms/a", TRI_OK, &f->users[1]), 101);
    tri_rooms_handler.on_open(f->users[1], &f->sockets[1]);
    assert_heard(f, 1, "close(1013 short of memory);");
}

static void a_handshake_that_failed_leaves_no_room(void **state)
{
    struct rooms_fixture *f = *state;
    void *user = NULL;
    assert_int_equal(ask(f, "/rooms/a", TRI_ERR_NOMEM, &user), 503);
    assert_int_equal(f->rooms.rooms_len, 0);
    join(f, 0, "/rooms/a");
    assert_int_equal(ask(f, "/rooms/a", TRI_ERR_CLOSED, &user), 503);
    forget(f);
    join(f, 1, "/rooms/a");
    assert_heard_text(f, 0, "{\"event\":\"join\",\"id\":2,\"count\":2}");
}

static void *enter_numbered(struct rooms_fixture *f, size_t number, size_t count)
{
    char path[32];
    char welcomed[64];
    (void)snprintf(path, sizeof path, "/rooms/%zu", number);
    (void)snprintf(welcomed, sizeof welcomed, "\"room\":\"%zu\",\"id\":0,\"count\":%zu,", number,
                   count);
    static struct tri_ws ws;
    ws = (struct tri_ws){.room = 10, .carrier = {.http = "h3"}};
    void *user = NULL;
    assert_int_equal(ask(f, path, TRI_OK, &user), 101);
    tri_rooms_handler.on_open(user, &ws);
    assert_non_null(strstr(ws.sent, welcomed));
    return user;
}

/* More rooms than buckets, so that chains are walked; and some go from the middle of theirs. */
static void many_rooms_are_told_apart(void **state)
{
    struct rooms_fixture *f = *state;
    enum { ROOMS = 4 * TRI_ROOMS_BUCKETS };
    void **users = calloc(ROOMS, sizeof *users);
    assert_non_null(users);
    for (size_t i = 0; i < ROOMS; i++) {
        users[i] = enter_numbered(f, i, 1);
    }
    assert_int_equal(f->rooms.rooms_len, ROOMS);
    struct tri_ws ws = {.broken = TRI_ERR_CLOSED};
    const struct tri_ws_end end = {.code = 1000, .reason = ""};
    for (size_t i = 0; i < ROOMS; i += 2) {
        tri_rooms_handler.on_close(users[i], &ws, &end);
    }
    for (size_t i = 0; i < ROOMS; i++) {
        void *user = enter_numbered(f, i, i % 2 == 0 ? 1 : 2);
        tri_rooms_handler.on_close(user, &ws, &end);
    }
    for (size_t i = 1; i < ROOMS; i += 2) {
        tri_rooms_handler.on_close(users[i], &ws, &end);
    }
    assert_int_equal(f->rooms.rooms_len, 0);
    free(users);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_joins_is_welcomed_and_the_others_are_told),
        TEST(a_text_reaches_all_as_an_event),
        TEST(binary_messages_go_as_they_are),
        TEST(who_leaves_is_missed_wherever_it_stood),
        TEST(a_room_goes_with_its_last_member),
        TEST(a_name_that_is_none_is_404),
        TEST(rooms_end_at_their_limit),
        TEST(members_end_at_their_limit),
        TEST(in_a_large_room_nobody_is_told_who_comes_and_goes),
        TEST(a_longer_message_than_the_limit_closes_its_sender),
        TEST(a_member_that_does_not_read_holds_up_nobody),
        TEST(a_member_that_cannot_be_welcomed_is_closed),
        TEST(a_handshake_that_failed_leaves_no_room),
        TEST(many_rooms_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
