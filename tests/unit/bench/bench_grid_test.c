/* Columns of plain text. */
#include "bench_grid.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct bench_grid grid;

/* Adds a row of the words of |line|, "." for an empty cell. */
static void add_row(const char *line)
{
    bench_grid_row(&grid);
    while (*line != '\0') {
        char cell[BENCH_GRID_CELL_MAX];
        const size_t len = strcspn(line, " ");
        (void)snprintf(cell, sizeof cell, "%.*s", (int)len, line);
        bench_grid_cell(&grid, strcmp(cell, ".") == 0 ? "" : cell);
        line += len + strspn(line + len, " ");
    }
}

static void expect(const char *wanted)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    bench_grid_print(&grid, out);
    (void)fclose(out);
    assert_string_equal(text, wanted);
    free(text);
}

static void words_are_left_and_figures_right(void **state)
{
    (void)state;
    bench_grid_init(&grid, 1);
    add_row(". h1 h2");
    add_row("name 1 10,000");
    add_row("n 12,345 -");
    expect("          h1      h2\n"
           "name       1  10,000\n"
           "n     12,345       -\n");
}

static void a_column_without_text_takes_no_room(void **state)
{
    (void)state;
    bench_grid_init(&grid, 2);
    add_row("a . 1");
    add_row("b . 22");
    expect("a   1\nb  22\n");
}

static void characters_are_counted_not_bytes(void **state)
{
    (void)state;
    bench_grid_init(&grid, 1);
    add_row("\xc2\xb5s 1");
    add_row("abc 2");
    expect("\xc2\xb5s   1\nabc  2\n");
}

static void what_a_terminal_obeys_is_taken_out_and_length_bounded(void **state)
{
    (void)state;
    char longest[BENCH_GRID_CELL_MAX * 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    bench_grid_init(&grid, 1);
    bench_grid_row(&grid);
    bench_grid_cell(&grid, "\x1b[2J");
    bench_grid_cell(&grid, longest);
    assert_string_equal(grid.cells[0][0], "?[2J");
    assert_int_equal(strlen(grid.cells[0][1]), BENCH_GRID_CELL_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_left_and_figures_right),
        cmocka_unit_test(a_column_without_text_takes_no_room),
        cmocka_unit_test(characters_are_counted_not_bytes),
        cmocka_unit_test(what_a_terminal_obeys_is_taken_out_and_length_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
