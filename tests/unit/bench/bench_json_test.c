/* A run into a file and back; and files that are none. */
#include "bench_json.h"
#include "bench_json_fields.h"
#include "sample_result.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char error[BENCH_ERROR_MAX];
static char directory[] = "/tmp/bench_json_test.XXXXXX";
static char file[64];
static char *text; /* of a run, as it is written */
static size_t text_len;

static void read_text(void)
{
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    free(text);
    text = malloc(BENCH_JSON_BYTES_MAX);
    assert_non_null(text);
    text_len = fread(text, 1, BENCH_JSON_BYTES_MAX - 1, in);
    text[text_len] = '\0';
    (void)fclose(in);
}

static void write_sample(struct sample_result *sample)
{
    if (bench_json_write(&sample->result, file, error) != TRI_OK) {
        fail_msg("%s", error);
    }
    read_text();
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(file, sizeof file, "%s/run.json", directory);
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    write_sample(sample);
    free(sample);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(text);
    (void)unlink(file);
    return rmdir(directory);
}

static enum tri_err parse(const char *data, size_t len)
{
    struct bench_run *run = NULL;
    error[0] = '\0';
    const enum tri_err err = bench_json_parse(&run, data, len, "x.json", error);
    assert_true((err == TRI_OK) == (run != NULL));
    assert_true((err == TRI_OK) == (error[0] == '\0'));
    bench_run_free(run);
    return err;
}

/* ---------------------------------------------------------------------------------- there and back */

static void assert_same_series(const struct bench_series *a, const struct bench_series *b)
{
    assert_int_equal(a->http, b->http);
    assert_int_equal(a->is_run, b->is_run);
    assert_string_equal(a->why, b->why);
    assert_string_equal(a->carrier, b->carrier);
    assert_int_equal(a->sockets, b->sockets);
    assert_int_equal(a->connections, b->connections);
    assert_memory_equal(&a->counts, &b->counts, sizeof a->counts);
    assert_memory_equal(&a->client, &b->client, sizeof a->client);
    assert_memory_equal(&a->server, &b->server, sizeof a->server);
    assert_int_equal(a->messages_out_total, b->messages_out_total);
    assert_int_equal(a->messages_in_total, b->messages_in_total);
    assert_int_equal(a->server_rss_before, b->server_rss_before);
    assert_int_equal(a->server_rss_open, b->server_rss_open);
    assert_int_equal(a->rounds_len, b->rounds_len);
    assert_memory_equal(a->rounds, b->rounds, a->rounds_len * sizeof a->rounds[0]);
    for (size_t i = 0; i < BENCH_JSON_HISTOGRAMS; i++) {
        const size_t offset = bench_json_histograms[i].offset;
        const struct bench_histogram *x = (const void *)((const char *)a + offset);
        const struct bench_histogram *y = (const void *)((const char *)b + offset);
        assert_memory_equal(x->counts, y->counts, sizeof x->counts);
        assert_int_equal(x->total, y->total);
        assert_int_equal(x->min, y->min);
        assert_int_equal(x->max, y->max);
        assert_true(fabs(x->sum - y->sum) <= x->sum * 1e-12);
    }
}

static void assert_same(const struct bench_result *a, const struct bench_result *b)
{
    assert_string_equal(a->command, b->command);
    assert_string_equal(a->started, b->started);
    assert_string_equal(a->machine, b->machine);
    assert_string_equal(a->trisock, b->trisock);
    assert_string_equal(a->server_software, b->server_software);
    assert_int_equal(a->is_interrupted, b->is_interrupted);
    assert_int_equal(a->series_len, b->series_len);
    for (size_t i = 0; i < a->series_len; i++) {
        assert_same_series(&a->series[i], &b->series[i]);
    }
}

static void assert_same_options(const struct bench_options *a, const struct bench_options *b)
{
    assert_string_equal(a->url, b->url);
    assert_true((a->label == NULL) == (b->label == NULL));
    assert_true((a->origin == NULL) == (b->origin == NULL));
    assert_int_equal(a->https_len, b->https_len);
    assert_memory_equal(a->https, b->https, sizeof a->https);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->sockets, b->sockets);
    assert_int_equal(a->connections, b->connections);
    assert_int_equal(a->sizes.min, b->sizes.min);
    assert_int_equal(a->sizes.max, b->sizes.max);
    assert_int_equal(a->sizes.list_len, b->sizes.list_len);
    assert_memory_equal(a->sizes.list, b->sizes.list, sizeof a->sizes.list);
    assert_int_equal(a->in_flight, b->in_flight);
    assert_true(a->rate == b->rate && a->duration_s == b->duration_s);
    assert_true(a->warmup_s == b->warmup_s);
    assert_int_equal(a->rounds, b->rounds);
    assert_int_equal(a->threads, b->threads);
    assert_int_equal(a->deflate, b->deflate);
    assert_int_equal(a->verify, b->verify);
    assert_int_equal(a->insecure, b->insecure);
    assert_int_equal(a->server_pid, b->server_pid);
    assert_int_equal(a->seed, b->seed);
    assert_int_equal(a->headers_len, b->headers_len);
}

