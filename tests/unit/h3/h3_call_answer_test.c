/* Answers to a client's calls, of a server that does as it pleases. */
#include "h3_call.h"

#include "bare_h3.h"
#include "pair_h3.h"

#include <stdlib.h>

static void say_head(struct pair_h3 *p, const struct tri_header *fields, bool fin)
{
    static uint8_t frame[BARE_H3_BYTES_MAX];
    bare_server_h3_write(p->bare, p->bare->request, frame, bare_h3_headers(frame, fields), fin);
}

static void say_status(struct pair_h3 *p, const char *status, bool fin)
{
    say_head(p, (const struct tri_header[]){{":status", status}, {NULL, NULL}}, fin);
}

/* A bare server, and a call that it has to answer. */
static struct pair_h3 *ask_bare(struct caller **c)
{
    int64_t control;
    struct pair_h3 *p = pair_h3_new_bare(&control);
    *c = pair_h3_ask(p);
    pair_h3_run(p);
    assert_int_equal(p->bare->request, 0);
    assert_true(p->bare->in_len > 0);
    return p;
}

static void assert_broken(const struct pair_h3 *p, const struct caller *c)
{
    assert_int_equal(c->fails, 1);
    assert_int_equal(c->end.fault, TRI_FAULT_PROTOCOL);
    assert_false(c->end.is_retryable);
    assert_false(p->bare->is_closed); /* it is the stream's fault alone */
    assert_int_equal(p->bare->resets, 1);
}

static void interim_answers_are_passed_over(void **state)
{
    (void)state;
    struct caller *c;
    struct pair_h3 *p = ask_bare(&c);
    for (size_t i = 0; i < TRI_H3_INTERIMS_MAX; i++) {
        say_head(p,
                 (const struct tri_header[]){
                     {":status", i % 2 ? "103" : "100"}, {"x-early-hint", "1"}, {NULL, NULL}},
                 false);
    }
    pair_h3_run(p);
    assert_int_equal(c->status, 0);
    say_status(p, "204", false);
    pair_h3_run(p);
    assert_int_equal(c->status, 204);
    assert_true(c->is_bound);
    pair_h3_free(p);
}

static void interim_answers_without_end_are_not(void **state)
{
    (void)state;
    struct caller *c;
    struct pair_h3 *p = ask_bare(&c);
    for (size_t i = 0; i <= TRI_H3_INTERIMS_MAX; i++) {
        say_status(p, "102", false);
    }
    pair_h3_run(p);
    assert_broken(p, c);
    assert_int_equal(p->bare->code, NGHTTP3_H3_EXCESSIVE_LOAD);
    pair_h3_free(p);
}

