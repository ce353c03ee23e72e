/* Log lines: the time, the level, the fields that fit. The two formats have files of their own. */
#include "base_log_line.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define LOG_END_BYTES 2u /* what a format's end may take, and the NUL */

void tri_log_line_put(struct tri_log_line *line, const char *data, size_t len)
{
    assert(line->len <= line->max && line->max < sizeof line->text);
    if (line->is_full || len > line->max - line->len) {
        line->is_full = true;
        return;
    }
    memcpy(line->text + line->len, data, len);
    line->len += len;
}

void tri_log_line_put_string(struct tri_log_line *line, const char *s)
{
    tri_log_line_put(line, s, strlen(s));
}

void tri_log_line_put_char(struct tri_log_line *line, char c)
{
    tri_log_line_put(line, &c, 1);
}

void tri_log_line_put_hex(struct tri_log_line *line, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    tri_log_line_put_char(line, digits[byte >> 4]);
    tri_log_line_put_char(line, digits[byte & 0xf]);
}

void tri_log_line_put_number(struct tri_log_line *line, const struct tri_log_field *field)
{
    char text[24]; /* 20 digits, a sign, NUL */
    assert(field->kind != TRI_LOG_KIND_STRING);
    if (field->kind == TRI_LOG_KIND_U64) {
        (void)snprintf(text, sizeof text, "%" PRIu64, field->u64);
    } else {
        (void)snprintf(text, sizeof text, "%" PRId64, field->i64);
    }
    tri_log_line_put_string(line, text);
}

/* RFC 3339, in UTC, with milliseconds. */
void tri_log_line_put_time(struct tri_log_line *line, uint64_t wall_ms)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[48];
    if (!gmtime_r(&seconds, &tm)) {
        tm = (struct tm){.tm_mday = 1, .tm_year = 70}; /* a clock beyond all years */
    }
    const size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    tri_log_line_put(line, text, len);
    (void)snprintf(text, sizeof text, ".%03uZ", (unsigned)(wall_ms % 1000));
    tri_log_line_put_string(line, text);
}

const char *tri_log_level_name(enum tri_log_level level)
{
    switch (level) {
    case TRI_LOG_ERROR:
        return "error";
    case TRI_LOG_WARN:
        return "warn";
    case TRI_LOG_INFO:
        return "info";
    case TRI_LOG_DEBUG:
        return "debug";
    }
    return "unknown";
}

static uint64_t read_wall_ms(const struct tri_log *log)
{
    if (log->wall_ms) {
        return log->wall_ms();
    }
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Writes |field|, or nothing of it. The ones behind a field that is too long may still fit. */
static void put_field(struct tri_log_line *line, enum tri_log_format format,
                      const struct tri_log_field *field)
{
    const size_t mark = line->len;
    if (format == TRI_LOG_JSON) {
        tri_log_json_field(line, field);
    } else {
        tri_log_text_field(line, field);
    }
    if (line->is_full) {
        line->len = mark;
        line->is_full = false;
    }
}

void tri_log_event(const struct tri_log *log, enum tri_log_level level, const char *event,
                   const struct tri_log_field *fields, size_t fields_len)
{
    if (!tri_log_wants(log, level)) {
        return;
    }
    struct tri_log_line line;
    line.len = 0;
    line.max = sizeof line.text - LOG_END_BYTES;
    line.is_full = false;

    const struct tri_log_start start = {read_wall_ms(log), level, event};
    if (log->format == TRI_LOG_JSON) {
        tri_log_json_start(&line, &start);
    } else {
        tri_log_text_start(&line, &start);
    }
    assert(!line.is_full); /* an event's name is short */
    for (size_t i = 0; i < fields_len; i++) {
        put_field(&line, log->format, &fields[i]);
    }
    if (log->format == TRI_LOG_JSON) {
        line.max += 1;
        tri_log_json_end(&line);
    }
    line.text[line.len] = '\0';
    log->write(log->user, level, line.text);
}
