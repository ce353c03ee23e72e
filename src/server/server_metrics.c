/* See server_metrics.h. */
#include "server_metrics.h"

#include "server_worker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_BYTES 320

static const char *const http_names[TRI_METRICS_HTTP_LEN] = {
    [TRI_METRICS_H1] = "http/1.1",
    [TRI_METRICS_H2] = "h2",
    [TRI_METRICS_H3] = "h3",
};

__attribute__((format(printf, 2, 3))) static void put(struct tri_metrics_sink sink,
                                                      const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert(len > 0 && (size_t)len < sizeof line); /* names and numbers are short */
    sink.write(sink.user, line, (size_t)len);
}

static void put_family(struct tri_metrics_sink sink, const char *name, const char *type,
                       const char *help)
{
    put(sink, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_single(struct tri_metrics_sink sink, const char *name, const char *type,
                       const char *help, uint64_t value)
{
    put_family(sink, name, type, help);
    put(sink, "%s %" PRIu64 "\n", name, value);
}

/* ------------------------------------------------------------------- by HTTP version alone */

struct counter {
    const char *name, *help;
    size_t offset; /* in struct tri_http_metrics */
};

static const struct counter counters[] = {
    {"trisock_connections_opened_total", "Connections that finished their handshakes.",
     offsetof(struct tri_http_metrics, conns_opened)},
    {"trisock_sockets_opened_total", "WebSockets opened.",
     offsetof(struct tri_http_metrics, sockets_opened)},
    {"trisock_requests_total", "Requests that could be read, opening handshakes included.",
     offsetof(struct tri_http_metrics, requests)},
    {"trisock_connections_closed_total", "Connections of those opened that have ended.",
     offsetof(struct tri_http_metrics, conns_closed)},
    {"trisock_messages_received_total", "Messages received on WebSockets.",
     offsetof(struct tri_http_metrics, messages_in)},
    {"trisock_messages_sent_total", "Messages queued to be sent on WebSockets.",
     offsetof(struct tri_http_metrics, messages_out)},
    {"trisock_message_bytes_received_total", "Bytes of the messages received, uncompressed.",
     offsetof(struct tri_http_metrics, bytes_in)},
    {"trisock_message_bytes_sent_total", "Bytes of the messages sent, uncompressed.",
     offsetof(struct tri_http_metrics, bytes_out)},
    {"trisock_messages_dropped_total", "Messages dropped because a queue was full.",
     offsetof(struct tri_http_metrics, messages_dropped)},
};

static uint64_t value_of(const struct tri_http_metrics *m, const struct counter *c)
{
    uint64_t value;
    memcpy(&value, (const char *)m + c->offset, sizeof value);
    return value;
}

static void put_counters(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        const struct counter *c = &counters[i];
        put_family(sink, c->name, "counter", c->help);
        for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
            put(sink, "%s{http=\"%s\"} %" PRIu64 "\n", c->name, http_names[h],
                value_of(&m->http[h], c));
        }
    }
}

/* What is open is what was opened and not closed. */
static void put_open(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    put_family(sink, "trisock_connections", "gauge",
               "Open connections, without those in a TLS or QUIC handshake.");
    for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
        put(sink, "trisock_connections{http=\"%s\"} %" PRIu64 "\n", http_names[h],
            m->http[h].conns_opened - m->http[h].conns_closed);
    }
    put_family(sink, "trisock_sockets", "gauge", "Open WebSockets.");
    for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
        put(sink, "trisock_sockets{http=\"%s\"} %" PRIu64 "\n", http_names[h],
            m->http[h].sockets_opened - m->http[h].sockets_closed);
    }
}

/* ------------------------------------------------------------------------ by another label */

static void put_codes(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    static const char name[] = "trisock_sockets_closed_total";
    put_family(sink, name, "counter", "WebSockets closed, by close code (RFC 6455 section 7.4).");
    for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
        for (size_t i = 0; i < TRI_CODES_LEN; i++) {
            put(sink, "%s{http=\"%s\",code=\"%zu\"} %" PRIu64 "\n", name, http_names[h], 1000 + i,
                m->http[h].closed_code[i]);
        }
        put(sink, "%s{http=\"%s\",code=\"other\"} %" PRIu64 "\n", name, http_names[h],
            m->http[h].closed_other);
    }
}

static void put_refused(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    static const char name[] = "trisock_requests_refused_total";
    put_family(sink, name, "counter", "WebSockets and plain requests refused, by reason.");
    for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
        for (size_t i = 0; i < TRI_REFUSED_LEN; i++) {
            put(sink, "%s{http=\"%s\",reason=\"%s\"} %" PRIu64 "\n", name, http_names[h],
                tri_refused_name((enum tri_refused)i), m->http[h].refused[i]);
        }
    }
}

static void put_floods(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    static const char name[] = "trisock_floods_stopped_total";
    put_family(sink, name, "counter", "Connections ended because of a flood, by its kind.");
    for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
        for (size_t i = 0; i < TRI_FLOOD_LEN; i++) {
            put(sink, "%s{http=\"%s\",kind=\"%s\"} %" PRIu64 "\n", name, http_names[h],
                tri_flood_name((enum tri_flood)i), m->http[h].floods[i]);
        }
    }
}

