/* Numbers as they are typed: counts, sizes, rates and durations. Nothing may stand behind them. */
#ifndef BENCH_NUMBERS_H
#define BENCH_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "42", decimal. False, and |*out| as it was, if |text| is none or not from |min| to |max|. */
bool bench_read_count(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Bytes: a count, or one of KiB or MiB: "512", "16k", "1m". |text| ends at |end|. */
bool bench_read_size(const char *text, const char *end, uint64_t max, size_t *out);

/* A second: "250", "2.5", "10k", "1m" (thousands, millions), more than 0 and at most |max|. */
bool bench_read_rate(const char *text, double max, double *out);

/* "500ms", "5s", "2m"; a bare number is of seconds. From |min_s| to |max_s|. */
bool bench_read_duration(const char *text, double min_s, double max_s, double *out_s);

#endif
