/* The JSON form of a log line: one object, for collectors. RFC 8259. */
#include "base_log_line.h"

static bool is_continuation(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

/* What the second byte of a sequence must be, beyond a continuation byte. RFC 3629 section 4 */
static bool is_second_fine(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0; /* else overlong */
    case 0xed:
        return second <= 0x9f; /* else a surrogate */
    case 0xf0:
        return second >= 0x90; /* else overlong */
    case 0xf4:
        return second <= 0x8f; /* else above U+10FFFF */
    default:
        return true;
    }
}

/* The length of the UTF-8 sequence at the front of |s| (not empty); 0 if it is not valid. */
static size_t measure_sequence(struct tri_slice s)
{
    const uint8_t first = s.data[0];
    size_t len = 0;
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        len = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        len = 3;
    } else if (first >= 0xf0 && first <= 0xf4) {
        len = 4;
    }
    if (len == 0 || s.len < len || !is_second_fine(first, s.data[1])) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (!is_continuation(s.data[i])) {
            return 0;
        }
    }
    return len;
}

static void put_ascii(struct tri_log_line *line, uint8_t c)
{
    if (c == '"' || c == '\\') {
        tri_log_line_put_char(line, '\\');
        tri_log_line_put_char(line, (char)c);
    } else if (c == '\n') {
        tri_log_line_put_string(line, "\\n");
    } else if (c == '\t') {
        tri_log_line_put_string(line, "\\t");
    } else if (c < ' ' || c == 0x7f) {
        tri_log_line_put_string(line, "\\u00");
        tri_log_line_put_hex(line, c);
    } else {
        tri_log_line_put_char(line, (char)c);
    }
}

/* Puts what stands at the front of |s|; returns the bytes used. */
static size_t put_one(struct tri_log_line *line, struct tri_slice s)
{
    const size_t len = measure_sequence(s);
    if (len == 0) {
        tri_log_line_put_string(line, "\\ufffd"); /* RFC 8259 section 8.1: JSON is UTF-8 */
        return 1;
    }
    if (len == 1) {
        put_ascii(line, s.data[0]);
        return 1;
    }
    tri_log_line_put(line, (const char *)s.data, len);
    return len;
}

static void put_value(struct tri_log_line *line, struct tri_slice value)
{
    tri_log_line_put_char(line, '"');
    while (value.len > 0 && !line->is_full) {
        const size_t used = put_one(line, value);
        value = tri_slice_of(value.data + used, value.len - used);
    }
    tri_log_line_put_char(line, '"');
}

void tri_log_json_start(struct tri_log_line *line, const struct tri_log_start *start)
{
    tri_log_line_put_string(line, "{\"time\":\"");
    tri_log_line_put_time(line, start->wall_ms);
    tri_log_line_put_string(line, "\",\"level\":\"");
    tri_log_line_put_string(line, tri_log_level_name(start->level));
    tri_log_line_put_string(line, "\",\"event\":");
    put_value(line, tri_slice_of_string(start->event));
}

void tri_log_json_field(struct tri_log_line *line, const struct tri_log_field *field)
{
    tri_log_line_put_char(line, ',');
    put_value(line, tri_slice_of_string(field->key));
    tri_log_line_put_char(line, ':');
    if (field->kind == TRI_LOG_KIND_STRING) {
        put_value(line, field->string);
    } else {
        tri_log_line_put_number(line, field);
    }
}

void tri_log_json_end(struct tri_log_line *line)
{
    tri_log_line_put_char(line, '}');
}
