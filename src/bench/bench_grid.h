/* Cells in aligned columns of plain text: the first ones to the left, the others to the right. */
#ifndef BENCH_GRID_H
#define BENCH_GRID_H

#include <stddef.h>
#include <stdio.h>

#define BENCH_GRID_ROWS_MAX 64u
#define BENCH_GRID_COLUMNS_MAX 8u
#define BENCH_GRID_CELL_MAX 96u

/* What is over a maximum is left out: rows and columns follow from our own tables, not from a peer. */
struct bench_grid {
    char cells[BENCH_GRID_ROWS_MAX][BENCH_GRID_COLUMNS_MAX][BENCH_GRID_CELL_MAX];
    size_t columns[BENCH_GRID_ROWS_MAX]; /* cells of each row */
    size_t rows;
    size_t left; /* so many columns are aligned to the left */
};

void bench_grid_init(struct bench_grid *grid, size_t left);
void bench_grid_row(struct bench_grid *grid);                    /* starts a row */
void bench_grid_cell(struct bench_grid *grid, const char *text); /* adds a cell to it, copied */
void bench_grid_print(const struct bench_grid *grid, FILE *out);

#endif
