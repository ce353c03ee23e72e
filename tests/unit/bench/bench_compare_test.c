/* Two runs side by side. */
#include "bench_compare.h"
#include "bench_json.h"
#include "bench_verdict.h"
#include "sample_result.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char error[BENCH_ERROR_MAX];

static void assert_has(const char *text, const char *what)
{
    if (!strstr(text, what)) {
        fail_msg("no \"%s\" in:\n%s", what, text);
    }
}

static char *print(const struct bench_result *a, const struct bench_result *b)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    bench_compare_print(out, a, b);
    (void)fclose(out);
    return text;
}

static void a_slower_run_is_worse_beyond_the_spread(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct sample_result *b = sample_result_new(BENCH_ECHO, 1.3);
    char *text = print(&a->result, &b->result);
    assert_has(text,
               "messages          received      1/s   310,496  238,843  0.769          worse\n");
    assert_has(text,
               "latency           p50           us        272      352  1.293          worse\n");
    assert_has(text, "                  p90           us        381      496  1.301\n");
    assert_has(text,
               "CPU, of a core    client        %        65.2     65.2  1.000  within spread\n");
    assert_has(text, "\nh3 ");
    free(text);
    text = print(&b->result, &a->result);
    assert_has(text, "received      1/s   238,843  310,496  1.300         better\n");
    free(text);
    free(a);
    free(b);
}

static void a_little_slower_is_within_the_spread(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct sample_result *b = sample_result_new(BENCH_ECHO, 1.02);
    char *text = print(&a->result, &b->result);
    assert_has(text, "received      1/s   310,496  304,408  0.980  within spread\n");
    free(text);
    free(a);
    free(b);
}

/* Three rounds of one second each with so many messages. */
static void set_rounds(struct bench_series *s, const uint64_t messages[3])
{
    memset(s, 0, sizeof *s);
    s->is_run = true;
    s->rounds_len = 3;
    for (size_t i = 0; i < 3; i++) {
        s->rounds[i].seconds = 1;
        s->rounds[i].counts.messages_in = messages[i];
        s->seconds += 1;
        s->counts.messages_in += messages[i];
    }
}

static void a_verdict_wants_every_round_on_one_side(void **state)
{
    (void)state;
    static const struct {
        uint64_t a[3], b[3];
        enum bench_verdict verdict;
    } rows[] = {
        {{100, 110, 120}, {121, 130, 140}, BENCH_BETTER},
        {{100, 110, 120}, {120, 130, 140}, BENCH_WITHIN}, /* they touch */
        {{100, 110, 120}, {119, 130, 140}, BENCH_WITHIN},
        {{100, 110, 120}, {70, 80, 99}, BENCH_WORSE},
        {{100, 110, 120}, {70, 80, 100}, BENCH_WITHIN},
        {{100, 110, 120}, {100, 110, 120}, BENCH_WITHIN},
        {{1000, 1001, 1002}, {1003, 1004, 1005}, BENCH_WITHIN}, /* less than 1 % */
        {{1000, 1000, 1000}, {1011, 1011, 1011}, BENCH_BETTER},
    };
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct sample_result *b = sample_result_new(BENCH_ECHO, 1);
    const struct bench_metric *metric = bench_metric_by_key("messages_per_s");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_rounds(&a->result.series[0], rows[i].a);
        set_rounds(&b->result.series[0], rows[i].b);
        const struct bench_difference d =
            bench_difference_of(metric, &a->result.series[0], &b->result.series[0]);
        assert_int_equal(d.verdict, rows[i].verdict);
        b->result.series[0].rounds_len = 1;
        assert_int_equal(
            bench_difference_of(metric, &a->result.series[0], &b->result.series[0]).verdict,
            BENCH_NO_VERDICT);
    }
    free(a);
    free(b);
}

