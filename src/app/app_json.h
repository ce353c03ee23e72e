/*
 * What a JSON string needs (RFC 8259 section 7): text between two quotation marks, escaped. It
 * reads nothing, and knows nothing else of JSON.
 */
#ifndef APP_JSON_H
#define APP_JSON_H

#include <stddef.h>
#include <stdint.h>

/* Escaped, a byte is six at most: \u001f. */
#define TRI_JSON_ESCAPE_MAX 6u

/*
 * Writes |len| bytes of |text|, which is UTF-8, at |out|, so that they can stand in a JSON string,
 * and returns their count, at most TRI_JSON_ESCAPE_MAX times |len|. No NUL, no quotation marks
 * around it. |out| NULL: it only counts.
 */
size_t tri_json_escape(char *out, const uint8_t *text, size_t len);

#endif
