/* Each refusal is counted, and logged once: so many a second, and of the rest the number. */
#include "server_refusal.h"

#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#define SECOND_NS UINT64_C(1000000000)

static const struct tri_carrier carrier = {
    .conn_id = 7, .stream_id = 4, .http = "h2", .remote = "192.0.2.1:5"};

static size_t count_lines(const struct test_hub *t)
{
    size_t lines = 0;
    for (const char *at = t->log; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    return lines;
}

static void a_refusal_is_counted_and_logged_with_its_reason(void **state)
{
    (void)state;
    struct test_hub t;
    test_hub_init(&t);
    tri_refusal_note(&t.link, &carrier, TRI_REFUSED_ORIGIN, 403, TRI_SLICE("/echo"));
    tri_refusal_note(&t.link, &carrier, TRI_REFUSED_MALFORMED, 0, TRI_SLICE(""));
    assert_string_equal(
        t.log,
        "info request.refuse http=h2 conn=7 remote=192.0.2.1:5 reason=origin status=403 path=/echo\n"
        "info request.refuse http=h2 conn=7 remote=192.0.2.1:5 reason=malformed status=0\n");
    assert_int_equal(t.link.metrics->refused[TRI_REFUSED_ORIGIN], 1);
    assert_int_equal(t.link.metrics->refused[TRI_REFUSED_MALFORMED], 1);
    assert_int_equal(t.link.metrics->refused[TRI_REFUSED_PATH], 0);
    test_hub_deinit(&t);
}

static void a_flood_of_refusals_does_not_flood_the_log(void **state)
{
    (void)state;
    struct test_hub t;
    test_hub_init(&t);
    t.now_ns = 5 * SECOND_NS;
    for (int i = 0; i < 1000; i++) {
        tri_refusal_note(&t.link, &carrier, TRI_REFUSED_PATH, 404, TRI_SLICE("/"));
    }
    assert_int_equal(count_lines(&t), TRI_REFUSALS_LOGGED_PER_SECOND);
    assert_int_equal(t.link.metrics->refused[TRI_REFUSED_PATH], 1000);
    assert_int_equal(tri_refusals_deadline_ns(&t.hub), 6 * SECOND_NS);
    tri_refusals_expire(&t.hub, 6 * SECOND_NS - 1);
    assert_int_equal(count_lines(&t), TRI_REFUSALS_LOGGED_PER_SECOND);
    tri_refusals_expire(&t.hub, 6 * SECOND_NS);
    tri_refusals_expire(&t.hub, 6 * SECOND_NS);
    char told[64];
    (void)snprintf(told, sizeof told, "info request.refuse.more not_logged=%u\n",
                   1000 - TRI_REFUSALS_LOGGED_PER_SECOND);
    assert_non_null(strstr(t.log, told));
    assert_int_equal(count_lines(&t), TRI_REFUSALS_LOGGED_PER_SECOND + 1);
    assert_true(tri_refusals_deadline_ns(&t.hub) == UINT64_MAX);
    t.now_ns = 6 * SECOND_NS;
    tri_refusal_note(&t.link, &carrier, TRI_REFUSED_PATH, 404, TRI_SLICE("/"));
    assert_int_equal(count_lines(&t), TRI_REFUSALS_LOGGED_PER_SECOND + 2);
    test_hub_deinit(&t);
}

static void what_nobody_wants_to_read_is_not_left_out(void **state)
{
    (void)state;
    struct test_hub t;
    test_hub_init(&t);
    t.shared.config.log.level = TRI_LOG_WARN;
    for (int i = 0; i < 1000; i++) {
        tri_refusal_note(&t.link, &carrier, TRI_REFUSED_PATH, 404, TRI_SLICE("/"));
    }
    assert_string_equal(t.log, "");
    assert_true(tri_refusals_deadline_ns(&t.hub) == UINT64_MAX);
    assert_int_equal(t.link.metrics->refused[TRI_REFUSED_PATH], 1000);
    test_hub_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_counted_and_logged_with_its_reason),
        cmocka_unit_test(a_flood_of_refusals_does_not_flood_the_log),
        cmocka_unit_test(what_nobody_wants_to_read_is_not_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
