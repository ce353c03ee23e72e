/* Signals come as calls, each of them, until the end. */
#include "cli_signals.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

struct counter {
    sem_t came;
};

static void count(void *user)
{
    struct counter *c = user;
    sem_post(&c->came);
}

static void wait_for_one(struct counter *c)
{
    struct timespec until;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += 10;
    assert_int_equal(sem_timedwait(&c->came, &until), 0);
}

static void do_nothing(void *user)
{
    (void)user;
}

static void N6_a_hangup_is_a_reload_and_no_stop(void **state)
{
    (void)state;
    struct counter c;
    assert_int_equal(sem_init(&c.came, 0, 0), 0);
    struct cli_signals s = {.on_stop = do_nothing, .on_reload = count, .user = &c};
    assert_int_equal(cli_signals_start(&s), TRI_OK);
    assert_int_equal(kill(getpid(), SIGHUP), 0);
    wait_for_one(&c);
    assert_int_equal(kill(getpid(), SIGHUP), 0);
    wait_for_one(&c);
    cli_signals_end(&s);
    assert_int_equal(sem_trywait(&c.came), -1);
    sem_destroy(&c.came);
}

static void both_signals_are_calls(void **state)
{
    (void)state;
    struct counter c;
    assert_int_equal(sem_init(&c.came, 0, 0), 0);
    struct cli_signals s = {.on_stop = count, .on_reload = do_nothing, .user = &c};
    assert_int_equal(cli_signals_start(&s), TRI_OK);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    wait_for_one(&c);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    wait_for_one(&c);
    cli_signals_end(&s);
    assert_int_equal(sem_trywait(&c.came), -1); /* the end itself is no call */
    sem_destroy(&c.came);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_signals_are_calls),
        cmocka_unit_test(N6_a_hangup_is_a_reload_and_no_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
