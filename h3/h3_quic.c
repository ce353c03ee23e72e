/* See h3_quic.h. The callbacks are in h3_callbacks.c. */
#include "h3_quic.h"

#include "base_limits.h"
#include "h3_callbacks.h"
#include "h3_qlog.h"

#include <assert.h>

/*
 * A client that starts with version 1 and offers version 2 too gets version 2, without a round
 * trip: RFC 9368 section 2.3. It keeps the version field from becoming a constant of the network.
 */
const uint32_t tri_h3_quic_versions[TRI_H3_VERSIONS_LEN] = {NGTCP2_PROTO_VER_V2,
                                                            NGTCP2_PROTO_VER_V1};

/*
 * BBR, not the library's default CUBIC: both are paced, and one busy connection moved twice as many
 * messages with BBR's pacing.
 */
#define CONGESTION_CONTROL NGTCP2_CC_ALGO_BBR

/*
 * Sizes of datagrams that are tried on a path, in this order (RFC 8899): what tunnels and access networks
 * leave of a packet, behind headers of 48 bytes; that of Ethernet; and that of jumbo frames, as data
 * centres have them. What fails is tried three times, and then nothing larger is.
 */
static const uint16_t path_probes[] = {1454 - 48, 1390 - 48, 1280 - 48,
                                       1492 - 48, 1500 - 48, TRI_H3_DATAGRAM_BYTES_MAX};

/* The peer's unidirectional streams: control, two of QPACK, and some of unknown kinds. */
#define PEER_UNI_STREAMS 16u
#define PEER_UNI_WINDOW_BYTES ((uint64_t)(64 * 1024))

/* Connection ids of the peer's that we keep for paths to come. */
#define PEER_CIDS 4u

static uint64_t idle_timeout_ns(const struct tri_limits *limits)
{
    uint64_t ms = limits->idle_timeout_ms;
    if (ms == 0) {
        ms = limits->keepalive_timeout_ms; /* a peer that vanished must be found out some day */
    }
    return ms * TRI_NS_PER_MS;
}

void tri_h3_quic_settings(ngtcp2_settings *settings, struct tri_h3_conn *c)
{
    const struct tri_h3_config *config = &c->shared->config;
    ngtcp2_settings_default(settings);
    settings->initial_ts = c->shared->now_ns;
    settings->cc_algo = CONGESTION_CONTROL;
    settings->max_tx_udp_payload_size = TRI_H3_DATAGRAM_BYTES_MAX;
    settings->pmtud_probes = path_probes;
    settings->pmtud_probeslen = sizeof path_probes / sizeof *path_probes;
    settings->rand_ctx.native_handle = c->shared;
    settings->preferred_versions = tri_h3_quic_versions;
    settings->preferred_versionslen = TRI_H3_VERSIONS_LEN;
    settings->available_versions = tri_h3_quic_versions;
    settings->available_versionslen = TRI_H3_VERSIONS_LEN;
    settings->qlog_write = c->qlog ? tri_h3_callback_qlog : NULL;
    uint64_t handshake_ms = config->limits->handshake_timeout_ms;
    settings->handshake_timeout = handshake_ms > 0 ? handshake_ms * TRI_NS_PER_MS : UINT64_MAX;
}

static void fill_settings(ngtcp2_settings *settings, struct tri_h3_conn *c,
                          const struct tri_h3_initial *initial)
{
    tri_h3_quic_settings(settings, c);
    if (initial->proof != NGTCP2_TOKEN_TYPE_UNKNOWN) { /* no limit to what the address gets */
        settings->token = initial->hd.token;
        settings->tokenlen = initial->hd.tokenlen;
        settings->token_type = initial->proof;
    }
}

