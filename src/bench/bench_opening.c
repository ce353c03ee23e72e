/* See bench_opening.h. */
#include "bench_opening.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static uint64_t since(uint64_t before, uint64_t after)
{
    return after > before ? after - before : 0;
}

/* The path of the URL, as it is asked for; a URL without one means "/". */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = strchr(host ? host + 3 : url, '/');
    return path ? path : "/";
}

static bool is_opening(const struct bench_worker *w)
{
    return w->phase == BENCH_PHASE_OPENING;
}

static bool is_loaded(const struct bench_worker *w)
{
    return w->phase == BENCH_PHASE_RUNNING || w->phase == BENCH_PHASE_SETTLING;
}

/* --------------------------------------------------------------------------------------- faults */

/* What the next attempt would meet too. If it was the first to be made, no other one need be. */
static bool is_lasting(enum tri_fault fault)
{
    switch (fault) {
    case TRI_FAULT_NONE:
    case TRI_FAULT_LOST:
    case TRI_FAULT_MEMORY:
        return false;
    case TRI_FAULT_URL:
    case TRI_FAULT_RESOLVE:
    case TRI_FAULT_CONNECT:
    case TRI_FAULT_TIMEOUT:
    case TRI_FAULT_TLS:
    case TRI_FAULT_CERTIFICATE:
    case TRI_FAULT_VERSION:
    case TRI_FAULT_NO_CONNECT:
    case TRI_FAULT_STATUS:
    case TRI_FAULT_HANDSHAKE:
    case TRI_FAULT_STREAMS:
    case TRI_FAULT_PROTOCOL:
        return true;
    }
    return true;
}

static void note_failure(struct bench_worker *w, enum tri_fault fault, const char *text)
{
    bench_worker_fault(w, BENCH_FAULT_OPEN, "%.*s", (int)BENCH_TEXT_MAX - 1, text);
    bool is_first = is_opening(w) && atomic_load(&w->leg->sockets_opened) == 0;
    if (is_first && (fault == TRI_FAULT_CONNECT || fault == TRI_FAULT_TIMEOUT)) {
        atomic_store(&w->leg->is_unreachable, true);
    }
    if (is_first && is_lasting(fault)) {
        atomic_store(&w->leg->is_cancelled, true);
    }
}

/* -------------------------------------------------------------------------------------- sockets */

static void dial_more(struct bench_worker *w);
static void ask_more(struct bench_conn *c);

static void settle(struct bench_socket *s)
{
    struct bench_conn *c = s->conn;
    struct bench_worker *w = s->worker;
    assert(is_opening(w) && !s->is_settled);
    s->is_settled = true;
    w->sockets_pending--;
    if (++c->settled < c->sockets_len) {
        return;
    }
    w->dialling--;
    dial_more(w);
}

static void on_fail(void *user, const struct tri_failure *why)
{
    struct bench_socket *s = user;
    note_failure(s->worker, why->fault, why->text);
    s->worker->tally.lost += is_loaded(s->worker) ? 1 : 0;
    if (is_opening(s->worker)) {
        settle(s);
        ask_more(s->conn);
    }
}

void bench_opening_ask(struct bench_socket *s)
{
    const struct bench_options *o = s->worker->leg->options;
    const struct tri_client_ws_setup setup = {
        .path = path_of(o->url),
        .headers = o->headers,
        .headers_len = o->headers_len,
        .origin = o->origin,
        .subprotocols = o->subprotocols,
        .deflate = o->deflate,
        .handler = &s->worker->handler,
        .on_fail = on_fail,
        .user = s,
    };
    char error[BENCH_TEXT_MAX] = "";
    s->asked_ns = tri_client_now_ns();
    enum tri_err err = tri_client_open(s->conn->conn, &setup, error, sizeof error);
    if (err == TRI_OK) {
        return;
    }
    enum tri_fault fault = err == TRI_ERR_INVALID ? TRI_FAULT_URL : TRI_FAULT_LOST;
    note_failure(s->worker, fault, error[0] ? error : tri_err_text(err));
    if (is_opening(s->worker)) {
        settle(s);
    }
}

/* A connection that ends while its sockets are asked for has settled them all in on_closed. */
static void ask_more(struct bench_conn *c)
{
    while (c->conn && c->asked < c->sockets_len && c->asked - c->settled < BENCH_OPENING_MAX) {
        bench_opening_ask(&c->sockets[c->asked++]);
    }
}

void bench_opening_on_open(void *user, struct tri_ws *ws)
{
    struct bench_socket *s = user;
    struct bench_worker *w = s->worker;
    uint64_t now = tri_client_now_ns();
    s->ws = ws;
    bench_histogram_record(&w->tally.handshake, since(s->asked_ns, now));
    if (!s->conn->has_opened) {
        s->conn->has_opened = true;
        bench_histogram_record(&w->tally.open, since(s->conn->asked_ns, now));
    }
    atomic_fetch_add(&w->leg->sockets_open, 1);
    atomic_fetch_add(&w->leg->sockets_opened, 1);
    if (bench_worker_is_measured(w, now)) {
        w->tally.counts.sockets_opened++;
    }
    if (is_opening(w)) {
        settle(s);
        ask_more(s->conn);
    } else if (is_loaded(w) && w->load->opened) {
        w->load->opened(s, now);
    }
}

