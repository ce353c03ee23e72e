/* Contexts: refusals, key logs over TCP and QUIC, and the QUIC handshake's ALPN rule. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer_tls.h"
#include "run_program.h"
#include "tls_context.h"
#include "tls_stream.h"

#include <stdio.h>
#include <unistd.h>

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static char keylog_file[128];
static char error_text[TRI_TLS_ERROR_MAX];

static int make_identity(void **state)
{
    (void)state;
    peer_tls_files_make(&files);
    (void)snprintf(keylog_file, sizeof keylog_file, "%s/keys.log", files.folder);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error_text),
        TRI_OK);
    return 0;
}

static int drop_identity(void **state)
{
    (void)state;
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

static void lists_what_it_offers(void **state)
{
    (void)state;
    static const struct {
        enum tri_tls_use use;
        unsigned versions;
        const char *alpn;
    } cases[] = {
        {TRI_TLS_TCP, TRI_HTTP_ALL, "h2,http/1.1"},
        {TRI_TLS_TCP, TRI_HTTP_1_1 | TRI_HTTP_2, "h2,http/1.1"},
        {TRI_TLS_TCP, TRI_HTTP_2 | TRI_HTTP_3, "h2"},
        {TRI_TLS_TCP, TRI_HTTP_1_1, "http/1.1"},
        {TRI_TLS_QUIC, TRI_HTTP_ALL, "h3"},
        {TRI_TLS_QUIC, TRI_HTTP_3, "h3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tri_tls_context c;
        assert_int_equal(
            tri_tls_context_init(&c, cases[i].use, &identity, cases[i].versions, NULL, error_text),
            TRI_OK);
        assert_string_equal(c.alpn, cases[i].alpn);
        WOLFSSL *ssl = tri_tls_context_session(&c);
        assert_non_null(ssl);
        assert_string_equal(tri_tls_cipher_name(ssl), ""); /* nothing is agreed on yet */
        wolfSSL_free(ssl);
        tri_tls_context_deinit(&c);
        tri_tls_context_deinit(&c); /* harmless */
    }
}

static void refuses_an_identity_that_is_no_pair(void **state)
{
    (void)state;
    struct tri_tls_identity bad = identity;
    bad.key_pem = identity.cert_pem;
    struct tri_tls_context c;
    assert_int_equal(tri_tls_context_init(&c, TRI_TLS_TCP, &bad, TRI_HTTP_ALL, NULL, error_text),
                     TRI_ERR_TLS);
    assert_non_null(strstr(error_text, "does not accept the certificate and its key"));
}

/* Reads the key log into |out| and empties it. */
static void take_keylog(char *out, size_t max)
{
    FILE *f = fopen(keylog_file, "r");
    assert_non_null(f);
    size_t len = fread(out, 1, max - 1, f);
    out[len] = '\0';
    (void)fclose(f);
    assert_int_equal(truncate(keylog_file, 0), 0);
}

/* Asserts a line "LABEL <64 hex: the client's random> <hex of |secret_len| bytes>". */
static void assert_logged(const char *log, const char *label, WOLFSSL *client, size_t secret_len)
{
    uint8_t random[32];
    assert_int_equal(wolfSSL_get_client_random(client, random, sizeof random), sizeof random);
    char start[128];
    int at = snprintf(start, sizeof start, "%s ", label);
    for (size_t i = 0; i < sizeof random; i++) {
        at += snprintf(start + at, sizeof start - (size_t)at, "%02X", random[i]);
    }
    const char *line = strstr(log, start);
    if (!line) {
        fail_msg("no \"%s\" in:\n%s", start, log);
    }
    assert_true(line == log || line[-1] == '\n');
    assert_int_equal(line[at], ' ');
    assert_int_equal(strspn(line + at + 1, "0123456789ABCDEF"), secret_len * 2);
    assert_int_equal(line[(size_t)at + 1 + secret_len * 2], '\n');
}

static const char *const secrets_13[] = {
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
};

static struct tri_tls_keylog *open_logging(struct tri_tls_context *c)
{
    struct tri_tls_keylog *keylog = tri_tls_keylog_open(keylog_file);
    assert_non_null(keylog);
    assert_int_equal(
        tri_tls_context_init(c, TRI_TLS_TCP, &identity, TRI_HTTP_ALL, keylog, error_text), TRI_OK);
    return keylog;
}

static void feed_server(struct tri_tls_stream *server, struct peer_tls *client)
{
    struct tri_slice sent = tri_buf_peek(&client->out);
    assert_int_equal(tri_tls_stream_feed(server, sent.data, sent.len), TRI_OK);
    uint8_t plain[64];
    size_t len;
    assert_int_equal(tri_tls_stream_read(server, plain, sizeof plain, &len), TRI_AGAIN);
    tri_buf_consume(&client->out, sent.len);
}

