/*
 * The client's end of TLS against the server's own, in memory: whom it trusts, what it offers, how it
 * fails, what it resumes. And its handshakes with the openssl program's server, over TCP.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base_addr.h"
#include "peer_tls.h"
#include "run_program.h"
#include "test_alloc.h"
#include "tls_client.h"
#include "tls_file.h"
#include "tls_stream.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct peer_tls_files files;

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", files.folder, name);
    return path;
}

/*
 * An authority, and what it signed, with one key for all but ca2.pem: good.pem, cn.pem (a common
 * name alone), middle.pem (a "*" where none may be), reader.pem (for clients alone), expired.pem,
 * early.pem, ca2.pem and, by that, under.pem.
 */
static const char making[] =
    "set -e; exec >make.log 2>&1\n"
    "K='-key key.pem'\n"
    "openssl req -x509 $K -days 3 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE -out "
    "ca.pem\n"
    "sign() { openssl req -new $K -subj /CN=$3 -out s.csr; printf \"$4\" >s.ext; "
    "openssl x509 -req -in s.csr -CA $2 -CAkey key.pem -CAcreateserial -days $5 -extfile s.ext -out "
    "$1; }\n"
    "sign good.pem ca.pem x 'subjectAltName=DNS:server.example,DNS:*.wild.example,DNS:web,"
    "IP:127.0.0.1,IP:::1,email:mail.example' 2\n"
    "sign cn.pem ca.pem cn.example 'basicConstraints=CA:FALSE' 2\n"
    "sign middle.pem ca.pem x 'subjectAltName=DNS:a*.example,DNS:*' 2\n"
    "sign reader.pem ca.pem x 'subjectAltName=DNS:server.example\nextendedKeyUsage=clientAuth' 2\n"
    "sign expired.pem ca.pem x 'subjectAltName=DNS:server.example' -1\n"
    "K2='-key k3.pem'; openssl ecparam -name prime256v1 -genkey -noout -out k3.pem\n"
    "openssl req -new $K2 -subj /CN=second -out s.csr\n"
    "printf 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash' >s.ext\n"
    "openssl x509 -req -in s.csr -CA ca.pem -CAkey key.pem -days 2 -extfile s.ext -out ca2.pem\n"
    "openssl req -new $K -subj /CN=x -out s.csr; echo subjectAltName=DNS:server.example >s.ext\n"
    "openssl x509 -req -in s.csr -CA ca2.pem -CAkey k3.pem -CAcreateserial -days 2 -extfile s.ext "
    "-out under.pem; cat ca2.pem >>under.pem\n"
    "openssl req -new $K -subj /CN=early -out s.csr\n"
    "printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\n"
    "default_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' >ca.cnf; : >index; echo 01 >serial\n"
    "echo subjectAltName=DNS:server.example >s.ext\n"
    "openssl ca -batch -config ca.cnf -cert ca.pem -keyfile key.pem -in s.csr -extfile s.ext "
    "-startdate 20890102000000Z -enddate 20900101000000Z -notext -out early.pem\n"
    "cat expired.pem ca.pem >mixed.pem; echo nothing >no.pem; : >empty.pem\n"
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k2.pem -days 3 -subj "
    "/CN=stranger -out stranger.pem\n";

static int make_files(void **state)
{
    (void)state;
    peer_tls_files_make(&files);
    char line[8192];
    char out[4096];
    (void)snprintf(line, sizeof line, "cd '%s'\n%s", files.folder, making);
    return run_shell(line, out, sizeof out) == 0 ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    peer_tls_files_remove(&files);
    return 0;
}

/* ---- a server with any certificate, and a handshake with it */

static void read_into(struct tri_buf *out, const char *file)
{
    tri_buf_init(out, tri_alloc_heap(), TRI_TLS_FILE_BYTES_MAX);
    assert_int_equal(tri_tls_file_read(out, file), TRI_OK);
}

