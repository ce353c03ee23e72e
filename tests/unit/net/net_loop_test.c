/* Turns, deadlines, waking, and stepping inside a host's own loop. Time is real, so bounds are
 * wide where a busy machine may be late, and sharp where being early would be a fault. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_loop.h"
#include "net_turn.h"
#include "test_alloc.h"
#include "test_death.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MS ((uint64_t)1000000)

struct world {
    struct tri_loop *loop;
    int turns;
    int deadlines;
    int wakes;
    uint64_t deadline_seen_ns;
    uint64_t rearm_ns; /* set again in on_deadline; 0: not */
    int stop_after;    /* turns; 0: never */
    int stop_after_deadlines;
    char order[64]; /* letters of what happened */
};

static void note(struct world *w, char what)
{
    size_t len = strlen(w->order);
    if (len + 1 < sizeof w->order) {
        w->order[len] = what;
        w->order[len + 1] = '\0';
    }
}

static void count_turn(void *user, uint64_t now_ns)
{
    struct world *w = user;
    assert_int_equal(now_ns, tri_loop_now_ns(w->loop));
    w->turns++;
    note(w, 't');
    if (w->stop_after > 0 && w->turns >= w->stop_after) {
        tri_loop_stop(w->loop);
    }
}

static void count_deadline(void *user, uint64_t now_ns)
{
    struct world *w = user;
    w->deadlines++;
    w->deadline_seen_ns = now_ns;
    note(w, 'd');
    if (w->rearm_ns != 0) {
        tri_loop_set_deadline(w->loop, w->rearm_ns);
    }
    if (w->stop_after_deadlines > 0 && w->deadlines >= w->stop_after_deadlines) {
        tri_loop_stop(w->loop);
    }
}

static void count_wake(void *user)
{
    struct world *w = user;
    w->wakes++;
    note(w, 'w');
}

static const struct tri_loop_events events = {count_turn, count_deadline, count_wake};

static void open_world(struct world *w)
{
    *w = (struct world){0};
    assert_int_equal(tri_loop_new(&w->loop, tri_alloc_heap(), &events, w), TRI_OK);
}

static void a_turn_ends_before_the_loop_blocks(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    w.stop_after = 1;
    /* Nothing is ready and no deadline is set: without its end, this turn would block for ever. */
    assert_int_equal(tri_loop_run(w.loop), TRI_OK);
    assert_int_equal(w.turns, 1);
    tri_loop_free(w.loop);
}

static void a_deadline_is_never_early_and_comes_once(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    for (int i = 0; i < 20; i++) {
        w.deadlines = 0;
        w.turns = 0;
        w.stop_after_deadlines = 1;
        uint64_t at_ns = uv_hrtime() + MS + (uint64_t)i * 137000;
        tri_loop_set_deadline(w.loop, at_ns);
        assert_int_equal(tri_loop_run(w.loop), TRI_OK);
        assert_int_equal(w.deadlines, 1);
        assert_true(w.deadline_seen_ns >= at_ns);
        assert_true(w.deadline_seen_ns < at_ns + 5000 * MS);
        /* The first turn armed it, the second one was it: it did not spin in between. */
        assert_in_range(w.turns, 1, 2);
    }
    tri_loop_free(w.loop);
}

static void a_deadline_can_be_moved_and_taken_back(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    uint64_t now_ns = uv_hrtime();
    tri_loop_set_deadline(w.loop, now_ns + MS);
    tri_loop_set_deadline(w.loop, now_ns + 3600 * 1000 * MS);
    for (int i = 0; i < 5; i++) {
        tri_loop_step(w.loop);
        usleep(1000);
    }
    assert_int_equal(w.deadlines, 0);
    assert_true(tri_loop_timeout_ms(w.loop) > 3000 * 1000);
    tri_loop_set_deadline(w.loop, UINT64_MAX);
    tri_loop_step(w.loop);
    assert_int_equal(tri_loop_timeout_ms(w.loop), -1);
    assert_int_equal(w.deadlines, 0);
    tri_loop_free(w.loop);
}

