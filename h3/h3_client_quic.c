/* See h3_client_quic.h. */
#include "h3_client_quic.h"

#include "h3_call.h"
#include "h3_callbacks.h"
#include "h3_client_tls.h"
#include "h3_quic.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <assert.h>

/* Of the id that the server is called by in our first packets: 8 at least, RFC 9000 section 7.2. */
#define FIRST_DCID_LEN 16u

/* A session's data that says with which version of QUIC it came; the first is the application's. */
#define EX_DATA_VERSION 1

/* ---- what ngtcp2 calls, other than at a server */

/* wolfSSL knows why it failed only as long as it is there. */
static void note_tls(struct tri_h3_client *client, struct tri_h3_tls *t)
{
    if (t->error != 0 && !client->tls_text) {
        client->tls_text = tri_tls_client_error_text(t->ssl, t->error, &client->is_certificate);
    }
}

/* TLS goes with the connection, but who comes for the session may come later. */
static void keep_session(struct tri_h3_client *client, WOLFSSL *ssl)
{
    const uint32_t version = ngtcp2_conn_get_negotiated_version2(client->conn->quic);
    WOLFSSL_SESSION *session = tri_tls_client_take_session(ssl);
    if (session) {
        (void)wolfSSL_SESSION_set_ex_data(session, EX_DATA_VERSION, (void *)(uintptr_t)version);
        wolfSSL_SESSION_free(client->session);
        client->session = session;
    }
}

static int recv_crypto_data(ngtcp2_conn *quic, ngtcp2_encryption_level level, uint64_t offset,
                            const uint8_t *data, size_t len, void *user)
{
    (void)quic;
    (void)offset;
    struct tri_h3_conn *c = user;
    int rv = tri_h3_client_tls_recv(&c->tls, level, data, len);
    if (rv == 0 && level == NGTCP2_ENCRYPTION_LEVEL_1RTT) {
        keep_session(c->shared->client, c->tls.ssl);
    }
    note_tls(c->shared->client, &c->tls);
    return rv;
}

static int handshake_completed(ngtcp2_conn *quic, void *user)
{
    struct tri_h3_conn *c = user;
    tri_h3_callback_names(c);
    c->is_confirmed = true;
    c->shared->client->is_resumed = wolfSSL_session_reused(c->tls.ssl) != 0;
    ngtcp2_conn_extend_max_offset(quic, c->early_bytes);
    c->early_bytes = 0;
    return 0;
}

static int recv_stateless_reset(ngtcp2_conn *quic, const ngtcp2_pkt_stateless_reset2 *reset,
                                void *user)
{
    (void)quic;
    (void)reset;
    struct tri_h3_conn *c = user;
    c->shared->client->was_reset = true;
    return 0;
}

static int extend_max_local_streams_bidi(ngtcp2_conn *quic, uint64_t max, void *user)
{
    (void)quic;
    (void)max;
    tri_h3_call_room(user);
    return 0;
}

static ngtcp2_callbacks make_callbacks(void)
{
    ngtcp2_callbacks c = tri_h3_quic_callbacks;
    c.recv_client_initial = NULL;
    c.stream_open = NULL;
    c.path_validation = NULL;
    c.extend_max_remote_streams_bidi = NULL;
    c.client_initial = ngtcp2_crypto_client_initial_cb;
    c.recv_retry = ngtcp2_crypto_recv_retry_cb;
    c.recv_crypto_data = recv_crypto_data;
    c.handshake_completed = handshake_completed;
    c.recv_stateless_reset2 = recv_stateless_reset;
    c.extend_max_local_streams_bidi = extend_max_local_streams_bidi;
    return c;
}

/* ---- opening */

static ngtcp2_addr quic_addr(struct tri_addr *addr)
{
    return (ngtcp2_addr){.addr = &addr->sa, .addrlen = addr->len};
}

/*
 * Version 2 is offered, not begun with: a server that does not know it would cost a round trip. But
 * RFC 9369 section 5: a ticket is for the version that it came with.
 */
static uint32_t choose_version(WOLFSSL_SESSION *resume)
{
    const uintptr_t version =
        resume ? (uintptr_t)wolfSSL_SESSION_get_ex_data(resume, EX_DATA_VERSION) : 0;
    return version == NGTCP2_PROTO_VER_V2 ? NGTCP2_PROTO_VER_V2 : NGTCP2_PROTO_VER_V1;
}

/* A server opens no bidirectional streams: RFC 9114 section 6.1. */
static int make_quic(struct tri_h3_client *client, const ngtcp2_cid *server, const ngtcp2_cid *own,
                     uint32_t version)
{
    struct tri_h3_conn *c = client->conn;
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    tri_h3_quic_settings(&settings, c);
    tri_h3_quic_params(&params, client->config.limits);
    params.initial_max_stream_data_bidi_local = TRI_STREAM_WINDOW_BYTES;
    const ngtcp2_path path = {.local = quic_addr(&client->local),
                              .remote = quic_addr(&client->remote)};
    const ngtcp2_callbacks callbacks = make_callbacks();
    return ngtcp2_conn_client_new(&c->quic, server, own, &path, version, &callbacks, &settings,
                                  &params, &client->shared.quic_mem, c);
}

enum tri_err tri_h3_client_quic_open(struct tri_h3_client *client, WOLFSSL *ssl,
                                     WOLFSSL_SESSION *resume)
{
    struct tri_h3_conn *c = client->conn;
    assert(!c->quic);
    ngtcp2_cid own;
    ngtcp2_cid server = {.datalen = FIRST_DCID_LEN};
    tri_h3_shared_random(&client->shared, server.data, server.datalen);
    enum tri_err err = tri_h3_callback_issue_cid(c, &own, TRI_H3_CID_LEN);
    if (err == TRI_OK && ssl) {
        tri_h3_quic_open_qlog(c, &server);
        if (make_quic(client, &server, &own, choose_version(resume)) == 0) {
            return tri_h3_client_tls_init(&c->tls, ssl, c->quic);
        }
        c->quic = NULL;
    }
    wolfSSL_free(ssl);
    return TRI_ERR_NOMEM;
}