static void open_server(struct tri_tls_context *out, enum tri_tls_use use, const char *cert,
                        unsigned versions)
{
    char error[TRI_TLS_ERROR_MAX];
    struct tri_tls_identity id = {0};
    tri_buf_init(&id.hosts, tri_alloc_heap(), 4096); /* that load reads, which minds dates */
    read_into(&id.cert_pem, in_folder(cert));
    read_into(&id.key_pem, files.key);
    enum tri_err err = tri_tls_context_init(out, use, &id, versions, NULL, error);
    if (err) {
        fail_msg("%s: %s", cert, error);
    }
    tri_tls_identity_deinit(&id);
}

static void open_client(struct tri_tls_client *out, const char *ca)
{
    char error[TRI_TLS_ERROR_MAX];
    const struct tri_tls_trust trust = {.ca_file = ca, .insecure = ca == NULL};
    if (tri_tls_client_init(out, TRI_TLS_TCP, &trust, NULL, error) != TRI_OK) {
        fail_msg("%s", error);
    }
}

struct ends {
    struct tri_tls_stream client, server;
    struct tri_buf client_got, server_got;
    int flights; /* of the client's, until its handshake was done */
};

/* Carries all that |from| has for |to|. */
static bool carry(struct tri_tls_stream *from, struct tri_tls_stream *to, struct tri_buf *got)
{
    struct tri_buf moved;
    tri_buf_init(&moved, tri_alloc_heap(), (size_t)1 << 24);
    if (peer_tls_move(&moved, &from->out) == 0) {
        return false;
    }
    struct tri_slice held = tri_buf_peek(&moved);
    enum tri_err err = tri_tls_stream_feed(to, held.data, held.len);
    uint8_t plain[1000];
    size_t len = 0;
    while (!err && !(err = tri_tls_stream_read(to, plain, sizeof plain, &len))) {
        assert_int_equal(tri_buf_append(got, plain, len), TRI_OK);
    }
    assert_true(err == TRI_AGAIN || (err == TRI_ERR_TLS && to->state == TRI_TLS_FAILED));
    tri_buf_deinit(&moved);
    return true;
}

static void run_ends(struct ends *e)
{
    bool moved = true;
    while (moved) {
        bool shaking = e->client.state == TRI_TLS_HANDSHAKE;
        moved = carry(&e->client, &e->server, &e->server_got);
        e->flights += shaking && moved;
        moved = carry(&e->server, &e->client, &e->client_got) || moved;
    }
}

static void shake(struct ends *e, const struct tri_tls_context *context,
                  const struct tri_tls_dial *dial)
{
    *e = (struct ends){0};
    tri_buf_init(&e->client_got, tri_alloc_heap(), (size_t)1 << 24);
    tri_buf_init(&e->server_got, tri_alloc_heap(), (size_t)1 << 24);
    assert_int_equal(tri_tls_stream_init(&e->server, context, tri_alloc_heap()), TRI_OK);
    assert_int_equal(tri_tls_stream_dial(&e->client, dial, tri_alloc_heap()), TRI_OK);
    assert_true(tri_buf_peek(&e->client.out).len > 0); /* the ClientHello */
    run_ends(e);
}

static void close_ends(struct ends *e)
{
    tri_tls_stream_deinit(&e->client);
    tri_tls_stream_deinit(&e->server);
    tri_buf_deinit(&e->client_got);
    tri_buf_deinit(&e->server_got);
}

#define BOTH ((unsigned)(TRI_HTTP_1_1 | TRI_HTTP_2))

/* ---- whom it trusts */

static const char for_another[] = "the certificate is for another host";
static const char not_allowed[] = "the certificate, or who signed it, is not allowed to do so";
static const char unsigned_by_us[] = "the certificate is not signed by anyone trusted";