static void a_head_that_is_no_answer_fails_the_call(void **state)
{
    (void)state;
    static const struct tri_header heads[][3] = {
        {{NULL, NULL}},
        {{":status", "101"}, {NULL, NULL}},
        {{":status", "2x0"}, {NULL, NULL}},
        {{":status", "20"}, {NULL, NULL}},
        {{":status", "2000"}, {NULL, NULL}},
        {{":status", "200"}, {":status", "200"}, {NULL, NULL}},
        {{"content-type", "text/plain"}, {":status", "200"}, {NULL, NULL}},
        {{":status", "200"}, {"Upper-Case", "1"}, {NULL, NULL}},
        {{":status", "200"}, {"connection", "close"}, {NULL, NULL}},
        {{":status", "200"}, {"control", "\x01"}, {NULL, NULL}},
        {{":method", "GET"}, {":status", "200"}, {NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct caller *c;
        struct pair_h3 *p = ask_bare(&c);
        say_head(p, heads[i], false);
        pair_h3_run(p);
        assert_int_equal(c->status, 0);
        assert_broken(p, c);
        assert_int_equal(p->bare->code, NGHTTP3_H3_MESSAGE_ERROR);
        pair_h3_free(p);
    }
}

static void a_head_is_bounded(void **state)
{
    (void)state;
    static char value[TRI_REQUEST_HEAD_BYTES_MAX];
    struct tri_header many[TRI_REQUEST_FIELDS_MAX + 3] = {{":status", "200"}};
    memset(value, 'v', sizeof value - 1);
    for (size_t i = 1; i <= TRI_REQUEST_FIELDS_MAX + 1; i++) {
        many[i] = (struct tri_header){"x-many-of", "1"};
    }
    const struct tri_header large[] = {{":status", "200"}, {"x-large", value}, {NULL, NULL}};
    for (size_t i = 0; i < 2; i++) {
        struct caller *c;
        struct pair_h3 *p = ask_bare(&c);
        say_head(p, i == 0 ? many : large, false);
        pair_h3_run(p);
        assert_broken(p, c);
        pair_h3_free(p);
    }
    many[TRI_REQUEST_FIELDS_MAX + 1] = (struct tri_header){NULL, NULL};
    struct caller *c;
    struct pair_h3 *p = ask_bare(&c);
    say_head(p, many, false);
    pair_h3_run(p);
    assert_int_equal(c->status, 200);
    pair_h3_free(p);
}

static void the_end_without_an_answer_fails_the_call(void **state)
{
    (void)state;
    struct caller *c;
    struct pair_h3 *p = ask_bare(&c);
    bare_server_h3_write(p->bare, 0, NULL, 0, true);
    pair_h3_run(p);
    assert_broken(p, c);
    pair_h3_free(p);
    p = ask_bare(&c);
    say_status(p, "103", true);
    pair_h3_run(p);
    assert_broken(p, c);
    pair_h3_free(p);
}

static void frames_out_of_place_end_the_connection(void **state)
{
    (void)state;
    static const uint8_t frames[][3] = {
        {0x00, 0x01, 'x'},                /* DATA before the head */
        {0x04, 0x00},                     /* SETTINGS */
        {0x07, 0x01, 0x00}, {0x01, 0x00}, /* HEADERS of nothing */
        {0x05, 0x01, 0x00},               /* PUSH_PROMISE, though none was allowed */
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct caller *c;
        struct pair_h3 *p = ask_bare(&c);
        bare_server_h3_write(p->bare, 0, frames[i], sizeof frames[i], false);
        pair_h3_run(p);
        assert_true(p->bare->is_closed);
        assert_int_equal(c->fails, 1);
        assert_int_equal(c->end.fault, TRI_FAULT_PROTOCOL);
        assert_int_equal(c->end.code, p->bare->why.error_code);
        pair_h3_free(p);
    }
}

/* RFC 9114 section 4.1: an answer counts also if the server wants nothing more of the request. */
static void a_server_that_wants_no_more_may_still_answer(void **state)
{
    (void)state;
    struct caller *c;
    struct pair_h3 *p = ask_bare(&c);
    bare_server_h3_stop(p->bare, 0, NGHTTP3_H3_NO_ERROR);
    pair_h3_run(p);
    assert_int_equal(c->fails, 0);
    say_status(p, "403", true);
    pair_h3_run(p);
    assert_int_equal(c->status, 403);
    pair_h3_free(p);

    p = ask_bare(&c);
    bare_server_h3_stop(p->bare, 0, NGHTTP3_H3_NO_ERROR);
    pair_h3_run(p);
    say_status(p, "200", false);
    pair_h3_run(p);
    assert_true(c->is_bound);
    assert_int_equal(c->cause, TRI_STREAM_RESET); /* what could not send was of no use */
    pair_h3_free(p);
}

static void a_reset_behind_the_answer_resets_the_stream(void **state)
{
    (void)state;
    struct caller *c;
    struct pair_h3 *p = ask_bare(&c);
    say_status(p, "200", false);
    pair_h3_run(p);
    assert_true(c->is_bound);
    bare_server_h3_reset(p->bare, 0, NGHTTP3_H3_INTERNAL_ERROR);
    pair_h3_run(p);
    assert_int_equal(c->closes, 1);
    assert_int_equal(c->cause, TRI_STREAM_RESET);
    assert_int_equal(c->fails, 0);
    pair_h3_free(p);
}

static void goaway_below_a_bound_call_ends_it(void **state)
{
    (void)state;
    static const uint8_t goaway[] = {0x07, 0x01, 0x00};
    int64_t control;
    struct pair_h3 *p = pair_h3_new_bare(&control);
    struct caller *bound = pair_h3_ask(p);
    pair_h3_run(p);
    say_status(p, "200", false);
    pair_h3_run(p);
    struct caller *asked = pair_h3_ask(p);
    pair_h3_run(p);
    bare_server_h3_write(p->bare, control, goaway, sizeof goaway, false);
    pair_h3_run(p);
    assert_int_equal(bound->cause, TRI_STREAM_RESET);
    assert_int_equal(asked->fails, 1);
    assert_true(asked->end.is_retryable);
    assert_int_equal(pair_h3_room(p), 0);
    assert_false(p->client->ops->is_done(p->client));
    pair_h3_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interim_answers_are_passed_over),
        cmocka_unit_test(interim_answers_without_end_are_not),
        cmocka_unit_test(a_head_that_is_no_answer_fails_the_call),
        cmocka_unit_test(a_head_is_bounded),
        cmocka_unit_test(the_end_without_an_answer_fails_the_call),
        cmocka_unit_test(frames_out_of_place_end_the_connection),
        cmocka_unit_test(a_server_that_wants_no_more_may_still_answer),
        cmocka_unit_test(a_reset_behind_the_answer_resets_the_stream),
        cmocka_unit_test(goaway_below_a_bound_call_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
