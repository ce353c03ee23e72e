#include "h1_lines.h"

#include <assert.h>

#include "http_token.h"

struct tri_h1_lines tri_h1_lines_take(struct tri_h1_lines *rest)
{
    assert(rest->len >= 2);
    const uint8_t *end = memchr(rest->data, '\n', rest->len);
    assert(end && end > rest->data && end[-1] == '\r');
    const size_t used = (size_t)(end - rest->data) + 1;
    const struct tri_h1_lines line = {.data = rest->data, .len = used - 2};
    rest->data += used;
    rest->len -= used;
    return line;
}

/* field-name ":" OWS field-value OWS: RFC 9112 section 5. Controls were refused by the scan. */
static enum tri_err parse_field(struct tri_h1_lines line, struct tri_field *out)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (!colon) {
        return TRI_ERR_PROTOCOL;
    }
    const size_t name_len = (size_t)(colon - line.data);
    out->name = tri_slice_of(line.data, name_len);
    /* RFC 9112 section 5.1, 5.2: a space before the colon, and a line that begins with one, are
     * no token either. */
    if (!tri_token_is(out->name)) {
        return TRI_ERR_PROTOCOL;
    }
    for (size_t i = 0; i < name_len; i++) {
        if (line.data[i] >= 'A' && line.data[i] <= 'Z') {
            line.data[i] = (uint8_t)(line.data[i] + ('a' - 'A'));
        }
    }
    out->value = tri_slice_trim(tri_slice_of(colon + 1, line.len - name_len - 1));
    return TRI_OK;
}

enum tri_err tri_h1_lines_fields(struct tri_h1_lines *rest, struct tri_field *fields,
                                 size_t fields_max, size_t *len)
{
    *len = 0;
    for (struct tri_h1_lines line = tri_h1_lines_take(rest); line.len > 0;
         line = tri_h1_lines_take(rest)) {
        assert(*len < fields_max);
        const enum tri_err err = parse_field(line, &fields[*len]);
        if (err != TRI_OK) {
            return err;
        }
        (*len)++;
    }
    return TRI_OK;
}

struct tri_slice tri_h1_lines_until(struct tri_slice *s, uint8_t separator)
{
    const uint8_t *at = s->len > 0 ? memchr(s->data, separator, s->len) : NULL;
    const size_t len = at ? (size_t)(at - s->data) : s->len;
    const size_t used = at ? len + 1 : len;
    const struct tri_slice front = tri_slice_of(s->data, len);
    s->data += used;
    s->len -= used;
    return front;
}
