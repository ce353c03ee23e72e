/* Answers: lengths, bodies, what has none, and what happens when memory is short. */
#include "http_body.h"
#include "server_reply.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

/* An exchange that writes down its response. */
struct exchange {
    struct tri_exchange x; /* first */
    struct tri_carrier carrier;
    enum tri_err result; /* of respond */
    int responses;
    struct tri_response response; /* without its fields */
    char fields[1024];            /* "name: value\n" */
};

static enum tri_err respond(struct tri_exchange *x, const struct tri_response *r)
{
    struct exchange *e = TRI_CONTAINER_OF(x, struct exchange, x);
    e->responses++;
    e->response = *r;
    e->fields[0] = '\0';
    for (size_t i = 0; i < r->fields_len; i++) {
        size_t used = strlen(e->fields);
        (void)snprintf(e->fields + used, sizeof e->fields - used, "%.*s: %.*s\n",
                       (int)r->fields[i].name.len, r->fields[i].name.data,
                       (int)r->fields[i].value.len, r->fields[i].value.data);
    }
    if (e->result == TRI_OK) {
        x->stream.events = r->events;
        x->stream.session = r->session;
    }
    return e->result;
}

static void ignore(struct tri_stream *s)
{
    (void)s;
}

static void ignore_len(struct tri_stream *s, size_t len)
{
    (void)s;
    (void)len;
}

static void ignore_urgency(struct tri_stream *s, unsigned urgency)
{
    (void)s;
    (void)urgency;
}

static const struct tri_exchange_ops exchange_ops = {.respond = respond};
static const struct tri_stream_ops stream_ops = {.name = "test",
                                                 .wake_write = ignore,
                                                 .consume = ignore_len,
                                                 .abort = ignore,
                                                 .set_urgency = ignore_urgency};

struct fixture {
    struct test_hub hub;
    struct exchange e;
    int closes;    /* of the source */
    size_t served; /* bytes that the source gave */
};

static void set_up(struct fixture *f)
{
    test_hub_init(&f->hub);
    f->e = (struct exchange){.carrier = {.conn_id = 1, .http = "test", .remote = ""}};
    f->e.x = (struct tri_exchange){
        .stream = {.ops = &stream_ops}, .ops = &exchange_ops, .carrier = &f->e.carrier};
    f->closes = 0;
    f->served = 0;
}

/* Ends the stream, and with it the body. */
static void tear_down(struct fixture *f)
{
    if (f->e.x.stream.events) {
        f->e.x.stream.events->on_closed(f->e.x.stream.session, TRI_STREAM_FINISHED);
    }
    test_hub_deinit(&f->hub);
}

static enum tri_err send_reply(struct fixture *f, const struct tri_reply *reply)
{
    return tri_reply_send(&f->hub.link, &f->e.x, reply);
}

static void assert_body(struct fixture *f, const char *text)
{
    struct tri_slice slices[4];
    bool fin = false;
    size_t n = f->e.x.stream.events->peek(f->e.x.stream.session, slices, 4, &fin);
    assert_int_equal(n, 1);
    assert_true(fin);
    assert_true(tri_slice_equal(slices[0], tri_slice_of_string(text)));
}

static enum tri_err serve_x(void *user, uint8_t *out, size_t max, size_t *len)
{
    struct fixture *f = user;
    memset(out, 'x', max);
    f->served += max;
    *len = max;
    return TRI_OK;
}

static void count_close(void *user)
{
    struct fixture *f = user;
    f->closes++;
}

static struct tri_body source_of(struct fixture *f, uint64_t length)
{
    return (struct tri_body){.read = serve_x, .close = count_close, .user = f, .length = length};
}

static void a_reply_has_its_fields_and_its_body(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    static const struct tri_header headers[] = {{"content-type", "text/plain"}};
    const struct tri_reply reply = {
        .status = 201, .headers = headers, .headers_len = 1, .body = TRI_SLICE("hello")};
    assert_int_equal(send_reply(&f, &reply), TRI_OK);
    assert_int_equal(f.e.responses, 1);
    assert_int_equal(f.e.response.status, 201);
    assert_int_equal(f.e.response.content_length, 5);
    assert_non_null(strstr(f.e.fields, "content-type: text/plain\nserver: trisock\ndate: "));
    assert_body(&f, "hello");
    tear_down(&f);
}