/* One handshake, of |session| if it is not NULL; what was logged comes into |log|. */
static void log_handshake(const struct tri_tls_context *c, int version, WOLFSSL_SESSION *session,
                          struct peer_tls *client, char log[4096])
{
    struct tri_tls_stream server;
    assert_int_equal(tri_tls_stream_init(&server, c, tri_alloc_heap()), TRI_OK);
    peer_tls_init(client, &(struct peer_tls_options){.version = version});
    wolfSSL_KeepArrays(client->ssl); /* keeps the random to compare with */
    wolfSSL_UseSessionTicket(client->ssl);
    if (session) {
        assert_int_equal(wolfSSL_set_session(client->ssl, session), WOLFSSL_SUCCESS);
    }
    for (int i = 0; i < 6; i++) {
        peer_tls_run(client);
        feed_server(&server, client);
        peer_tls_move(&client->in, &server.out);
    }
    assert_true(client->open);
    assert_int_equal(server.state, TRI_TLS_OPEN);
    assert_int_equal(wolfSSL_session_reused(server.ssl), session != NULL);
    tri_tls_stream_deinit(&server);
    take_keylog(log, 4096);
}

static void logs_the_keys_of_tls_13(void **state)
{
    (void)state;
    struct tri_tls_context c;
    struct tri_tls_keylog *keylog = open_logging(&c);
    struct peer_tls client;
    char log[4096];
    log_handshake(&c, TLS1_3_VERSION, NULL, &client, log);
    for (size_t i = 0; i < 4; i++) {
        assert_logged(log, secrets_13[i], client.ssl, 32);
    }
    assert_null(strstr(log, "CLIENT_RANDOM"));
    peer_tls_deinit(&client);
    tri_tls_context_deinit(&c);
    tri_tls_keylog_close(keylog);
}

static void logs_the_keys_of_tls_12_and_of_its_resumption(void **state)
{
    (void)state;
    struct tri_tls_context c;
    struct tri_tls_keylog *keylog = open_logging(&c);
    struct peer_tls client;
    char log[4096];
    log_handshake(&c, TLS1_2_VERSION, NULL, &client, log);
    assert_logged(log, "CLIENT_RANDOM", client.ssl, 48);
    WOLFSSL_SESSION *session = wolfSSL_get1_session(client.ssl);
    peer_tls_deinit(&client);

    /* The master secret is the old one, the client's random is new. */
    log_handshake(&c, TLS1_2_VERSION, session, &client, log);
    assert_logged(log, "CLIENT_RANDOM", client.ssl, 48);
    peer_tls_deinit(&client);
    wolfSSL_SESSION_free(session);
    tri_tls_context_deinit(&c);
    tri_tls_keylog_close(keylog);
}

/* ---- N6: certificates by name */

/* The common names of the certificates that are served; the first is the default. */
enum { DEFAULT, EXACT, WILD, NAMED_LEN };
static const char *const common_names[] = {"default", "exact", "wild"};

/* Loads a certificate of |common_name| for the |names| of a subjectAltName; |kind| as openssl's. */
static void load_named(struct tri_tls_identity *out, const char *common_name, const char *names,
                       const char *kind)
{
    char line[1024];
    char printed[8192];
    (void)snprintf(line, sizeof line,
                   "cd '%s' && openssl req -x509 -newkey %s -nodes -days 3 -subj /CN=%s -addext "
                   "subjectAltName=%s -keyout named-key.pem -out named.pem",
                   files.folder, kind, common_name, names);
    if (run_shell(line, printed, sizeof printed) != 0) {
        fail_msg("%s: %s", line, printed);
    }
    char cert[128];
    char key[128];
    (void)snprintf(cert, sizeof cert, "%s/named.pem", files.folder);
    (void)snprintf(key, sizeof key, "%s/named-key.pem", files.folder);
    assert_int_equal(tri_tls_identity_load(out, tri_alloc_heap(), cert, key, error_text), TRI_OK);
}

static const char *const ecdsa = "ec -pkeyopt ec_paramgen_curve:P-256";
static const char *const rsa = "rsa:2048";

