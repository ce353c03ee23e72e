/* What a process costs: measured on this one, and on a child. */
#include "bench_process.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

/* Uses |ns| of the thread's CPU time. */
static void burn(uint64_t ns)
{
    struct timespec t;
    uint64_t now = 0, end = 0;
    do {
        for (int i = 0; i < 1000; i++) {
            sink += (uint64_t)i;
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
        end = end == 0 ? now + ns : end;
    } while (now < end);
}

static uint64_t total(const struct bench_cpu *cpu)
{
    return cpu->user_ns + cpu->system_ns;
}

static void its_own_time_is_known_exactly(void **state)
{
    (void)state;
    struct bench_usage before, after;
    assert_true(bench_process_usage(0, &before));
    burn(3000000);
    assert_true(bench_process_usage(0, &after));
    const struct bench_cpu cpu = bench_usage_between(&before, &after);
    assert_in_range(total(&cpu), 3000000, 100000000);
}

/* Finer than the 10 ms that /proc counts in. */
static void the_time_of_another_process_is_known_exactly(void **state)
{
    (void)state;
    int ready[2], go[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)!read(go[0], &byte, 1);
        burn(3000000);
        (void)!write(ready[1], "", 1);
        (void)!read(go[0], &byte, 1);
        _exit(0);
    }
    struct bench_usage before, after;
    assert_true(bench_process_usage(pid, &before));
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_true(bench_process_usage(pid, &after));
    const struct bench_cpu cpu = bench_usage_between(&before, &after);
    assert_in_range(total(&cpu), 3000000, 100000000);
    assert_true(bench_process_memory(pid) > 10000);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    assert_false(bench_process_usage(pid, &after));
    assert_int_equal(after.total_ns, 0);
    assert_int_equal(bench_process_memory(pid), 0);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

static void the_total_is_divided_as_the_shares_are(void **state)
{
    (void)state;
    const struct bench_usage before = {1000, {100, 100}};
    static const struct {
        struct bench_usage after;
        uint64_t user, system;
    } rows[] = {
        {{5000, {400, 200}}, 3000, 1000},
        {{5000, {100, 100}}, 4000, 0}, /* too short for shares: all is the user's */
        {{5000, {100, 300}}, 0, 4000},
        {{900, {100, 100}}, 0, 0}, /* another process has its number */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct bench_cpu cpu = bench_usage_between(&before, &rows[i].after);
        assert_int_equal(cpu.user_ns, rows[i].user);
        assert_int_equal(cpu.system_ns, rows[i].system);
    }
}

static void memory_that_is_used_is_seen(void **state)
{
    (void)state;
    const size_t len = 32u << 20;
    uint64_t before = bench_process_memory(getpid());
    uint8_t *block = malloc(len);
    assert_non_null(block);
    memset(block, 1, len);
    assert_true(bench_process_memory(getpid()) - before >= len - (1u << 20));
    free(block);
}

static void the_machine_is_named(void **state)
{
    (void)state;
    char text[BENCH_TEXT_MAX];
    bench_process_machine(text);
    assert_non_null(strstr(text, " core"));
    assert_non_null(strstr(text, "Linux "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_time_is_known_exactly),
        cmocka_unit_test(the_time_of_another_process_is_known_exactly),
        cmocka_unit_test(the_total_is_divided_as_the_shares_are),
        cmocka_unit_test(memory_that_is_used_is_seen),
        cmocka_unit_test(the_machine_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
