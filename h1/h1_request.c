#include "h1_request.h"

#include <assert.h>

#include "h1_writer.h"

/* Neither space nor controls: what would end the target, or the head. */
static bool is_visible(struct tri_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] == 0x7f) {
            return false;
        }
    }
    return s.len > 0;
}

enum tri_err tri_h1_request_write(const struct tri_call_request *request, struct tri_slice key,
                                  struct tri_buf *out)
{
    assert(is_visible(request->path) && is_visible(request->authority));
    struct tri_h1_writer w = {.out = out, .err = TRI_OK};
    tri_h1_writer_put(&w, TRI_SLICE("GET "));
    tri_h1_writer_put(&w, request->path);
    tri_h1_writer_put(&w, TRI_SLICE(" HTTP/1.1\r\n"));
    tri_h1_writer_field(&w, TRI_SLICE("Host"), request->authority);
    tri_h1_writer_field(&w, TRI_SLICE("Upgrade"), TRI_SLICE("websocket"));
    tri_h1_writer_field(&w, TRI_SLICE("Connection"), TRI_SLICE("Upgrade"));
    tri_h1_writer_field(&w, TRI_SLICE("Sec-WebSocket-Key"), key);
    tri_h1_writer_fields(&w, request->fields, request->fields_len);
    tri_h1_writer_put(&w, TRI_SLICE("\r\n"));
    return w.err;
}
