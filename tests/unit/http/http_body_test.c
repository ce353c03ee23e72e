#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_limits.h"
#include "http_body.h"
#include "test_alloc.h"

/* A transport that counts what it is asked to do. */
struct fake {
    struct tri_stream stream; /* first */
    unsigned wakes, aborts;
    size_t consumed;
};

static void count_wake(struct tri_stream *s)
{
    ((struct fake *)s)->wakes++;
}

static void count_consumed(struct tri_stream *s, size_t len)
{
    ((struct fake *)s)->consumed += len;
}

static void count_abort(struct tri_stream *s)
{
    ((struct fake *)s)->aborts++;
}

static void ignore_urgency(struct tri_stream *s, unsigned urgency)
{
    (void)s;
    (void)urgency;
}

static const struct tri_stream_ops fake_ops = {.name = "fake",
                                               .wake_write = count_wake,
                                               .consume = count_consumed,
                                               .abort = count_abort,
                                               .set_urgency = ignore_urgency};

/* A source whose n-th byte is a function of n, read in steps of |step|. */
struct pattern {
    uint64_t at;
    size_t step;
    uint64_t fail_at; /* a read from here on fails */
    bool stops;       /* it fails by yielding nothing */
    unsigned closes;
};

static uint8_t pattern_byte(uint64_t n)
{
    return (uint8_t)(n * 7 + n / 251);
}

static enum tri_err read_pattern(void *user, uint8_t *out, size_t max, size_t *len)
{
    struct pattern *p = user;
    assert_true(max > 0);
    if (p->at >= p->fail_at) {
        *len = 0;
        return p->stops ? TRI_OK : TRI_ERR_IO;
    }
    *len = max < p->step ? max : p->step;
    for (size_t i = 0; i < *len; i++) {
        out[i] = pattern_byte(p->at++);
    }
    return TRI_OK;
}

static void close_pattern(void *user)
{
    ((struct pattern *)user)->closes++;
}

static const struct tri_stream_events *const ev = &tri_http_body_stream_events;

/* Everything a body test needs, and what the transport has seen so far. */
struct rig {
    struct test_alloc alloc;
    struct fake fake;
    struct pattern pattern;
    struct tri_http_body *body;
    uint64_t sent, released;
    bool fin;
};

static void start(struct rig *r, uint64_t length, size_t step)
{
    *r = (struct rig){.fake = {.stream = {.ops = &fake_ops}},
                      .pattern = {.step = step, .fail_at = UINT64_MAX}};
    test_alloc_init(&r->alloc);
    const struct tri_body source = {
        .read = read_pattern, .close = close_pattern, .user = &r->pattern, .length = length};
    assert_int_equal(tri_http_body_new_source(&r->body, &r->alloc.alloc, &r->fake.stream, &source),
                     TRI_OK);
}

static void finish(struct rig *r, enum tri_stream_cause cause)
{
    assert_int_equal(r->pattern.closes, 0);
    ev->on_closed(r->body, cause);
    assert_int_equal(r->pattern.closes, 1);
    assert_int_equal(r->alloc.live, 0);
}

/* Takes up to |max| bytes, checks them, and tells that they were sent. */
static size_t take(struct rig *r, size_t out_max, size_t max)
{
    struct tri_slice out[8];
    const size_t count = ev->peek(r->body, out, out_max, &r->fin);
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(out[i].len > 0);
        for (size_t n = 0; n < out[i].len && taken < max; n++) {
            assert_int_equal(out[i].data[n], pattern_byte(r->sent + taken));
            taken++;
        }
        r->fin = r->fin && taken == max;
    }
    ev->on_sent(r->body, taken);
    r->sent += taken;
    return taken;
}

static void release(struct rig *r, size_t len)
{
    ev->on_released(r->body, len);
    r->released += len;
}

static void a_copied_body_is_sent_whole_and_then_ends(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct fake fake = {.stream = {.ops = &fake_ops}};
    char text[] = "hello";
    struct tri_http_body *b;
    assert_int_equal(tri_http_body_new_copy(&b, &t.alloc, &fake.stream, text, 5), TRI_OK);
    memset(text, 'x', 5); /* it was copied */

    struct tri_slice out[4];
    bool fin = false;
    assert_int_equal(ev->peek(b, out, 4, &fin), 1);
    assert_true(fin);
    assert_true(tri_slice_equal(out[0], TRI_SLICE("hello")));
    ev->on_sent(b, 2);
    const uint8_t *at = out[0].data + 2;
    fin = false;
    assert_int_equal(ev->peek(b, out, 4, &fin), 1);
    assert_true(fin);
    assert_ptr_equal(out[0].data, at); /* contract line 1 */
    assert_int_equal(out[0].len, 3);
    ev->on_sent(b, 3);
    ev->on_released(b, 1);
    ev->on_released(b, 4);
    assert_int_equal(ev->peek(b, out, 4, &fin), 0);
    assert_true(fin);
    assert_int_equal(fake.wakes, 0);
    ev->on_closed(b, TRI_STREAM_FINISHED);
    assert_int_equal(t.live, 0);
}

