/*
 * The functions of trisock.h that a program calls on a socket. Between two turns of the loop too,
 * in a host's own loop: so what starts or stops a timeout tells the sessions the time first.
 */
#include "socket_ws.h"

/* ------------------------------------------------------------------------------------ sending */

/* A send may close the socket (TRI_SLOW_CLOSE), and that starts a timeout. */
static struct tri_session *session_now(struct tri_ws *ws)
{
    const struct tri_ws_host *host = ws->host;
    host->sessions->now_ns = tri_loop_now_ns(host->loop);
    return ws->session;
}

/* What became of a message of |len| bytes. */
static enum tri_err count_message(struct tri_ws *ws, enum tri_err err, size_t len)
{
    struct tri_http_metrics *metrics = ws->metrics;
    if (err == TRI_OK) {
        metrics->messages_out++;
        metrics->bytes_out += len;
    } else if (err == TRI_ERR_FULL && tri_session_drops(ws->session)) {
        metrics->messages_dropped++;
    }
    return err;
}

enum tri_err tri_ws_send(struct tri_ws *ws, enum tri_type type, const void *data, size_t len)
{
    return count_message(ws, tri_session_send(session_now(ws), type, data, len), len);
}

enum tri_err tri_ws_send_payload(struct tri_ws *ws, struct tri_payload *payload)
{
    const size_t len = tri_payload_message(payload).len;
    return count_message(ws, tri_session_send_payload(session_now(ws), payload), len);
}

enum tri_err tri_ws_send_begin(struct tri_ws *ws, enum tri_type type)
{
    return tri_session_send_begin(session_now(ws), type);
}

enum tri_err tri_ws_send_append(struct tri_ws *ws, const void *data, size_t len)
{
    const enum tri_err err = tri_session_send_append(session_now(ws), data, len);
    ws->metrics->bytes_out += err == TRI_OK ? len : 0;
    return err;
}

enum tri_err tri_ws_send_end(struct tri_ws *ws)
{
    const enum tri_err err = tri_session_send_end(session_now(ws));
    ws->metrics->messages_out += err == TRI_OK;
    return err;
}

void tri_ws_slow(struct tri_ws *ws, enum tri_slow policy)
{
    tri_session_slow(ws->session, policy);
}

void tri_ws_urgency(struct tri_ws *ws, unsigned urgency)
{
    tri_session_urgency(ws->session, urgency);
}

/* ------------------------------------------------------------------------- reading and closing */

void tri_ws_pause(struct tri_ws *ws)
{
    tri_session_pause(session_now(ws));
}

void tri_ws_resume(struct tri_ws *ws)
{
    tri_session_resume(session_now(ws));
}

enum tri_err tri_ws_close(struct tri_ws *ws, uint16_t code, const char *reason)
{
    return tri_session_close(session_now(ws), code, tri_slice_of_string(reason ? reason : ""));
}

void tri_ws_abort(struct tri_ws *ws)
{
    tri_session_abort(ws->session);
}

/* ------------------------------------------------------------------------------- what it is */

uint64_t tri_ws_id(const struct tri_ws *ws)
{
    return ws->id;
}

const struct tri_carrier *tri_ws_carrier(const struct tri_ws *ws)
{
    return ws->carrier;
}

size_t tri_ws_queued_bytes(const struct tri_ws *ws)
{
    return tri_session_queued_bytes(ws->session);
}

const char *tri_ws_subprotocol(const struct tri_ws *ws)
{
    return ws->subprotocol;
}

enum tri_deflate tri_ws_deflate(const struct tri_ws *ws)
{
    return tri_session_deflate(ws->session);
}
