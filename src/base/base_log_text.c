/* The text form of a log line: key=value, for grep. */
#include "base_log_line.h"

/* Bytes that stand for themselves in a value without quotes. */
static bool is_plain(uint8_t c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
}

static bool needs_quotes(struct tri_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (!is_plain(value.data[i])) {
            return true;
        }
    }
    return value.len == 0;
}

/* One byte between quotes. What is not printable ASCII cannot reach a terminal. */
static void put_escaped(struct tri_log_line *line, uint8_t c)
{
    if (c == '"' || c == '\\') {
        tri_log_line_put_char(line, '\\');
        tri_log_line_put_char(line, (char)c);
    } else if (c == '\n') {
        tri_log_line_put_string(line, "\\n");
    } else if (c == '\t') {
        tri_log_line_put_string(line, "\\t");
    } else if (c < ' ' || c >= 0x7f) {
        tri_log_line_put_string(line, "\\x");
        tri_log_line_put_hex(line, c);
    } else {
        tri_log_line_put_char(line, (char)c);
    }
}

static void put_value(struct tri_log_line *line, struct tri_slice value)
{
    if (!needs_quotes(value)) {
        tri_log_line_put(line, (const char *)value.data, value.len);
        return;
    }
    tri_log_line_put_char(line, '"');
    for (size_t i = 0; i < value.len && !line->is_full; i++) {
        put_escaped(line, value.data[i]);
    }
    tri_log_line_put_char(line, '"');
}

void tri_log_text_start(struct tri_log_line *line, const struct tri_log_start *start)
{
    tri_log_line_put_time(line, start->wall_ms);
    tri_log_line_put_char(line, ' ');
    tri_log_line_put_string(line, tri_log_level_name(start->level));
    tri_log_line_put_char(line, ' ');
    tri_log_line_put_string(line, start->event);
}

void tri_log_text_field(struct tri_log_line *line, const struct tri_log_field *field)
{
    tri_log_line_put_char(line, ' ');
    tri_log_line_put_string(line, field->key);
    tri_log_line_put_char(line, '=');
    if (field->kind == TRI_LOG_KIND_STRING) {
        put_value(line, field->string);
    } else {
        tri_log_line_put_number(line, field);
    }
}
