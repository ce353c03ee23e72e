/* See socket_ws.h: the lines of a socket in the log, the same at both ends. */
#include "socket_ws.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static const char *name_of(enum tri_deflate mode)
{
    switch (mode) {
    case TRI_DEFLATE_OFF:
        return "off";
    case TRI_DEFLATE_SHARED:
        return "shared";
    case TRI_DEFLATE_DEDICATED:
        return "dedicated";
    }
    assert(!"a mode");
    return "";
}

void tri_ws_log_open(const struct tri_ws *ws, struct tri_slice path)
{
    if (!tri_log_wants(ws->host->log, TRI_LOG_INFO)) {
        return;
    }
    const struct tri_carrier *c = ws->carrier;
    if (path.len > TRI_WS_LOGGED_PATH_MAX) {
        path.len = TRI_WS_LOGGED_PATH_MAX;
    }
    const struct tri_log_field fields[] = {
        TRI_KV_U("id", ws->id),
        TRI_KV_S("http", c->http),
        TRI_KV_U("conn", c->conn_id),
        TRI_KV_I("stream", c->stream_id),
        TRI_KV_SLICE("path", path),
        TRI_KV_S("remote", c->remote),
        TRI_KV_S("deflate", name_of(tri_ws_deflate(ws))),
        TRI_KV_S("subprotocol", ws->subprotocol), /* last: left out where there is none */
    };
    const size_t len = sizeof fields / sizeof fields[0];
    tri_log_event(ws->host->log, TRI_LOG_INFO, "ws.open", fields,
                  ws->subprotocol[0] != '\0' ? len : len - 1);
}

void tri_ws_log_close(const struct tri_ws *ws, const struct tri_ws_end *end)
{
    if (!tri_log_wants(ws->host->log, TRI_LOG_INFO)) {
        return;
    }
    char seconds[32];
    (void)snprintf(seconds, sizeof seconds, "%" PRIu64 ".%03u", end->duration_ms / 1000,
                   (unsigned)(end->duration_ms % 1000));
    const struct tri_carrier *c = ws->carrier;
    const struct tri_log_field fields[] = {
        TRI_KV_U("id", ws->id),
        TRI_KV_S("http", c->http),
        TRI_KV_U("conn", c->conn_id),
        TRI_KV_I("stream", c->stream_id),
        TRI_KV_U("code", end->code),
        TRI_KV_S("reason", end->reason),
        TRI_KV_U("clean", end->clean),
        TRI_KV_U("bytes_in", end->bytes_in),
        TRI_KV_U("bytes_out", end->bytes_out),
        TRI_KV_U("messages_in", end->messages_in),
        TRI_KV_U("messages_out", end->messages_out),
        TRI_KV_S("seconds", seconds),
        TRI_KV_U("messages_dropped", end->messages_dropped), /* last: left out where it is 0 */
    };
    const size_t len = sizeof fields / sizeof fields[0];
    tri_log_event(ws->host->log, TRI_LOG_INFO, "ws.close", fields,
                  end->messages_dropped > 0 ? len : len - 1);
}
