/* See h2_output.h. */
#include "h2_output.h"

#include "h2_stream.h"

#include <assert.h>

/* RFC 9113 section 4.1 */
#define FRAME_HEAD_BYTES ((size_t)9)

static size_t scratch_left(const struct tri_h2_output *o)
{
    return TRI_H2_SCRATCH_BYTES - o->scratch_len;
}

static uint8_t *copy_to_scratch(struct tri_h2_output *o, const uint8_t *data, size_t len)
{
    assert(len <= scratch_left(o));
    uint8_t *at = o->scratch + o->scratch_len;
    memcpy(at, data, len);
    o->scratch_len += len;
    return at;
}

/* The last slice, if what is copied next would stand right behind it. */
static struct tri_slice *find_neighbour(const struct tri_h2_output *o)
{
    if (o->used == 0) {
        return NULL;
    }
    struct tri_slice *last = &o->out[o->used - 1];
    return last->data + last->len == o->scratch + o->scratch_len ? last : NULL;
}

static void write_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/*
 * The engine allows more streams than the peer is told (h2_session), so that it does not end the
 * connection for one too many: on_begin_headers refuses that one alone. RFC 9113 section 5.1.2.
 */
static void announce_streams(const struct tri_h2_conn *c, uint8_t *settings, size_t len)
{
    for (size_t at = FRAME_HEAD_BYTES; at + 6 <= len; at += 6) {
        if (settings[at] == 0 && settings[at + 1] == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) {
            write_u32(settings + at + 2, c->streams_max);
        }
    }
}

/* Returns false if the batch ends with this frame: the engine lends its bytes until asked again. */
static bool append_control(struct tri_h2_conn *c, const uint8_t *data, size_t len)
{
    struct tri_h2_output *o = &c->output;
    assert(o->used < o->max && len >= FRAME_HEAD_BYTES);
    if (len > scratch_left(o)) {
        o->out[o->used++] = tri_slice_of(data, len);
        return false;
    }
    struct tri_slice *neighbour = find_neighbour(o);
    uint8_t *at = copy_to_scratch(o, data, len);
    if (at[3] == NGHTTP2_SETTINGS) { /* ours is the first of all frames, so it fits; ACK is empty */
        announce_streams(c, at, len);
    }
    if (neighbour) {
        neighbour->len += len;
    } else {
        o->out[o->used++] = tri_slice_of(at, len);
    }
    return true;
}

size_t tri_h2_output_fill(struct tri_h2_conn *c, struct tri_slice *out, size_t max)
{
    assert(max >= 16); /* as http_conn.h has it: room for a DATA frame and more, always */
    struct tri_h2_output *o = &c->output;
    o->out = out;
    o->max = max;
    o->used = 0;
    o->scratch_len = 0;
    bool goes_on = true;
    while (goes_on && o->used < o->max) {
        const uint8_t *data;
        nghttp2_ssize len = nghttp2_session_mem_send2(c->session, &data);
        if (len < 0) {
            tri_h2_core_fail_engine(c, (int)len);
        }
        goes_on = len > 0 && append_control(c, data, (size_t)len);
    }
    o->out = NULL;
    return c->phase == TRI_H2_LIVE ? o->used : 0;
}

size_t tri_h2_output_last_words(struct tri_h2_conn *c, struct tri_slice *out)
{
    static const uint8_t settings[FRAME_HEAD_BYTES] = {0, 0, 0, NGHTTP2_SETTINGS};
    uint8_t goaway[FRAME_HEAD_BYTES + 8] = {0, 0, 8, NGHTTP2_GOAWAY};
    write_u32(goaway + FRAME_HEAD_BYTES, (uint32_t)c->last_stream_id);
    write_u32(goaway + FRAME_HEAD_BYTES + 4, c->error_code);
    struct tri_h2_output *o = &c->output;
    o->scratch_len = 0;
    if (!c->is_settings_sent && c->role->is_client) {
        return 0; /* the server has not heard of us */
    }
    if (!c->is_settings_sent) {
        /* RFC 9113 section 3.4: the server's preface is a SETTINGS frame, which may be empty. */
        copy_to_scratch(o, settings, sizeof settings);
    }
    copy_to_scratch(o, goaway, sizeof goaway);
    out[0] = tri_slice_of(o->scratch, o->scratch_len);
    return 1;
}

