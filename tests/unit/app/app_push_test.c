/* The push: messages of the size that is asked for, until the queue is full, and on when it drains. */
#include "app_push.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

struct fixture {
    struct tri_request *req;
    struct tri_ws ws;
};

static void ask(struct fixture *f, const char *query)
{
    *f = (struct fixture){.req = fake_request_new("GET", TRI_PUSH_PATH)};
    f->req->query = query;
    tri_push_handler.on_request(NULL, f->req);
}

static void end(struct fixture *f)
{
    const struct tri_ws_end over = {.code = 1000, .reason = ""};
    tri_push_handler.on_close(f->req->user, &f->ws, &over);
    fake_request_free(f->req);
}

static void it_sends_until_the_queue_is_full_and_on_when_it_drains(void **state)
{
    (void)state;
    struct fixture f;
    ask(&f, "size=16");
    assert_int_equal(f.req->status, 101);
    f.ws.room = 2;
    tri_push_handler.on_open(f.req->user, &f.ws);
    assert_string_equal(f.ws.sent, "B16:abcdefghijklmnop;B16:abcdefghijklmnop;");
    f.ws.room = 1;
    tri_push_handler.on_drain(f.req->user, &f.ws);
    assert_int_equal(f.ws.sent_messages, 3);
    end(&f);
}

static void it_waits_whatever_its_route_says(void **state)
{
    (void)state;
    struct fixture f;
    ask(&f, "");
    f.ws.slow = TRI_SLOW_DROP;
    tri_push_handler.on_open(f.req->user, &f.ws);
    assert_int_equal(f.ws.slow, TRI_SLOW_WAIT);
    assert_int_equal(f.ws.dropped, 0);
    end(&f);
}

static void a_query_says_the_size(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        size_t size; /* 0: refused */
    } rows[] = {
        {"", 32},
        {"a=b", 32},
        {"size=16", 16},
        {"size=1048576", 1048576},
        {"a=b&size=100", 100},
        {"size=100&a=b", 100},
        {"resize=100", 32},
        {"size=15", 0},
        {"size=1048577", 0},
        {"size=99999999999999999999", 0},
        {"size=", 0},
        {"size=&a=b", 0},
        {"size=-16", 0},
        {"size=1k", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        ask(&f, rows[i].query);
        assert_int_equal(f.req->status, rows[i].size > 0 ? 101 : 400);
        if (rows[i].size == 0) {
            fake_request_free(f.req);
            continue;
        }
        f.ws.room = 1;
        tri_push_handler.on_open(f.req->user, &f.ws);
        assert_int_equal(f.ws.sent_bytes, rows[i].size);
        end(&f);
    }
}

static void a_handshake_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    struct fixture f = {.req = fake_request_new("GET", TRI_PUSH_PATH)};
    f.req->accept_result = TRI_ERR_CLOSED;
    tri_push_handler.on_request(NULL, f.req);
    assert_int_equal(f.req->answers, 1);
    fake_request_free(f.req);
}

static void without_memory_the_socket_is_closed(void **state)
{
    (void)state;
    struct fixture f;
    ask(&f, "size=16");
    f.ws.broken = TRI_ERR_NOMEM;
    tri_push_handler.on_open(f.req->user, &f.ws);
    assert_string_equal(f.ws.sent, "close(1013 short of memory);");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_sends_until_the_queue_is_full_and_on_when_it_drains),
        cmocka_unit_test(it_waits_whatever_its_route_says),
        cmocka_unit_test(a_query_says_the_size),
        cmocka_unit_test(a_handshake_that_fails_leaves_nothing_behind),
        cmocka_unit_test(without_memory_the_socket_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
