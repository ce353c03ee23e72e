#include "peer_h3_http.h"

#include <assert.h>
#include <stdlib.h>

#define GIVE_MAX ((size_t)4000) /* handed to nghttp3 at a time, so that |unsent| means something */
#define BODY_MAX ((size_t)256 * 1024 * 1024)

struct chunk {
    struct tri_list node;
    size_t len, given;
    uint8_t data[];
};

/* ---- streams */

struct peer_h3_stream *peer_h3_http_stream(struct peer_h3 *p, int64_t id)
{
    for (size_t i = 0; i < p->streams_len; i++) {
        if (p->streams[i]->id == id) {
            return p->streams[i];
        }
    }
    return NULL;
}

/* NOLINTNEXTLINE(readability-function-size): nghttp3's signature */
static nghttp3_ssize read_data(nghttp3_conn *http, int64_t id, nghttp3_vec *vec, size_t vec_len,
                               uint32_t *flags, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)user;
    assert(vec_len > 0);
    struct peer_h3_stream *s = stream_user;
    for (struct tri_list *node = s->chunks.next; node != &s->chunks; node = node->next) {
        struct chunk *c = TRI_CONTAINER_OF(node, struct chunk, node);
        if (c->given < c->len) {
            size_t n = c->len - c->given < GIVE_MAX ? c->len - c->given : GIVE_MAX;
            vec[0] = (nghttp3_vec){.base = c->data + c->given, .len = n};
            c->given += n;
            s->given += n;
            if (s->fin && s->given == s->queued) {
                *flags |= NGHTTP3_DATA_FLAG_EOF;
            }
            return 1;
        }
    }
    if (!s->fin) {
        s->peer->read_blocked = true;
        return NGHTTP3_ERR_WOULDBLOCK;
    }
    *flags |= NGHTTP3_DATA_FLAG_EOF;
    return 0;
}

int peer_h3_request(struct peer_h3 *p, const nghttp3_nv *nva, size_t nva_len, bool fin)
{
    int64_t id;
    if (p->closed || p->streams_len == PEER_H3_STREAMS_MAX ||
        ngtcp2_conn_open_bidi_stream(p->quic, &id, NULL) != 0) {
        return -1;
    }
    struct peer_h3_stream *s = calloc(1, sizeof *s);
    assert(s);
    s->peer = p;
    s->id = id;
    tri_list_init(&s->chunks);
    tri_buf_init(&s->head, tri_alloc_heap(), BODY_MAX);
    tri_buf_init(&s->body, tri_alloc_heap(), BODY_MAX);
    p->streams[p->streams_len] = s;
    const nghttp3_data_reader reader = {.read_data = read_data};
    if (nghttp3_conn_submit_request(p->http, id, nva, nva_len, fin ? NULL : &reader, s) != 0) {
        (void)ngtcp2_conn_shutdown_stream(p->quic, 0, id, NGHTTP3_H3_NO_ERROR);
        free(s);
        return -1;
    }
    return (int)p->streams_len++;
}

static void resume(const struct peer_h3_stream *s)
{
    int rv = nghttp3_conn_resume_stream(s->peer->http, s->id);
    assert(rv == 0);
}

void peer_h3_data(struct peer_h3 *p, int stream, const void *data, size_t len)
{
    struct peer_h3_stream *s = p->streams[stream];
    struct chunk *c = malloc(sizeof *c + len);
    assert(c && !s->fin);
    tri_list_init(&c->node);
    c->len = len;
    c->given = 0;
    memcpy(c->data, data, len);
    tri_list_append(&s->chunks, &c->node);
    s->queued += len;
    resume(s);
}

void peer_h3_fin(struct peer_h3 *p, int stream)
{
    p->streams[stream]->fin = true;
    resume(p->streams[stream]);
}

void peer_h3_reset(struct peer_h3 *p, int stream, uint64_t code)
{
    const struct peer_h3_stream *s = p->streams[stream];
    nghttp3_conn_shutdown_stream_write(p->http, s->id);
    int rv = ngtcp2_conn_shutdown_stream_write(p->quic, 0, s->id, code);
    assert(rv == 0);
}

void peer_h3_stop(struct peer_h3 *p, int stream, uint64_t code)
{
    int rv = ngtcp2_conn_shutdown_stream_read(p->quic, 0, p->streams[stream]->id, code);
    assert(rv == 0);
}

void peer_h3_pause(struct peer_h3 *p, int stream, bool paused)
{
    struct peer_h3_stream *s = p->streams[stream];
    s->paused = paused;
    if (!paused) {
        int rv = ngtcp2_conn_extend_max_stream_offset(p->quic, s->id, s->owed);
        assert(rv == 0);
        s->owed = 0;
    }
}

int64_t peer_h3_raw_open(struct peer_h3 *p, bool is_uni)
{
    int64_t id = -1;
    int rv = is_uni ? ngtcp2_conn_open_uni_stream(p->quic, &id, NULL)
                    : ngtcp2_conn_open_bidi_stream(p->quic, &id, NULL);
    return rv == 0 ? id : -1;
}

void peer_h3_raw_send(struct peer_h3 *p, int64_t id, const void *data, size_t len, bool fin)
{
    struct peer_h3_raw *raw = malloc(sizeof *raw + len);
    assert(raw);
    raw->id = id;
    raw->fin = fin;
    raw->len = len;
    raw->sent = 0;
    if (len > 0) {
        memcpy(raw->data, data, len);
    }
    tri_list_init(&raw->node);
    tri_list_append(&p->raws, &raw->node);
}

static void free_raws(struct tri_list *list)
{
    for (struct tri_list *node = list->next; node != list;) {
        struct tri_list *next = node->next;
        free(TRI_CONTAINER_OF(node, struct peer_h3_raw, node));
        node = next;
    }
}