static void lower_is_better_of_times_and_neither_of_loads(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct sample_result *b = sample_result_new(BENCH_ECHO, 1.5);
    const struct bench_series *x = &a->result.series[1];
    struct bench_series *y = &b->result.series[1];
    const struct bench_metric *p99 = bench_metric_by_key("latency_p99");
    assert_int_equal(bench_difference_of(p99, x, y).verdict, BENCH_WORSE);
    assert_int_equal(bench_difference_of(p99, y, x).verdict, BENCH_BETTER);
    for (size_t i = 0; i < y->rounds_len; i++) {
        y->rounds[i].server.user_ns *= 3;
    }
    const struct bench_metric *load = bench_metric_by_key("server_load");
    assert_int_equal(bench_difference_of(load, x, y).verdict, BENCH_OTHER);
    free(a);
    free(b);
}

static void a_version_that_one_run_lacks_has_no_ratio(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct sample_result *b = sample_result_new(BENCH_ECHO, 1);
    b->result.series_len = 2;
    sample_result_refuse(b, 1, "h2 is off there");
    b->result.series[0].counts.faults[BENCH_FAULT_MISSING] = 3;
    (void)snprintf(b->result.series[0].why, BENCH_TEXT_MAX, "no echo in time");
    char *text = print(&a->result, &b->result);
    assert_has(text, "received      1/s   821,312  -      -\n");
    assert_has(text, "received      1/s   540,864  -      -\n");
    assert_has(text, "B: h2 was not run: h2 is off there\n");
    assert_has(text, "B: h1 had 3 faults, the first: no echo in time\n");
    free(text);
    free(a);
    free(b);
}

static void write_run(const char *file, double slower)
{
    struct sample_result *sample = sample_result_new(BENCH_ECHO, slower);
    assert_int_equal(bench_json_write(&sample->result, file, error), TRI_OK);
    free(sample);
}

static void two_files_are_compared_and_drawn(void **state)
{
    (void)state;
    char directory[] = "/tmp/bench_compare_test.XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    write_run("a.json", 1);
    write_run("b.json", 1.3);
    struct bench_options options = {.compare = {"a.json", "b.json"}, .html_file = "out.html"};
    FILE *out = fopen("out.txt", "w");
    assert_non_null(out);
    assert_int_equal(bench_compare(&options, out, error), TRI_OK);
    assert_true(ftell(out) > 1000);
    (void)fclose(out);
    assert_int_equal(access("out.html", R_OK), 0);

    static const struct {
        const char *a, *b, *html, *named;
        enum tri_err err;
    } rows[] = {
        {"none.json", "b.json", NULL, "none.json: ", TRI_ERR_NOT_FOUND},
        {"a.json", "none.json", NULL, "none.json: ", TRI_ERR_NOT_FOUND},
        {"a.json", "out.html", NULL, "out.html: line 1: not JSON", TRI_ERR_INVALID},
        {"a.json", "b.json", "none/out.html", "none/out.html: ", TRI_ERR_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        options =
            (struct bench_options){.compare = {rows[i].a, rows[i].b}, .html_file = rows[i].html};
        FILE *null = fopen("/dev/null", "w");
        assert_non_null(null);
        assert_int_equal(bench_compare(&options, null, error), rows[i].err);
        assert_int_equal(strncmp(error, rows[i].named, strlen(rows[i].named)), 0);
        (void)fclose(null);
    }
    static const char *const files[] = {"a.json", "b.json", "out.html", "out.txt"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(unlink(files[i]), 0);
    }
    assert_int_equal(rmdir(directory), 0); /* nothing temporary is left in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slower_run_is_worse_beyond_the_spread),
        cmocka_unit_test(a_little_slower_is_within_the_spread),
        cmocka_unit_test(a_verdict_wants_every_round_on_one_side),
        cmocka_unit_test(lower_is_better_of_times_and_neither_of_loads),
        cmocka_unit_test(a_version_that_one_run_lacks_has_no_ratio),
        cmocka_unit_test(two_files_are_compared_and_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