static const struct trust_case {
    const char *cert, *host, *ca; /* |ca| NULL: insecure */
    const char *text;             /* "": good */
} trust_cases[] = {
    /* the certificate that is made is trusted where it is given as its own authority */
    {"cert.pem", "localhost", "cert.pem", ""},
    {"cert.pem", "LocalHost", "cert.pem", ""},
    {"cert.pem", "127.0.0.1", "cert.pem", ""},
    {"cert.pem", "::1", "cert.pem", ""},
    {"cert.pem", "0:0:0:0:0:0:0:1", "cert.pem", ""},
    {"cert.pem", "::1%lo", "cert.pem", ""},
    {"cert.pem", "127.0.0.2", "cert.pem", for_another},
    {"cert.pem", "::2", "cert.pem", for_another},
    {"cert.pem", "example.org", "cert.pem", for_another},
    {"cert.pem", "localhost", "ca.pem", unsigned_by_us},
    {"cert.pem", "localhost", NULL, ""},
    {"cert.pem", "example.org", NULL, ""},
    {"cert.pem", "192.0.2.7", NULL, ""},
    /* one that an authority signed */
    {"good.pem", "server.example", "ca.pem", ""},
    {"good.pem", "server.example", "good.pem", unsigned_by_us}, /* its signer is not there */
    {"good.pem", "server.example.", "ca.pem", ""},
    {"good.pem", "SERVER.example", "ca.pem", ""},
    {"good.pem", "a.wild.example", "ca.pem", ""},
    {"good.pem", "web", "ca.pem", ""},
    {"good.pem", "127.0.0.1", "ca.pem", ""},
    {"good.pem", "wild.example", "ca.pem", for_another},
    {"good.pem", "a.b.wild.example", "ca.pem", for_another},
    {"good.pem", "mail.example", "ca.pem", for_another},
    {"good.pem", "other", "ca.pem", for_another},
    {"good.pem", "server.example", "cert.pem", unsigned_by_us},
    {"good.pem", "server.example", "stranger.pem", unsigned_by_us},
    {"under.pem", "server.example", "ca.pem", ""},
    {"under.pem", "server.example", "stranger.pem", unsigned_by_us},
    {"ca.pem", "authority", "stranger.pem", unsigned_by_us},
    {"cn.pem", "cn.example", "ca.pem", for_another}, /* RFC 9525 section 2: no common names */
    {"middle.pem", "ab.example", "ca.pem", for_another},
    {"middle.pem", "web", "ca.pem", for_another},
    {"reader.pem", "server.example", "ca.pem", not_allowed},
    {"expired.pem", "server.example", "ca.pem", "the certificate has expired"},
    {"early.pem", "server.example", "ca.pem", "the certificate is not valid yet"},
    {"expired.pem", "server.example", NULL, ""},
    {"good.pem", "server.example", "mixed.pem", ""},
};

static void a_certificate_is_trusted_only_if_it_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trust_cases / sizeof trust_cases[0]; i++) {
        const struct trust_case *t = &trust_cases[i];
        struct tri_tls_context context;
        struct tri_tls_client client;
        open_server(&context, TRI_TLS_TCP, t->cert, TRI_HTTP_ALL);
        open_client(&client, t->ca ? in_folder(t->ca) : NULL);
        struct ends e;
        shake(&e, &context, &(struct tri_tls_dial){&client, t->host, BOTH, NULL});
        const char *text = tri_tls_stream_error_text(&e.client);
        bool good = t->text[0] == '\0';
        if (strcmp(text, t->text) != 0 ||
            e.client.state != (good ? TRI_TLS_OPEN : TRI_TLS_FAILED) ||
            tri_tls_stream_is_certificate_fault(&e.client) == good) {
            fail_msg("%s for %s by %s: \"%s\" (%d)", t->cert, t->host, t->ca, text, e.client.error);
        }
        assert_int_equal(e.server.state, e.client.state);
        assert_false(tri_tls_stream_is_version_fault(&e.client));
        close_ends(&e);
        tri_tls_client_deinit(&client);
        tri_tls_context_deinit(&context);
    }
}

static void tells_what_is_wrong_with_a_file_of_certificates(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum tri_err err;
        const char *text;
    } cases[] = {
        {"missing.pem", TRI_ERR_NOT_FOUND, "there is no file "},
        {"no.pem", TRI_ERR_TLS, "holds no certificate that is valid now"},
        {"empty.pem", TRI_ERR_TLS, "holds no certificate that is valid now"},
        {"key.pem", TRI_ERR_TLS, "holds no certificate that is valid now"},
        {"expired.pem", TRI_ERR_TLS, "holds no certificate that is valid now"},
        {".", TRI_ERR_TLS, "cannot be read: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tri_tls_client client;
        char error[TRI_TLS_ERROR_MAX] = "";
        const struct tri_tls_trust trust = {.ca_file = in_folder(cases[i].file)};
        enum tri_err err = tri_tls_client_init(&client, TRI_TLS_TCP, &trust, NULL, error);
        if (err != cases[i].err || !strstr(error, cases[i].text) || !strstr(error, cases[i].file)) {
            fail_msg("%s: %d \"%s\"", cases[i].file, err, error);
        }
        assert_null(client.ctx);
        tri_tls_client_deinit(&client); /* harmless */
    }
}