/* ---- what nghttp3 calls */

/* NOLINTNEXTLINE(readability-function-size): nghttp3's signature */
static int recv_header(nghttp3_conn *http, int64_t id, int32_t token, nghttp3_rcbuf *name,
                       nghttp3_rcbuf *value, uint8_t flags, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)flags;
    (void)user;
    struct peer_h3_stream *s = stream_user;
    nghttp3_vec n = nghttp3_rcbuf_get_buf(name);
    nghttp3_vec v = nghttp3_rcbuf_get_buf(value);
    if (token == NGHTTP3_QPACK_TOKEN__STATUS) {
        s->status = (int)strtol((const char *)v.base, NULL, 10);
        return 0;
    }
    enum tri_err err = tri_buf_printf(&s->head, "%.*s: %.*s\n", (int)n.len, (const char *)n.base,
                                      (int)v.len, (const char *)v.base);
    assert(err == TRI_OK);
    return 0;
}

static void give_credit(struct peer_h3 *p, struct peer_h3_stream *s, int64_t id, size_t len)
{
    ngtcp2_conn_extend_max_offset(p->quic, len);
    if (s && s->paused) {
        s->owed += len;
        return;
    }
    int rv = ngtcp2_conn_extend_max_stream_offset(p->quic, id, len);
    assert(rv == 0);
}

static int recv_data(nghttp3_conn *http, int64_t id, const uint8_t *data, size_t len, void *user,
                     void *stream_user)
{
    (void)http;
    struct peer_h3_stream *s = stream_user;
    enum tri_err err = tri_buf_append(&s->body, data, len);
    assert(err == TRI_OK);
    give_credit(user, s, id, len);
    return 0;
}

static int acked_stream_data(nghttp3_conn *http, int64_t id, uint64_t len, void *user,
                             void *stream_user)
{
    (void)http;
    (void)id;
    (void)user;
    struct peer_h3_stream *s = stream_user;
    s->acked += (size_t)len;
    while (s->chunks.next != &s->chunks) {
        struct chunk *first = TRI_CONTAINER_OF(s->chunks.next, struct chunk, node);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is freed was taken off the list */
        if (s->acked < first->len || first->given < first->len) {
            break;
        }
        s->acked -= first->len;
        tri_list_remove(&first->node);
        free(first);
    }
    return 0;
}

static int deferred_consume(nghttp3_conn *http, int64_t id, size_t len, void *user,
                            void *stream_user)
{
    (void)http;
    give_credit(user, stream_user, id, len);
    return 0;
}

static int end_stream(nghttp3_conn *http, int64_t id, void *user, void *stream_user)
{
    (void)http;
    (void)id;
    (void)user;
    struct peer_h3_stream *s = stream_user;
    s->fin_seen = true;
    return 0;
}

static int recv_settings(nghttp3_conn *http, const nghttp3_settings *settings, void *user)
{
    (void)http;
    struct peer_h3 *p = user;
    p->settings_seen = true;
    p->connect_protocol = settings->enable_connect_protocol;
    return 0;
}

static int on_goaway(nghttp3_conn *http, int64_t id, void *user)
{
    (void)http;
    struct peer_h3 *p = user;
    p->goaways++;
    p->goaway_id = id;
    return 0;
}

static int stop_sending(nghttp3_conn *http, int64_t id, uint64_t code, void *user,
                        void *stream_user)
{
    (void)http;
    (void)stream_user;
    struct peer_h3 *p = user;
    return ngtcp2_conn_shutdown_stream_read(p->quic, 0, id, code);
}

static int reset_stream(nghttp3_conn *http, int64_t id, uint64_t code, void *user,
                        void *stream_user)
{
    (void)http;
    (void)stream_user;
    struct peer_h3 *p = user;
    return ngtcp2_conn_shutdown_stream_write(p->quic, 0, id, code);
}

static const nghttp3_callbacks http_callbacks = {
    .acked_stream_data = acked_stream_data,
    .recv_data = recv_data,
    .deferred_consume = deferred_consume,
    .recv_header = recv_header,
    .stop_sending = stop_sending,
    .end_stream = end_stream,
    .reset_stream = reset_stream,
    .shutdown = on_goaway,
    .recv_settings = recv_settings,
};

void peer_h3_http_init(struct peer_h3 *p)
{
    nghttp3_settings settings;
    nghttp3_settings_default(&settings);
    int64_t ids[3];
    int rv = nghttp3_conn_client_new(&p->http, &http_callbacks, &settings, NULL, p);
    for (size_t i = 0; i < 3 && rv == 0; i++) {
        rv = ngtcp2_conn_open_uni_stream(p->quic, &ids[i], NULL);
    }
    if (rv == 0) {
        rv = nghttp3_conn_bind_control_stream(p->http, ids[0]);
    }
    if (rv == 0) {
        rv = nghttp3_conn_bind_qpack_streams(p->http, ids[1], ids[2]);
    }
    assert(rv == 0);
}

static void free_stream(struct peer_h3_stream *s)
{
    for (struct tri_list *node = s->chunks.next; node != &s->chunks;) {
        struct tri_list *next = node->next;
        free(TRI_CONTAINER_OF(node, struct chunk, node));
        node = next;
    }
    tri_buf_deinit(&s->head);
    tri_buf_deinit(&s->body);
    free(s);
}

void peer_h3_http_deinit(struct peer_h3 *p)
{
    nghttp3_conn_del(p->http);
    p->http = NULL;
    for (size_t i = 0; i < p->streams_len; i++) {
        free_stream(p->streams[i]);
    }
    p->streams_len = 0;
    free_raws(&p->raws);
    free_raws(&p->raws_sent);
}