/* Serves the three: |first| is the kind of key of the default, |others| that of the others. */
static void serve_named(struct tri_tls_context *c, const char *first, const char *others)
{
    struct tri_tls_identity ids[NAMED_LEN];
    load_named(&ids[DEFAULT], common_names[DEFAULT], "DNS:localhost", first);
    load_named(&ids[EXACT], common_names[EXACT], "DNS:other.test,DNS:a.example.org", others);
    load_named(&ids[WILD], common_names[WILD], "DNS:*.example.org,DNS:localhost", others);
    struct tri_tls_certs *certs = NULL;
    assert_int_equal(tri_tls_certs_new(&certs, c, ids, NAMED_LEN, error_text), TRI_OK);
    tri_tls_context_serve(c, certs);
    for (size_t i = 0; i < NAMED_LEN; i++) {
        tri_tls_identity_deinit(&ids[i]);
    }
}

static void init_context(struct tri_tls_context *c, enum tri_tls_use use)
{
    assert_int_equal(tri_tls_context_init(c, use, &identity, TRI_HTTP_ALL, NULL, error_text),
                     TRI_OK);
}

/* The common name of the certificate that the client got. */
static const char *served_name(WOLFSSL *client)
{
    static char name[64];
    WOLFSSL_X509 *leaf = wolfSSL_get_peer_certificate(client);
    assert_non_null(leaf);
    assert_true(wolfSSL_X509_NAME_get_text_by_NID(wolfSSL_X509_get_subject_name(leaf),
                                                  WC_NID_commonName, name, sizeof name) > 0);
    wolfSSL_X509_free(leaf);
    return name;
}

static void ask_for(WOLFSSL *client, const char *name)
{
    if (name) {
        assert_int_equal(
            wolfSSL_UseSNI(client, WOLFSSL_SNI_HOST_NAME, name, (unsigned short)strlen(name)),
            WOLFSSL_SUCCESS);
    }
}

/* A client that asks for |name|, NULL for none, and a server; until both are open. */
struct tcp_pair {
    struct tri_tls_stream server;
    struct peer_tls client;
};

static void start_pair(struct tcp_pair *p, const struct tri_tls_context *c,
                       const struct peer_tls_options *options, const char *name)
{
    assert_int_equal(tri_tls_stream_init(&p->server, c, tri_alloc_heap()), TRI_OK);
    peer_tls_init(&p->client, options);
    ask_for(p->client.ssl, name);
}

static void run_pair(struct tcp_pair *p)
{
    for (int i = 0; i < 6; i++) {
        peer_tls_run(&p->client);
        feed_server(&p->server, &p->client);
        peer_tls_move(&p->client.in, &p->server.out);
    }
    assert_true(p->client.open);
    assert_int_equal(p->server.state, TRI_TLS_OPEN);
}

static void end_pair(struct tcp_pair *p)
{
    peer_tls_deinit(&p->client);
    tri_tls_stream_deinit(&p->server);
}

static const struct {
    const char *name;
    int served;
} name_cases[] = {
    {NULL, DEFAULT},           {"localhost", DEFAULT},       {"other.test", EXACT},
    {"a.example.org", EXACT},  {"b.example.org", WILD},      {"B.Example.ORG", WILD},
    {"unknown.test", DEFAULT}, {"a.b.example.org", DEFAULT},
};
#define NAME_CASES (sizeof name_cases / sizeof name_cases[0])

static void assert_served_by_name(const struct tri_tls_context *c,
                                  const struct peer_tls_options *options)
{
    for (size_t i = 0; i < NAME_CASES; i++) {
        struct tcp_pair p;
        start_pair(&p, c, options, name_cases[i].name);
        run_pair(&p);
        assert_string_equal(served_name(p.client.ssl), common_names[name_cases[i].served]);
        end_pair(&p);
    }
}

static void N6_the_server_name_chooses_among_keys_of_any_kind(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const char *const kinds[][2] = {{ecdsa, rsa}, {rsa, ecdsa}};
    for (size_t k = 0; k < 2; k++) {
        struct tri_tls_context c;
        init_context(&c, TRI_TLS_TCP);
        serve_named(&c, kinds[k][0], kinds[k][1]);
        for (size_t v = 0; v < 2; v++) {
            assert_served_by_name(&c, &(struct peer_tls_options){.version = versions[v]});
        }
        tri_tls_context_deinit(&c);
    }
}

static void N6_the_name_chooses_after_a_retry_of_the_hello_too(void **state)
{
    (void)state;
    struct tri_tls_context c;
    init_context(&c, TRI_TLS_TCP);
    serve_named(&c, ecdsa, ecdsa);
    /* The client's key share is for a group that the server does not have. */
    assert_served_by_name(
        &c, &(struct peer_tls_options){.version = TLS1_3_VERSION,
                                       .groups = {WOLFSSL_ECC_SECP384R1, WOLFSSL_ECC_SECP256R1}});
    tri_tls_context_deinit(&c);
}