static void the_systems_certificates_are_trusted_without_a_file(void **state)
{
    (void)state;
    struct tri_tls_context context;
    open_server(&context, TRI_TLS_TCP, "good.pem", TRI_HTTP_ALL);
    static const struct {
        const char *file, *text; /* NULL: the system's own */
    } cases[] = {{"ca.pem", ""}, {NULL, unsigned_by_us}};
    for (size_t i = 0; i < 2; i++) {
        struct tri_tls_client client;
        struct ends e;
        char error[TRI_TLS_ERROR_MAX];
        if (cases[i].file) {
            setenv("SSL_CERT_FILE", in_folder(cases[i].file), 1);
        } else {
            unsetenv("SSL_CERT_FILE");
        }
        enum tri_err err =
            tri_tls_client_init(&client, TRI_TLS_TCP, &(struct tri_tls_trust){0}, NULL, error);
        if (err == TRI_ERR_NOT_FOUND && !cases[i].file) {
            assert_non_null(strstr(error, "install ca-certificates"));
            continue;
        }
        assert_int_equal(err, TRI_OK);
        shake(&e, &context, &(struct tri_tls_dial){&client, "server.example", BOTH, NULL});
        assert_string_equal(tri_tls_stream_error_text(&e.client), cases[i].text);
        close_ends(&e);
        tri_tls_client_deinit(&client);
    }
    setenv("SSL_CERT_FILE", in_folder("missing.pem"), 1);
    struct tri_tls_client client;
    char error[TRI_TLS_ERROR_MAX];
    assert_int_equal(
        tri_tls_client_init(&client, TRI_TLS_TCP, &(struct tri_tls_trust){0}, NULL, error),
        TRI_ERR_NOT_FOUND);
    unsetenv("SSL_CERT_FILE");
    tri_tls_context_deinit(&context);
}

/* ---- what it offers */

static void offers_the_versions_it_is_told_to(void **state)
{
    (void)state;
    static const struct {
        unsigned server, client;
        const char *alpn; /* NULL: none in common */
    } cases[] = {
        {BOTH, BOTH, "h2"},
        {BOTH, TRI_HTTP_2, "h2"},
        {BOTH, TRI_HTTP_1_1, "http/1.1"},
        {BOTH, TRI_HTTP_ALL, "h2"},
        {TRI_HTTP_1_1, BOTH, "http/1.1"},
        {TRI_HTTP_2, BOTH, "h2"},
        {TRI_HTTP_2, TRI_HTTP_1_1, NULL},
        {TRI_HTTP_1_1, TRI_HTTP_2, NULL},
    };
    struct tri_tls_client client;
    open_client(&client, files.cert);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tri_tls_context context;
        struct ends e;
        open_server(&context, TRI_TLS_TCP, "cert.pem", cases[i].server);
        shake(&e, &context, &(struct tri_tls_dial){&client, "localhost", cases[i].client, NULL});
        assert_int_equal(e.client.state, cases[i].alpn ? TRI_TLS_OPEN : TRI_TLS_FAILED);
        assert_int_equal(tri_tls_stream_is_version_fault(&e.client), cases[i].alpn == NULL);
        assert_false(tri_tls_stream_is_certificate_fault(&e.client));
        if (cases[i].alpn) {
            assert_string_equal(tri_tls_stream_alpn(&e.client), cases[i].alpn);
        } else {
            assert_string_equal(tri_tls_stream_error_text(&e.client),
                                "the server speaks none of the HTTP versions asked for");
        }
        close_ends(&e);
        tri_tls_context_deinit(&context);
    }
    tri_tls_client_deinit(&client);
}