void bench_opening_on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    struct bench_socket *s = user;
    struct bench_worker *w = s->worker;
    s->ws = NULL;
    atomic_fetch_sub(&w->leg->sockets_open, 1);
    if (is_loaded(w) && w->load->closed) {
        w->load->closed(s, end);
        return;
    }
    w->tally.lost += is_loaded(w) && !end->clean ? 1 : 0;
    bench_worker_fault(w, BENCH_FAULT_CLOSED, "a socket was closed with %u%s%.150s",
                       (unsigned)end->code, end->reason[0] ? ": " : "", end->reason);
}

/* ---------------------------------------------------------------------------------- connections */

static void note_times(struct bench_conn *c)
{
    struct bench_tally *tally = &c->worker->tally;
    const struct tri_client_timing t = tri_client_conn_timing(c->conn);
    bool is_quic = c->worker->leg->http == TRI_HTTP_3; /* whose handshake is that of TLS */
    bench_histogram_record(&tally->connect,
                           since(t.resolved_ns, is_quic ? t.secured_ns : t.connected_ns));
    if (!is_quic) {
        bench_histogram_record(&tally->tls, since(t.connected_ns, t.secured_ns));
    }
    if (t.settings_ns > 0) {
        bench_histogram_record(&tally->settings, since(t.secured_ns, t.settings_ns));
    }
}

static void note_carrier(struct bench_conn *c)
{
    char *text = c->worker->tally.carrier;
    if (text[0]) {
        return;
    }
    const struct tri_carrier *carrier = tri_client_conn_carrier(c->conn);
    (void)snprintf(text, BENCH_TEXT_MAX, "%s, %s, %s%s%s%s", carrier->http, carrier->tls_version,
                   carrier->tls_cipher, carrier->tls_group[0] ? ", " : "", carrier->tls_group,
                   tri_client_conn_is_resumed(c->conn) ? ", resumed" : "");
}

static void on_ready(void *user, struct tri_client_conn *conn)
{
    struct bench_conn *c = user;
    struct bench_worker *w = c->worker;
    note_times(c);
    note_carrier(c);
    size_t room = tri_client_conn_room(conn);
    if (is_opening(w) && room < c->sockets_len) {
        bench_worker_fault(w, BENCH_FAULT_OPEN,
                           "the server takes %zu sockets on a connection, not %zu; give more "
                           "--connections, or fewer --sockets",
                           room, c->sockets_len);
        atomic_store(&w->leg->is_cancelled, true);
        return;
    }
    ask_more(c);
}

/* Its sockets that were not asked for will not be. */
static void drop_rest(struct bench_conn *c)
{
    while (c->asked < c->sockets_len) {
        settle(&c->sockets[c->asked++]);
    }
}

static void on_closed(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    struct bench_conn *c = user;
    struct bench_worker *w = c->worker;
    const struct tri_client_traffic passed = tri_client_conn_traffic(conn);
    w->closed_traffic.bytes_in += passed.bytes_in;
    w->closed_traffic.bytes_out += passed.bytes_out;
    c->conn = NULL;
    w->conns_open--;
    if (is_opening(w) && c->asked < c->sockets_len) {
        note_failure(w, why->fault, why->text);
        drop_rest(c);
    } else if (is_loaded(w) && w->load->conn_closed) {
        w->load->conn_closed(c, why);
    }
    if (w->phase == BENCH_PHASE_CLOSING && w->conns_open == 0) {
        tri_client_stop(w->client);
    }
}

void bench_opening_dial(struct bench_conn *c)
{
    struct bench_worker *w = c->worker;
    const struct tri_client_conn_setup setup = {
        .url = w->leg->options->url,
        .http = (unsigned)w->leg->http,
        .on_ready = on_ready,
        .on_closed = on_closed,
        .user = c,
    };
    char error[BENCH_TEXT_MAX] = "";
    c->asked = c->settled = 0;
    c->has_opened = false;
    c->asked_ns = tri_client_now_ns();
    enum tri_err err = tri_client_connect(&c->conn, w->client, &setup, error, sizeof error);
    if (err == TRI_OK) {
        w->conns_open++;
        return;
    }
    c->conn = NULL;
    enum tri_fault fault = err == TRI_ERR_INVALID ? TRI_FAULT_URL : TRI_FAULT_MEMORY;
    note_failure(w, fault, error[0] ? error : tri_err_text(err));
    if (is_opening(w)) {
        atomic_store(&w->leg->is_cancelled, true); /* the next would be no better */
    }
}

static void dial_more(struct bench_worker *w)
{
    while (w->dialling < BENCH_OPENING_MAX && w->conns_dialled < w->conns_len &&
           !atomic_load(&w->leg->is_cancelled)) {
        w->dialling++;
        bench_opening_dial(&w->conns[w->conns_dialled++]);
    }
}

void bench_opening_start(struct bench_worker *w)
{
    w->sockets_pending = w->sockets_len;
    dial_more(w);
}

void bench_opening_close(struct bench_worker *w)
{
    for (size_t i = 0; i < w->conns_len; i++) {
        if (w->conns[i].conn) {
            tri_client_conn_close(w->conns[i].conn);
        }
    }
}

struct tri_client_traffic bench_opening_traffic(const struct bench_worker *w)
{
    struct tri_client_traffic sum = w->closed_traffic;
    for (size_t i = 0; i < w->conns_len; i++) {
        if (w->conns[i].conn) {
            const struct tri_client_traffic one = tri_client_conn_traffic(w->conns[i].conn);
            sum.bytes_in += one.bytes_in;
            sum.bytes_out += one.bytes_out;
        }
    }
    return sum;
}
