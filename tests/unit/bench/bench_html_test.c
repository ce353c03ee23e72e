/* The page: what it holds, that it is well formed, and that nothing from outside gets out of its text. */
#include "bench_html.h"
#include "sample_result.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE_MAX (1u << 20)
#define EVIL "\"><script>alert(1)</script>&amp;'\x1b[2J\xff"

static char error[BENCH_ERROR_MAX];
static char page[PAGE_MAX];

static const char *write_page(const struct bench_result *a, const struct bench_result *b)
{
    const struct bench_result *const runs[] = {a, b};
    char file[] = "/tmp/bench_html_test.XXXXXX";
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    (void)close(fd);
    if (bench_html_write(runs, b ? 2 : 1, file, error) != TRI_OK) {
        fail_msg("%s", error);
    }
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    const size_t len = fread(page, 1, sizeof page - 1, in);
    assert_true(len < sizeof page - 1);
    page[len] = '\0';
    (void)fclose(in);
    (void)unlink(file);
    return page;
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) {
        found += 1;
    }
    return found;
}

/* --------------------------------------------------------------------------------- well formed */

static bool is_void(const char *name)
{
    static const char *const names[] = {"meta", "link"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The name of the element at |at| (behind "<" or "</"), into |name|. */
static void read_name(const char *at, char name[32])
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) && len < 31) {
        name[len] = at[len];
        len++;
    }
    assert_true(len > 0);
    name[len] = '\0';
}

/* Every element that begins ends, in order; every quote is closed; no bare "&". */
static void assert_well_formed(const char *text)
{
    char open[64][32];
    size_t depth = 0;
    const char *at = strstr(text, "<html");
    assert_non_null(at);
    while ((at = strchr(at, '<')) != NULL) {
        char name[32];
        const bool is_end = at[1] == '/';
        read_name(at + 1 + is_end, name);
        bool is_quoted = false;
        const char *end = at;
        while (*end != '\0' && (*end != '>' || is_quoted)) {
            is_quoted = *end == '"' ? !is_quoted : is_quoted;
            assert_true(end == at || *end != '<');
            end++;
        }
        assert_int_equal(*end, '>');
        if (is_end) {
            assert_true(depth > 0);
            depth -= 1;
            assert_string_equal(open[depth], name);
        } else if (end[-1] != '/' && !is_void(name)) {
            assert_true(depth < 64);
            memcpy(open[depth], name, sizeof name);
            depth += 1;
        }
        at = end;
    }
    assert_int_equal(depth, 0);
    for (at = text; (at = strchr(at, '&')) != NULL; at++) {
        const size_t len = strcspn(at, ";");
        assert_true(len > 1 && len < 9);
    }
}

static void assert_alone(const char *text)
{
    static const char *const banned[] = {"<script", "http:", "src=",   "@import", "url(",
                                         "nan",     "inf\"", "onload", "https:"};
    for (size_t i = 0; i < sizeof banned / sizeof banned[0]; i++) {
        if (strstr(text, banned[i])) {
            fail_msg("the page holds %s", banned[i]);
        }
    }
}

/* ----------------------------------------------------------------------------------- the tests */

static void every_mode_makes_a_page_that_is_well_formed_and_alone(void **state)
{
    (void)state;
    for (int mode = BENCH_ECHO; mode <= BENCH_BROADCAST; mode++) {
        struct sample_result *a = sample_result_new((enum bench_mode)mode, 1);
        struct sample_result *b = sample_result_new((enum bench_mode)mode, 1.3);
        for (int runs = 1; runs <= 2; runs++) {
            const char *text = write_page(&a->result, runs == 2 ? &b->result : NULL);
            assert_well_formed(text);
            assert_alone(text);
        }
        free(a);
        free(b);
    }
}

static void an_echo_has_seven_drawings_with_all_versions(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    const char *text = write_page(&a->result, NULL);
    static const char *const titles[] = {
        "Latency by percentile",          "Distribution of latency", "Throughput, round by round",
        "From nothing to an open socket", "CPU a message",           "On the wire, a message",
        "Memory of the server, a socket"};
    assert_int_equal(count(text, "<svg "), sizeof titles / sizeof titles[0]);
    assert_int_equal(count(text, "role=\"img\" aria-label=\""), count(text, "<svg "));
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        const char *at = strstr(text, titles[i]);
        if (!at) {
            fail_msg("no drawing of %s", titles[i]);
            return;
        }
        const char *end = strstr(at, "</figure>");
        assert_non_null(end);
        static const char *const labels[] = {"class=\"h1\"", "class=\"h2\"", "class=\"h3\"",
                                             "</p></figcaption>"};
        for (size_t k = 0; k < 4; k++) {
            const char *label = strstr(at, labels[k]);
            assert_true(label && label < end);
        }
    }
    free(a);
}

static void the_head_tells_how_to_do_it_again(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    a->options.label = "a label";
    const char *text = write_page(&a->result, NULL);
    const char *const words[] = {a->result.command,         a->result.machine, a->result.started,
                                 a->result.server_software, a->options.url,    "<h1>a label</h1>",
                                 "TLS_AES_128_GCM_SHA256"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_non_null(strstr(text, words[i]));
    }
    assert_null(strstr(text, "of-a-secret"));
    free(a);
}

