/* See h2_session.h. */
#include "h2_session.h"

#include "h2_engine.h"

#include <assert.h>

/* RFC 9113 section 6.5.2: each field counts 32 bytes more than its text. */
#define FIELD_OVERHEAD_BYTES ((size_t)32)

#define SETTINGS_MAX ((size_t)5)

/* ---- the engine's memory comes from the connection's allocator; it may ask for 0 bytes */

static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

static void *engine_malloc(size_t size, void *user)
{
    return tri_alloc_get(user, at_least_one(size));
}

static void engine_free(void *ptr, void *user)
{
    tri_alloc_release(user, ptr);
}

static void *engine_calloc(size_t count, size_t size, void *user)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return tri_alloc_zero(user, at_least_one(bytes));
}

static void *engine_realloc(void *ptr, size_t size, void *user)
{
    return tri_alloc_resize(user, ptr, at_least_one(size));
}

/* ---- options, callbacks: made for a moment, the session copies them */

/* The engine would end a flood of resets with INTERNAL_ERROR, and leave the streams open: h2_flood
 * counts these, and comes first. */
static void set_limits(nghttp2_option *option)
{
    nghttp2_option_set_stream_reset_rate_limit(option, (uint64_t)2 * TRI_RESETS_BURST,
                                               (uint64_t)2 * TRI_RESETS_PER_SECOND);
    nghttp2_option_set_glitch_rate_limit(option, TRI_H2_GLITCHES_BURST, TRI_H2_GLITCHES_PER_SECOND);
    nghttp2_option_set_max_outbound_ack(option, TRI_H2_ACKS_QUEUED_MAX);
    nghttp2_option_set_max_continuations(option, TRI_H2_CONTINUATIONS_MAX);
    nghttp2_option_set_max_settings(option, TRI_H2_SETTINGS_VALUES_MAX);
}

static nghttp2_option *new_option(void)
{
    nghttp2_option *option;
    if (nghttp2_option_new(&option) != 0) {
        return NULL;
    }
    nghttp2_option_set_no_auto_window_update(option, 1);
    /* RFC 9218 section 7.1: a server heeds it, to a client it is an error. */
    nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
    set_limits(option);
    return option;
}

static nghttp2_session_callbacks *new_callbacks(const struct tri_h2_role *role)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) {
        return NULL;
    }
    tri_h2_engine_set_callbacks(callbacks);
    role->set_callbacks(callbacks);
    return callbacks;
}

static int make_session(struct tri_h2_conn *c)
{
    nghttp2_mem mem = {
        .mem_user_data = (void *)(uintptr_t)c->config.alloc,
        .malloc = engine_malloc,
        .free = engine_free,
        .calloc = engine_calloc,
        .realloc = engine_realloc,
    };
    const bool is_client = c->role->is_client;
    nghttp2_option *option = new_option();
    nghttp2_session_callbacks *callbacks = new_callbacks(c->role);
    int rv = NGHTTP2_ERR_NOMEM;
    if (option && callbacks) {
        rv = is_client ? nghttp2_session_client_new3(&c->session, callbacks, c, option, &mem)
                       : nghttp2_session_server_new3(&c->session, callbacks, c, option, &mem);
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return rv;
}

/* For one stream more than it was told of, the engine would end the connection with a code of its
 * own: h2_output tells the peer of fewer, and so many may be refused that their flood is counted. */
static uint32_t engine_streams_max(const struct tri_h2_conn *c)
{
    return c->streams_max + TRI_RESETS_BURST + 1;
}

static int submit_settings(struct tri_h2_conn *c)
{
    nghttp2_settings_entry entries[SETTINGS_MAX] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, TRI_STREAM_WINDOW_BYTES},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
         (uint32_t)(TRI_REQUEST_HEAD_BYTES_MAX + TRI_REQUEST_FIELDS_MAX * FIELD_OVERHEAD_BYTES)},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}, /* RFC 9218 section 2.1 */
    };
    size_t len = 3;
    entries[len++] = c->role->is_client
                         ? (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0}
                         : (nghttp2_settings_entry){NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                                    engine_streams_max(c)};
    if (c->config.extended_connect) { /* RFC 8441 section 3, row E1; only a server says it */
        entries[len++] = (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    }
    assert(len <= SETTINGS_MAX);
    int rv = nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, entries, len);
    if (rv != 0) {
        return rv;
    }
    return nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0,
                                                 TRI_CONN_WINDOW_BYTES);
}

enum tri_err tri_h2_session_new(struct tri_h2_conn *c)
{
    assert(!c->session);
    if (make_session(c) != 0) {
        return TRI_ERR_NOMEM;
    }
    if (submit_settings(c) != 0) {
        nghttp2_session_del(c->session);
        c->session = NULL;
        return TRI_ERR_NOMEM;
    }
    return TRI_OK;
}