static void put_conns_refused(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    static const char name[] = "trisock_connections_refused_total";
    put_family(sink, name, "counter", "Connections that were not taken, by reason.");
    for (size_t i = 0; i < TRI_CONN_REFUSED_LEN; i++) {
        put(sink, "%s{reason=\"%s\"} %" PRIu64 "\n", name,
            tri_conn_refused_name((enum tri_conn_refused)i), m->conns_refused[i]);
    }
}

/* Buckets are cumulative; _count is the last of them. */
static void put_histogram(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    static const char name[] = "trisock_sockets_per_connection";
    static const char *const bounds[TRI_SOCKETS_BUCKETS] = {"1", "10", "100", "1000", "+Inf"};
    put_family(sink, name, "histogram",
               "Of each ended connection with WebSockets, the most that it had at once.");
    for (size_t h = 0; h < TRI_METRICS_HTTP_LEN; h++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < TRI_SOCKETS_BUCKETS; i++) {
            sum += m->http[h].sockets_of_conn[i];
            put(sink, "%s_bucket{http=\"%s\",le=\"%s\"} %" PRIu64 "\n", name, http_names[h],
                bounds[i], sum);
        }
        put(sink, "%s_sum{http=\"%s\"} %" PRIu64 "\n", name, http_names[h],
            m->http[h].sockets_of_conn_sum);
        put(sink, "%s_count{http=\"%s\"} %" PRIu64 "\n", name, http_names[h], sum);
    }
}

/* --------------------------------------------------------------------- of the whole server */

static void put_tls(struct tri_metrics_sink sink, const struct tri_metrics *m)
{
    put_single(sink, "trisock_handshakes_failed_total", "counter",
               "Connections that ended before their TLS or QUIC handshake did.",
               m->handshakes_failed);
    put_single(sink, "trisock_tls_resumed_total", "counter", "TLS sessions that were resumed.",
               m->resumed);
    static const char name[] = "trisock_early_data_total";
    put_family(sink, name, "counter", "QUIC connections that came with early data (0-RTT).");
    put(sink, "%s{result=\"accepted\"} %" PRIu64 "\n", name, m->early_accepted);
    put(sink, "%s{result=\"refused\"} %" PRIu64 "\n", name, m->early_refused);
}

static void put_quic(struct tri_metrics_sink sink, const struct tri_h3_counters *quic)
{
    put_single(sink, "trisock_quic_migrations_total", "counter",
               "QUIC clients that went on from another address or port.", quic->migrations);
    put_single(sink, "trisock_quic_retries_total", "counter", "QUIC Retry packets sent.",
               quic->retries);
    put_single(sink, "trisock_quic_datagrams_dropped_total", "counter",
               "Datagrams that were for no connection, or were not QUIC.", quic->dropped);
}

static void put_server(struct tri_metrics_sink sink, const struct tri_metrics_view *view)
{
    put_single(sink, "trisock_responses_unread_total", "counter",
               "Responses given up because the peer did not read them.",
               view->metrics->responses_unread);
    put_single(sink, "trisock_deflate_bytes", "gauge", "Memory that compression holds.",
               view->deflate_bytes);
    put_single(sink, "trisock_memory_bytes", "gauge", "Memory that the server has allocated.",
               view->memory_bytes);
    put_single(sink, "trisock_draining", "gauge", "1 while the server stops or drains, else 0.",
               view->is_draining);
    put_family(sink, "trisock_build_info", "gauge", "The version that runs; always 1.");
    put(sink, "trisock_build_info{version=\"%s\"} 1\n", TRI_VERSION);
}

void tri_metrics_write(const struct tri_metrics_view *view, struct tri_metrics_sink sink)
{
    assert(view->metrics && sink.write);
    put_open(sink, view->metrics);
    put_counters(sink, view->metrics);
    put_codes(sink, view->metrics);
    put_refused(sink, view->metrics);
    put_floods(sink, view->metrics);
    put_conns_refused(sink, view->metrics);
    put_histogram(sink, view->metrics);
    put_tls(sink, view->metrics);
    put_quic(sink, &view->quic);
    put_server(sink, view);
}

/* --------------------------------------------------------------------------- where it is from */

static void add_port(struct tri_h3_counters *sum, const struct tri_h3_port *port)
{
    if (port->endpoint) {
        const struct tri_h3_counters one = tri_h3_endpoint_counters(port->endpoint);
        sum->dropped += one.dropped;
        sum->retries += one.retries;
        sum->proven += one.proven;
        sum->migrations += one.migrations;
    }
}

struct tri_metrics_view tri_metrics_view(const struct tri_worker *w)
{
    struct tri_metrics_view view = {
        .metrics = &w->hub.metrics,
        .deflate_bytes = w->hub.sessions.deflate.held_bytes,
        .memory_bytes = w->hub.shared->budget.bytes,
        .is_draining = w->hub.stopping,
    };
    for (size_t i = 0; i < w->listeners_len; i++) {
        add_port(&view.quic, &w->listeners[i].h3);
    }
    return view;
}
