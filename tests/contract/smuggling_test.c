/*
 * U6 U7: malformed and ambiguous request heads over HTTP/1.1, a second request right behind each:
 * what status each gets, what becomes of the connection, and that the second one is answered only
 * where no reader could doubt that it is a request.
 *
 * Each head is delivered whole, byte by byte, and split at every point, to a handler that answers
 * at once and to one that answers late: all must come to the same. A line for each says head,
 * expected, got.
 *
 * The table: smuggling_lines, smuggling_fields, smuggling_lengths, smuggling_chunks,
 * smuggling_upgrade.
 */
#include "smuggling_run.h"
#include "smuggling_table.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Longer ones are long for a limit's sake; they are split around it, and here and there. */
#define SPLIT_EVERYWHERE_MAX ((size_t)1500)
#define SPLIT_STEP ((size_t)509)
#define SPLIT_EDGE ((size_t)70)

struct result {
    const struct smuggling_case *one;
    char got[SMUGGLING_GOT_MAX];       /* delivered whole */
    char fault[2 * SMUGGLING_GOT_MAX]; /* the first delivery that came to something else */
    unsigned runs;
};

static void run_once(struct result *r, const struct smuggling_delivery *d)
{
    char got[SMUGGLING_GOT_MAX];
    smuggling_run(r->one, d, got);
    r->runs++;
    if (r->fault[0] == '\0' && strcmp(got, r->one->expect) != 0) {
        (void)snprintf(r->fault, sizeof r->fault, "%s (split at %zu%s%s)", got, d->split,
                       d->is_bytes ? ", byte by byte" : "", d->is_late ? ", answered late" : "");
    }
}

static bool is_split_point(const struct smuggling_case *c, size_t at)
{
    const size_t len = c->head_len + c->behind_len;
    return len <= SPLIT_EVERYWHERE_MAX || at < SPLIT_EDGE || at + SPLIT_EDGE > c->head_len ||
           at % SPLIT_STEP == 0;
}

static void run_case(struct result *r)
{
    smuggling_run(r->one, &(struct smuggling_delivery){.split = 0}, r->got);
    for (unsigned i = 0; i < 4; i++) {
        run_once(r, &(struct smuggling_delivery){.is_bytes = i & 1, .is_late = i & 2});
    }
    for (size_t at = 1; at < r->one->head_len + r->one->behind_len; at++) {
        if (is_split_point(r->one, at)) {
            run_once(r, &(struct smuggling_delivery){.split = at});
        }
    }
}

/* --- the table */

/* Bytes of a head that are shown: all of most. */
#define SHOWN_MAX ((size_t)260)

/* The end of |at|, where a text of |c| was written. */
static char *show_byte(char *at, uint8_t c)
{
    static const char *const names[] = {['\t'] = "\\t", ['\n'] = "\\n", ['\r'] = "\\r"};
    char hex[5] = {(char)c, '\0'};
    const char *text = hex;
    if (c <= '\r' && names[c]) {
        text = names[c];
    } else if (c < ' ' || c > '~') {
        (void)snprintf(hex, sizeof hex, "\\x%02x", (unsigned)c);
    }
    const size_t len = strlen(text);
    memcpy(at, text, len + 1);
    return at + len;
}

static void show_head(const struct smuggling_case *c, char out[SHOWN_MAX + 40])
{
    char *at = out;
    size_t i = 0;
    for (; i < c->head_len && (size_t)(at - out) < SHOWN_MAX; i++) {
        at = show_byte(at, (uint8_t)c->head[i]);
    }
    if (i < c->head_len) {
        (void)snprintf(at, 36, "... (%zu bytes)", c->head_len);
    }
}

static void print_table(const struct result *results, size_t len)
{
    printf("smuggling | head | expected | got | why\n");
    for (size_t i = 0; i < len; i++) {
        const struct result *r = &results[i];
        char head[SHOWN_MAX + 40];
        show_head(r->one, head);
        printf("smuggling | %s | %s | %s | %s\n", head, r->one->expect, r->got, r->one->why);
    }
}

static bool ends_closed(const struct smuggling_case *c)
{
    return strstr(c->expect, " closed,") != NULL;
}

static void print_sum(const struct result *results, size_t len)
{
    size_t closed = 0, failed = 0, runs = 0;
    for (size_t i = 0; i < len; i++) {
        const struct result *r = &results[i];
        closed += ends_closed(r->one) ? 1 : 0;
        runs += r->runs;
        if (r->fault[0] != '\0') {
            failed++;
            char head[SHOWN_MAX + 40];
            show_head(r->one, head);
            printf("smuggling: FAILED %s: %s: %s, want %s\n", r->one->why, head, r->fault,
                   r->one->expect);
        }
    }
    printf("smuggling: asked a+b: requests the handler heard of, of the head and of what stood "
           "behind it\n");
    printf("smuggling: %zu heads, %zu of them refused or the last; %zu deliveries; %zu heads "
           "failed; %s\n",
           len, closed, runs, failed,
           failed == 0 ? "none was answered twice" : "an answer was not as expected");
}

/* --- cmocka: a test is a head */

static void check_result(void **state)
{
    const struct result *r = *state;
    if (r->fault[0] != '\0') {
        fail_msg("%s, want %s", r->fault, r->one->expect);
    }
    assert_string_equal(r->got, r->one->expect);
}

static void the_table_has_150_heads_that_are_refused_or_the_last(void **state)
{
    const struct smuggling_table *t = *state;
    size_t closed = 0;
    for (size_t i = 0; i < t->len; i++) {
        closed += ends_closed(&t->cases[i]) ? 1 : 0;
    }
    assert_true(closed >= 150);
}

static int run_heads(struct smuggling_table *t, struct result *results)
{
    struct CMUnitTest *tests = calloc(t->len + 1, sizeof *tests);
    assert(tests);
    for (size_t i = 0; i < t->len; i++) {
        results[i].one = &t->cases[i];
        run_case(&results[i]);
        tests[i] = (struct CMUnitTest){
            .name = t->cases[i].why, .test_func = check_result, .initial_state = &results[i]};
    }
    tests[t->len] =
        (struct CMUnitTest){.name = "the table has 150 heads that are refused or the last",
                            .test_func = the_table_has_150_heads_that_are_refused_or_the_last,
                            .initial_state = t};
    const int failures = _cmocka_run_group_tests("U6 U7: smuggling", tests, t->len + 1, NULL, NULL);
    free(tests);
    return failures;
}

int main(void)
{
    struct smuggling_table t = {.len = 0};
    smuggling_lines(&t);
    smuggling_fields(&t);
    smuggling_lengths(&t);
    smuggling_chunks(&t);
    smuggling_upgrade(&t);
    struct result *results = calloc(t.len, sizeof *results);
    assert(results);
    const int failures = run_heads(&t, results);
    print_table(results, t.len);
    print_sum(results, t.len);
    free(results);
    smuggling_table_free(&t);
    return failures != 0;
}