static void a_deadline_in_the_past_comes_at_once(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    w.stop_after_deadlines = 1;
    tri_loop_set_deadline(w.loop, 1);
    assert_int_equal(tri_loop_run(w.loop), TRI_OK);
    assert_int_equal(w.deadlines, 1);
    tri_loop_free(w.loop);
}

/* An owner that always asks for "now" must not keep sockets from being read. */
static void a_past_deadline_set_again_waits_for_the_next_turn(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    w.rearm_ns = 1;
    w.stop_after = 10;
    tri_loop_set_deadline(w.loop, 1);
    assert_int_equal(tri_loop_run(w.loop), TRI_OK);
    assert_in_range(w.deadlines, 1, 10);
    assert_null(strstr(w.order, "dd"));
    tri_loop_free(w.loop);
}

static volatile sig_atomic_t signals;
static struct tri_loop *signal_loop;

static void wake_in_handler(int number)
{
    (void)number;
    signals++;
    tri_loop_wake(signal_loop);
}

static void wakes_from_a_signal_handler(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    signal_loop = w.loop;
    struct sigaction old;
    const struct sigaction action = {.sa_handler = wake_in_handler};
    assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    w.stop_after = 2;
    assert_int_equal(tri_loop_run(w.loop), TRI_OK);
    assert_int_equal(signals, 2);
    assert_int_equal(w.wakes, 1); /* once for both */
    assert_string_equal(w.order, "twt");
    assert_int_equal(sigaction(SIGUSR1, &old, NULL), 0);
    tri_loop_free(w.loop);
}

static void *wake_later(void *loop)
{
    usleep(5000);
    tri_loop_wake(loop);
    return NULL;
}

static void wakes_from_another_thread(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    w.stop_after = 2;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_later, w.loop), 0);
    assert_int_equal(tri_loop_run(w.loop), TRI_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.wakes, 1);
    tri_loop_free(w.loop);
}

static void a_step_ends_its_turn_and_never_blocks(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    tri_loop_step(w.loop);
    assert_int_equal(w.turns, 1);
    tri_loop_wake(w.loop);
    w.order[0] = '\0';
    tri_loop_step(w.loop);
    /* What the poll brought is flushed in the same step, not in the next. */
    assert_int_equal(w.wakes, 1);
    assert_int_equal(w.order[strlen(w.order) - 1], 't');
    assert_non_null(strstr(w.order, "wt"));
    tri_loop_free(w.loop);
}

static void misuse(struct world *w, char how)
{
    switch (how) {
    case 'r':
        (void)!tri_loop_run(w->loop);
        break;
    case 's':
        tri_loop_step(w->loop);
        break;
    default:
        tri_loop_free(w->loop);
        break;
    }
}

static void misuse_on_wake(void *user)
{
    struct world *w = user;
    if (tri_loop_is_running(w->loop)) {
        misuse(w, w->order[0]);
    }
}

static void misuse_within_a_step(void *user)
{
    static const struct tri_loop_events misusing = {count_turn, count_deadline, misuse_on_wake};
    struct world w = {.order = {*(const char *)user}};
    if (tri_loop_new(&w.loop, tri_alloc_heap(), &misusing, &w) == TRI_OK) {
        tri_loop_wake(w.loop);
        tri_loop_step(w.loop);
    }
}

static void a_handler_must_not_run_step_or_free_its_loop(void **state)
{
    (void)state;
    for (const char *how = "rsf"; *how; how++) {
        assert_true(test_death_is_met(misuse_within_a_step, (void *)(uintptr_t)how));
    }
    struct world w;
    open_world(&w);
    assert_false(tri_loop_is_running(w.loop));
    tri_loop_step(w.loop);
    assert_false(tri_loop_is_running(w.loop));
    tri_loop_free(w.loop);
}