static void an_empty_body_ends_at_once(void **state)
{
    (void)state;
    struct test_alloc t;
    test_alloc_init(&t);
    struct fake fake = {.stream = {.ops = &fake_ops}};
    struct tri_http_body *b;
    assert_int_equal(tri_http_body_new_copy(&b, &t.alloc, &fake.stream, NULL, 0), TRI_OK);
    struct tri_slice out[1];
    bool fin = false;
    assert_int_equal(ev->peek(b, out, 1, &fin), 0);
    assert_true(fin);
    ev->on_closed(b, TRI_STREAM_FINISHED);
    assert_int_equal(t.live, 0);

    struct rig r;
    start(&r, 0, 1);
    assert_int_equal(take(&r, 1, 1), 0);
    assert_true(r.fin);
    finish(&r, TRI_STREAM_FINISHED);
}

static void a_source_is_sent_whole_however_it_is_read_and_taken(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {1,
                                       100,
                                       TRI_BODY_CHUNK_BYTES - 1,
                                       TRI_BODY_CHUNK_BYTES,
                                       TRI_BODY_CHUNK_BYTES + 1,
                                       3 * TRI_BODY_CHUNK_BYTES + 77};
    static const size_t steps[] = {1000, 4096, SIZE_MAX};
    static const size_t takes[] = {701, 16384, SIZE_MAX};
    for (size_t i = 0; i < 6 * 3 * 3; i++) {
        struct rig r;
        start(&r, lengths[i / 9], steps[i / 3 % 3]);
        while (r.sent < lengths[i / 9]) {
            const size_t len = take(&r, 1 + i % 8, takes[i % 3]);
            assert_true(len > 0);
            release(&r, len);
        }
        (void)take(&r, 1, 1);
        assert_true(r.fin);
        assert_int_equal(r.sent, lengths[i / 9]);
        finish(&r, TRI_STREAM_FINISHED);
    }
}

static void a_source_read_byte_by_byte_is_whole_too(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 5000, 1);
    while (r.sent < 5000) {
        assert_int_equal(take(&r, 1, 1), 1);
        release(&r, 1);
    }
    finish(&r, TRI_STREAM_FINISHED);
}

static void peeked_bytes_do_not_move_while_more_is_read(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 10 * TRI_BODY_CHUNK_BYTES, 5000);
    struct tri_slice first[1], again[1];
    bool fin;
    assert_int_equal(ev->peek(r.body, first, 1, &fin), 1);
    assert_false(fin);
    ev->on_sent(r.body, 10);
    assert_int_equal(ev->peek(r.body, again, 1, &fin), 1);
    assert_ptr_equal(again[0].data, first[0].data + 10);
    finish(&r, TRI_STREAM_RESET);
}

static void it_reads_no_further_ahead_than_asked_for(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 10 * TRI_BODY_CHUNK_BYTES, SIZE_MAX);
    struct tri_slice out[8];
    bool fin;
    (void)ev->peek(r.body, out, 8, &fin);
    (void)ev->peek(r.body, out, 8, &fin);
    assert_int_equal(r.pattern.at, TRI_BODY_CHUNK_BYTES);
    finish(&r, TRI_STREAM_RESET);
}

static void it_stops_reading_at_the_limit_of_unreleased_bytes_and_wakes_up(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 4 * TRI_BODY_BYTES_MAX, SIZE_MAX);
    while (take(&r, 8, SIZE_MAX) > 0) {
        assert_true(r.sent <= TRI_BODY_BYTES_MAX);
    }
    assert_int_equal(r.sent, TRI_BODY_BYTES_MAX);
    assert_false(r.fin);
    assert_int_equal(r.fake.wakes, 0);
    release(&r, TRI_BODY_CHUNK_BYTES);
    assert_int_equal(r.fake.wakes, 1);
    assert_int_equal(take(&r, 8, SIZE_MAX), TRI_BODY_CHUNK_BYTES);
    assert_int_equal(take(&r, 8, SIZE_MAX), 0);
    finish(&r, TRI_STREAM_CONN_LOST);
}

