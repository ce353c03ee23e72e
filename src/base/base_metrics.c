/* See base_metrics.h. */
#include "base_metrics.h"

#include <assert.h>

#define CODE_FIRST 1000u

void tri_metrics_conn_opened(struct tri_http_metrics *m)
{
    if (m) {
        m->conns_opened++;
    }
}

static size_t bucket_of(size_t sockets)
{
    size_t bucket = 0;
    for (size_t most = 1; bucket < TRI_SOCKETS_BUCKETS - 1 && sockets > most; most *= 10) {
        bucket++;
    }
    return bucket;
}

void tri_metrics_conn_closed(struct tri_http_metrics *m)
{
    if (m) {
        m->conns_closed++;
    }
}

void tri_metrics_conn_sockets(struct tri_http_metrics *m, size_t sockets_peak)
{
    if (m && sockets_peak > 0) {
        m->sockets_of_conn[bucket_of(sockets_peak)]++;
        m->sockets_of_conn_sum += sockets_peak;
    }
}

void tri_metrics_socket_closed(struct tri_http_metrics *m, uint16_t code)
{
    if (!m) {
        return;
    }
    m->sockets_closed++;
    if (code >= CODE_FIRST && code < CODE_FIRST + TRI_CODES_LEN) {
        m->closed_code[code - CODE_FIRST]++;
    } else {
        m->closed_other++;
    }
}

void tri_metrics_flood(struct tri_http_metrics *m, enum tri_flood kind)
{
    assert((size_t)kind < TRI_FLOOD_LEN);
    if (m) {
        m->floods[kind]++;
    }
}

const char *tri_refused_name(enum tri_refused why)
{
    switch (why) {
    case TRI_REFUSED_MALFORMED:
        return "malformed";
    case TRI_REFUSED_PATH:
        return "path";
    case TRI_REFUSED_PLAIN:
        return "plain";
    case TRI_REFUSED_VERSION:
        return "version";
    case TRI_REFUSED_PROTOCOL:
        return "protocol";
    case TRI_REFUSED_ORIGIN:
        return "origin";
    case TRI_REFUSED_EARLY:
        return "early";
    case TRI_REFUSED_SOCKETS:
        return "sockets";
    case TRI_REFUSED_MEMORY:
        return "memory";
    case TRI_REFUSED_STOPPING:
        return "stopping";
    case TRI_REFUSED_CLEARTEXT:
        return "cleartext";
    case TRI_REFUSED_APPLICATION:
        return "application";
    }
    assert(!"a reason");
    return "";
}

const char *tri_conn_refused_name(enum tri_conn_refused why)
{
    switch (why) {
    case TRI_CONN_REFUSED_LIMIT:
        return "limit";
    case TRI_CONN_REFUSED_ADDRESS:
        return "address";
    case TRI_CONN_REFUSED_MEMORY:
        return "memory";
    }
    assert(!"a reason");
    return "";
}

const char *tri_flood_name(enum tri_flood kind)
{
    switch (kind) {
    case TRI_FLOOD_RESET:
        return "reset";
    case TRI_FLOOD_ACK:
        return "ack";
    case TRI_FLOOD_PADDING:
        return "padding";
    case TRI_FLOOD_WINDOW:
        return "window";
    case TRI_FLOOD_HEADERS:
        return "headers";
    case TRI_FLOOD_OTHER:
        return "other";
    }
    assert(!"a kind");
    return "";
}
