/* The precise timer: when it comes, that it comes once, and what it costs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_timer.h"
#include "test_alloc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

struct rig {
    struct tri_loop *loop;
    struct tri_timer *timer, *other;
    bool calling;
    int times, other_times, turn_ends, turn_ends_then;
    uint64_t asked_ns, came_ns;
    int again;            /* set anew from on_time, so many times ... */
    uint64_t again_in_ns; /* so much later */
    bool free_in_time;
    uint64_t others_ns; /* what the other sets this one to */
};

static void end_turn(void *user, uint64_t now_ns)
{
    (void)now_ns;
    struct rig *r = user;
    r->turn_ends++;
}

static void ignore_deadline(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
}

static void ignore_wake(void *user)
{
    (void)user;
}

static const struct tri_loop_events events = {end_turn, ignore_deadline, ignore_wake};

static void set(struct rig *r, uint64_t at_ns)
{
    r->asked_ns = at_ns;
    r->calling = true;
    tri_timer_set(r->timer, at_ns);
    r->calling = false;
}

static void take_time(void *user)
{
    struct rig *r = user;
    assert_false(r->calling);
    r->came_ns = uv_hrtime();
    assert_true(r->came_ns >= r->asked_ns);
    r->times++;
    r->turn_ends_then = r->turn_ends;
    if (r->again > 0) {
        r->again--;
        set(r, r->came_ns + r->again_in_ns);
    }
    if (r->free_in_time) {
        tri_timer_free(r->timer);
        r->timer = NULL;
    }
}

static void open_rig(struct rig *r)
{
    *r = (struct rig){0};
    assert_int_equal(tri_loop_new(&r->loop, tri_alloc_heap(), &events, r), TRI_OK);
    assert_int_equal(tri_timer_new(&r->timer, r->loop, take_time, r), TRI_OK);
}

static void close_rig(struct rig *r)
{
    tri_timer_free(r->timer);
    tri_timer_free(r->other);
    tri_loop_free(r->loop);
}

/* As a host's own loop does: waits for the descriptor, then steps. */
static void step(struct rig *r, int wait_ms)
{
    int timeout = tri_loop_timeout_ms(r->loop);
    struct pollfd p = {.fd = tri_loop_fd(r->loop), .events = POLLIN};
    (void)poll(&p, 1, timeout < 0 || timeout > wait_ms ? wait_ms : timeout);
    tri_loop_step(r->loop);
}

static void step_until(struct rig *r, int times)
{
    for (int i = 0; i < 5000 && r->times < times; i++) {
        step(r, 1000);
    }
    assert_int_equal(r->times, times);
}

static void comes_once_at_its_time(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r);
    uint64_t least_ns = UINT64_MAX;
    for (int i = 0; i < 40; i++) {
        set(&r, uv_hrtime() + 300 * US);
        step_until(&r, i + 1);
        assert_true(r.turn_ends > r.turn_ends_then);
        uint64_t late_ns = r.came_ns - r.asked_ns;
        least_ns = late_ns < least_ns ? late_ns : least_ns;
    }
    assert_true(least_ns < 500 * US); /* a timer of whole milliseconds would miss by more, mostly */
    step(&r, 5);
    assert_int_equal(r.times, 40);
    close_rig(&r);
}

static void a_past_time_is_at_once_but_not_during_the_call(void **state)
{
    (void)state;
    static const uint64_t times[] = {0, 1, 1000000};
    struct rig r;
    open_rig(&r);
    for (int i = 0; i < 3; i++) {
        set(&r, times[i]);
        assert_int_equal(r.times, i);
        step_until(&r, i + 1);
    }
    close_rig(&r);
}

static void may_be_replaced_and_taken_back(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r);
    set(&r, uv_hrtime() + 10000 * MS);
    set(&r, uv_hrtime() + 1 * MS); /* earlier */
    step_until(&r, 1);
    set(&r, uv_hrtime() + 1 * MS);
    set(&r, uv_hrtime() + 30 * MS); /* later */
    step_until(&r, 2);
    set(&r, uv_hrtime() + 1 * MS);
    set(&r, UINT64_MAX);
    for (int i = 0; i < 3; i++) {
        step(&r, 5);
    }
    assert_int_equal(r.times, 2);
    close_rig(&r);
}

static void may_be_set_from_its_own_call(void **state)
{
    (void)state;
    static const uint64_t in_ns[] = {0, 50 * US, 2 * MS};
    for (int i = 0; i < 3; i++) {
        struct rig r;
        open_rig(&r);
        r.again = 20;
        r.again_in_ns = in_ns[i];
        set(&r, uv_hrtime());
        step_until(&r, 21);
        step(&r, 5);
        assert_int_equal(r.times, 21);
        close_rig(&r);
    }
}

static void may_be_freed_from_its_own_call(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r);
    r.free_in_time = true;
    set(&r, 0);
    step_until(&r, 1);
    assert_null(r.timer);
    close_rig(&r);
}

static void take_other_time(void *user)
{
    struct rig *r = user;
    r->other_times++;
    set(r, r->others_ns);
}

/* Both are due in the same turn, the other one first. */
static void what_another_put_off_in_the_same_turn_waits(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r);
    assert_int_equal(tri_timer_new(&r.other, r.loop, take_other_time, &r), TRI_OK);
    step(&r, 0); /* the loop knows both from here on, so they come in the order of their times */
    uint64_t now_ns = uv_hrtime();
    tri_timer_set(r.other, now_ns + 1);
    set(&r, now_ns + 1 * MS);
    while (uv_hrtime() < now_ns + 2 * MS) {}
    r.others_ns = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        step(&r, 1);
    }
    assert_int_equal(r.other_times, 1);
    assert_int_equal(r.times, 0);
    close_rig(&r);
}

static void each_failing_allocation_and_no_descriptor(void **state)
{
    (void)state;
    for (size_t n = 1; n < 3; n++) {
        struct test_alloc memory;
        struct rig r = {0};
        test_alloc_init(&memory);
        assert_int_equal(tri_loop_new(&r.loop, &memory.alloc, &events, &r), TRI_OK);
        memory.fail_at = memory.calls + n;
        enum tri_err err = tri_timer_new(&r.timer, r.loop, take_time, &r);
        assert_int_equal(err, n == 1 ? TRI_ERR_NOMEM : TRI_OK);
        close_rig(&r);
        assert_int_equal(memory.live, 0);
    }
    struct rig r;
    open_rig(&r);
    struct rlimit usual;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    const struct rlimit none = {.rlim_cur = 3, .rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum tri_err err = tri_timer_new(&r.other, r.loop, take_time, &r);
    int error = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(err, TRI_ERR_IO);
    assert_int_equal(error, EMFILE);
    assert_null(r.other);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_once_at_its_time),
        cmocka_unit_test(a_past_time_is_at_once_but_not_during_the_call),
        cmocka_unit_test(may_be_replaced_and_taken_back),
        cmocka_unit_test(may_be_set_from_its_own_call),
        cmocka_unit_test(may_be_freed_from_its_own_call),
        cmocka_unit_test(what_another_put_off_in_the_same_turn_waits),
        cmocka_unit_test(each_failing_allocation_and_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
