/* Two streams joined: each a fake that keeps what was asked of it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_limits.h"
#include "client_splice.h"
#include "test_alloc.h"

struct fake {
    struct tri_stream stream; /* first */
    size_t consumed;
    unsigned wakes, aborts;
};

struct pair {
    struct test_alloc alloc;
    struct fake near, far;
    struct tri_client_splice *splice; /* NULL: over */
    unsigned halves, overs;
};

static void wake_write(struct tri_stream *s)
{
    ((struct fake *)s)->wakes++;
}

static void consume(struct tri_stream *s, size_t len)
{
    ((struct fake *)s)->consumed += len;
}

static void abort_stream(struct tri_stream *s)
{
    ((struct fake *)s)->aborts++;
}

static const struct tri_stream_ops fake_ops = {
    .name = "fake", .wake_write = wake_write, .consume = consume, .abort = abort_stream};

static void on_half(void *user, struct tri_client_splice *splice)
{
    struct pair *p = user;
    assert_ptr_equal(splice, p->splice);
    p->halves++;
}

static void on_over(void *user, struct tri_client_splice *splice)
{
    struct pair *p = user;
    assert_ptr_equal(splice, p->splice);
    p->splice = NULL;
    p->overs++;
}

static const struct tri_client_splice_events events = {.on_half = on_half, .on_over = on_over};

static void bind(struct fake *f, struct tri_client_splice_side *side)
{
    f->stream = (struct tri_stream){
        .ops = &fake_ops, .events = &tri_client_splice_stream_events, .session = side};
    side->stream = &f->stream;
}

static void open_pair(struct pair *p)
{
    *p = (struct pair){.halves = 0};
    test_alloc_init(&p->alloc);
    p->splice = tri_client_splice_new(&p->alloc.alloc, &events, p);
    assert_non_null(p->splice);
    bind(&p->near, &p->splice->near);
    bind(&p->far, &p->splice->far);
}

/* ---- what a transport does */

static void bring(struct fake *f, const char *text)
{
    f->stream.events->on_data(f->stream.session, (const uint8_t *)text, strlen(text));
}

/* Takes all there is: as text, with "." behind it if it was the last. Sent, not released. */
static const char *pull(struct fake *f, char out[64])
{
    struct tri_slice slices[4];
    bool fin = false;
    const size_t count = f->stream.events->peek(f->stream.session, slices, 4, &fin);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(out + len, slices[i].data, slices[i].len);
        len += slices[i].len;
    }
    if (len > 0) {
        f->stream.events->on_sent(f->stream.session, len);
    }
    out[len] = fin ? '.' : '\0';
    out[len + 1] = '\0';
    return out;
}

static void release(struct fake *f, size_t len)
{
    f->stream.events->on_released(f->stream.session, len);
}

static void close_stream(struct fake *f, enum tri_stream_cause cause)
{
    f->stream.events->on_closed(f->stream.session, cause);
}

static void end_pair(struct pair *p)
{
    if (p->splice && p->splice->near.stream) {
        close_stream(&p->near, TRI_STREAM_CONN_LOST);
    }
    if (p->splice && p->splice->far.stream) {
        close_stream(&p->far, TRI_STREAM_CONN_LOST);
    }
    assert_null(p->splice);
    assert_int_equal(p->overs, 1);
    assert_true(p->halves >= 1);
    assert_int_equal(p->alloc.live, 0);
}

/* Each test runs in both directions: |from| brings, |to| sends. */
static struct fake *from(struct pair *p, int direction)
{
    return direction ? &p->near : &p->far;
}

static struct fake *to(struct pair *p, int direction)
{
    return direction ? &p->far : &p->near;
}

/* ---- tests */

static void an_end_of_one_side_is_told_and_each_progress_from_then_on(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct pair p;
        char text[64];
        open_pair(&p);
        struct fake *in = from(&p, direction), *out = to(&p, direction);
        bring(in, "hello");
        (void)pull(out, text);
        release(out, 1);
        assert_int_equal(p.halves, 0);
        in->stream.events->on_fin(in->stream.session);
        assert_int_equal(p.halves, 1);
        release(out, 1);
        assert_int_equal(p.halves, 2);
        close_stream(in, TRI_STREAM_FINISHED);
        assert_int_equal(p.halves, 3);
        end_pair(&p);
    }
}

static void bytes_of_one_go_out_on_the_other(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct pair p;
        char text[64];
        open_pair(&p);
        bring(from(&p, direction), "hello ");
        bring(from(&p, direction), "there");
        assert_int_equal(to(&p, direction)->wakes, 2);
        assert_string_equal(pull(from(&p, direction), text), "");
        assert_string_equal(pull(to(&p, direction), text), "hello there");
        assert_string_equal(pull(to(&p, direction), text), "");
        end_pair(&p);
    }
}

static void credit_comes_back_when_the_other_has_released(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct pair p;
        char text[64];
        open_pair(&p);
        bring(from(&p, direction), "hello");
        (void)pull(to(&p, direction), text);
        assert_int_equal(from(&p, direction)->consumed, 0);
        release(to(&p, direction), 3);
        assert_int_equal(from(&p, direction)->consumed, 3);
        release(to(&p, direction), 2);
        assert_int_equal(from(&p, direction)->consumed, 5);
        assert_int_equal(to(&p, direction)->consumed, 0);
        end_pair(&p);
    }
}

