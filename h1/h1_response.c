#include "h1_response.h"

#include <assert.h>
#include <inttypes.h>

#include "h1_fields.h"
#include "http_exchange.h"
#include "http_status.h"
#include "http_token.h"

/* Appends one after the other and remembers the first failure, so that a head reads top down. */
struct writer {
    struct tri_buf *out;
    enum tri_err err;
};

static void put(struct writer *w, struct tri_slice s)
{
    if (w->err == TRI_OK) {
        w->err = tri_buf_append(w->out, s.data, s.len);
    }
}

static void put_field(struct writer *w, struct tri_slice name, struct tri_slice value)
{
    put(w, name);
    put(w, TRI_SLICE(": "));
    put(w, value);
    put(w, TRI_SLICE("\r\n"));
}

/* Our own handlers chose it; if it could end a line, one response would become two. */
static bool is_clean(struct tri_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '\r' || value.data[i] == '\n' || value.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

static void put_fields(struct writer *w, const struct tri_field *fields, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        assert(tri_token_is(fields[i].name));
        assert(is_clean(fields[i].value));
        put_field(w, fields[i].name, fields[i].value);
    }
}

/* RFC 9110 section 7.8: whoever sends Upgrade sends the option too. */
static void put_connection(struct writer *w, const struct tri_h1_response *r)
{
    if (r->upgrade) {
        put_field(w, TRI_SLICE("Upgrade"), tri_slice_of_string(r->upgrade));
        put_field(w, TRI_SLICE("Connection"),
                  r->closes ? TRI_SLICE("close, Upgrade") : TRI_SLICE("Upgrade"));
    } else if (r->closes) {
        put_field(w, TRI_SLICE("Connection"), TRI_SLICE("close"));
    }
}

static void put_length(struct writer *w, uint64_t length)
{
    if (length != TRI_LENGTH_NONE && w->err == TRI_OK) {
        w->err = tri_buf_printf(w->out, "Content-Length: %" PRIu64 "\r\n", length);
    }
}

enum tri_err tri_h1_response_write(const struct tri_h1_response *r, struct tri_buf *out)
{
    assert(r->status >= 100 && r->status <= 599);
    struct writer w = {
        .out = out,
        .err = tri_buf_printf(out, "HTTP/1.1 %d %s\r\n", r->status, tri_status_reason(r->status)),
    };
    put_connection(&w, r);
    if (r->accept.len > 0) {
        put_field(&w, TRI_SLICE("Sec-WebSocket-Accept"), r->accept);
    }
    if (r->tells_version) {
        put_field(&w, TRI_SLICE("Sec-WebSocket-Version"), TRI_SLICE("13"));
    }
    put_fields(&w, r->fields, r->fields_len);
    put_length(&w, r->content_length);
    put(&w, TRI_SLICE("\r\n"));
    return w.err;
}