static bool hello_holds(struct tri_tls_stream *t, const void *what, size_t len)
{
    struct tri_slice hello = tri_buf_peek(&t->out);
    return memmem(hello.data, hello.len, what, len) != NULL;
}

static void a_name_is_sent_and_an_address_is_not(void **state)
{
    (void)state;
    struct tri_tls_client client;
    open_client(&client, files.cert);
    static const struct {
        const char *host, *sent; /* NULL: no server_name at all */
    } cases[] = {{"server.example", "server.example"},
                 {"server.example.", "server.example"},
                 {"localhost", "localhost"},
                 {"1.2.3", "1.2.3"},
                 {"127.0.0.1", NULL},
                 {"::1", NULL},
                 {"fe80::1%eth0", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tri_tls_stream t;
        assert_int_equal(
            tri_tls_stream_dial(&t, &(struct tri_tls_dial){&client, cases[i].host, BOTH, NULL},
                                tri_alloc_heap()),
            TRI_OK);
        if (cases[i].sent) {
            uint8_t name[64] = {0, 0,
                                (uint8_t)strlen(cases[i].sent)}; /* host_name and its length */
            memcpy(name + 3, cases[i].sent, name[2]);
            assert_true(hello_holds(&t, name, 3u + name[2]));
            assert_false(hello_holds(&t, "example.", 8) && !strstr(cases[i].sent, "example"));
        } else {
            assert_false(hello_holds(&t, cases[i].host, strlen(cases[i].host)));
        }
        tri_tls_stream_deinit(&t);
    }
    tri_tls_client_deinit(&client);
}

static void N1_a_handshake_takes_one_round_trip_and_the_post_quantum_group(void **state)
{
    (void)state;
    struct tri_tls_context context;
    struct tri_tls_client client;
    struct ends e;
    open_server(&context, TRI_TLS_TCP, "cert.pem", TRI_HTTP_ALL);
    open_client(&client, files.cert);
    shake(&e, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, NULL});
    assert_int_equal(e.flights, 1); /* the ClientHello; Finished goes when it is done */
    assert_string_equal(tri_tls_version_name(e.client.ssl), "TLS 1.3");
    assert_string_equal(tri_tls_group_name(e.client.ssl), "X25519MLKEM768");
    assert_string_equal(tri_tls_cipher_name(e.client.ssl), "TLS_AES_128_GCM_SHA256");
    close_ends(&e);
    tri_tls_client_deinit(&client);
    tri_tls_context_deinit(&context);
}

static void data_goes_both_ways_and_closes_in_order(void **state)
{
    (void)state;
    struct tri_tls_context context;
    struct tri_tls_client client;
    struct ends e;
    open_server(&context, TRI_TLS_TCP, "cert.pem", TRI_HTTP_ALL);
    open_client(&client, files.cert);
    shake(&e, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, NULL});
    static uint8_t bytes[100000];
    memset(bytes, 'x', sizeof bytes);
    const struct tri_slice all = tri_slice_of(bytes, sizeof bytes);
    assert_int_equal(tri_tls_stream_write(&e.client, &all, 1), TRI_OK);
    assert_int_equal(tri_tls_stream_write(&e.server, &all, 1), TRI_OK);
    run_ends(&e);
    assert_int_equal(tri_buf_peek(&e.client_got).len, sizeof bytes);
    assert_int_equal(tri_buf_peek(&e.server_got).len, sizeof bytes);
    tri_tls_stream_close(&e.client);
    run_ends(&e);
    assert_true(e.server.peer_closed);
    tri_tls_stream_close(&e.server);
    run_ends(&e);
    assert_true(e.client.peer_closed);
    close_ends(&e);
    tri_tls_client_deinit(&client);
    tri_tls_context_deinit(&context);
}

/* ---- resumption */