static void released_chunks_are_given_back(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 100 * TRI_BODY_CHUNK_BYTES, SIZE_MAX);
    size_t most = 0;
    while (!r.fin) {
        const size_t len = take(&r, 8, SIZE_MAX);
        most = r.alloc.live > most ? r.alloc.live : most;
        release(&r, len);
    }
    assert_true(most <= 3); /* the body, and a chunk or two */
    finish(&r, TRI_STREAM_FINISHED);
}

static void a_failing_read_aborts_the_stream_once(void **state)
{
    (void)state;
    for (int stops = 0; stops < 2; stops++) {
        struct rig r;
        start(&r, 5 * TRI_BODY_CHUNK_BYTES, SIZE_MAX);
        r.pattern.fail_at = 2 * TRI_BODY_CHUNK_BYTES;
        r.pattern.stops = stops != 0;
        while (take(&r, 8, SIZE_MAX) > 0) {
            assert_int_equal(r.fake.aborts, 0);
        }
        assert_int_equal(r.fake.aborts, 1);
        assert_int_equal(r.sent, r.pattern.fail_at);
        assert_false(r.fin); /* a cut body must not look whole */
        assert_int_equal(take(&r, 8, SIZE_MAX), 0);
        assert_int_equal(r.fake.aborts, 1);
        finish(&r, TRI_STREAM_ABORTED);
    }
}

static void a_failed_allocation_aborts_the_stream(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 100, SIZE_MAX);
    r.alloc.fail_at = r.alloc.calls + 1;
    assert_int_equal(take(&r, 8, SIZE_MAX), 0);
    assert_int_equal(r.fake.aborts, 1);
    assert_false(r.fin);
    finish(&r, TRI_STREAM_ABORTED);
}

static void new_reports_a_failed_allocation(void **state)
{
    (void)state;
    struct fake fake = {.stream = {.ops = &fake_ops}};
    struct tri_http_body *b = NULL;
    for (size_t n = 1; n <= 2; n++) {
        struct test_alloc t;
        test_alloc_init(&t);
        t.fail_at = n;
        assert_int_equal(tri_http_body_new_copy(&b, &t.alloc, &fake.stream, "a", 1), TRI_ERR_NOMEM);
        assert_int_equal(t.live, 0);
    }
    struct test_alloc t;
    test_alloc_init(&t);
    t.fail_at = 1;
    struct pattern pattern = {.step = 1};
    const struct tri_body source = {
        .read = read_pattern, .close = close_pattern, .user = &pattern, .length = 1};
    assert_int_equal(tri_http_body_new_source(&b, &t.alloc, &fake.stream, &source), TRI_ERR_NOMEM);
    assert_int_equal(pattern.closes, 0); /* the source stays the caller's */
}

static void a_request_body_is_dropped_and_credited(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 10, SIZE_MAX);
    ev->on_data(r.body, (const uint8_t *)"abc", 3);
    ev->on_fin(r.body);
    assert_int_equal(r.fake.consumed, 3);
    assert_int_equal(take(&r, 1, SIZE_MAX), 10);
    finish(&r, TRI_STREAM_FINISHED);
}

static void a_discarded_body_closes_its_source(void **state)
{
    (void)state;
    struct rig r;
    start(&r, 10, SIZE_MAX);
    tri_http_body_discard(r.body);
    assert_int_equal(r.pattern.closes, 1);
    assert_int_equal(r.alloc.live, 0);
}

/* ---- a peer that takes nothing */

#define MS TRI_NS_PER_MS

static void start_watched(struct rig *r, struct tri_http_bodies *bodies)
{
    start(r, 10 * TRI_BODY_CHUNK_BYTES, SIZE_MAX);
    tri_http_bodies_init(bodies, 60000);
    bodies->now_ns = 1000 * MS;
    assert_int_equal(tri_http_bodies_deadline_ns(bodies), TRI_NEVER_NS);
    tri_http_body_watch(r->body, bodies);
}