static void an_empty_body_ends_with_its_head(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_reply reply = {.status = 200};
    assert_int_equal(send_reply(&f, &reply), TRI_OK);
    assert_int_equal(f.e.response.content_length, 0);
    assert_null(f.e.response.events);
    tear_down(&f);
}

static void head_tells_the_length_and_sends_nothing(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_reply reply = {.status = 200, .body = TRI_SLICE("hello"), .head_only = true};
    assert_int_equal(send_reply(&f, &reply), TRI_OK);
    assert_int_equal(f.e.response.content_length, 5);
    assert_null(f.e.response.events);
    tear_down(&f);
}

static void no_content_has_no_length(void **state)
{
    (void)state;
    static const int statuses[] = {204, 304};
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        set_up(&f);
        const struct tri_reply reply = {.status = statuses[i], .body = TRI_SLICE("ignored")};
        assert_int_equal(send_reply(&f, &reply), TRI_OK);
        assert_true(f.e.response.content_length == TRI_LENGTH_NONE);
        assert_null(f.e.response.events);
        tear_down(&f);
    }
}

static void reset_content_has_none(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_reply reply = {.status = 205, .body = TRI_SLICE("ignored")};
    assert_int_equal(send_reply(&f, &reply), TRI_OK);
    assert_true(f.e.response.content_length == 0);
    assert_null(f.e.response.events);
    tear_down(&f);
}

static void a_source_is_read_and_closed_with_its_stream(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_body source = source_of(&f, 3);
    const struct tri_reply reply = {.status = 200, .source = &source};
    assert_int_equal(send_reply(&f, &reply), TRI_OK);
    assert_int_equal(f.e.response.content_length, 3);
    assert_int_equal(f.closes, 0);
    assert_body(&f, "xxx");
    tear_down(&f);
    assert_int_equal(f.closes, 1);
}

static void a_source_that_is_not_needed_is_closed_at_once(void **state)
{
    (void)state;
    static const struct tri_reply rows[] = {
        {.status = 200, .head_only = true}, {.status = 304}, {.status = 200}};
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        set_up(&f);
        const struct tri_body source = source_of(&f, i == 2 ? 0 : 3);
        struct tri_reply reply = rows[i];
        reply.source = &source;
        assert_int_equal(send_reply(&f, &reply), TRI_OK);
        assert_int_equal(f.closes, 1);
        assert_int_equal(f.served, 0);
        tear_down(&f);
        assert_int_equal(f.closes, 1);
    }
}

static void what_may_not_be_sent_is_answered_500(void **state)
{
    (void)state;
    static const struct tri_header bad = {"Connection", "close"};
    static const struct tri_reply rows[] = {{.status = 199},
                                            {.status = 600},
                                            {.status = 0},
                                            {.status = 200, .headers = &bad, .headers_len = 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        set_up(&f);
        const struct tri_body source = source_of(&f, 3);
        struct tri_reply reply = rows[i];
        reply.source = &source;
        assert_int_equal(send_reply(&f, &reply), TRI_ERR_INVALID);
        assert_int_equal(f.e.responses, 1);
        assert_int_equal(f.e.response.status, 500);
        assert_null(strstr(f.e.fields, "onnection"));
        assert_int_equal(f.closes, 1);
        tear_down(&f);
    }
}

static void short_memory_is_answered_500_and_loses_nothing(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct fixture f;
        set_up(&f);
        const struct tri_body source = source_of(&f, 3);
        const struct tri_reply reply = {
            .status = 200, .body = TRI_SLICE("x"), .source = n % 2 ? &source : NULL};
        f.hub.heap.fail_at = f.hub.heap.calls + (n + 1) / 2;
        enum tri_err err = send_reply(&f, &reply);
        bool failed = test_alloc_has_failed(&f.hub.heap);
        f.hub.heap.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        assert_int_equal(f.e.response.status, failed ? 500 : 200);
        tear_down(&f);
        assert_int_equal(f.closes, n % 2);
        if (!failed) {
            assert_true(n > 2);
            return;
        }
    }
}