/* A DATA frame takes a slot for its head and one for payload, and must leave one for a control
 * frame that an event causes meanwhile. */
static bool has_room(const struct tri_h2_output *o)
{
    return o->max - o->used >= 3 && scratch_left(o) >= FRAME_HEAD_BYTES;
}

/* Cuts |slices| to |max| bytes and drops empty ones. Sets *all to whether nothing was cut off. */
static size_t cut_slices(struct tri_slice *slices, size_t n, size_t max, size_t *bytes, bool *all)
{
    size_t kept = 0;
    *bytes = 0;
    *all = true;
    for (size_t i = 0; i < n; i++) {
        size_t room = max - *bytes;
        size_t len = slices[i].len < room ? slices[i].len : room;
        *all = *all && len == slices[i].len;
        if (len > 0) {
            slices[kept++] = tri_slice_of(slices[i].data, len);
            *bytes += len;
        }
    }
    return kept;
}

/*
 * A data provider lives for one burst: it ends (EOF without END_STREAM) with the last bytes that
 * the tenant has, so an idle stream costs the engine no outbound item. Whether they were the last
 * is asked again in send_data, for a peek need not show all there is.
 */
static nghttp2_ssize take_payload(struct tri_h2_stream *s, bool is_end, bool fin, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (is_end) {
        s->is_sending = false;
        s->is_fin_given = fin;
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    if (is_end && !fin) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM; /* with 0 bytes: no frame at all */
    }
    return (nghttp2_ssize)s->conn->output.payload_bytes;
}

/* NOLINTNEXTLINE(readability-function-size,readability-non-const-parameter): the engine wants it */
nghttp2_ssize tri_h2_output_read(nghttp2_session *session, int32_t stream_id, uint8_t *buf,
                                 size_t length, uint32_t *data_flags, nghttp2_data_source *source,
                                 void *user)
{
    (void)session;
    (void)buf;
    struct tri_h2_conn *c = user;
    struct tri_h2_output *o = &c->output;
    struct tri_h2_stream *s = source->ptr;
    assert(o->out && s->id == stream_id && s->is_sending && !s->is_fin_given);
    assert(s->state == TRI_H2_STREAM_ANSWERED);
    if (!has_room(o)) {
        return NGHTTP2_ERR_PAUSE;
    }
    const struct tri_stream *seam = &s->seam;
    const size_t payload_max = o->max - o->used - 2;
    struct tri_slice *payload = o->out + o->used + 1;
    bool fin = false;
    bool is_all;
    /* One that wants to be aborted is not asked for bytes any more. */
    size_t n = s->wants_abort ? 0 : seam->events->peek(seam->session, payload, payload_max, &fin);
    assert(n <= payload_max);
    o->payload_slices = cut_slices(payload, n, length, &o->payload_bytes, &is_all);
    const bool is_end = is_all && (fin || n < payload_max || o->payload_bytes == 0);
    return take_payload(s, is_end, fin, data_flags);
}

/* A burst has ended: is there more after all? */
static void ask_again(struct tri_h2_stream *s)
{
    const struct tri_stream *seam = &s->seam;
    struct tri_slice slice;
    bool fin = false;
    if (seam->events->peek(seam->session, &slice, 1, &fin) > 0 || fin) {
        s->wants_write = true;
        tri_h2_stream_mark(s);
    }
}

int tri_h2_output_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                            size_t length, nghttp2_data_source *source, void *user)
{
    (void)session;
    struct tri_h2_conn *c = user;
    struct tri_h2_output *o = &c->output;
    struct tri_h2_stream *s = source->ptr;
    /* The engine comes here straight from read, and we ask for no padding. */
    assert(length == o->payload_bytes && frame->data.padlen == 0);
    o->out[o->used] = tri_slice_of(copy_to_scratch(o, head, FRAME_HEAD_BYTES), FRAME_HEAD_BYTES);
    o->used += 1 + o->payload_slices;
    assert(o->used < o->max);
    if (length > 0) {
        if (s->flight_bytes == 0) {
            tri_list_append(&c->flights, &s->flight_node);
        }
        s->flight_bytes += length;
        s->seam.events->on_sent(s->seam.session, length);
    }
    if (!s->is_sending && !s->is_fin_given && !s->wants_abort) {
        ask_again(s);
    }
    return 0;
}