static void N6_a_change_leaves_open_sessions_and_serves_the_next_hello(void **state)
{
    (void)state;
    struct tri_tls_context c;
    init_context(&c, TRI_TLS_TCP);
    serve_named(&c, ecdsa, ecdsa);
    struct tcp_pair open;
    struct tcp_pair begun; /* its ClientHello comes after the change */
    struct tcp_pair half;  /* between ServerHello and Finished */
    const struct peer_tls_options options = {.version = TLS1_3_VERSION};
    start_pair(&open, &c, &options, "other.test");
    run_pair(&open);
    start_pair(&begun, &c, &options, "other.test");
    start_pair(&half, &c, &options, "other.test");
    peer_tls_run(&half.client);
    feed_server(&half.server, &half.client);

    struct tri_tls_identity next;
    load_named(&next, "next", "DNS:next.test", ecdsa);
    struct tri_tls_certs *certs = NULL;
    assert_int_equal(tri_tls_certs_new(&certs, &c, &next, 1, error_text), TRI_OK);
    tri_tls_context_serve(&c, certs);
    tri_tls_identity_deinit(&next);

    peer_tls_move(&half.client.in, &half.server.out);
    run_pair(&half);
    assert_string_equal(served_name(half.client.ssl), common_names[EXACT]);
    run_pair(&begun);
    assert_string_equal(served_name(begun.client.ssl), "next");
    const struct tri_slice text = tri_slice_of_string("still here");
    assert_int_equal(tri_tls_stream_write(&open.server, &text, 1), TRI_OK);
    peer_tls_move(&open.client.in, &open.server.out);
    peer_tls_run(&open.client);
    assert_int_equal(tri_buf_peek(&open.client.received).len, text.len);
    end_pair(&open);
    end_pair(&begun);
    end_pair(&half);
    tri_tls_context_deinit(&c);
}

static void N6_a_pair_that_cannot_be_served_changes_nothing(void **state)
{
    (void)state;
    struct tri_tls_context c;
    init_context(&c, TRI_TLS_TCP);
    const struct tri_tls_certs *before = c.certs;
    struct tri_tls_identity ids[] = {identity, identity};
    ids[1].key_pem = identity.cert_pem;
    struct tri_tls_certs *certs = NULL;
    assert_int_equal(tri_tls_certs_new(&certs, &c, ids, 2, error_text), TRI_ERR_TLS);
    assert_non_null(strstr(error_text, "does not accept the certificate and its key"));
    assert_null(certs);
    assert_ptr_equal(c.certs, before);
    tri_tls_certs_free(NULL); /* harmless */
    tri_tls_context_deinit(&c);
}

/* ---- QUIC: wolfSSL on both sides, CRYPTO bytes carried by hand. RFC 9001 section 4 */

struct quic_end {
    WOLFSSL *ssl;
    struct quic_end *peer;
    int alert; /* sent; -1: none */
};

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
    const struct quic_end *end = wolfSSL_get_app_data(ssl);
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
    struct quic_end *end = wolfSSL_get_app_data(ssl);
    end->alert = alert;
    return 1;
}

static const WOLFSSL_QUIC_METHOD quic_method = {set_secrets, add_handshake_data, flush_flight,
                                                send_alert};

static void init_quic_end(struct quic_end *end, WOLFSSL *ssl, struct quic_end *peer)
{
    static const uint8_t params[] = {0x01, 0x02, 0x40, 0x64}; /* max_idle_timeout 100 */
    assert_non_null(ssl);
    *end = (struct quic_end){.ssl = ssl, .peer = peer, .alert = -1};
    wolfSSL_set_app_data(ssl, end);
    assert_int_equal(wolfSSL_set_quic_method(ssl, &quic_method), WOLFSSL_SUCCESS);
    assert_int_equal(wolfSSL_set_quic_transport_params(ssl, params, sizeof params),
                     WOLFSSL_SUCCESS);
}

struct quic_pair {
    struct tri_tls_context context;
    WOLFSSL_CTX *client_ctx;
    struct quic_end server, client;
    int server_done, client_done;
};

static void make_quic(struct quic_pair *p, struct tri_tls_keylog *keylog, const char *alpn)
{
    assert_int_equal(tri_tls_context_init(&p->context, TRI_TLS_QUIC, &identity, TRI_HTTP_ALL,
                                          keylog, error_text),
                     TRI_OK);
    p->client_ctx = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    wolfSSL_CTX_set_verify(p->client_ctx, WOLFSSL_VERIFY_NONE, NULL);
    init_quic_end(&p->server, tri_tls_context_session(&p->context), &p->client);
    init_quic_end(&p->client, wolfSSL_new(p->client_ctx), &p->server);
    wolfSSL_KeepArrays(p->client.ssl);
    if (alpn) {
        char list[32];
        (void)snprintf(list, sizeof list, "%s", alpn);
        wolfSSL_UseALPN(p->client.ssl, list, (unsigned)strlen(list),
                        WOLFSSL_ALPN_CONTINUE_ON_MISMATCH);
    }
}