static void a_response_that_the_stream_refuses_frees_its_body(void **state)
{
    (void)state;
    for (int with_source = 0; with_source < 2; with_source++) {
        struct fixture f;
        set_up(&f);
        f.e.result = TRI_ERR_NOMEM;
        const struct tri_body source = source_of(&f, 3);
        const struct tri_reply reply = {
            .status = 200, .body = TRI_SLICE("hello"), .source = with_source ? &source : NULL};
        assert_int_equal(send_reply(&f, &reply), TRI_ERR_NOMEM);
        assert_int_equal(f.e.responses, 1);
        assert_int_equal(f.closes, with_source);
        tear_down(&f);
    }
}

static void a_refusal_is_one_line(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_refusal refusal = {.status = 404, .text = "There is nothing."};
    tri_reply_refuse(&f.hub.link, &f.e.x, &refusal);
    assert_int_equal(f.e.response.status, 404);
    assert_non_null(strstr(f.e.fields, "content-type: text/plain; charset=utf-8\n"));
    assert_body(&f, "There is nothing.\n");
    tear_down(&f);
}

static void a_long_refusal_is_whole(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    char text[1000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    const struct tri_refusal refusal = {.status = 500, .text = text};
    tri_reply_refuse(&f.hub.link, &f.e.x, &refusal);
    assert_body(&f, text);
    tear_down(&f);
}

static void the_spelled_answers_go_through(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_reply reply = {.answer = TRI_ANSWER_UPGRADE_NEEDED, .body = TRI_SLICE("no")};
    assert_int_equal(send_reply(&f, &reply), TRI_OK);
    assert_int_equal(f.e.response.answer, TRI_ANSWER_UPGRADE_NEEDED);
    assert_int_equal(f.e.response.content_length, 2);
    tear_down(&f);
}

static void E10_a_response_that_its_peer_does_not_take_is_given_up_counted_and_logged(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    const struct tri_reply reply = {.status = 200, .body = TRI_SLICE("hello")};
    assert_int_equal(tri_replies_deadline_ns(&f.hub.hub), UINT64_MAX);
    assert_int_equal(tri_reply_send(&f.hub.link, &f.e.x, &reply), TRI_OK);
    const uint64_t deadline_ns = f.hub.now_ns + 60000 * TRI_NS_PER_MS;
    assert_int_equal(tri_replies_deadline_ns(&f.hub.hub), deadline_ns);
    tri_replies_expire(&f.hub.hub, deadline_ns - 1);
    assert_int_equal(f.hub.hub.metrics.responses_unread, 0);
    tri_replies_expire(&f.hub.hub, deadline_ns);
    tri_replies_expire(&f.hub.hub, 2 * deadline_ns);
    assert_int_equal(f.hub.hub.metrics.responses_unread, 1);
    assert_string_equal(f.hub.log, "info response.unread http=test conn=1 stream=0 remote=\"\"\n");
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_response_that_its_peer_does_not_take_is_given_up_counted_and_logged),
        cmocka_unit_test(a_reply_has_its_fields_and_its_body),
        cmocka_unit_test(an_empty_body_ends_with_its_head),
        cmocka_unit_test(head_tells_the_length_and_sends_nothing),
        cmocka_unit_test(no_content_has_no_length),
        cmocka_unit_test(reset_content_has_none),
        cmocka_unit_test(a_source_is_read_and_closed_with_its_stream),
        cmocka_unit_test(a_source_that_is_not_needed_is_closed_at_once),
        cmocka_unit_test(what_may_not_be_sent_is_answered_500),
        cmocka_unit_test(short_memory_is_answered_500_and_loses_nothing),
        cmocka_unit_test(a_response_that_the_stream_refuses_frees_its_body),
        cmocka_unit_test(a_refusal_is_one_line),
        cmocka_unit_test(a_long_refusal_is_whole),
        cmocka_unit_test(the_spelled_answers_go_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
