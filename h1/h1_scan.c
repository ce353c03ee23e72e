#include "h1_scan.h"

#include <assert.h>

#include "base_limits.h"

static enum tri_err refuse(struct tri_h1_scan *s, enum tri_err err, int status)
{
    s->status = status;
    return err;
}

static size_t choose_fields_max(const struct tri_h1_scan *s)
{
    return s->is_response ? TRI_ANSWER_FIELDS_MAX : TRI_REQUEST_FIELDS_MAX;
}

static size_t choose_bytes_max(const struct tri_h1_scan *s)
{
    return s->is_response ? TRI_RESPONSE_HEAD_BYTES_MAX : TRI_REQUEST_HEAD_BYTES_MAX;
}

static enum tri_err end_line(struct tri_h1_scan *s)
{
    if (!s->is_cr) {
        /* RFC 9112 section 2.2 lets a recipient take a bare LF for a line's end; others in front of
         * us may not have: never a guess. */
        return refuse(s, TRI_ERR_PROTOCOL, 400);
    }
    s->is_cr = false;
    if (s->line_len > 0) {
        s->line_len = 0;
        s->lines++;
        const bool is_over = s->lines > 1 + choose_fields_max(s);
        return is_over ? refuse(s, TRI_ERR_LIMIT, 431) : TRI_PARTIAL;
    }
    if (s->lines > 0) {
        return TRI_OK;
    }
    /* RFC 9112 section 2.2: one empty line in front of a request is ignored. */
    if (s->is_skipped || s->is_response) {
        return refuse(s, TRI_ERR_PROTOCOL, 400);
    }
    s->is_skipped = true;
    return TRI_PARTIAL;
}

static enum tri_err take_byte(struct tri_h1_scan *s, uint8_t c)
{
    s->len++;
    if (s->len > choose_bytes_max(s)) {
        return refuse(s, TRI_ERR_LIMIT, 431);
    }
    if (c == '\n') {
        return end_line(s);
    }
    if (s->is_cr) {
        return refuse(s, TRI_ERR_PROTOCOL, 400); /* RFC 9112 section 2.2: a bare CR */
    }
    if (c == '\r') {
        s->is_cr = true;
        return TRI_PARTIAL;
    }
    if ((c < ' ' && c != '\t') || c == 0x7f) {
        return refuse(s, TRI_ERR_PROTOCOL, 400); /* RFC 9110 section 5.5: NUL and other controls */
    }
    s->line_len++;
    if (!s->is_response && s->lines == 0 && s->line_len > TRI_REQUEST_LINE_BYTES_MAX) {
        return refuse(s, TRI_ERR_LIMIT, 414); /* RFC 9112 section 3 */
    }
    return TRI_PARTIAL;
}

enum tri_err tri_h1_scan_feed(struct tri_h1_scan *s, const uint8_t *data, size_t len, size_t *used)
{
    assert(s->status == 0);
    *used = 0;
    for (size_t i = 0; i < len; i++) {
        const enum tri_err err = take_byte(s, data[i]);
        if (err != TRI_PARTIAL) {
            *used = err == TRI_OK ? i + 1 : 0;
            return err;
        }
    }
    *used = len;
    return TRI_PARTIAL;
}

bool tri_h1_scan_has_begun(const struct tri_h1_scan *s)
{
    return s->lines > 0 || s->line_len > 0;
}
