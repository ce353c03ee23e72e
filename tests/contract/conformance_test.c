/*
 * The WebSocket conformance suite, over HTTP/1.1, HTTP/2 and HTTP/3: one table of cases
 * (conformance_table.h), each delivered whole, byte by byte and in records, without compression and
 * with the shared and the dedicated kind, to an owner of whole messages and to one of pieces.
 *
 * First all of it runs, many sockets a connection, with a line for each group, transport and mode;
 * then each case and transport counts as one test, which fails if any of its variants did. Words on
 * the command line choose groups.
 *
 * What it is made of: conformance_framing, conformance_control, conformance_messages,
 * conformance_text, conformance_close and conformance_deflate are the table; conformance_script
 * writes what the client sends, conformance_transcript reads what it gets, conformance_codec is its
 * permessage-deflate; conformance_echo is the server's owner.
 */
#include "conformance_run.h"
#include "conformance_table.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct fixture_ops *const transports[] = {&fixture_h1, &fixture_h2, &fixture_h3};
static const enum tri_deflate modes[] = {TRI_DEFLATE_OFF, TRI_DEFLATE_SHARED,
                                         TRI_DEFLATE_DEDICATED};
static const enum conformance_delivery deliveries[] = {DELIVER_WHOLE, DELIVER_BYTES,
                                                       DELIVER_RECORDS};

#define TRANSPORTS (sizeof transports / sizeof transports[0])
#define MODES (sizeof modes / sizeof modes[0])
#define DELIVERIES (sizeof deliveries / sizeof deliveries[0])

/* The cases of one group lie side by side. */
struct group {
    size_t first, len;
};

struct suite {
    struct conformance_table table;
    struct group *groups;
    size_t groups_len;
    struct conformance_result *results[TRANSPORTS]; /* one a case */
};

/* --- running */

static void run_mode(struct suite *s, const struct group *g, size_t transport,
                     enum tri_deflate mode)
{
    struct conformance_result *results = s->results[transport] + g->first;
    unsigned runs = 0, failures = 0;
    for (size_t i = 0; i < g->len; i++) {
        runs -= results[i].runs;
        failures -= results[i].failures;
    }
    for (size_t i = 0; i < DELIVERIES * 4; i++) {
        const struct conformance_variant v = {
            .transport = transports[transport],
            .mode = mode,
            .delivery = deliveries[i / 4],
            .squeezes = (i & 1) != 0,
            .in_pieces = (i & 2) != 0,
        };
        conformance_run(&v, results, g->len);
    }
    for (size_t i = 0; i < g->len; i++) {
        runs += results[i].runs;
        failures += results[i].failures;
    }
    printf("conformance: %s x %s x %s: %zu cases, %u runs, %u failed\n",
           s->table.cases[g->first].group, transports[transport]->name, conformance_mode_name(mode),
           g->len, runs, failures);
    (void)fflush(stdout);
}

static void run_all(struct suite *s)
{
    for (size_t g = 0; g < s->groups_len; g++) {
        for (size_t i = 0; i < TRANSPORTS * MODES; i++) {
            run_mode(s, &s->groups[g], i / MODES, modes[i % MODES]);
        }
    }
}

/* --- the table of cases and transports */

static size_t count_passed(const struct suite *s, const struct group *g, size_t transport)
{
    size_t passed = 0;
    for (size_t i = g->first; i < g->first + g->len; i++) {
        passed += s->results[transport][i].failures == 0 && s->results[transport][i].runs > 0;
    }
    return passed;
}

static void print_row(const char *name, size_t cases, const size_t passed[TRANSPORTS])
{
    printf("conformance: | %-24s | %5zu |", name, cases);
    for (size_t t = 0; t < TRANSPORTS; t++) {
        printf(" %8zu |", passed[t]);
    }
    printf("\n");
}

static void print_table(const struct suite *s)
{
    size_t cases = 0, passed[TRANSPORTS] = {0};
    printf("conformance: | %-24s | %5s |", "passed, of group", "cases");
    for (size_t t = 0; t < TRANSPORTS; t++) {
        printf(" %8s |", transports[t]->name);
    }
    printf("\n");
    for (size_t i = 0; i < s->groups_len; i++) {
        const struct group *g = &s->groups[i];
        size_t of_group[TRANSPORTS];
        for (size_t t = 0; t < TRANSPORTS; t++) {
            of_group[t] = count_passed(s, g, t);
            passed[t] += of_group[t];
        }
        cases += g->len;
        print_row(s->table.cases[g->first].group, g->len, of_group);
    }
    print_row("all", cases, passed);
    (void)fflush(stdout);
}

