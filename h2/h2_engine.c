/* See h2_engine.h. */
#include "h2_engine.h"

#include "base_random.h"

#include <assert.h>

struct tri_h2_stream *tri_h2_engine_find(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

int tri_h2_engine_result(const struct tri_h2_conn *c)
{
    return c->phase == TRI_H2_LIVE ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int tri_h2_engine_refuse_block(struct tri_h2_conn *c, int32_t id, uint32_t error_code)
{
    tri_h2_core_reset(c, id, error_code);
    if (!c->role->is_client) {
        /* Now, not when the reset is sent: a flood may come whole in one turn. */
        c->refusals_unsent++;
        tri_h2_core_count(c, TRI_H2_FLOOD_RESET);
    }
    return c->phase == TRI_H2_LIVE ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
                                   : NGHTTP2_ERR_CALLBACK_FAILURE;
}

struct tri_slice tri_h2_engine_slice(nghttp2_rcbuf *bytes)
{
    const nghttp2_vec vec = nghttp2_rcbuf_get_buf(bytes);
    return tri_slice_of(vec.base, vec.len);
}

/* RFC 9113 section 8.2.1: a message with such a field is malformed. The engine alone would drop
 * the field and go on. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)session;
    (void)name;
    (void)value;
    (void)flags;
    return tri_h2_engine_refuse_block(user, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
}

void tri_h2_engine_peer_fin(nghttp2_session *session, int32_t id)
{
    struct tri_h2_stream *s = tri_h2_engine_find(session, id);
    if (s) {
        tri_h2_stream_peer_fin(s);
    }
}

static int on_data_chunk_recv(nghttp2_session *session, uint8_t flags, int32_t stream_id,
                              const uint8_t *data, size_t len, void *user)
{
    (void)flags;
    struct tri_h2_conn *c = user;
    /* Contract line 5: one slow tenant must not stall its siblings. */
    int rv = nghttp2_session_consume_connection(session, len);
    if (rv != 0) {
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    struct tri_h2_stream *s = tri_h2_engine_find(session, stream_id);
    if (s) {
        tri_h2_stream_data(s, data, len);
    }
    return tri_h2_engine_result(c);
}

/* The engine keys its table of streams with it, against a peer that chooses colliding ids. */
static void fill_random(uint8_t *out, size_t len)
{
    const struct tri_random *random = tri_random_system();
    random->fill(random->user, out, len);
}

void tri_h2_engine_feed(struct tri_h2_conn *c, const uint8_t *data, size_t len)
{
    if (len == 0 || c->phase != TRI_H2_LIVE) {
        return;
    }
    nghttp2_ssize rv = nghttp2_session_mem_recv2(c->session, data, len);
    if (rv < 0) {
        tri_h2_core_fail_engine(c, (int)rv);
    }
    assert(rv < 0 || (size_t)rv == len); /* no callback pauses */
}

void tri_h2_engine_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk_recv);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, tri_h2_output_send_data);
    nghttp2_session_callbacks_set_rand_callback(callbacks, fill_random);
}