static void E10_a_response_that_nobody_takes_is_aborted_in_time_and_once(void **state)
{
    (void)state;
    struct rig r;
    struct tri_http_bodies bodies;
    start_watched(&r, &bodies);
    (void)take(&r, 8, SIZE_MAX); /* sent is not taken */
    assert_int_equal(tri_http_bodies_deadline_ns(&bodies), 61000 * MS);
    assert_null(tri_http_bodies_expire(&bodies, 61000 * MS - 1));
    assert_int_equal(r.fake.aborts, 0);
    assert_ptr_equal(tri_http_bodies_expire(&bodies, 61000 * MS), &r.fake.stream);
    assert_int_equal(r.fake.aborts, 1);
    assert_null(tri_http_bodies_expire(&bodies, 200000 * MS));
    release(&r, 1); /* too late: it does not begin again */
    assert_int_equal(tri_http_bodies_deadline_ns(&bodies), TRI_NEVER_NS);
    assert_int_equal(take(&r, 8, SIZE_MAX), 0);
    assert_false(r.fin);
    finish(&r, TRI_STREAM_ABORTED);
}

static void each_byte_that_is_taken_gives_it_more_time(void **state)
{
    (void)state;
    struct rig r;
    struct tri_http_bodies bodies;
    start_watched(&r, &bodies);
    (void)take(&r, 8, SIZE_MAX);
    for (unsigned i = 0; i < 10; i++) {
        bodies.now_ns += 59000 * MS;
        assert_null(tri_http_bodies_expire(&bodies, bodies.now_ns));
        release(&r, 1);
        assert_int_equal(tri_http_bodies_deadline_ns(&bodies), bodies.now_ns + 60000 * MS);
    }
    finish(&r, TRI_STREAM_RESET);
    assert_int_equal(tri_http_bodies_deadline_ns(&bodies), TRI_NEVER_NS);
}

static void a_body_that_failed_is_not_watched_any_more(void **state)
{
    (void)state;
    struct rig r;
    struct tri_http_bodies bodies;
    start_watched(&r, &bodies);
    r.pattern.fail_at = 0;
    assert_int_equal(take(&r, 8, SIZE_MAX), 0);
    assert_int_equal(r.fake.aborts, 1);
    assert_int_equal(tri_http_bodies_deadline_ns(&bodies), TRI_NEVER_NS);
    finish(&r, TRI_STREAM_ABORTED);
}

static void E10_near_the_limit_of_memory_it_holds_a_chunk_at_a_time(void **state)
{
    (void)state;
    struct rig r;
    struct tri_http_bodies bodies;
    struct tri_budget budget;
    tri_budget_init(&budget, tri_alloc_heap(), TRI_BODY_CHUNK_BYTES);
    budget.bytes = 1;
    start_watched(&r, &bodies);
    bodies.budget = &budget;
    assert_int_equal(take(&r, 8, SIZE_MAX), TRI_BODY_CHUNK_BYTES);
    assert_int_equal(take(&r, 8, SIZE_MAX), 0); /* until that is released */
    release(&r, TRI_BODY_CHUNK_BYTES);
    assert_int_equal(r.fake.wakes, 1);
    while (!r.fin) {
        const size_t len = take(&r, 8, SIZE_MAX);
        assert_true(len <= TRI_BODY_CHUNK_BYTES);
        release(&r, len);
    }
    assert_int_equal(r.sent, 10 * TRI_BODY_CHUNK_BYTES);
    finish(&r, TRI_STREAM_FINISHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_near_the_limit_of_memory_it_holds_a_chunk_at_a_time),
        cmocka_unit_test(a_copied_body_is_sent_whole_and_then_ends),
        cmocka_unit_test(an_empty_body_ends_at_once),
        cmocka_unit_test(a_source_is_sent_whole_however_it_is_read_and_taken),
        cmocka_unit_test(a_source_read_byte_by_byte_is_whole_too),
        cmocka_unit_test(peeked_bytes_do_not_move_while_more_is_read),
        cmocka_unit_test(it_reads_no_further_ahead_than_asked_for),
        cmocka_unit_test(it_stops_reading_at_the_limit_of_unreleased_bytes_and_wakes_up),
        cmocka_unit_test(released_chunks_are_given_back),
        cmocka_unit_test(a_failing_read_aborts_the_stream_once),
        cmocka_unit_test(a_failed_allocation_aborts_the_stream),
        cmocka_unit_test(new_reports_a_failed_allocation),
        cmocka_unit_test(a_request_body_is_dropped_and_credited),
        cmocka_unit_test(a_discarded_body_closes_its_source),
        cmocka_unit_test(E10_a_response_that_nobody_takes_is_aborted_in_time_and_once),
        cmocka_unit_test(each_byte_that_is_taken_gives_it_more_time),
        cmocka_unit_test(a_body_that_failed_is_not_watched_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
