/* See sample_result.h. */
#include "sample_result.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 5u
#define ROUND_S 2.0
#define SOCKETS 100u
#define SIZE 32u

/* What makes the versions differ. */
struct version {
    enum tri_http http;
    size_t connections;
    double per_s, latency_ns;    /* messages a second, usual latency */
    double tcp, tls, settings;   /* ns */
    double client_ns, server_ns; /* CPU a message */
    double overhead;             /* bytes a message */
    uint64_t memory;             /* bytes a socket */
    const char *carrier;
};

static const struct version versions[] = {
    {TRI_HTTP_1_1, 100, 310000, 310e3, 45e3, 890e3, 0, 2100, 2600, 28, 31000,
     "http/1.1, TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768"},
    {TRI_HTTP_2, 10, 820000, 118e3, 45e3, 910e3, 120e3, 610, 440, 16.4, 1900,
     "h2, TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768"},
    {TRI_HTTP_3, 10, 540000, 176e3, 1210e3, 0, 90e3, 920, 860, 19.2, 3300,
     "h3, TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768"},
};

/* xorshift64*, as a share of 1. */
static double next_share(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(2685821657736338717)) >> 11) / (double)(UINT64_C(1) << 53);
}

/* Around |usual|: a steep rise, a long tail, and now and then something very late. */
static void fill_histogram(struct bench_histogram *h, double usual, size_t count, uint64_t *state)
{
    if (usual <= 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const double tail = -log(next_share(state) + 1e-12);
        const double late = next_share(state) < 0.0008 ? 12 * next_share(state) : 0;
        bench_histogram_record(h, (uint64_t)(usual * (0.72 + 0.22 * tail + late)));
    }
}

static struct bench_counts count_round(const struct version *v, double messages)
{
    const uint64_t n = (uint64_t)messages;
    return (struct bench_counts){
        .messages_out = n,
        .messages_in = n,
        .bytes_out = n * SIZE,
        .bytes_in = n * SIZE,
        .wire_out = (uint64_t)((SIZE + v->overhead + 4) * messages),
        .wire_in = (uint64_t)((SIZE + v->overhead) * messages),
        .sockets_opened = SOCKETS * 40,
    };
}

static void add_round(struct bench_series *s, const struct bench_round *r)
{
    s->rounds[s->rounds_len++] = *r;
    s->seconds += r->seconds;
    s->counts.messages_out += r->counts.messages_out;
    s->counts.messages_in += r->counts.messages_in;
    s->counts.bytes_out += r->counts.bytes_out;
    s->counts.bytes_in += r->counts.bytes_in;
    s->counts.wire_out += r->counts.wire_out;
    s->counts.wire_in += r->counts.wire_in;
    s->counts.sockets_opened += r->counts.sockets_opened;
    s->client.user_ns += r->client.user_ns;
    s->client.system_ns += r->client.system_ns;
    s->server.user_ns += r->server.user_ns;
    s->server.system_ns += r->server.system_ns;
}

static void fill_rounds(struct bench_series *s, const struct version *v, double slower)
{
    static const double drift[ROUNDS] = {1.01, 0.985, 1, 1.022, 0.991};
    for (size_t i = 0; i < ROUNDS; i++) {
        const double messages = v->per_s * ROUND_S * drift[i] / slower;
        const struct bench_round round = {
            .seconds = ROUND_S,
            .counts = count_round(v, messages),
            .client = {(uint64_t)(messages * v->client_ns * slower * 0.7),
                       (uint64_t)(messages * v->client_ns * slower * 0.3)},
            .server = {(uint64_t)(messages * v->server_ns * slower * 0.6),
                       (uint64_t)(messages * v->server_ns * slower * 0.4)},
            .latency_p50_ns = (uint64_t)(v->latency_ns * 0.88 * slower / drift[i]),
            .latency_p99_ns = (uint64_t)(v->latency_ns * 1.8 * slower / drift[i]),
            .latency_p999_ns = (uint64_t)(v->latency_ns * 6 * slower / drift[i]),
            .open_p50_ns = (uint64_t)(1.5e6 * slower / drift[i]),
        };
        add_round(s, &round);
    }
}

static void fill_series(struct bench_series *s, const struct version *v, double slower)
{
    uint64_t state = 88172645463325252U + (uint64_t)v->http;
    s->http = v->http;
    s->is_run = true;
    s->sockets = SOCKETS;
    s->connections = v->connections;
    (void)snprintf(s->carrier, sizeof s->carrier, "%s", v->carrier);
    fill_rounds(s, v, slower);
    fill_histogram(&s->latency, v->latency_ns * slower, 200000, &state);
    fill_histogram(&s->connect, v->tcp * slower, 500, &state);
    fill_histogram(&s->tls, v->tls * slower, 500, &state);
    fill_histogram(&s->settings, v->settings * slower, 500, &state);
    fill_histogram(&s->handshake, 105e3 * slower, 500, &state);
    fill_histogram(&s->open, (v->tcp + v->tls + v->settings + 105e3) * slower, 500, &state);
    s->messages_out_total = s->counts.messages_out + 12345;
    s->messages_in_total = s->counts.messages_in + 12345;
    s->server_rss_before = 21u << 20;
    s->server_rss_open = s->server_rss_before + v->memory * SOCKETS;
}

static void fill_options(struct bench_options *o, enum bench_mode mode)
{
    *o = (struct bench_options){
        .url = "wss://localhost:8443/echo",
        .https = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3},
        .https_len = 3,
        .mode = mode,
        .sockets = SOCKETS,
        .connections = 10,
        .sizes = {.min = SIZE, .max = SIZE},
        .in_flight = 1,
        .duration_s = ROUND_S,
        .warmup_s = 0.5,
        .rounds = ROUNDS,
        .threads = 2,
        .server_pid = 4711,
        .headers = {{"x-trace", "1"}, {"authorization", "Bearer of-a-secret"}},
        .headers_len = 2,
        .origin = "https://example.com",
        .seed = 7,
    };
}

struct sample_result *sample_result_new(enum bench_mode mode, double slower)
{
    struct sample_result *sample = calloc(1, sizeof *sample);
    assert(sample);
    fill_options(&sample->options, mode);
    struct bench_result *r = &sample->result;
    r->options = &sample->options;
    (void)snprintf(r->command, sizeof r->command,
                   "trisock bench wss://localhost:8443/echo --http 1.1,2,3 --sockets 100 "
                   "--connections 10 --size 32 --duration 2 --rounds 5 --server-pid 4711");
    (void)snprintf(r->started, sizeof r->started, "2026-11-23T18:00:00Z");
    (void)snprintf(r->machine, sizeof r->machine, "Some CPU at 3 GHz, 2 cores, Linux 6.1");
    (void)snprintf(r->trisock, sizeof r->trisock, "0.1.0");
    (void)snprintf(r->server_software, sizeof r->server_software, "trisock/0.1.0");
    r->series_len = sizeof versions / sizeof versions[0];
    for (size_t i = 0; i < r->series_len; i++) {
        fill_series(&r->series[i], &versions[i], slower);
    }
    return sample;
}

void sample_result_refuse(struct sample_result *sample, size_t index, const char *why)
{
    assert(index < sample->result.series_len);
    struct bench_series *s = &sample->result.series[index];
    const enum tri_http http = s->http;
    *s = (struct bench_series){.http = http};
    (void)snprintf(s->why, sizeof s->why, "%s", why);
}
