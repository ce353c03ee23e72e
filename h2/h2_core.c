/* See h2_core.h. */
#include "h2_core.h"

#include "h2_session.h"
#include "h2_stream.h"

#include <assert.h>

enum tri_err tri_h2_core_init(struct tri_h2_conn *c, const struct tri_h2_role *role,
                              const struct tri_conn_config *config, uint64_t now_ns)
{
    c->role = role;
    c->config = *config;
    c->now_ns = now_ns;
    c->opened_ns = now_ns;
    c->idle_since_ns = now_ns;
    tri_list_init(&c->open);
    tri_list_init(&c->ended);
    tri_list_init(&c->graveyard);
    tri_list_init(&c->work);
    tri_list_init(&c->flights);
    return tri_h2_session_new(c);
}

void tri_h2_core_wake(struct tri_h2_conn *c)
{
    if (!c->is_awake) {
        c->is_awake = true;
        c->role->wake(c);
    }
}

void tri_h2_core_fail(struct tri_h2_conn *c, enum tri_err err, uint32_t error_code)
{
    assert(err < 0);
    if (c->phase != TRI_H2_LIVE) {
        return;
    }
    c->phase = TRI_H2_FAILED;
    c->error = err;
    c->error_code = error_code;
    TRI_LOG(c->config.log, DEBUG, "h2.fail", TRI_KV_U("conn", c->config.carrier.conn_id),
            TRI_KV_S("cause", tri_err_text(err)),
            TRI_KV_S("goaway", nghttp2_http2_strerror(error_code)));
}

void tri_h2_core_fail_engine(struct tri_h2_conn *c, int rv)
{
    assert(rv < 0);
    switch (rv) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: /* RFC 9113 section 3.4 */
        tri_h2_core_fail(c, TRI_ERR_PROTOCOL, NGHTTP2_PROTOCOL_ERROR);
        return;
    /* RFC 9113 section 10.5: more PING or SETTINGS than we answer, a field block without end */
    case NGHTTP2_ERR_FLOODED:
        tri_metrics_flood(c->config.metrics, TRI_FLOOD_ACK);
        tri_h2_core_fail(c, TRI_ERR_LIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
        return;
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
        tri_metrics_flood(c->config.metrics, TRI_FLOOD_HEADERS);
        tri_h2_core_fail(c, TRI_ERR_LIMIT, NGHTTP2_ENHANCE_YOUR_CALM);
        return;
    default: /* memory, ours or the engine's: our callbacks fail for nothing else */
        tri_h2_core_fail(c, TRI_ERR_NOMEM, NGHTTP2_INTERNAL_ERROR);
        return;
    }
}

void tri_h2_core_refuse(const struct tri_h2_conn *c, const struct tri_carrier *carrier,
                        enum tri_refused why, int status)
{
    if (c->config.events->on_refuse) {
        c->config.events->on_refuse(c->config.user, carrier, why, status);
    }
}

void tri_h2_core_reset(struct tri_h2_conn *c, int32_t stream_id, uint32_t error_code)
{
    assert(stream_id > 0);
    if (c->phase != TRI_H2_LIVE) {
        return;
    }
    int rv = nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, stream_id, error_code);
    if (rv != 0) {
        tri_h2_core_fail_engine(c, rv);
        return;
    }
    tri_h2_core_wake(c);
}

void tri_h2_core_terminate(struct tri_h2_conn *c, uint32_t error_code)
{
    if (c->phase != TRI_H2_LIVE || c->is_terminating) {
        return;
    }
    c->is_terminating = true;
    int rv = nghttp2_session_terminate_session(c->session, error_code);
    if (rv != 0) {
        tri_h2_core_fail_engine(c, rv);
        return;
    }
    tri_h2_core_wake(c);
}

void tri_h2_core_count(struct tri_h2_conn *c, enum tri_h2_flood_kind kind)
{
    if (c->is_terminating || tri_h2_flood_count(&c->flood, kind, c->now_ns)) {
        return;
    }
    TRI_LOG(c->config.log, DEBUG, "h2.flood", TRI_KV_U("conn", c->config.carrier.conn_id),
            TRI_KV_S("of", tri_flood_name(tri_h2_flood_metric(kind))));
    tri_metrics_flood(c->config.metrics, tri_h2_flood_metric(kind));
    tri_h2_core_terminate(c, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* Contract line 2: the caller of send has taken the bytes, so their memory may go. */
static void release_flights(struct tri_h2_conn *c)
{
    for (struct tri_list *at = tri_list_pop(&c->flights); at; at = tri_list_pop(&c->flights)) {
        struct tri_h2_stream *s = TRI_CONTAINER_OF(at, struct tri_h2_stream, flight_node);
        assert(s->state == TRI_H2_STREAM_ANSWERED && s->flight_bytes > 0);
        size_t len = s->flight_bytes;
        s->flight_bytes = 0;
        s->seam.events->on_released(s->seam.session, len);
    }
}

void tri_h2_core_settle(struct tri_h2_conn *c)
{
    for (struct tri_list *at = tri_list_pop(&c->graveyard); at; at = tri_list_pop(&c->graveyard)) {
        tri_h2_stream_free(tri_h2_stream_of_node(at));
    }
    release_flights(c);
    tri_h2_core_tell_ended(c);
}

void tri_h2_core_tell_ended(struct tri_h2_conn *c)
{
    if (c->phase != TRI_H2_LIVE) {
        tri_h2_core_end_all(c);
        return;
    }
    for (struct tri_list *at = tri_list_pop(&c->ended); at; at = tri_list_pop(&c->ended)) {
        struct tri_h2_stream *s = tri_h2_stream_of_node(at);
        tri_list_append(&c->graveyard, &s->node);
        tri_h2_stream_end(s, tri_h2_stream_cause(s));
    }
}

static void end_list(struct tri_h2_conn *c, struct tri_list *list)
{
    for (struct tri_list *at = tri_list_pop(list); at; at = tri_list_pop(list)) {
        struct tri_h2_stream *s = tri_h2_stream_of_node(at);
        tri_list_append(&c->graveyard, &s->node);
        tri_h2_stream_end(s, TRI_STREAM_CONN_LOST);
    }
}

void tri_h2_core_end_all(struct tri_h2_conn *c)
{
    assert(c->phase != TRI_H2_LIVE); /* the engine would still call us for these streams */
    release_flights(c);
    end_list(c, &c->ended);
    end_list(c, &c->open);
}

void tri_h2_core_drive(struct tri_h2_conn *c)
{
    while (c->phase == TRI_H2_LIVE) {
        struct tri_list *at = tri_list_pop(&c->work);
        if (!at) {
            break;
        }
        tri_h2_stream_drive(TRI_CONTAINER_OF(at, struct tri_h2_stream, work_node));
    }
    if (c->role->drive_conn && c->phase == TRI_H2_LIVE) {
        c->role->drive_conn(c);
    }
    if (c->is_draining && tri_list_is_empty(&c->open)) {
        tri_h2_core_terminate(c, NGHTTP2_NO_ERROR);
    }
    if (c->phase != TRI_H2_LIVE) {
        tri_h2_core_end_all(c);
    }
}
