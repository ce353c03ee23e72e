/*
 * The fake transport: the contract of ws_stream.h in its plainest form, with stream windows and
 * late releases, and nothing else. If a case holds here and not on a real one, the adapter is
 * wrong; the other way round, the case leans on an adapter's habit.
 */
#include "fixture.h"

#include "base_buf.h"
#include "base_list.h"
#include "http_connect.h"

#include <assert.h>
#include <stdio.h>

#define FAKE_WINDOW ((size_t)(64 * 1024))
#define FAKE_BYTES_MAX ((size_t)(64 * 1024 * 1024))
#define FAKE_FIELDS_MAX 16

struct fake_stream {
    struct tri_exchange x; /* first */
    struct fixture *f;
    struct tri_request_head head;
    struct tri_field fields[FAKE_FIELDS_MAX];
    bool announced, answered, closed;

    struct tri_buf to_server; /* what the peer wants to send */
    size_t window;            /* bytes that the peer may still send */
    bool peer_fin, peer_fin_told, peer_reset;

    struct tri_buf text, body; /* what the peer has seen */
    int status;
    size_t unreleased; /* sent, acknowledged at the next run */
    bool paused, awake, fin_seen, abort_asked, aborted;
};

struct fixture {
    const struct tri_alloc *alloc;
    const struct tri_exchange_events *events;
    void *user;
    struct tri_carrier carrier;
    uint64_t now_ns;
    bool lost;
    struct fake_stream *streams[FIXTURE_STREAMS_MAX];
    size_t streams_len;
};

static void wake_write(struct tri_stream *s)
{
    struct fake_stream *fs = TRI_CONTAINER_OF(s, struct fake_stream, x.stream);
    fs->awake = true;
    fs->f->events->on_wake(fs->f->user);
}

static void consume(struct tri_stream *s, size_t len)
{
    struct fake_stream *fs = TRI_CONTAINER_OF(s, struct fake_stream, x.stream);
    fs->window += len;
    assert(fs->window <= FAKE_WINDOW); /* no byte is credited twice */
}

static void abort_stream(struct tri_stream *s)
{
    struct fake_stream *fs = TRI_CONTAINER_OF(s, struct fake_stream, x.stream);
    fs->abort_asked = true;
    fs->f->events->on_wake(fs->f->user);
}

/* Its streams do not compete. */
static void set_urgency(struct tri_stream *s, unsigned urgency)
{
    (void)s;
    (void)urgency;
}

static const struct tri_stream_ops stream_ops = {
    .name = "fake",
    .wake_write = wake_write,
    .consume = consume,
    .abort = abort_stream,
    .set_urgency = set_urgency,
};

static enum tri_err respond(struct tri_exchange *x, const struct tri_response *r)
{
    struct fake_stream *fs = TRI_CONTAINER_OF(x, struct fake_stream, x);
    assert(fs->announced && !fs->answered);
    fs->answered = true;
    fs->status = tri_connect_status(r);
    x->status = fs->status;
    fs->x.stream.events = r->events;
    fs->x.stream.session = r->session;
    fs->awake = true;
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct tri_field *field = &r->fields[i];
        enum tri_err err =
            tri_buf_printf(&fs->text, "%.*s: %.*s\n", (int)field->name.len, field->name.data,
                           (int)field->value.len, field->value.data);
        assert(err == TRI_OK);
    }
    if (r->answer == TRI_ANSWER_VERSION_NEEDED) {
        enum tri_err err = tri_buf_printf(&fs->text, "sec-websocket-version: 13\n");
        assert(err == TRI_OK);
    }
    x->ops = NULL; /* an exchange is answered once */
    return TRI_OK;
}

static const struct tri_exchange_ops exchange_ops = {.respond = respond};

static struct fixture *fake_open(const struct tri_alloc *alloc, const struct tri_limits *limits,
                                 const struct tri_exchange_events *events, void *user)
{
    (void)limits;
    struct fixture *f = tri_alloc_zero(alloc, sizeof *f);
    assert(f);
    f->alloc = alloc;
    f->events = events;
    f->user = user;
    f->now_ns = 1;
    f->carrier = (struct tri_carrier){.conn_id = 1,
                                      .http = "fake",
                                      .remote = "127.0.0.1:1",
                                      .tls_version = "",
                                      .tls_cipher = "",
                                      .tls_group = ""};
    return f;
}

