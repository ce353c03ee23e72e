#include "h1_writer.h"

#include <assert.h>

#include "http_token.h"

void tri_h1_writer_put(struct tri_h1_writer *w, struct tri_slice s)
{
    if (w->err == TRI_OK) {
        w->err = tri_buf_append(w->out, s.data, s.len);
    }
}

void tri_h1_writer_field(struct tri_h1_writer *w, struct tri_slice name, struct tri_slice value)
{
    tri_h1_writer_put(w, name);
    tri_h1_writer_put(w, TRI_SLICE(": "));
    tri_h1_writer_put(w, value);
    tri_h1_writer_put(w, TRI_SLICE("\r\n"));
}

bool tri_h1_writer_is_clean(struct tri_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\r' || value.data[i] == '\n' || value.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* Whoever is on our side chose them; if one could end a line, one head would become two. */
void tri_h1_writer_fields(struct tri_h1_writer *w, const struct tri_field *fields, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        assert(tri_token_is(fields[i].name));
        assert(tri_h1_writer_is_clean(fields[i].value));
        tri_h1_writer_field(w, fields[i].name, fields[i].value);
    }
}