static void there_and_back(struct sample_result *sample)
{
    struct bench_run *run = NULL;
    write_sample(sample);
    if (bench_json_read(&run, file, error) != TRI_OK) {
        fail_msg("%s", error);
    }
    assert_ptr_equal(run->result.options, &run->options);
    assert_same(&sample->result, &run->result);
    assert_same_options(&sample->options, &run->options);
    bench_run_free(run);
    free(sample);
}

static void a_run_comes_back_as_it_was_in_every_mode(void **state)
{
    (void)state;
    for (int mode = BENCH_ECHO; mode <= BENCH_BROADCAST; mode++) {
        there_and_back(sample_result_new((enum bench_mode)mode, 1));
    }
}

static void what_is_rare_comes_back_too(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1.5);
    struct bench_options *o = &sample->options;
    o->label = "a \"label\" \\ with signs: \xc3\xa4\xe2\x82\xac";
    o->sizes = (struct bench_sizes){.list = {1, 2, 1u << 20}, .list_len = 3};
    o->in_flight = 0;
    o->rate = 12345.5;
    o->deflate = TRI_DEFLATE_DEDICATED;
    o->verify = o->insecure = true;
    o->subprotocols = "chat";
    o->ca = "/etc/ca.pem";
    o->seed = INT64_MAX;
    sample->result.is_interrupted = true;
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        sample->result.series[0].counts.faults[i] = i + 1;
    }
    (void)snprintf(sample->result.series[0].why, BENCH_TEXT_MAX, "an echo differs at byte 7");
    sample_result_refuse(sample, 1, "the server does not offer h2");
    there_and_back(sample);
}

static void as_many_rounds_as_there_can_be_fit(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    for (size_t s = 0; s < 3; s++) {
        struct bench_series *series = &sample->result.series[s];
        for (size_t i = 0; i < BENCH_ROUNDS_MAX; i++) {
            series->rounds[i] = series->rounds[i % 5];
        }
        series->rounds_len = BENCH_ROUNDS_MAX;
        for (size_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
            bench_histogram_record(&series->latency, bench_histogram_low(i));
            bench_histogram_record(&series->open, bench_histogram_low(i));
        }
    }
    there_and_back(sample);
    assert_true(text_len < BENCH_JSON_BYTES_MAX);
}

static void headers_are_named_without_what_they_hold(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    write_sample(sample);
    assert_non_null(strstr(text, "\"authorization\""));
    assert_null(strstr(text, "of-a-secret"));
    free(sample);
}

static void text_that_is_not_utf8_is_mended(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    (void)snprintf(sample->result.server_software, BENCH_TEXT_MAX, "evil\xff\x1b[2J/1");
    write_sample(sample);
    assert_non_null(strstr(text, "\"evil??[2J/1\""));
    assert_int_equal(parse(text, text_len), TRI_OK);
    free(sample);
}

/* ---------------------------------------------------------------------------------------- files */

static void a_file_is_replaced_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    write_sample(sample);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0400U, 0400);
    char lost[128];
    (void)snprintf(lost, sizeof lost, "%s/none/run.json", directory);
    assert_int_equal(bench_json_write(&sample->result, lost, error), TRI_ERR_IO);
    assert_non_null(strstr(error, lost));
    assert_non_null(strstr(error, "No such file"));
    assert_int_equal(bench_json_write(&sample->result, "/dev/full", error), TRI_ERR_IO);
    assert_non_null(strstr(error, "No space left"));
    assert_int_equal(bench_json_write(&sample->result, "/dev/null", error), TRI_OK);
    free(sample);
}

static void what_cannot_be_read_is_told(void **state)
{
    (void)state;
    struct bench_run *run = NULL;
    assert_int_equal(bench_json_read(&run, "/tmp/there/is/none", error), TRI_ERR_NOT_FOUND);
    assert_null(run);
    assert_non_null(strstr(error, "/tmp/there/is/none: No such file"));
    assert_int_equal(bench_json_read(&run, "/tmp", error), TRI_ERR_IO);
    assert_non_null(strstr(error, "/tmp: Is a directory"));
    assert_int_equal(bench_json_read(&run, "/dev/zero", error), TRI_ERR_LIMIT);
    assert_non_null(strstr(error, "longer than 8 MiB"));
}

/* ------------------------------------------------------------------------------------ hostile ones */

static void a_file_that_is_cut_off_is_refused_wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t len = 0; len < text_len - 1; len += len < 3000 ? 1 : 997) {
        if (parse(text, len) != TRI_ERR_INVALID) {
            fail_msg("taken at %zu bytes", len);
        }
        assert_non_null(strstr(error, "x.json: line "));
    }
}

