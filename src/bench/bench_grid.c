/* See bench_grid.h. */
#include "bench_grid.h"

#include "bench_text.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

void bench_grid_init(struct bench_grid *grid, size_t left)
{
    grid->rows = 0;
    grid->left = left;
}

void bench_grid_row(struct bench_grid *grid)
{
    assert(grid->rows < BENCH_GRID_ROWS_MAX);
    grid->columns[grid->rows] = 0;
    grid->rows += 1;
}

void bench_grid_cell(struct bench_grid *grid, const char *text)
{
    assert(grid->rows > 0);
    size_t *columns = &grid->columns[grid->rows - 1];
    assert(*columns < BENCH_GRID_COLUMNS_MAX);
    (void)bench_text_clean(grid->cells[grid->rows - 1][*columns], BENCH_GRID_CELL_MAX, text);
    *columns += 1;
}

static void measure(const struct bench_grid *grid, size_t widths[BENCH_GRID_COLUMNS_MAX])
{
    memset(widths, 0, BENCH_GRID_COLUMNS_MAX * sizeof widths[0]);
    for (size_t r = 0; r < grid->rows; r++) {
        for (size_t c = 0; c < grid->columns[r]; c++) {
            const size_t width = bench_text_columns(grid->cells[r][c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
}

static void put_spaces(FILE *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)fputc(' ', out);
    }
}

/* Spaces that nothing follows are not printed. */
static void print_row(const struct bench_grid *grid, size_t row,
                      const size_t widths[BENCH_GRID_COLUMNS_MAX], FILE *out)
{
    size_t owed = 0;
    for (size_t c = 0; c < grid->columns[row]; c++) {
        const char *text = grid->cells[row][c];
        const size_t gap = widths[c] - bench_text_columns(text);
        const bool is_left = c < grid->left;
        owed += is_left ? 0 : gap;
        if (text[0] != '\0') {
            put_spaces(out, owed);
            (void)fputs(text, out);
            owed = 0;
        }
        owed += (is_left ? gap : 0) + (widths[c] > 0 ? 2 : 0);
    }
    (void)fputc('\n', out);
}

void bench_grid_print(const struct bench_grid *grid, FILE *out)
{
    size_t widths[BENCH_GRID_COLUMNS_MAX];
    measure(grid, widths);
    for (size_t r = 0; r < grid->rows; r++) {
        print_row(grid, r, widths, out);
    }
}
