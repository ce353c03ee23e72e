#include "h1_response.h"

#include <assert.h>
#include <inttypes.h>

#include "h1_writer.h"
#include "http_exchange.h"
#include "http_status.h"

/* RFC 9110 section 7.8: whoever sends Upgrade sends the option too. */
static void put_connection(struct tri_h1_writer *w, const struct tri_h1_response *r)
{
    if (r->upgrade) {
        tri_h1_writer_field(w, TRI_SLICE("Upgrade"), tri_slice_of_string(r->upgrade));
        tri_h1_writer_field(w, TRI_SLICE("Connection"),
                            r->closes ? TRI_SLICE("close, Upgrade") : TRI_SLICE("Upgrade"));
    } else if (r->closes) {
        tri_h1_writer_field(w, TRI_SLICE("Connection"), TRI_SLICE("close"));
    }
}

static void put_length(struct tri_h1_writer *w, uint64_t length)
{
    if (length != TRI_LENGTH_NONE && w->err == TRI_OK) {
        w->err = tri_buf_printf(w->out, "Content-Length: %" PRIu64 "\r\n", length);
    }
}

enum tri_err tri_h1_response_write(const struct tri_h1_response *r, struct tri_buf *out)
{
    assert(r->status >= 100 && r->status <= 599);
    struct tri_h1_writer w = {
        .out = out,
        .err = tri_buf_printf(out, "HTTP/1.1 %d %s\r\n", r->status, tri_status_reason(r->status)),
    };
    put_connection(&w, r);
    if (r->accept.len > 0) {
        tri_h1_writer_field(&w, TRI_SLICE("Sec-WebSocket-Accept"), r->accept);
    }
    if (r->tells_version) {
        tri_h1_writer_field(&w, TRI_SLICE("Sec-WebSocket-Version"), TRI_SLICE("13"));
    }
    tri_h1_writer_fields(&w, r->fields, r->fields_len);
    put_length(&w, r->content_length);
    tri_h1_writer_put(&w, TRI_SLICE("\r\n"));
    return w.err;
}