static void a_fin_goes_on_behind_the_last_bytes(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct pair p;
        char text[64];
        open_pair(&p);
        struct fake *in = from(&p, direction), *out = to(&p, direction);
        bring(in, "bye");
        in->stream.events->on_fin(in->stream.session);
        assert_true(out->wakes > 1);
        assert_string_equal(pull(out, text), "bye.");
        assert_string_equal(pull(in, text), ""); /* the other direction is open */
        bring(out, "late");
        assert_string_equal(pull(in, text), "late");
        out->stream.events->on_fin(out->stream.session);
        assert_string_equal(pull(in, text), ".");
        close_stream(in, TRI_STREAM_FINISHED);
        close_stream(out, TRI_STREAM_FINISHED);
        assert_int_equal(in->aborts + out->aborts, 0);
        end_pair(&p);
    }
}

static void a_fin_waits_for_bytes_that_did_not_fit_into_a_pull(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p);
    uint8_t *big = calloc(1, 50000);
    assert_non_null(big);
    p.far.stream.events->on_data(p.far.stream.session, big, 50000);
    free(big);
    p.far.stream.events->on_fin(p.far.stream.session);
    struct tri_slice slice;
    bool fin = false;
    size_t left = 50000;
    while (left > 0) {
        assert_false(fin);
        assert_int_equal(p.near.stream.events->peek(p.near.stream.session, &slice, 1, &fin), 1);
        left -= slice.len;
        p.near.stream.events->on_sent(p.near.stream.session, slice.len);
    }
    assert_true(fin);
    end_pair(&p);
}

static void an_end_without_order_aborts_the_other(void **state)
{
    (void)state;
    static const enum tri_stream_cause causes[] = {TRI_STREAM_RESET, TRI_STREAM_ABORTED,
                                                   TRI_STREAM_CONN_LOST};
    for (int i = 0; i < 6; i++) {
        struct pair p;
        open_pair(&p);
        struct fake *in = from(&p, i % 2), *out = to(&p, i % 2);
        close_stream(in, causes[i / 2]);
        assert_int_equal(out->aborts, 1);
        assert_int_equal(p.halves, 1);
        close_stream(out, TRI_STREAM_ABORTED);
        assert_int_equal(in->aborts, 0); /* it is closed: no op may be called */
        end_pair(&p);
    }
}

static void what_comes_when_nobody_is_left_is_dropped_with_its_credit(void **state)
{
    (void)state;
    for (int direction = 0; direction < 2; direction++) {
        struct pair p;
        char text[64];
        open_pair(&p);
        struct fake *in = from(&p, direction), *out = to(&p, direction);
        bring(in, "held");
        (void)pull(out, text);
        bring(in, "more");
        close_stream(out, TRI_STREAM_FINISHED);
        assert_int_equal(in->consumed, 8); /* sent or not, nobody will release it */
        bring(in, "late");
        assert_int_equal(in->consumed, 12);
        assert_string_equal(pull(in, text), "."); /* and our direction is at its end */
        assert_int_equal(in->aborts, 0);
        end_pair(&p);
    }
}

static void what_is_more_than_credit_allows_ends_both(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p);
    uint8_t *big = calloc(1, TRI_PAUSED_BYTES_MAX);
    assert_non_null(big);
    p.far.stream.events->on_data(p.far.stream.session, big, TRI_PAUSED_BYTES_MAX);
    assert_int_equal(p.far.aborts, 0);
    p.far.stream.events->on_data(p.far.stream.session, big, 1);
    free(big);
    assert_int_equal(p.far.aborts, 1);
    assert_int_equal(p.near.aborts, 1);
    end_pair(&p);
}

static void a_failed_allocation_ends_both(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p);
    p.alloc.fail_at = p.alloc.calls + 1;
    bring(&p.near, "hello");
    assert_int_equal(p.far.aborts, 1);
    assert_int_equal(p.near.aborts, 1);
    end_pair(&p);
}

static void an_end_by_the_owner_is_orderly_on_both_sides(void **state)
{
    (void)state;
    struct pair p;
    char text[64];
    open_pair(&p);
    bring(&p.near, "up");
    tri_client_splice_end(p.splice);
    bring(&p.near, "late");
    assert_int_equal(p.near.consumed, 4);
    assert_string_equal(pull(&p.far, text), "up.");
    assert_string_equal(pull(&p.near, text), ".");
    assert_int_equal(p.near.aborts + p.far.aborts, 0);
    end_pair(&p);
}

static void a_splice_that_was_never_bound_is_discarded(void **state)
{
    (void)state;
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    tri_client_splice_discard(tri_client_splice_new(&alloc.alloc, &events, NULL));
    assert_int_equal(alloc.live, 0);
    alloc.fail_at = alloc.calls + 1;
    assert_null(tri_client_splice_new(&alloc.alloc, &events, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_one_go_out_on_the_other),
        cmocka_unit_test(credit_comes_back_when_the_other_has_released),
        cmocka_unit_test(an_end_of_one_side_is_told_and_each_progress_from_then_on),
        cmocka_unit_test(a_fin_goes_on_behind_the_last_bytes),
        cmocka_unit_test(a_fin_waits_for_bytes_that_did_not_fit_into_a_pull),
        cmocka_unit_test(an_end_without_order_aborts_the_other),
        cmocka_unit_test(what_comes_when_nobody_is_left_is_dropped_with_its_credit),
        cmocka_unit_test(what_is_more_than_credit_allows_ends_both),
        cmocka_unit_test(a_failed_allocation_ends_both),
        cmocka_unit_test(an_end_by_the_owner_is_orderly_on_both_sides),
        cmocka_unit_test(a_splice_that_was_never_bound_is_discarded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