static void open_quic(struct quic_pair *p, const char *name)
{
    ask_for(p->client.ssl, name);
    for (int i = 0; i < 4; i++) {
        p->client_done = wolfSSL_quic_do_handshake(p->client.ssl);
        p->server_done = wolfSSL_quic_do_handshake(p->server.ssl);
    }
}

static void run_quic(struct quic_pair *p, struct tri_tls_keylog *keylog, const char *alpn)
{
    make_quic(p, keylog, alpn);
    open_quic(p, NULL);
}

static void end_quic(struct quic_pair *p)
{
    wolfSSL_free(p->client.ssl);
    wolfSSL_free(p->server.ssl);
    wolfSSL_CTX_free(p->client_ctx);
    tri_tls_context_deinit(&p->context);
}

static void N2_quic_agrees_on_h3(void **state)
{
    (void)state;
    struct quic_pair p;
    run_quic(&p, NULL, "h3-29,h3");
    assert_int_equal(p.client_done, WOLFSSL_SUCCESS);
    assert_int_equal(p.server_done, WOLFSSL_SUCCESS);
    char *name = NULL;
    word16 len = 0;
    assert_int_equal(wolfSSL_ALPN_GetProtocol(p.server.ssl, &name, &len), WOLFSSL_SUCCESS);
    assert_int_equal(len, 2);
    assert_memory_equal(name, "h3", 2);
    assert_string_equal(tri_tls_version_name(p.server.ssl), "TLS 1.3");
    assert_string_equal(tri_tls_cipher_name(p.server.ssl), "TLS_AES_128_GCM_SHA256");
    end_quic(&p);
}

static void N2_quic_without_h3_in_common_gets_alert_120(void **state)
{
    (void)state;
    static const char *const offers[] = {"h2", "http/1.1,foo", NULL};
    for (size_t i = 0; i < 3; i++) {
        struct quic_pair p;
        run_quic(&p, NULL, offers[i]);
        assert_int_not_equal(p.server_done, WOLFSSL_SUCCESS);
        assert_int_equal(p.server.alert, 120); /* RFC 9001 section 8.1 */
        end_quic(&p);
    }
}

static void logs_the_keys_of_quic(void **state)
{
    (void)state;
    struct tri_tls_keylog *keylog = tri_tls_keylog_open(keylog_file);
    assert_non_null(keylog);
    struct quic_pair p;
    run_quic(&p, keylog, "h3");
    assert_int_equal(p.server_done, WOLFSSL_SUCCESS);
    char log[4096];
    take_keylog(log, sizeof log);
    for (size_t i = 0; i < 4; i++) {
        assert_logged(log, secrets_13[i], p.client.ssl, 32);
    }
    end_quic(&p);
    tri_tls_keylog_close(keylog);
}

static void N6_the_server_name_chooses_on_quic_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAME_CASES; i++) {
        struct quic_pair p;
        make_quic(&p, NULL, "h3");
        serve_named(&p.context, rsa, ecdsa);
        open_quic(&p, name_cases[i].name);
        assert_int_equal(p.server_done, WOLFSSL_SUCCESS);
        assert_string_equal(served_name(p.client.ssl), common_names[name_cases[i].served]);
        end_quic(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_what_it_offers),
        cmocka_unit_test(refuses_an_identity_that_is_no_pair),
        cmocka_unit_test(logs_the_keys_of_tls_13),
        cmocka_unit_test(logs_the_keys_of_tls_12_and_of_its_resumption),
        cmocka_unit_test(N6_the_server_name_chooses_among_keys_of_any_kind),
        cmocka_unit_test(N6_the_name_chooses_after_a_retry_of_the_hello_too),
        cmocka_unit_test(N6_a_change_leaves_open_sessions_and_serves_the_next_hello),
        cmocka_unit_test(N6_a_pair_that_cannot_be_served_changes_nothing),
        cmocka_unit_test(N6_the_server_name_chooses_on_quic_too),
        cmocka_unit_test(N2_quic_agrees_on_h3),
        cmocka_unit_test(N2_quic_without_h3_in_common_gets_alert_120),
        cmocka_unit_test(logs_the_keys_of_quic),
    };
    return cmocka_run_group_tests(tests, make_identity, drop_identity);
}