/* |text| with the first |from| replaced by |to|. */
static char *replace(const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (!at) {
        fail_msg("no %s", from);
        return NULL;
    }
    char *changed = NULL;
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    return changed;
}

static void a_member_that_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *sentence;
    } rows[] = {
        {"\"trisock-bench\"", "\"other\"", "format is not trisock-bench"},
        {"\"format\"", "\"farmat\"", "format is missing"},
        {"\"version\": 1", "\"version\": 2", "version is not 1"},
        {"\"version\": 1", "\"version\": \"1\"", "version is not a whole number"},
        {"\"started\": \"2026", "\"started\": \"12345678901234567890", "started is too long"},
        {"\"is_interrupted\": false", "\"is_interrupted\": 0", "is_interrupted is neither"},
        {"\"url\": ", "\"url\": null, \"u\": ", "options.url is not a string"},
        {"\"label\": null", "\"label\": 7", "options.label is not a string"},
        {"\"sockets\": 100", "\"sockets\": -1", "options.sockets is negative"},
        {"\"sockets\": 100", "\"sockets\": 1e2", "options.sockets is not a whole number"},
        {"\"sockets\": 100", "\"sockets\": 1000000001", "options.sockets is too large"},
        {"\"duration_s\": 2.0", "\"duration_s\": -2.0", "options.duration_s is negative"},
        {"\"duration_s\": 2.0", "\"duration_s\": 1e300", "options.duration_s is too large"},
        {"\"duration_s\": 2.0", "\"duration_s\": []", "options.duration_s is not a number"},
        {"[\"h1\", \"h2\", \"h3\"]", "[\"h4\"]", "options.http holds what is none of"},
        {"[\"h1\", \"h2\", \"h3\"]", "[1]", "options.http holds what is none of"},
        {"[\"h1\", \"h2\", \"h3\"]", "[\"h1\", \"h2\", \"h3\", \"h1\"]", "options.http is too"},
        {"\"mode\": \"echo\"", "\"mode\": \"shout\"", "options.mode is no mode"},
        {"\"deflate\": \"off\"", "\"deflate\": \"on\"", "options.deflate is none of"},
        {"\"list\": []", "\"list\": [-1]", "options.size.list holds"},
        {"\"list\": []", "\"list\": [1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7]",
         "options.size.list is too long"},
        {"\"headers\": [", "\"headers\": [7, ", "options.headers holds what is not a string"},
        {"\"series\": [", "\"series\": 7, \"x\": [", "series is not a list"},
        {"\"series\": [", "\"series\": [], \"x\": [", "series does not hold one to three"},
        {"\"series\": [", "\"series\": [7, ", "series does not hold one to three"},
        {"\"http\": \"h2\"", "\"http\": \"h1\"", "series[1] is of a version that another is of"},
        {"\"http\": \"h2\"", "\"http\": 2", "series[1].http is not a string"},
        {"\"messages_out\": ", "\"messages_ouch\": ", "series[0].counts.messages_out is missing"},
        {"\"reordered\": 0", "\"reordered\": true", "series[0].counts.faults.reordered is not a"},
        {"\"rounds\": [{", "\"rounds\": [4, {", "series[0].rounds[0] is not an object"},
        {"\"total\": 200000", "\"total\": 200001",
         "series[0].histograms.latency.buckets does not add up"},
        {"\"total\": 200000", "\"total\": 199999",
         "series[0].histograms.latency.buckets does not add up"},
        {"\"buckets\": [[", "\"buckets\": [[1, 0], [", "latency.buckets does not add up"},
        {"\"buckets\": [[", "\"buckets\": [[257, 1], [", "latency.buckets has a bucket that"},
        {"\"buckets\": [[", "\"buckets\": [[-1, 1], [", "latency.buckets has a bucket that"},
        {"\"buckets\": [[", "\"buckets\": [[2, 1], [2, 1], [",
         "has a bucket that there is not, twice"},
        {"\"buckets\": [[", "\"buckets\": [[8796093022208, 1], [",
         "has a bucket that there is not"},
        {"\"buckets\": [[", "\"buckets\": [[1], [", "latency.buckets holds what is not a pair"},
        {"\"buckets\": [[", "\"buckets\": [7, [", "latency.buckets holds what is not a pair"},
        {"\"buckets\": [[", "\"buckets\": [[1, 1, 1], [", "buckets holds what is not a pair"},
        {"\"min\": 2", "\"min\": 90000000000002", "series[0].histograms.latency.min is over"},
        {"\"latency\": {", "\"latency\": [], \"x\": {", "histograms.latency is not an object"},
        {"\"version\"", "\"format\": 1, \"version\"", "not JSON: duplicate object key"},
        {"\"version\": 1", "\"version\": 99999999999999999999", "too big"},
        {"\"carrier\": \"", "\"carrier\": \"\\u0000", "not JSON"},
        {"\"carrier\": \"", "\"carrier\": \"\xff", "not JSON"},
    };
    struct sample_result *sample = sample_result_new(BENCH_ECHO, 1);
    write_sample(sample);
    free(sample);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *changed = replace(rows[i].from, rows[i].to);
        const enum tri_err err = parse(changed, strlen(changed));
        if (err != TRI_ERR_INVALID || !strstr(error, rows[i].sentence) ||
            strncmp(error, "x.json: ", 8) != 0) {
            fail_msg("%s: error %d, %s; not %s", rows[i].to, err, error, rows[i].sentence);
        }
        free(changed);
    }
}