static void a_ticket_resumes_for_the_same_host_and_is_taken_once(void **state)
{
    (void)state;
    struct tri_tls_context context;
    struct tri_tls_client client;
    open_server(&context, TRI_TLS_TCP, "cert.pem", TRI_HTTP_ALL);
    open_client(&client, files.cert);
    WOLFSSL_SESSION *session = NULL;
    for (int round = 0; round < 4; round++) {
        struct ends e;
        shake(&e, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, session});
        assert_int_equal(e.client.state, TRI_TLS_OPEN);
        assert_int_equal(tri_tls_stream_is_resumed(&e.client), round > 0);
        assert_int_equal(tri_tls_stream_is_resumed(&e.server), round > 0);
        assert_string_equal(tri_tls_group_name(e.client.ssl), "X25519MLKEM768");
        assert_string_equal(tri_tls_stream_alpn(&e.client), "h2");
        assert_int_equal(e.flights, 1);
        wolfSSL_SESSION_free(session);
        session = tri_tls_stream_take_session(&e.client);
        assert_non_null(session);
        assert_null(tri_tls_stream_take_session(&e.client));
        close_ends(&e);
    }
    wolfSSL_SESSION_free(session);
    tri_tls_client_deinit(&client);
    tri_tls_context_deinit(&context);
}

static void one_session_serves_several_connections_at_a_time(void **state)
{
    (void)state;
    struct tri_tls_context context;
    struct tri_tls_client client;
    struct ends first, one, two;
    open_server(&context, TRI_TLS_TCP, "cert.pem", TRI_HTTP_ALL);
    open_client(&client, files.cert);
    shake(&first, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, NULL});
    WOLFSSL_SESSION *session = tri_tls_stream_take_session(&first.client);
    uint8_t before[64], after[64];
    size_t len = wolfSSL_SESSION_get_master_key(session, before, sizeof before);
    assert_true(len > 0);
    shake(&one, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, session});
    shake(&two, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, session});
    /* Their new tickets are not in it. */
    assert_int_equal(wolfSSL_SESSION_get_master_key(session, after, sizeof after), len);
    assert_memory_equal(before, after, len);
    wolfSSL_SESSION_free(session);
    assert_true(tri_tls_stream_is_resumed(&one.client));
    assert_true(tri_tls_stream_is_resumed(&two.client));
    close_ends(&first);
    close_ends(&one);
    close_ends(&two);
    tri_tls_client_deinit(&client);
    tri_tls_context_deinit(&context);
}

static void a_ticket_that_nobody_knows_leads_to_a_full_handshake(void **state)
{
    (void)state;
    struct tri_tls_context contexts[2];
    struct tri_tls_client client;
    open_client(&client, files.cert);
    WOLFSSL_SESSION *session = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct ends e;
        open_server(&contexts[i], TRI_TLS_TCP, "cert.pem", TRI_HTTP_ALL);
        shake(&e, &contexts[i], &(struct tri_tls_dial){&client, "localhost", BOTH, session});
        assert_int_equal(e.client.state, TRI_TLS_OPEN);
        assert_false(tri_tls_stream_is_resumed(&e.client));
        wolfSSL_SESSION_free(session);
        session = tri_tls_stream_take_session(&e.client);
        assert_non_null(session);
        close_ends(&e);
        tri_tls_context_deinit(&contexts[i]);
    }
    wolfSSL_SESSION_free(session);
    tri_tls_client_deinit(&client);
}

/* ---- with the openssl program's server */

struct openssl {
    pid_t pid;
    int output;
    struct tri_addr addr;
};

/* Runs `openssl s_server |options|` for |accepts| connections. */
static void start_openssl(struct openssl *o, const char *options, int accepts)
{
    assert_int_equal(tri_addr_parse(&o->addr, "127.0.0.1:0"), TRI_OK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof o->addr.in;
    assert_int_equal(bind(fd, &o->addr.sa, o->addr.len), 0);
    assert_int_equal(getsockname(fd, &o->addr.sa, &len), 0);
    close(fd);
    char line[512];
    (void)snprintf(line, sizeof line,
                   "cd '%s' && exec openssl s_server -accept 127.0.0.1:%u -naccept %d -quiet %s %s",
                   files.folder, tri_addr_port(&o->addr), accepts,
                   strstr(options, "-cert") ? "" : "-cert cert.pem -key key.pem", options);
    const char *const argv[] = {"sh", "-c", line, NULL};
    o->pid = start_program(argv, -1, &o->output);
    assert_true(o->pid > 0);
}

static void end_openssl(struct openssl *o)
{
    char out[4096];
    kill(o->pid, SIGTERM); /* if it waits still */
    (void)finish_program(o->pid, o->output, out, sizeof out);
}

static int connect_patiently(const struct tri_addr *to)
{
    for (int tries = 0; tries < 2000; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, &to->sa, to->len) == 0) {
            return fd;
        }
        close(fd);
        usleep(5000);
    }
    fail_msg("openssl does not listen");
    return -1;
}

