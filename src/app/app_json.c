/* See app_json.h. */
#include "app_json.h"

#include <assert.h>
#include <string.h>

/* The short form's letter, or 0. */
static char short_form(uint8_t byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* Writes one byte and returns how many it became. The bytes of longer characters stay. */
static size_t escape_byte(char out[TRI_JSON_ESCAPE_MAX], uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    char letter = short_form(byte);
    if (letter) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    if (byte >= 0x20) {
        out[0] = (char)byte;
        return 1;
    }
    memcpy(out, "\\u00", 4);
    out[4] = digits[byte >> 4];
    out[5] = digits[byte & 15];
    return TRI_JSON_ESCAPE_MAX;
}

size_t tri_json_escape(char *out, const uint8_t *text, size_t len)
{
    assert(len <= SIZE_MAX / TRI_JSON_ESCAPE_MAX);
    size_t out_len = 0;
    for (size_t i = 0; i < len; i++) {
        char escaped[TRI_JSON_ESCAPE_MAX];
        size_t escaped_len = escape_byte(escaped, text[i]);
        if (out) {
            memcpy(out + out_len, escaped, escaped_len);
        }
        out_len += escaped_len;
    }
    return out_len;
}