static void print_failures(const struct suite *s)
{
    for (size_t i = 0; i < s->table.len * TRANSPORTS; i++) {
        const struct conformance_result *r = &s->results[i % TRANSPORTS][i / TRANSPORTS];
        const char *why = r->why ? r->why : "";
        for (size_t len; *why != '\0'; why += len + 1) {
            len = strcspn(why, "\n");
            printf("conformance: FAILED %s: %s, %.*s\n", r->one->group, r->one->name, (int)len,
                   why);
        }
    }
    (void)fflush(stdout);
}

/* --- the suite */

static int compare_groups(const void *a, const void *b)
{
    const struct conformance_case *one = a, *other = b;
    const int order = strcmp(one->group, other->group);
    return order != 0 ? order : (one->limits > other->limits) - (one->limits < other->limits);
}

static bool is_chosen(const char *group, char **words)
{
    bool is_any = *words == NULL;
    for (; *words && !is_any; words++) {
        is_any = strstr(group, *words) != NULL;
    }
    return is_any;
}

static void find_groups(struct suite *s, char **words)
{
    const struct conformance_case *cases = s->table.cases;
    s->groups = calloc(s->table.len, sizeof *s->groups);
    assert(s->groups);
    for (size_t i = 0; i < s->table.len; i++) {
        struct group *g = s->groups_len > 0 ? &s->groups[s->groups_len - 1] : NULL;
        if (g && strcmp(cases[g->first].group, cases[i].group) == 0) {
            g->len++;
        } else if (is_chosen(cases[i].group, words)) {
            s->groups[s->groups_len++] = (struct group){.first = i, .len = 1};
        }
    }
}

static void make_suite(struct suite *s, char **words)
{
    struct conformance_table *t = &s->table;
    conformance_framing(t);
    conformance_control(t);
    conformance_messages(t);
    conformance_text(t);
    conformance_close(t);
    conformance_deflate(t);
    qsort(t->cases, t->len, sizeof *t->cases, compare_groups);
    find_groups(s, words);
    for (size_t i = 0; i < TRANSPORTS; i++) {
        s->results[i] = calloc(t->len, sizeof *s->results[i]);
        assert(s->results[i]);
        for (size_t k = 0; k < t->len; k++) {
            s->results[i][k].one = &t->cases[k];
        }
    }
}

static void free_suite(struct suite *s)
{
    for (size_t i = 0; i < TRANSPORTS; i++) {
        for (size_t k = 0; k < s->table.len; k++) {
            free(s->results[i][k].why);
        }
        free(s->results[i]);
    }
    free(s->groups);
    conformance_table_free(&s->table);
}

/* --- cmocka: a test is a case on a transport */

static void check_result(void **state)
{
    const struct conformance_result *r = *state;
    if (r->failures > 0) {
        fail_msg("%u faults in %u runs, the first: %s", r->failures, r->runs, r->why);
    }
    assert_true(r->runs > 0);
}

static size_t fill_tests(const struct suite *s, struct CMUnitTest *tests)
{
    size_t n = 0;
    for (size_t g = 0; g < s->groups_len; g++) {
        const struct group *group = &s->groups[g];
        for (size_t i = 0; i < group->len * TRANSPORTS; i++) {
            struct conformance_result *r =
                &s->results[i % TRANSPORTS][group->first + i / TRANSPORTS];
            const size_t room = strlen(r->one->group) + strlen(r->one->name) + 20;
            char *name = malloc(room);
            assert(name);
            (void)snprintf(name, room, "%s: %s, %s", r->one->group, r->one->name,
                           transports[i % TRANSPORTS]->name);
            tests[n++] =
                (struct CMUnitTest){.name = name, .test_func = check_result, .initial_state = r};
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    (void)argc;
    struct suite s = {.groups_len = 0};
    make_suite(&s, argv + 1);
    run_all(&s);
    struct CMUnitTest *tests = calloc(s.table.len * TRANSPORTS, sizeof *tests);
    assert(tests);
    const size_t n = fill_tests(&s, tests);
    const int failures = _cmocka_run_group_tests("conformance", tests, n, NULL, NULL);
    print_table(&s);
    print_failures(&s);
    for (size_t i = 0; i < n; i++) {
        free((void *)(uintptr_t)tests[i].name);
    }
    free(tests);
    free_suite(&s);
    return failures != 0;
}
