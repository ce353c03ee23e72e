/* The line that tells how a run goes. */
#include "bench_progress.h"
#include "trisock/trisock.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct bench_leg leg;

static void it_tells_of_opening_then_of_the_rate(void **state)
{
    (void)state;
    struct bench_progress p = {.round = 2, .rounds = 3};
    char text[BENCH_PROGRESS_MAX];
    leg.http = TRI_HTTP_2;
    leg.sockets = 100;
    atomic_store(&leg.sockets_open, 7);
    bench_progress_text(&p, &leg, 10 * SECOND, text);
    assert_string_equal(text, "round 2 of 3, h2: opening, 7 of 100 sockets");
    atomic_store(&leg.sockets_open, 100);
    atomic_store(&leg.measure_ns, 12 * SECOND);
    atomic_store(&leg.start_ns, 10 * SECOND + 1);
    atomic_store(&leg.messages, 500);
    bench_progress_text(&p, &leg, 11 * SECOND, text);
    assert_string_equal(text, "round 2 of 3, h2: warming up, 100 sockets open, 500 messages/s");
    atomic_store(&leg.messages, 2500);
    bench_progress_text(&p, &leg, 13 * SECOND, text);
    assert_string_equal(text, "round 2 of 3, h2: measuring, 100 sockets open, 1000 messages/s");
}

static void it_writes_over_itself(void **state)
{
    (void)state;
    char written[512] = "";
    FILE *out = fmemopen(written, sizeof written, "w");
    assert_non_null(out);
    struct bench_progress p = {.out = out, .round = 1, .rounds = 1};
    bench_progress_show(&p, &leg);
    bench_progress_clear(&p);
    (void)fclose(out);
    assert_memory_equal(written, "\r\033[Kround 1 of 1", strlen("\r\033[Kround 1 of 1"));
    assert_string_equal(written + strlen(written) - 4, "\r\033[K");
    assert_null(strchr(written, '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_of_opening_then_of_the_rate),
        cmocka_unit_test(it_writes_over_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