static void a_host_can_wait_on_the_fd(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    tri_loop_step(w.loop);
    struct pollfd host = {.fd = tri_loop_fd(w.loop), .events = POLLIN};
    assert_int_equal(poll(&host, 1, 0), 0);
    tri_loop_wake(w.loop);
    assert_int_equal(poll(&host, 1, 1000), 1);
    tri_loop_step(w.loop);
    assert_int_equal(w.wakes, 1);
    assert_int_equal(poll(&host, 1, 0), 0);

    uint64_t at_ns = uv_hrtime() + 20 * MS;
    tri_loop_set_deadline(w.loop, at_ns);
    while (w.deadlines == 0) {
        int timeout_ms = tri_loop_timeout_ms(w.loop);
        assert_in_range(timeout_ms, 0, 22);
        (void)poll(&host, 1, timeout_ms);
        tri_loop_step(w.loop);
    }
    assert_true(w.deadline_seen_ns >= at_ns);
    tri_loop_free(w.loop);
}

struct sleeper {
    struct tri_loop *loop;
    struct tri_loop_late late;
    uint64_t first_ns;
};

static void sleep_in_turn(struct tri_loop_late *late)
{
    struct sleeper *s = TRI_CONTAINER_OF(late, struct sleeper, late);
    s->first_ns = tri_loop_now_ns(s->loop);
    usleep(2000);
    assert_int_equal(tri_loop_now_ns(s->loop), s->first_ns);
}

static void time_stands_still_within_a_turn(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct sleeper s = {.loop = w.loop};
    tri_loop_late_init(&s.late, sleep_in_turn);
    tri_loop_late_add(w.loop, &s.late);
    tri_loop_step(w.loop);
    assert_int_not_equal(s.first_ns, 0);
    tri_loop_step(w.loop);
    assert_true(tri_loop_now_ns(w.loop) >= s.first_ns + 2 * MS);
    tri_loop_free(w.loop);
}

/* Bytes come, are looked at, and more of them come. */
static void input_has_the_time_of_its_receipt(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    tri_loop_begin(w.loop);
    const uint64_t first_ns = tri_loop_input_ns(w.loop);
    usleep(2000);
    assert_true(tri_loop_input_ns(w.loop) == first_ns);
    tri_loop_note_input(w.loop);
    const uint64_t second_ns = tri_loop_input_ns(w.loop);
    assert_true(second_ns >= first_ns + 2 * MS);
    tri_loop_step(w.loop); /* the turn ends: nothing that comes next has come by then */
    usleep(2000);
    assert_true(tri_loop_input_ns(w.loop) >= second_ns + 2 * MS);
    tri_loop_free(w.loop);
}

static void time_goes_on_between_turns(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    tri_loop_step(w.loop);
    uint64_t first_ns = tri_loop_now_ns(w.loop);
    tri_loop_set_deadline(w.loop, first_ns + 500 * MS);
    usleep(20000);
    assert_true(tri_loop_now_ns(w.loop) >= first_ns + 20 * MS);
    int left_ms = tri_loop_timeout_ms(w.loop);
    assert_true(left_ms >= 0 && left_ms <= 481);
    tri_loop_free(w.loop);
}

/* ---- what net's own files use */

struct helper {
    struct world *w;
    struct tri_loop_timer timer;
    struct tri_loop_late late;
};

static void expire_helper(struct tri_loop_timer *t, uint64_t now_ns)
{
    (void)now_ns;
    struct helper *h = TRI_CONTAINER_OF(t, struct helper, timer);
    note(h->w, 'x');
}

static void run_helper(struct tri_loop_late *late)
{
    struct helper *h = TRI_CONTAINER_OF(late, struct helper, late);
    note(h->w, 'l');
}

