/*
 * One log line while it is written. Private to base_log*.c: the formats write into it, field by
 * field; a field that does not fit is taken back, so that a line is never cut within one.
 */
#ifndef TRI_BASE_LOG_LINE_H
#define TRI_BASE_LOG_LINE_H

#include "base_log.h"

struct tri_log_line {
    char text[TRI_LOG_LINE_MAX];
    size_t len;
    size_t max;   /* bytes that may be used, NUL and the format's end excluded */
    bool is_full; /* something did not fit since the last mark */
};

/* What every line says first. */
struct tri_log_start {
    uint64_t wall_ms; /* since 1970 UTC */
    enum tri_log_level level;
    const char *event;
};

void tri_log_line_put(struct tri_log_line *line, const char *data, size_t len);
void tri_log_line_put_string(struct tri_log_line *line, const char *s);
void tri_log_line_put_char(struct tri_log_line *line, char c);
void tri_log_line_put_hex(struct tri_log_line *line, uint8_t byte); /* two digits */
void tri_log_line_put_number(struct tri_log_line *line, const struct tri_log_field *field);
void tri_log_line_put_time(struct tri_log_line *line, uint64_t wall_ms);
const char *tri_log_level_name(enum tri_log_level level);

/* Each format: the start, then the fields one by one, then the end, which always fits. */
void tri_log_text_start(struct tri_log_line *line, const struct tri_log_start *start);
void tri_log_text_field(struct tri_log_line *line, const struct tri_log_field *field);

void tri_log_json_start(struct tri_log_line *line, const struct tri_log_start *start);
void tri_log_json_field(struct tri_log_line *line, const struct tri_log_field *field);
void tri_log_json_end(struct tri_log_line *line);

#endif
