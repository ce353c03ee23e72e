/* A growing list of rows: see the header. */
#include "smuggling_table.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static char *copy_bytes(const char *data, size_t len)
{
    char *copy = malloc(len);
    assert(copy);
    memcpy(copy, data, len);
    return copy;
}

void smuggling_add(struct smuggling_table *t, const struct smuggling_case *row)
{
    assert(row->why && row->head && row->head_len > 0 && row->expect);
    if (t->len == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->cases = realloc(t->cases, t->cap * sizeof *t->cases);
        assert(t->cases);
    }
    struct smuggling_case *c = &t->cases[t->len++];
    *c = *row;
    c->head = copy_bytes(row->head, row->head_len);
    if (!c->behind) {
        c->behind = SMUGGLED;
        c->behind_len = sizeof SMUGGLED - 1;
    }
}

void smuggling_add_rows(struct smuggling_table *t, const struct smuggling_case *rows,
                        size_t rows_len)
{
    for (size_t i = 0; i < rows_len; i++) {
        smuggling_add(t, &rows[i]);
    }
}

void smuggling_table_free(struct smuggling_table *t)
{
    for (size_t i = 0; i < t->len; i++) {
        free((void *)(uintptr_t)t->cases[i].head);
    }
    free(t->cases);
    *t = (struct smuggling_table){.len = 0};
}
