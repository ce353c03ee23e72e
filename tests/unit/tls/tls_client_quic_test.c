/* The client's end of TLS for QUIC against the server's own, CRYPTO bytes carried by hand: RFC 9001
 * section 4. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer_tls.h"
#include "tls_client.h"

#include <wolfssl/quic.h>

struct end {
    WOLFSSL *ssl;
    struct end *peer;
    int alert; /* sent; -1: none */
    int done;
};

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static char error_text[TRI_TLS_ERROR_MAX];

static int make_files(void **state)
{
    (void)state;
    peer_tls_files_make(&files);
    return tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error_text);
}

static int remove_files(void **state)
{
    (void)state;
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

static int set_secrets(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *rx,
                       const uint8_t *tx, size_t len)
{
    (void)ssl;
    (void)level;
    (void)rx;
    (void)tx;
    (void)len;
    return 1;
}

static int add_handshake_data(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, const uint8_t *data,
                              size_t len)
{
    const struct end *end = wolfSSL_get_app_data(ssl);
    return wolfSSL_provide_quic_data(end->peer->ssl, level, data, len) == WOLFSSL_SUCCESS;
}

static int flush_flight(WOLFSSL *ssl)
{
    (void)ssl;
    return 1;
}

static int send_alert(WOLFSSL *ssl, WOLFSSL_ENCRYPTION_LEVEL level, uint8_t alert)
{
    (void)level;
    struct end *end = wolfSSL_get_app_data(ssl);
    end->alert = alert;
    return 1;
}

static const WOLFSSL_QUIC_METHOD quic_method = {set_secrets, add_handshake_data, flush_flight,
                                                send_alert};

static void init_end(struct end *end, WOLFSSL *ssl, struct end *peer)
{
    static const uint8_t params[] = {0x01, 0x02, 0x40, 0x64}; /* max_idle_timeout 100 */
    assert_non_null(ssl);
    *end = (struct end){.ssl = ssl, .peer = peer, .alert = -1};
    wolfSSL_set_app_data(ssl, end);
    assert_int_equal(wolfSSL_set_quic_method(ssl, &quic_method), WOLFSSL_SUCCESS);
    assert_int_equal(wolfSSL_set_quic_transport_params(ssl, params, sizeof params),
                     WOLFSSL_SUCCESS);
}

struct pair {
    struct tri_tls_context context;
    struct tri_tls_client config;
    struct end client, server;
};

static void open_pair(struct pair *p, const char *ca)
{
    const struct tri_tls_trust trust = {.ca_file = ca, .insecure = ca == NULL};
    assert_int_equal(
        tri_tls_context_init(&p->context, TRI_TLS_QUIC, &identity, TRI_HTTP_ALL, NULL, error_text),
        TRI_OK);
    assert_int_equal(tri_tls_client_init(&p->config, TRI_TLS_QUIC, &trust, NULL, error_text),
                     TRI_OK);
}

static void shake(struct pair *p, const char *host, WOLFSSL_SESSION *resume)
{
    init_end(&p->server, tri_tls_context_session(&p->context), &p->client);
    init_end(&p->client, tri_tls_client_session(&p->config, host, TRI_HTTP_ALL, resume),
             &p->server);
    for (int i = 0; i < 4; i++) {
        p->client.done = wolfSSL_quic_do_handshake(p->client.ssl);
        p->server.done = wolfSSL_quic_do_handshake(p->server.ssl);
    }
    (void)wolfSSL_process_quic_post_handshake(p->client.ssl); /* tickets */
}

static void end_shake(struct pair *p)
{
    wolfSSL_free(p->client.ssl);
    wolfSSL_free(p->server.ssl);
}

static void close_pair(struct pair *p)
{
    tri_tls_client_deinit(&p->config);
    tri_tls_context_deinit(&p->context);
}

static void a_good_certificate_leads_to_h3(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool insecure;
    } cases[] = {{"localhost", false}, {"127.0.0.1", false}, {"::1", false}, {"example.org", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        open_pair(&p, cases[i].insecure ? NULL : files.cert);
        shake(&p, cases[i].host, NULL);
        assert_int_equal(p.client.done, WOLFSSL_SUCCESS);
        assert_int_equal(p.server.done, WOLFSSL_SUCCESS);
        assert_string_equal(tri_tls_version_name(p.client.ssl), "TLS 1.3");
        assert_string_equal(tri_tls_group_name(p.client.ssl), "X25519MLKEM768");
        char *name = NULL;
        word16 len = 0;
        assert_int_equal(wolfSSL_ALPN_GetProtocol(p.client.ssl, &name, &len), WOLFSSL_SUCCESS);
        assert_int_equal(len, 2);
        assert_memory_equal(name, "h3", 2);
        end_shake(&p);
        close_pair(&p);
    }
}

static void a_bad_certificate_is_told_and_alerted(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool is_stranger;
        const char *text;
    } cases[] = {
        {"example.org", false, "the certificate is for another host"},
        {"127.0.0.2", false, "the certificate is for another host"},
        {"localhost", true, "the certificate is not signed by anyone trusted"},
    };
    struct peer_tls_files other;
    peer_tls_files_make(&other);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        bool is_certificate = false;
        open_pair(&p, cases[i].is_stranger ? other.cert : files.cert);
        shake(&p, cases[i].host, NULL);
        assert_int_not_equal(p.client.done, WOLFSSL_SUCCESS);
        assert_true(p.client.alert >= 0);
        int error = wolfSSL_get_error(p.client.ssl, p.client.done);
        assert_string_equal(tri_tls_client_error_text(p.client.ssl, error, &is_certificate),
                            cases[i].text);
        assert_true(is_certificate);
        end_shake(&p);
        close_pair(&p);
    }
    peer_tls_files_remove(&other);
}

static void a_ticket_resumes(void **state)
{
    (void)state;
    struct pair p;
    WOLFSSL_SESSION *session = NULL;
    open_pair(&p, files.cert);
    for (int round = 0; round < 3; round++) {
        shake(&p, "localhost", session);
        assert_int_equal(p.client.done, WOLFSSL_SUCCESS);
        assert_int_equal(wolfSSL_session_reused(p.client.ssl), round > 0);
        wolfSSL_SESSION_free(session);
        session = tri_tls_client_take_session(p.client.ssl);
        assert_non_null(session);
        assert_null(tri_tls_client_take_session(p.client.ssl));
        end_shake(&p);
    }
    wolfSSL_SESSION_free(session);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_certificate_leads_to_h3),
        cmocka_unit_test(a_bad_certificate_is_told_and_alerted),
        cmocka_unit_test(a_ticket_resumes),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