/* Sends all of |t|; then feeds it once. False: the server has closed. */
static bool step_over_tcp(struct tri_tls_stream *t, int fd)
{
    struct tri_slice out = tri_buf_peek(&t->out);
    if (out.len > 0) {
        (void)!write(fd, out.data, out.len);
        tri_buf_consume(&t->out, out.len);
    }
    uint8_t bytes[65536];
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got > 0) {
        enum tri_err err = tri_tls_stream_feed(t, bytes, (size_t)got);
        uint8_t plain[1000];
        size_t len = 0;
        while (!err) {
            err = tri_tls_stream_read(t, plain, sizeof plain, &len);
        }
    }
    return got > 0;
}

/* What was agreed on: "version group alpn flights[ resumed]"; or the error. |session| as both
 * ways: to resume, and the new one. */
static void connect_to_openssl(struct openssl *o, const struct tri_tls_client *client,
                               WOLFSSL_SESSION **session, char *out, size_t max)
{
    struct tri_tls_stream t;
    const struct tri_tls_dial dial = {client, "localhost", BOTH, session ? *session : NULL};
    assert_int_equal(tri_tls_stream_dial(&t, &dial, tri_alloc_heap()), TRI_OK);
    int fd = connect_patiently(&o->addr);
    const struct timeval patience = {.tv_usec = 300 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int flights = 0;
    while (t.state == TRI_TLS_HANDSHAKE) {
        flights += tri_buf_peek(&t.out).len > 0;
        if (!step_over_tcp(&t, fd)) {
            break;
        }
    }
    (void)snprintf(out, max, "%s", tri_tls_stream_error_text(&t));
    if (t.state == TRI_TLS_OPEN) {
        (void)snprintf(out, max, "%s %s %s %d%s", tri_tls_version_name(t.ssl),
                       tri_tls_group_name(t.ssl), tri_tls_stream_alpn(&t), flights,
                       tri_tls_stream_is_resumed(&t) ? " resumed" : "");
    }
    if (session) {
        (void)step_over_tcp(&t, fd); /* tickets */
        wolfSSL_SESSION_free(*session);
        *session = tri_tls_stream_take_session(&t);
    }
    close(fd);
    tri_tls_stream_deinit(&t);
}

static void handshakes_work_with_openssl(void **state)
{
    (void)state;
    static const struct {
        const char *options, *want;
    } cases[] = {
        {"-alpn h2,http/1.1 -tls1_3 -groups X25519", "TLS 1.3 X25519 h2 1"},
        {"-alpn http/1.1 -tls1_3 -groups P-256", "TLS 1.3 P-256 http/1.1 2"},
        {"-tls1_3 -groups X25519", "TLS 1.3 X25519 http/1.1 1"},
        {"-alpn h2 -tls1_2", "TLS 1.2 X25519 h2 2"},
        {"-alpn h2 -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA",
         "the peer found no suite or group in common"},
        {"-alpn spdy -tls1_3", "the server speaks none of the HTTP versions asked for"},
        {"-cert stranger.pem -key k2.pem", "the certificate is not signed by anyone trusted"},
    };
    struct tri_tls_client client;
    open_client(&client, files.cert);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct openssl o;
        char got[256];
        start_openssl(&o, cases[i].options, 1);
        connect_to_openssl(&o, &client, NULL, got, sizeof got);
        end_openssl(&o);
        if (strcmp(got, cases[i].want) != 0) {
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].options, got, cases[i].want);
        }
    }
    tri_tls_client_deinit(&client);
}