static void a_card_shows_the_times_that_were_measured(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_OPEN, 1);
    for (size_t i = 0; i < 3; i++) {
        memset(&a->result.series[i].latency, 0, sizeof(struct bench_histogram));
    }
    assert_non_null(strstr(write_page(&a->result, NULL), "<p>open 913 \xc2\xb5s</p>"));
    memset(&a->result.series[0].open, 0, sizeof(struct bench_histogram));
    assert_non_null(strstr(write_page(&a->result, NULL), "<p>handshake 90.1 \xc2\xb5s</p>"));
    free(a);
    a = sample_result_new(BENCH_ECHO, 1);
    assert_non_null(strstr(write_page(&a->result, NULL),
                           "<p>p50 272 \xc2\xb5s &middot; p99 545 \xc2\xb5s &middot; open 913 "
                           "\xc2\xb5s</p>"));
    free(a);
}

static void what_comes_from_outside_is_text(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    a->options.url = EVIL;
    a->options.label = EVIL "label";
    (void)snprintf(a->result.server_software, BENCH_TEXT_MAX, "%s", EVIL);
    (void)snprintf(a->result.machine, BENCH_TEXT_MAX, "%s", EVIL);
    (void)snprintf(a->result.command, sizeof a->result.command, "%s", EVIL);
    (void)snprintf(a->result.trisock, sizeof a->result.trisock, "%s", "<script>");
    (void)snprintf(a->result.started, sizeof a->result.started, "%s", "</dd><script>");
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(a->result.series[i].carrier, BENCH_TEXT_MAX, "%s", EVIL);
        (void)snprintf(a->result.series[i].why, BENCH_TEXT_MAX, "%s", EVIL);
        a->result.series[i].counts.faults[0] = 1;
    }
    sample_result_refuse(a, 2, EVIL);
    const char *text = write_page(&a->result, NULL);
    assert_well_formed(text);
    assert_alone(text);
    assert_true(count(text, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&#39;?[2J?") >= 8);
    assert_null(strchr(text, '\x1b'));
    assert_null(strchr(text, '\xff'));
    free(a);
}

static void a_version_that_was_not_run_says_why_and_is_not_drawn(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    sample_result_refuse(a, 1, "the server does not offer h2");
    const char *text = write_page(&a->result, NULL);
    assert_non_null(strstr(text, "<b>h2 was not run.</b> the server does not offer h2"));
    assert_null(strstr(text, "<g class=\"h2\">"));
    free(a);
}

static void a_run_of_nothing_makes_a_page_too(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    for (size_t i = 0; i < 3; i++) {
        sample_result_refuse(a, i, "nobody answers there");
    }
    assert_well_formed(write_page(&a->result, NULL));
    for (size_t i = 0; i < 3; i++) {
        a->result.series[i].is_run = true; /* and nothing was measured */
    }
    const char *text = write_page(&a->result, NULL);
    assert_well_formed(text);
    assert_alone(text);
    free(a);
}

static void values_that_no_run_has_are_drawn_all_the_same(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct bench_series *s = a->result.series;
    memset(&s[0].latency, 0, sizeof s[0].latency);
    bench_histogram_record(&s[0].latency, UINT64_MAX);
    memset(&s[1].latency, 0, sizeof s[1].latency);
    bench_histogram_record(&s[1].latency, 0);
    s[2].seconds = 0;
    s[2].rounds[3].seconds = 0;
    s[2].counts.bytes_out = UINT64_MAX;
    s[2].client.user_ns = s[2].client.system_ns = UINT64_MAX;
    s[2].server_rss_open = 1;
    const char *text = write_page(&a->result, NULL);
    assert_well_formed(text);
    assert_alone(text);
    free(a);
}

static void faults_are_counted_on_the_page(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    assert_non_null(strstr(write_page(&a->result, NULL), "Faults: none."));
    a->result.series[1].counts.faults[BENCH_FAULT_REORDERED] = 12345;
    const char *text = write_page(&a->result, NULL);
    assert_non_null(strstr(text, "<td class=\"worse\">12,345</td>"));
    assert_non_null(strstr(text, "reordered"));
    free(a);
}

static void two_runs_are_compared(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_ECHO, 1);
    struct sample_result *b = sample_result_new(BENCH_ECHO, 1.3);
    const char *text = write_page(&a->result, &b->result);
    assert_non_null(strstr(text, "A h1</th>"));
    assert_non_null(strstr(text, "class=\"h3 b\""));
    assert_non_null(strstr(text, "<td class=\"worse\">&times;1.30<span class=\"spread\">worse"));
    assert_non_null(strstr(text, "within spread</span>"));
    free(a);
    free(b);
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    struct sample_result *a = sample_result_new(BENCH_IDLE, 1);
    const struct bench_result *runs[] = {&a->result};
    assert_int_equal(bench_html_write(runs, 1, "/none/at/all.html", error), TRI_ERR_IO);
    assert_non_null(strstr(error, "/none/at/all.html: No such file or directory"));
    assert_int_equal(bench_html_write(runs, 1, "/dev/full", error), TRI_ERR_IO);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mode_makes_a_page_that_is_well_formed_and_alone),
        cmocka_unit_test(an_echo_has_seven_drawings_with_all_versions),
        cmocka_unit_test(the_head_tells_how_to_do_it_again),
        cmocka_unit_test(a_card_shows_the_times_that_were_measured),
        cmocka_unit_test(what_comes_from_outside_is_text),
        cmocka_unit_test(a_version_that_was_not_run_says_why_and_is_not_drawn),
        cmocka_unit_test(a_run_of_nothing_makes_a_page_too),
        cmocka_unit_test(values_that_no_run_has_are_drawn_all_the_same),
        cmocka_unit_test(faults_are_counted_on_the_page),
        cmocka_unit_test(two_runs_are_compared),
        cmocka_unit_test(a_file_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