/* Tells whoever waits for the stream that it is over, once. */
static void end_stream(struct fake_stream *fs, enum tri_stream_cause cause)
{
    if (fs->closed) {
        return;
    }
    fs->closed = true;
    if (fs->announced && !fs->answered) {
        fs->f->events->on_cancel(fs->f->user, &fs->x);
    } else if (fs->x.stream.events) {
        fs->x.stream.events->on_closed(fs->x.stream.session, cause);
    }
}

static void fake_close(struct fixture *f)
{
    for (size_t i = 0; i < f->streams_len; i++) {
        struct fake_stream *fs = f->streams[i];
        end_stream(fs, TRI_STREAM_CONN_LOST);
        tri_buf_deinit(&fs->to_server);
        tri_buf_deinit(&fs->text);
        tri_buf_deinit(&fs->body);
        tri_alloc_release(f->alloc, fs);
    }
    tri_alloc_release(f->alloc, f);
}

static bool deliver_input(struct fake_stream *fs)
{
    const struct tri_stream_events *ev = fs->x.stream.events;
    struct tri_slice waiting = tri_buf_peek(&fs->to_server);
    size_t len = waiting.len < fs->window ? waiting.len : fs->window;
    if (len > 0) {
        len = len > 700 ? 700 : len; /* in pieces, so that edges fall inside frames */
        fs->window -= len;
        ev->on_data(fs->x.stream.session, waiting.data, len);
        tri_buf_consume(&fs->to_server, len);
        return true;
    }
    if (waiting.len == 0 && fs->peer_fin && !fs->peer_fin_told) {
        fs->peer_fin_told = true;
        ev->on_fin(fs->x.stream.session);
        return true;
    }
    return false;
}

static bool deliver_output(struct fake_stream *fs)
{
    const struct tri_stream_events *ev = fs->x.stream.events;
    void *session = fs->x.stream.session;
    if (fs->unreleased > 0) {
        size_t len = fs->unreleased;
        fs->unreleased = 0;
        ev->on_released(session, len);
        return true;
    }
    if (!fs->awake || fs->paused || fs->fin_seen) {
        return false;
    }
    struct tri_slice slices[3];
    bool fin = false;
    size_t n = ev->peek(session, slices, 3, &fin);
    fs->awake = n > 0;
    for (size_t i = 0; i < n; i++) {
        enum tri_err err = tri_buf_append(&fs->body, slices[i].data, slices[i].len);
        assert(err == TRI_OK);
        fs->unreleased += slices[i].len;
        ev->on_sent(session, slices[i].len);
    }
    fs->fin_seen = fin;
    return n > 0 || fin;
}

static bool step_stream(struct fake_stream *fs)
{
    if (fs->closed) {
        return false;
    }
    if (!fs->announced) {
        fs->announced = true;
        fs->f->events->on_request(fs->f->user, &fs->x, &fs->head);
        return true;
    }
    if (fs->peer_reset || fs->f->lost) {
        end_stream(fs, fs->peer_reset ? TRI_STREAM_RESET : TRI_STREAM_CONN_LOST);
        return true;
    }
    if (fs->abort_asked) {
        fs->aborted = true;
        end_stream(fs, TRI_STREAM_ABORTED);
        return true;
    }
    if (!fs->answered) {
        return false;
    }
    if (!fs->x.stream.events) {
        fs->fin_seen = true;
        fs->closed = true;
        return true;
    }
    bool moved = deliver_input(fs) || deliver_output(fs);
    if (!moved && fs->fin_seen && fs->peer_fin_told) {
        end_stream(fs, TRI_STREAM_FINISHED);
        return true;
    }
    return moved;
}

static void fake_run(struct fixture *f)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < f->streams_len; i++) {
            moved = step_stream(f->streams[i]) || moved;
        }
    }
}

static void fake_advance(struct fixture *f, uint64_t ms)
{
    f->now_ns += ms * 1000000;
    fake_run(f);
}

static uint64_t fake_now_ns(const struct fixture *f)
{
    return f->now_ns;
}