static void timers_share_the_loop_in_their_order(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct helper h = {.w = &w};
    assert_int_equal(tri_loop_timer_init(w.loop, &h.timer, expire_helper), TRI_OK);
    uint64_t now_ns = uv_hrtime();
    tri_loop_timer_set(w.loop, &h.timer, now_ns + 2 * MS);
    tri_loop_set_deadline(w.loop, now_ns + 12 * MS);
    w.stop_after_deadlines = 1;
    assert_int_equal(tri_loop_run(w.loop), TRI_OK);
    const char *x = strchr(w.order, 'x');
    const char *d = strchr(w.order, 'd');
    assert_true(x && d && x < d);
    assert_null(strchr(x + 1, 'x'));

    tri_loop_timer_after(w.loop, &h.timer, 1);
    tri_loop_timer_deinit(w.loop, &h.timer);
    w.order[0] = '\0';
    usleep(3000);
    tri_loop_step(w.loop);
    assert_null(strchr(w.order, 'x'));
    tri_loop_free(w.loop);
}

static void a_timer_that_is_set_between_turns_counts_from_then(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) { /* before the first turn, and after one */
        struct world w;
        open_world(&w);
        struct helper h = {.w = &w};
        assert_int_equal(tri_loop_timer_init(w.loop, &h.timer, expire_helper), TRI_OK);
        if (i == 1) {
            tri_loop_step(w.loop);
        }
        usleep(30000);
        uint64_t set_ns = uv_hrtime();
        tri_loop_timer_after(w.loop, &h.timer, 25);
        while (!strchr(w.order, 'x')) {
            w.order[0] = '\0'; /* it holds a few only */
            tri_loop_step(w.loop);
        }
        assert_true(uv_hrtime() >= set_ns + 25 * MS);
        tri_loop_timer_deinit(w.loop, &h.timer);
        tri_loop_free(w.loop);
    }
}

static void late_work_comes_after_the_turns_end_once(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    struct helper h = {.w = &w};
    tri_loop_late_init(&h.late, run_helper);
    tri_loop_late_add(w.loop, &h.late);
    tri_loop_late_add(w.loop, &h.late);
    tri_loop_step(w.loop);
    assert_true(strncmp(w.order, "tl", 2) == 0);
    assert_null(strchr(w.order + 2, 'l'));
    tri_loop_late_add(w.loop, &h.late);
    tri_loop_late_remove(&h.late);
    w.order[0] = '\0';
    tri_loop_step(w.loop);
    assert_null(strchr(w.order, 'l'));
    tri_loop_free(w.loop);
}

static void new_survives_each_failing_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        test_alloc_init(&memory);
        memory.fail_at = n;
        struct tri_loop *loop;
        enum tri_err err = tri_loop_new(&loop, &memory.alloc, &events, NULL);
        failed = test_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (!err) {
            tri_loop_free(loop);
        } else {
            assert_null(loop);
        }
        assert_int_equal(memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_ends_before_the_loop_blocks),
        cmocka_unit_test(a_deadline_is_never_early_and_comes_once),
        cmocka_unit_test(a_deadline_can_be_moved_and_taken_back),
        cmocka_unit_test(a_deadline_in_the_past_comes_at_once),
        cmocka_unit_test(a_past_deadline_set_again_waits_for_the_next_turn),
        cmocka_unit_test(wakes_from_a_signal_handler),
        cmocka_unit_test(wakes_from_another_thread),
        cmocka_unit_test(a_step_ends_its_turn_and_never_blocks),
        cmocka_unit_test(a_handler_must_not_run_step_or_free_its_loop),
        cmocka_unit_test(a_host_can_wait_on_the_fd),
        cmocka_unit_test(time_stands_still_within_a_turn),
        cmocka_unit_test(input_has_the_time_of_its_receipt),
        cmocka_unit_test(time_goes_on_between_turns),
        cmocka_unit_test(timers_share_the_loop_in_their_order),
        cmocka_unit_test(a_timer_that_is_set_between_turns_counts_from_then),
        cmocka_unit_test(late_work_comes_after_the_turns_end_once),
        cmocka_unit_test(new_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
