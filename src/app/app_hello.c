/* See app_hello.h. */
#include "app_hello.h"

#include <inttypes.h>
#include <stdio.h>

/* Every string is a name from the server's own tables, never a peer's, so none needs escaping. */
size_t tri_hello_write(char out[TRI_HELLO_BYTES_MAX], const struct tri_carrier *carrier,
                       uint64_t id)
{
    int len = snprintf(out, TRI_HELLO_BYTES_MAX,
                       "{\"http\":\"%s\",\"conn\":%" PRIu64 ",\"stream\":%" PRId64
                       ",\"id\":%" PRIu64 ",\"tls\":\"%s\",\"cipher\":\"%s\",\"group\":\"%s\"}",
                       carrier->http, carrier->conn_id, carrier->stream_id, id,
                       carrier->tls_version, carrier->tls_cipher, carrier->tls_group);
    return len > 0 && (unsigned)len < TRI_HELLO_BYTES_MAX ? (size_t)len : 0;
}

static void greet(void *user, struct tri_ws *ws)
{
    (void)user;
    char text[TRI_HELLO_BYTES_MAX];
    size_t len = tri_hello_write(text, tri_ws_carrier(ws), tri_ws_id(ws));
    if (len == 0 || tri_ws_send(ws, TRI_TEXT, text, len) != TRI_OK) {
        (void)tri_ws_close(ws, TRI_CLOSE_INTERNAL_ERROR, "no greeting");
    }
}

const struct tri_ws_handler tri_hello_handler = {
    .on_request = tri_echo_on_request,
    .on_open = greet,
    .on_message = tri_echo_on_message,
    .on_drain = tri_echo_on_drain,
    .on_close = tri_echo_on_close,
};