static void what_is_no_report_at_all_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",        "{}",
        "[]",      "7",
        "null",    "{\"format\": []}",
        "\x1b[2J", "{\"format\": \"trisock-bench\", \"version\": 1}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i], strlen(rows[i])), TRI_ERR_INVALID);
        assert_null(strchr(error, '\x1b'));
    }
}

static void what_is_huge_or_deep_is_refused(void **state)
{
    (void)state;
    const size_t len = BENCH_JSON_BYTES_MAX + 1;
    char *huge = malloc(len);
    assert_non_null(huge);
    memset(huge, '[', len);
    assert_int_equal(parse(huge, len), TRI_ERR_LIMIT);
    assert_non_null(strstr(error, "longer than 8 MiB"));
    assert_int_equal(parse(huge, len - 1), TRI_ERR_INVALID);
    assert_non_null(strstr(error, "depth"));
    free(huge);
}

static void members_that_are_not_known_are_passed_over(void **state)
{
    (void)state;
    char *changed = replace("\"version\": 1", "\"version\": 1, \"later\": {\"a\": [1]}");
    assert_int_equal(parse(changed, strlen(changed)), TRI_OK);
    free(changed);
}

/* ---------------------------------------------------------------------------------- the document */

static void assert_documented(const char *document, const struct bench_json_struct *fields)
{
    for (size_t i = 0; i < fields->len; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "`%s`", fields->fields[i].name);
        if (!strstr(document, name)) {
            fail_msg("src/docs/bench-json.md does not describe %s", name);
        }
        if (fields->fields[i].inner) {
            assert_documented(document, fields->fields[i].inner);
        }
    }
}

static void every_member_is_documented(void **state)
{
    (void)state;
    FILE *in = fopen("src/docs/bench-json.md", "r");
    assert_non_null(in);
    char document[32768];
    document[fread(document, 1, sizeof document - 1, in)] = '\0';
    (void)fclose(in);
    assert_documented(document, &bench_json_result);
    assert_documented(document, &bench_json_options);
    assert_documented(document, &bench_json_series);
    assert_documented(document, &bench_json_round);
    for (size_t i = 0; i < BENCH_JSON_HISTOGRAMS; i++) {
        assert_non_null(strstr(document, bench_json_histograms[i].name));
    }
}

static void faults_have_the_names_of_the_report(void **state)
{
    (void)state;
    const struct bench_json_struct *faults = NULL;
    for (size_t i = 0; i < bench_json_counts.len; i++) {
        if (strcmp(bench_json_counts.fields[i].name, "faults") == 0) {
            faults = bench_json_counts.fields[i].inner;
        }
    }
    if (!faults) {
        fail_msg("counts have no faults");
        return;
    }
    for (size_t i = 0; i < BENCH_FAULTS; i++) {
        assert_string_equal(faults->fields[i].name, bench_fault_name((enum bench_fault)i));
        assert_int_equal(faults->fields[i].offset,
                         offsetof(struct bench_counts, faults) + i * sizeof(uint64_t));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_comes_back_as_it_was_in_every_mode),
        cmocka_unit_test(what_is_rare_comes_back_too),
        cmocka_unit_test(as_many_rounds_as_there_can_be_fit),
        cmocka_unit_test(headers_are_named_without_what_they_hold),
        cmocka_unit_test(text_that_is_not_utf8_is_mended),
        cmocka_unit_test(a_file_is_replaced_as_a_whole_or_not_at_all),
        cmocka_unit_test(what_cannot_be_read_is_told),
        cmocka_unit_test(a_file_that_is_cut_off_is_refused_wherever_it_is_cut),
        cmocka_unit_test(a_member_that_is_wrong_is_named),
        cmocka_unit_test(what_is_no_report_at_all_is_refused),
        cmocka_unit_test(what_is_huge_or_deep_is_refused),
        cmocka_unit_test(members_that_are_not_known_are_passed_over),
        cmocka_unit_test(every_member_is_documented),
        cmocka_unit_test(faults_have_the_names_of_the_report),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