static struct tri_slice slice_or(const char *s, const char *otherwise)
{
    return tri_slice_of_string(s ? s : otherwise);
}

static void add_field(struct fake_stream *fs, const char *name, const char *value)
{
    assert(fs->head.fields_len < FAKE_FIELDS_MAX);
    fs->fields[fs->head.fields_len++] =
        (struct tri_field){.name = tri_slice_of_string(name), .value = tri_slice_of_string(value)};
}

static void fill_head(struct fake_stream *fs, const struct fixture_request *r)
{
    fs->head.method = slice_or(r->method, r->protocol ? "CONNECT" : "GET");
    fs->head.scheme = slice_or(r->scheme, "https");
    fs->head.authority = slice_or(r->authority, "localhost");
    fs->head.path = slice_or(r->path, "/echo");
    fs->head.protocol = slice_or(r->protocol, "");
    fs->head.fields = fs->fields;
    bool websocket = r->protocol && strcmp(r->protocol, "websocket") == 0;
    const char *version = r->version ? r->version : websocket ? "13" : "";
    if (*version) {
        add_field(fs, "sec-websocket-version", version);
    }
    for (const struct tri_header *h = r->headers; h && h->name; h++) {
        add_field(fs, h->name, h->value);
    }
}

static int fake_request(struct fixture *f, const struct fixture_request *r)
{
    if (f->lost || f->streams_len == FIXTURE_STREAMS_MAX) {
        return -1;
    }
    struct fake_stream *fs = tri_alloc_zero(f->alloc, sizeof *fs);
    assert(fs);
    fs->f = f;
    fs->x = (struct tri_exchange){
        .stream = {.ops = &stream_ops}, .ops = &exchange_ops, .carrier = &f->carrier};
    fs->window = FAKE_WINDOW;
    fs->peer_fin = r->fin;
    tri_buf_init(&fs->to_server, f->alloc, FAKE_BYTES_MAX);
    tri_buf_init(&fs->text, f->alloc, FAKE_BYTES_MAX);
    tri_buf_init(&fs->body, f->alloc, FAKE_BYTES_MAX);
    fill_head(fs, r);
    f->streams[f->streams_len] = fs;
    return (int)f->streams_len++;
}

static void fake_send(struct fixture *f, int stream, const void *data, size_t len)
{
    enum tri_err err = tri_buf_append(&f->streams[stream]->to_server, data, len);
    assert(err == TRI_OK);
}

static void fake_fin(struct fixture *f, int stream)
{
    f->streams[stream]->peer_fin = true;
}

static void fake_reset(struct fixture *f, int stream)
{
    f->streams[stream]->peer_reset = true;
}

static void fake_pause(struct fixture *f, int stream, bool paused)
{
    f->streams[stream]->paused = paused;
}

static void fake_lose(struct fixture *f)
{
    f->lost = true;
}

static void fake_seen(const struct fixture *f, int stream, struct fixture_seen *out)
{
    const struct fake_stream *fs = f->streams[stream];
    *out = (struct fixture_seen){.status = fs->status,
                                 .head = tri_buf_peek(&fs->text),
                                 .body = tri_buf_peek(&fs->body),
                                 .fin = fs->fin_seen,
                                 .reset = fs->aborted,
                                 .conn_closed = f->lost};
}

static void fake_forget(struct fixture *f, int stream, size_t len)
{
    tri_buf_consume(&f->streams[stream]->body, len);
}

static size_t fake_unsent(const struct fixture *f, int stream)
{
    return tri_buf_peek(&f->streams[stream]->to_server).len;
}

const struct fixture_ops fixture_fake = {
    .name = "fake",
    .many_streams = true,
    .half_close = true,
    .late_release = true,
    .stream_windows = true,
    .held_bytes_max = FAKE_WINDOW,
    .open = fake_open,
    .close = fake_close,
    .run = fake_run,
    .advance = fake_advance,
    .now_ns = fake_now_ns,
    .request = fake_request,
    .send = fake_send,
    .fin = fake_fin,
    .reset = fake_reset,
    .stop = fake_reset,
    .pause = fake_pause,
    .lose = fake_lose,
    .seen = fake_seen,
    .forget = fake_forget,
    .unsent = fake_unsent,
};