void tri_h3_quic_params(ngtcp2_transport_params *params, const struct tri_limits *limits)
{
    ngtcp2_transport_params_default(params);
    params->initial_max_streams_uni = PEER_UNI_STREAMS;
    params->initial_max_stream_data_uni = PEER_UNI_WINDOW_BYTES;
    params->initial_max_data = TRI_CONN_WINDOW_BYTES;
    params->max_idle_timeout = idle_timeout_ns(limits);
    params->active_connection_id_limit = PEER_CIDS;
    params->grease_quic_bit = 1; /* RFC 9287 */
}

/*
 * A request stream starts with the window of what may be held before the verdict, and gets the
 * rest of TRI_STREAM_WINDOW_BYTES with its answer (contract line 6).
 */
static bool fill_params(ngtcp2_transport_params *params, const struct tri_h3_conn *c,
                        const struct tri_h3_initial *initial, const ngtcp2_cid *own)
{
    const struct tri_limits *limits = c->shared->config.limits;
    tri_h3_quic_params(params, limits);
    params->initial_max_streams_bidi = limits->streams_max;
    params->initial_max_stream_data_bidi_remote = TRI_HELD_BYTES_MAX;
    params->original_dcid = initial->original;
    params->original_dcid_present = 1;
    if (initial->proof == NGTCP2_TOKEN_TYPE_RETRY) { /* RFC 9000 section 7.3 */
        params->retry_scid = initial->hd.dcid;
        params->retry_scid_present = 1;
    }
    params->stateless_reset_token_present = 1;
    return tri_h3_shared_reset_token(c->shared, own, params->stateless_reset_token);
}

static struct tri_slice slice_of(const ngtcp2_cid *cid)
{
    return tri_slice_of(cid->data, cid->datalen);
}

void tri_h3_quic_open_qlog(struct tri_h3_conn *c, const ngtcp2_cid *original_dcid)
{
    const struct tri_h3_config *config = &c->shared->config;
    if (!config->qlog_dir) {
        return;
    }
    c->qlog = tri_h3_qlog_open(config->qlog_dir, original_dcid);
    if (!c->qlog) {
        TRI_LOG(config->log, WARN, "qlog.failed", TRI_KV_U("conn", c->carrier.conn_id),
                TRI_KV_S("dir", config->qlog_dir));
    }
}

static enum tri_err make_quic(struct tri_h3_conn *c, const struct tri_h3_initial *initial,
                              const ngtcp2_path *path, const ngtcp2_cid *own)
{
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    fill_settings(&settings, c, initial);
    if (!fill_params(&params, c, initial, own)) {
        return TRI_ERR_NOMEM;
    }
    int rv =
        ngtcp2_conn_server_new(&c->quic, &initial->hd.scid, own, path, initial->hd.version,
                               &tri_h3_quic_callbacks, &settings, &params, &c->shared->quic_mem, c);
    if (rv != 0) {
        c->quic = NULL;
        return TRI_ERR_NOMEM;
    }
    const struct tri_h3_config *config = &c->shared->config;
    const struct tri_h3_terms terms = {
        .early_data = config->early_data,
        .extended_connect = config->extended_connect,
        .streams_max = config->limits->streams_max,
    };
    const enum tri_err err = tri_h3_tls_init(&c->tls, config->tls, c->quic, &terms);
    if (err == TRI_OK && config->budget) {
        tri_budget_charge(config->budget, TRI_TLS_HANDSHAKE_BYTES);
    }
    return err;
}

enum tri_err tri_h3_quic_open(struct tri_h3_conn *c, const struct tri_h3_initial *initial,
                              const ngtcp2_path *path)
{
    assert(!c->quic);
    ngtcp2_cid own;
    enum tri_err err = tri_h3_cid_add(&c->shared->cids, &c->cids, slice_of(&initial->hd.dcid));
    if (err == TRI_OK) {
        err = tri_h3_callback_issue_cid(c, &own, TRI_H3_CID_LEN);
    }
    if (err != TRI_OK) {
        return err;
    }
    tri_h3_quic_open_qlog(c, &initial->original);
    return make_quic(c, initial, path, &own);
}
