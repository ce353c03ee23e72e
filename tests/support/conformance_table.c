/* A growing list of cases: see the header. */
#include "conformance_table.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *copy(const char *s)
{
    if (!s) {
        return NULL;
    }
    char *got = strdup(s);
    assert(got);
    return got;
}

static void check_name(const struct conformance_table *t, const struct conformance_case *row)
{
    assert(row->group && row->name && row->script && row->expect);
    for (size_t i = 0; i < t->len; i++) {
        assert(strcmp(t->cases[i].group, row->group) != 0 ||
               strcmp(t->cases[i].name, row->name) != 0);
    }
}

void conformance_add(struct conformance_table *t, const struct conformance_case *row)
{
    check_name(t, row);
    if (t->len == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->cases = realloc(t->cases, t->cap * sizeof *t->cases);
        assert(t->cases);
    }
    struct conformance_case *c = &t->cases[t->len++];
    *c = *row;
    c->group = copy(row->group);
    c->name = copy(row->name);
    c->script = copy(row->script);
    c->expect = copy(row->expect);
    c->expect_off = copy(row->expect_off);
    c->offer = copy(row->offer);
}

void conformance_add_rows(struct conformance_table *t, const char *group,
                          const struct conformance_case *rows, size_t rows_len)
{
    for (size_t i = 0; i < rows_len; i++) {
        struct conformance_case row = rows[i];
        row.group = group;
        conformance_add(t, &row);
    }
}

static void drop(const char *s)
{
    free((void *)(uintptr_t)s);
}

void conformance_table_free(struct conformance_table *t)
{
    for (size_t i = 0; i < t->len; i++) {
        struct conformance_case *c = &t->cases[i];
        drop(c->group);
        drop(c->name);
        drop(c->script);
        drop(c->expect);
        drop(c->expect_off);
        drop(c->offer);
    }
    free(t->cases);
    *t = (struct conformance_table){.len = 0};
}