static void openssls_tickets_resume(void **state)
{
    (void)state;
    static const struct {
        const char *options, *want[2];
    } cases[] = {
        {"-alpn h2 -tls1_3", {"TLS 1.3 X25519 h2 1", "TLS 1.3 X25519 h2 1 resumed"}},
        {"-alpn h2 -tls1_2", {"TLS 1.2 X25519 h2 2", "TLS 1.2  h2 1 resumed"}},
    };
    struct tri_tls_client client;
    open_client(&client, files.cert);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct openssl o;
        WOLFSSL_SESSION *session = NULL;
        start_openssl(&o, cases[i].options, 2);
        for (int round = 0; round < 2; round++) {
            char got[256];
            connect_to_openssl(&o, &client, &session, got, sizeof got);
            assert_string_equal(got, cases[i].want[round]);
        }
        wolfSSL_SESSION_free(session);
        end_openssl(&o);
    }
    tri_tls_client_deinit(&client);
}

/* ---- keys for analysers, and memory */

static size_t count_lines(const char *file, const char *start)
{
    struct tri_buf text;
    read_into(&text, file);
    assert_int_equal(tri_buf_append(&text, "", 1), TRI_OK);
    size_t count = 0;
    const char *at = (const char *)tri_buf_peek(&text).data;
    while ((at = strstr(at, start))) {
        count++;
        at++;
    }
    tri_buf_deinit(&text);
    return count;
}

static void keys_are_logged(void **state)
{
    (void)state;
    const char *file = in_folder("keys.log");
    struct tri_tls_keylog *keylog = tri_tls_keylog_open(file);
    assert_non_null(keylog);
    struct tri_tls_client client;
    char error[TRI_TLS_ERROR_MAX];
    const struct tri_tls_trust trust = {.insecure = true};
    assert_int_equal(tri_tls_client_init(&client, TRI_TLS_TCP, &trust, keylog, error), TRI_OK);
    struct tri_tls_context context;
    struct ends e;
    open_server(&context, TRI_TLS_TCP, "cert.pem", TRI_HTTP_ALL);
    shake(&e, &context, &(struct tri_tls_dial){&client, "localhost", BOTH, NULL});
    close_ends(&e);
    tri_tls_context_deinit(&context);
    assert_int_equal(count_lines(file, "CLIENT_TRAFFIC_SECRET_0 "), 1);
    assert_int_equal(count_lines(file, "SERVER_TRAFFIC_SECRET_0 "), 1);
    struct openssl o;
    char got[256];
    start_openssl(&o, "-tls1_2", 1);
    connect_to_openssl(&o, &client, NULL, got, sizeof got);
    end_openssl(&o);
    assert_int_equal(count_lines(file, "CLIENT_RANDOM "), 1);
    tri_tls_client_deinit(&client);
    tri_tls_keylog_close(keylog);
}

static void dialling_survives_each_failing_allocation(void **state)
{
    (void)state;
    struct tri_tls_client client;
    open_client(&client, NULL);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        struct tri_tls_stream t;
        test_alloc_init(&memory);
        memory.fail_at = n;
        enum tri_err err = tri_tls_stream_dial(
            &t, &(struct tri_tls_dial){&client, "localhost", BOTH, NULL}, &memory.alloc);
        failed = test_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (!err) {
            tri_tls_stream_deinit(&t);
        }
        assert_int_equal(memory.live, 0);
    }
    tri_tls_client_deinit(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_trusted_only_if_it_should_be),
        cmocka_unit_test(tells_what_is_wrong_with_a_file_of_certificates),
        cmocka_unit_test(the_systems_certificates_are_trusted_without_a_file),
        cmocka_unit_test(offers_the_versions_it_is_told_to),
        cmocka_unit_test(a_name_is_sent_and_an_address_is_not),
        cmocka_unit_test(N1_a_handshake_takes_one_round_trip_and_the_post_quantum_group),
        cmocka_unit_test(data_goes_both_ways_and_closes_in_order),
        cmocka_unit_test(a_ticket_resumes_for_the_same_host_and_is_taken_once),
        cmocka_unit_test(one_session_serves_several_connections_at_a_time),
        cmocka_unit_test(a_ticket_that_nobody_knows_leads_to_a_full_handshake),
        cmocka_unit_test(handshakes_work_with_openssl),
        cmocka_unit_test(openssls_tickets_resume),
        cmocka_unit_test(keys_are_logged),
        cmocka_unit_test(dialling_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
