/*
 * A tri_alloc for tests: counts what is live and fails the n-th allocation on demand.
 *
 * The usual loop: run the case with fail_at = 1, 2, 3 ... until |calls| stays below fail_at, that
 * is, until the case ran without reaching the failing call.
 */
#ifndef TRI_TESTS_TEST_ALLOC_H
#define TRI_TESTS_TEST_ALLOC_H

#include "base_alloc.h"

#include <stdbool.h>

struct test_alloc {
    struct tri_alloc alloc;
    size_t live;    /* blocks given and not yet released; must be 0 at the end */
    size_t calls;   /* allocations and resizes asked for, the failed one included */
    size_t fail_at; /* the call (from 1) that returns NULL; 0: none */
    size_t largest; /* bytes of the largest block asked for */
    size_t bytes;   /* in the live blocks */
    size_t bytes_peak;
};

/* |t| must not move afterwards: t->alloc.user points at it. */
void test_alloc_init(struct test_alloc *t);

/* It does not tell sizes, so that a cache on it keeps nothing: each allocation comes here, and may fail. */
static inline void test_alloc_hide_sizes(struct test_alloc *t)
{
    t->alloc.size = NULL;
}

/* The peak is what is live now, and rises from there. */
static inline void test_alloc_restart_peak(struct test_alloc *t)
{
    t->bytes_peak = t->bytes;
}

/* Whether the failing call was reached. */
static inline bool test_alloc_has_failed(const struct test_alloc *t)
{
    return t->fail_at != 0 && t->calls >= t->fail_at;
}

#endif
