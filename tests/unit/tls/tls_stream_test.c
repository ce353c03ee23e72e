/* TLS in memory against a wolfSSL client: handshake, ALPN, data both ways, closing, failing. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer_tls.h"
#include "test_alloc.h"
#include "tls_context.h"
#include "tls_stream.h"

#include <stdlib.h>

struct pair {
    struct test_alloc memory;
    struct tri_tls_stream server;
    struct peer_tls client;
    struct tri_buf received; /* plaintext that the server read */
    enum tri_err err;        /* the first error of the server */
    size_t step;             /* bytes of ciphertext fed at a time; 0: all there is */
};

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static struct tri_tls_context context;

static int make_context(void **state)
{
    (void)state;
    char error[TRI_TLS_ERROR_MAX];
    peer_tls_files_make(&files);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error), TRI_OK);
    assert_int_equal(
        tri_tls_context_init(&context, TRI_TLS_TCP, &identity, TRI_HTTP_ALL, NULL, error), TRI_OK);
    return 0;
}

static int drop_context(void **state)
{
    (void)state;
    tri_tls_context_deinit(&context);
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

static void open_pair_on(struct pair *p, const struct tri_tls_context *ctx,
                         const struct peer_tls_options *options)
{
    *p = (struct pair){0};
    test_alloc_init(&p->memory);
    tri_buf_init(&p->received, tri_alloc_heap(), (size_t)256 * 1024 * 1024);
    assert_int_equal(tri_tls_stream_init(&p->server, ctx, &p->memory.alloc), TRI_OK);
    peer_tls_init(&p->client, options);
}

static void open_pair(struct pair *p, const struct peer_tls_options *options)
{
    open_pair_on(p, &context, options);
}

static void close_pair(struct pair *p)
{
    tri_tls_stream_deinit(&p->server);
    peer_tls_deinit(&p->client);
    tri_buf_deinit(&p->received);
    assert_int_equal(p->memory.live, 0);
}

static void feed_server(struct pair *p, const uint8_t *data, size_t len)
{
    enum tri_err err = tri_tls_stream_feed(&p->server, data, len);
    uint8_t plain[5000]; /* not a divisor of a record */
    size_t plain_len = 0;
    while (!err && !(err = tri_tls_stream_read(&p->server, plain, sizeof plain, &plain_len))) {
        assert_true(plain_len > 0 && plain_len <= sizeof plain);
        assert_int_equal(tri_buf_append(&p->received, plain, plain_len), TRI_OK);
    }
    if (err != TRI_AGAIN && !p->err) {
        p->err = err;
    }
}

/* Carries what the client wrote to the server, |step| bytes at a time. */
static bool carry_to_server(struct pair *p)
{
    struct tri_slice held = tri_buf_peek(&p->client.out);
    if (held.len == 0) {
        return false;
    }
    size_t step = p->step ? p->step : held.len;
    for (size_t at = 0; at < held.len; at += step) {
        size_t part = held.len - at < step ? held.len - at : step;
        uint8_t *copy = malloc(part); /* so that a read past its end is found */
        memcpy(copy, held.data + at, part);
        feed_server(p, copy, part);
        free(copy);
    }
    tri_buf_consume(&p->client.out, held.len);
    return true;
}

/* Moves ciphertext both ways until nothing moves. */
static void run_pair(struct pair *p)
{
    bool moved = true;
    while (moved) {
        peer_tls_run(&p->client);
        moved = carry_to_server(p);
        moved = peer_tls_move(&p->client.in, &p->server.out) > 0 || moved;
    }
    peer_tls_run(&p->client);
}

static void assert_open(const struct pair *p)
{
    assert_int_equal(p->err, TRI_OK);
    assert_int_equal(p->client.error, 0);
    assert_true(p->client.open);
    assert_int_equal(p->server.state, TRI_TLS_OPEN);
}

static uint8_t *make_bytes(size_t len)
{
    uint8_t *bytes = malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 31 + (i >> 8) * 7);
    }
    return bytes;
}

static void N1_prefers_tls_13_and_the_post_quantum_group(void **state)
{
    (void)state;
    struct pair p;
    /* A client's key share for its first group, and all of ours in its list. */
    open_pair(&p, &(struct peer_tls_options){.groups = {WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519,
                                                        WOLFSSL_ECC_SECP256R1}});
    run_pair(&p);
    assert_open(&p);
    assert_string_equal(tri_tls_version_name(p.server.ssl), "TLS 1.3");
    assert_string_equal(tri_tls_cipher_name(p.server.ssl), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(tri_tls_group_name(p.server.ssl), "X25519MLKEM768");
    close_pair(&p);
}

/* RFC 8446 section 4.1.3: the random of a ServerHello that asks for another key share. */
static bool has_hello_retry(const struct tri_buf *flight)
{
    static const uint8_t random[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11};
    struct tri_slice s = tri_buf_peek(flight);
    return s.len > 0 && memmem(s.data, s.len, random, sizeof random) != NULL;
}

struct group_case {
    int groups[4];
    bool retries;
    const char *agreed;
};

static void run_group_case(const struct group_case *c)
{
    struct pair p;
    struct peer_tls_options options = {.version = TLS1_3_VERSION, .alpn = "foo,h2"};
    memcpy(options.groups, c->groups, sizeof options.groups);
    open_pair(&p, &options);
    peer_tls_run(&p.client);
    carry_to_server(&p);
    assert_int_equal(has_hello_retry(&p.server.out), c->retries);
    run_pair(&p);
    assert_open(&p);
    assert_string_equal(tri_tls_group_name(p.server.ssl), c->agreed);
    assert_string_equal(tri_tls_stream_alpn(&p.server), "h2"); /* asked twice where it retries */
    close_pair(&p);
}

static void N1_takes_any_offered_key_share_without_a_round_trip(void **state)
{
    (void)state;
    static const struct group_case cases[] = {
        {{WOLFSSL_ECC_SECP256R1}, false, "P-256"},
        {{WOLFSSL_ECC_X25519}, false, "X25519"},
        {{WOLFSSL_ECC_X25519, WOLFSSL_X25519MLKEM768}, false, "X25519"},
        {{WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_X25519}, false, "P-256"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_group_case(&cases[i]);
    }
}

static void N1_asks_again_when_no_key_share_fits(void **state)
{
    (void)state;
    static const struct group_case cases[] = {
        {{WOLFSSL_ECC_SECP384R1, WOLFSSL_ECC_SECP256R1}, true, "P-256"},
        {{WOLFSSL_ECC_SECP384R1, WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_X25519}, true, "X25519"},
        {{WOLFSSL_ECC_SECP384R1, WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519},
         true,
         "X25519MLKEM768"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_group_case(&cases[i]);
    }
}

static void N1_speaks_tls_12_with_aead_suites(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.version = TLS1_2_VERSION, .alpn = "h2"});
    run_pair(&p);
    assert_open(&p);
    assert_string_equal(tri_tls_version_name(p.server.ssl), "TLS 1.2");
    assert_string_equal(tri_tls_cipher_name(p.server.ssl),
                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    assert_string_equal(tri_tls_stream_alpn(&p.server), "h2");
    close_pair(&p);
}

static void N1_refuses_suites_without_aead(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.version = TLS1_2_VERSION,
                                             .suites = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-"
                                                       "AES256-SHA"});
    run_pair(&p);
    assert_int_equal(p.err, TRI_ERR_TLS);
    assert_int_equal(p.server.state, TRI_TLS_FAILED);
    assert_int_equal(peer_tls_alert(&p.client), handshake_failure);
    assert_string_equal(tri_tls_stream_error_text(&p.server), "no cipher suite in common");
    close_pair(&p);
}

static void N1_takes_the_suite_that_the_server_prefers(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.version = TLS1_3_VERSION,
                                             .suites = "TLS13-CHACHA20-POLY1305-SHA256:TLS13-"
                                                       "AES256-GCM-SHA384:TLS13-AES128-GCM-"
                                                       "SHA256"});
    run_pair(&p);
    assert_open(&p);
    assert_string_equal(tri_tls_cipher_name(p.server.ssl), "TLS_AES_128_GCM_SHA256");
    close_pair(&p);
    open_pair(&p, &(struct peer_tls_options){.suites = "TLS13-CHACHA20-POLY1305-SHA256"});
    run_pair(&p);
    assert_open(&p);
    assert_string_equal(tri_tls_cipher_name(p.server.ssl), "TLS_CHACHA20_POLY1305_SHA256");
    close_pair(&p);
}

static void assert_alpn(const char *offered, int version, const char *agreed)
{
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.alpn = offered, .version = version});
    run_pair(&p);
    assert_open(&p);
    assert_string_equal(tri_tls_stream_alpn(&p.server), agreed);
    char *told = NULL;
    word16 told_len = 0;
    int got = wolfSSL_ALPN_GetProtocol(p.client.ssl, &told, &told_len);
    assert_int_equal(got == WOLFSSL_SUCCESS, offered != NULL);
    if (offered) {
        assert_int_equal(told_len, strlen(agreed));
        assert_memory_equal(told, agreed, told_len);
    }
    close_pair(&p);
}

static void N2_alpn_follows_the_servers_preference(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        assert_alpn("h2,http/1.1", versions[i], "h2");
        assert_alpn("http/1.1,h2", versions[i], "h2");
        assert_alpn("foo,http/1.1", versions[i], "http/1.1");
        assert_alpn("http/1.1", versions[i], "http/1.1");
        assert_alpn("h2c,h2", versions[i], "h2");
    }
}

static void N2_no_alpn_is_http_1_1(void **state)
{
    (void)state;
    assert_alpn(NULL, TLS1_2_VERSION, "http/1.1");
    assert_alpn(NULL, TLS1_3_VERSION, "http/1.1");
}

static void assert_refused_alpn(const struct tri_tls_context *ctx, const char *offered, int version)
{
    struct pair p;
    open_pair_on(&p, ctx, &(struct peer_tls_options){.alpn = offered, .version = version});
    peer_tls_run(&p.client);
    carry_to_server(&p);
    assert_int_equal(p.err, TRI_ERR_TLS);
    assert_int_equal(p.server.state, TRI_TLS_FAILED);
    assert_string_equal(tri_tls_stream_error_text(&p.server), "no application protocol in common");
    /* RFC 8446 section 6: level fatal (2), no_application_protocol (120); in clear, as no keys are
     * agreed on yet. */
    struct tri_slice out = tri_buf_peek(&p.server.out);
    assert_int_equal(out.len, 7);
    assert_int_equal(out.data[0], 21);
    assert_int_equal(out.data[5], 2);
    assert_int_equal(out.data[6], 120);
    run_pair(&p);
    assert_int_equal(peer_tls_alert(&p.client), 120);
    close_pair(&p);
}

static void N2_nothing_in_common_gets_alert_120(void **state)
{
    (void)state;
    assert_refused_alpn(&context, "foo", TLS1_2_VERSION);
    assert_refused_alpn(&context, "foo", TLS1_3_VERSION);
    assert_refused_alpn(&context, "h3", TLS1_3_VERSION);
    assert_refused_alpn(&context, "h2c,http/1.0", TLS1_3_VERSION);
}

static void N2_only_what_is_configured_is_offered(void **state)
{
    (void)state;
    char error[TRI_TLS_ERROR_MAX];
    struct tri_tls_context only;
    assert_int_equal(tri_tls_context_init(&only, TRI_TLS_TCP, &identity, TRI_HTTP_1_1, NULL, error),
                     TRI_OK);
    assert_refused_alpn(&only, "h2", TLS1_3_VERSION);
    tri_tls_context_deinit(&only);
    assert_int_equal(tri_tls_context_init(&only, TRI_TLS_TCP, &identity, TRI_HTTP_2, NULL, error),
                     TRI_OK);
    assert_refused_alpn(&only, "http/1.1", TLS1_3_VERSION);
    /* Without ALPN it would be http/1.1, which is off. */
    assert_refused_alpn(&only, NULL, TLS1_3_VERSION);
    assert_refused_alpn(&only, NULL, TLS1_2_VERSION);
    tri_tls_context_deinit(&only);
}

/* A TLS 1.2 client that sends no extension at all is not seen by the rule in the context. */
static void N2_a_finished_handshake_without_alpn_fails_where_it_is_needed(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.version = TLS1_2_VERSION});
    p.server.alpn_needed = true;
    run_pair(&p);
    assert_int_equal(p.err, TRI_ERR_TLS);
    assert_string_equal(tri_tls_stream_error_text(&p.server), "no application protocol in common");
    close_pair(&p);
}

static void handshakes_byte_by_byte(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct pair p;
        open_pair(&p, &(struct peer_tls_options){.alpn = "h2", .version = versions[i]});
        p.step = 1;
        run_pair(&p);
        assert_open(&p);
        peer_tls_write(&p.client, "hello", 5);
        run_pair(&p);
        assert_true(tri_slice_equal(tri_buf_peek(&p.received), TRI_SLICE("hello")));
        close_pair(&p);
    }
}

static void takes_data_in_any_pieces(void **state)
{
    (void)state;
    static const size_t steps[] = {0, 1, 2, 7, 1000, 16384, 16400};
    static const size_t len = 40000;
    uint8_t *bytes = make_bytes(len);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct pair p;
        open_pair(&p, &(struct peer_tls_options){0});
        run_pair(&p);
        p.step = steps[i];
        peer_tls_write(&p.client, bytes, len);
        run_pair(&p);
        assert_open(&p);
        assert_true(tri_slice_equal(tri_buf_peek(&p.received), tri_slice_of(bytes, len)));
        close_pair(&p);
    }
    free(bytes);
}

static size_t count_records(const struct tri_buf *ciphertext, size_t *longest)
{
    struct tri_slice s = tri_buf_peek(ciphertext);
    size_t count = 0;
    *longest = 0;
    while (s.len > 0) {
        assert_true(s.len >= 5);
        size_t len = 5u + ((size_t)s.data[3] << 8) + s.data[4];
        assert_true(len <= s.len);
        *longest = len > *longest ? len : *longest;
        s.data += len;
        s.len -= len;
        count++;
    }
    return count;
}

/* Writes |bytes| cut into slices of |slice_len|, and asserts what arrives and in how many records. */
static void assert_written(struct tri_slice bytes, size_t slice_len, size_t records)
{
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    run_pair(&p);
    assert_open(&p);
    struct tri_slice *slices = calloc(bytes.len / slice_len + 1, sizeof *slices);
    size_t slices_len = 0;
    for (size_t at = 0; at < bytes.len; at += slice_len) {
        size_t part = bytes.len - at < slice_len ? bytes.len - at : slice_len;
        slices[slices_len++] = tri_slice_of(bytes.data + at, part);
    }
    assert_int_equal(tri_tls_stream_write(&p.server, slices, slices_len), TRI_OK);
    size_t longest;
    assert_int_equal(count_records(&p.server.out, &longest), records);
    assert_true(longest <= 16384 + 256 + 5); /* RFC 8446 section 5.2 */
    run_pair(&p);
    assert_true(tri_slice_equal(tri_buf_peek(&p.client.received), bytes));
    free(slices);
    close_pair(&p);
}

static void writes_as_few_records_as_possible(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(200000);
    assert_written(tri_slice_of(bytes, 1), 1, 1);
    assert_written(tri_slice_of(bytes, 1000), 1, 1);
    assert_written(tri_slice_of(bytes, 16384), 16384, 1);
    assert_written(tri_slice_of(bytes, 16384), 100, 1);
    assert_written(tri_slice_of(bytes, 16385), 16385, 2);
    assert_written(tri_slice_of(bytes, 40000), 39999, 3);
    assert_written(tri_slice_of(bytes, 200000), 17000, 13);
    assert_written(tri_slice_of(bytes, 200000), 200000, 13);
    free(bytes);
}

static void writes_nothing_for_nothing(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    run_pair(&p);
    assert_int_equal(tri_tls_stream_write(&p.server, NULL, 0), TRI_OK);
    assert_int_equal(tri_tls_stream_write(&p.server, &TRI_SLICE(""), 1), TRI_OK);
    assert_int_equal(tri_buf_peek(&p.server.out).len, 0);
    close_pair(&p);
}

static void takes_a_write_larger_than_the_limit_whole(void **state)
{
    (void)state;
    const size_t len = 5 * TRI_TLS_OUT_BYTES_MAX;
    uint8_t *bytes = make_bytes(len);
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    run_pair(&p);
    struct tri_slice slices[] = {tri_slice_of("head", 4), tri_slice_of(bytes, len)};
    for (size_t i = 1; i <= 2; i++) {
        assert_int_equal(tri_tls_stream_write(&p.server, slices, 2), TRI_OK);
        run_pair(&p);
        assert_int_equal(tri_buf_peek(&p.client.received).len, i * (len + 4));
    }
    assert_memory_equal(tri_buf_peek(&p.client.received).data + 4, bytes, len);
    free(bytes);
    close_pair(&p);
}

static void write_before_the_handshake_fails_alone(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    assert_int_equal(tri_tls_stream_write(&p.server, &TRI_SLICE("x"), 1), TRI_ERR_TLS);
    run_pair(&p);
    assert_open(&p);
    close_pair(&p);
}

static void answers_key_updates(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.version = TLS1_3_VERSION});
    run_pair(&p);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wolfSSL_update_keys(p.client.ssl), WOLFSSL_SUCCESS);
        peer_tls_write(&p.client, "x", 1);
        run_pair(&p);
        assert_int_equal(tri_tls_stream_write(&p.server, &TRI_SLICE("y"), 1), TRI_OK);
        run_pair(&p);
        assert_open(&p);
    }
    assert_true(tri_slice_equal(tri_buf_peek(&p.received), TRI_SLICE("xxx")));
    assert_true(tri_slice_equal(tri_buf_peek(&p.client.received), TRI_SLICE("yyy")));
    close_pair(&p);
}

static void closes_in_order_both_ways(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct pair p;
        open_pair(&p, &(struct peer_tls_options){.version = versions[i]});
        run_pair(&p);
        peer_tls_write(&p.client, "last", 4);
        peer_tls_close(&p.client);
        run_pair(&p);
        assert_open(&p);
        assert_true(p.server.peer_closed);
        assert_true(tri_slice_equal(tri_buf_peek(&p.received), TRI_SLICE("last")));
        assert_false(p.client.closed);
        tri_tls_stream_close(&p.server);
        size_t len = tri_buf_peek(&p.server.out).len;
        assert_true(len > 0);
        tri_tls_stream_close(&p.server);
        assert_int_equal(tri_buf_peek(&p.server.out).len, len);
        close_pair(&p);
    }
}

static void can_write_after_the_peers_close_notify(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){.version = TLS1_3_VERSION});
    run_pair(&p);
    peer_tls_close(&p.client);
    run_pair(&p);
    assert_true(p.server.peer_closed);
    assert_int_equal(tri_tls_stream_write(&p.server, &TRI_SLICE("bye"), 1), TRI_OK);
    assert_true(tri_buf_peek(&p.server.out).len > 0);
    close_pair(&p);
}

static void close_notify_reaches_the_peer(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    run_pair(&p);
    assert_int_equal(tri_tls_stream_write(&p.server, &TRI_SLICE("bye"), 1), TRI_OK);
    tri_tls_stream_close(&p.server);
    assert_true(p.server.closed);
    run_pair(&p);
    assert_true(p.client.closed);
    assert_true(tri_slice_equal(tri_buf_peek(&p.client.received), TRI_SLICE("bye")));
    close_pair(&p);
}

static void ignores_data_behind_close_notify(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    run_pair(&p);
    peer_tls_close(&p.client);
    assert_int_equal(tri_buf_append(&p.client.out, "garbage behind", 14), TRI_OK);
    carry_to_server(&p);
    assert_true(p.server.peer_closed);
    assert_int_equal(p.err, TRI_OK);
    feed_server(&p, (const uint8_t *)"more", 4);
    feed_server(&p, (const uint8_t *)"and more", 8);
    assert_int_equal(p.err, TRI_OK);
    assert_int_equal(tri_buf_peek(&p.received).len, 0);
    close_pair(&p);
}

static void fails_on_a_damaged_record(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    run_pair(&p);
    peer_tls_write(&p.client, "hello", 5);
    p.client.out.data[p.client.out.off + 10] ^= 1;
    carry_to_server(&p);
    assert_int_equal(p.err, TRI_ERR_TLS);
    assert_int_equal(p.server.state, TRI_TLS_FAILED);
    assert_string_equal(tri_tls_stream_error_text(&p.server), "a record was damaged on the way");
    assert_int_equal(tri_buf_peek(&p.received).len, 0);
    /* Failed stays failed. */
    assert_int_equal(tri_tls_stream_feed(&p.server, (const uint8_t *)"x", 1), TRI_ERR_TLS);
    assert_int_equal(tri_tls_stream_write(&p.server, &TRI_SLICE("x"), 1), TRI_ERR_TLS);
    run_pair(&p);
    assert_int_equal(peer_tls_alert(&p.client), bad_record_mac);
    close_pair(&p);
}

static void fails_on_what_is_not_tls(void **state)
{
    (void)state;
    static const struct {
        struct tri_slice bytes;
        const char *text;
    } cases[] = {
        {TRI_SLICE("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "the peer does not speak TLS"},
        {TRI_SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "the peer does not speak TLS"},
        {TRI_SLICE("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "the peer does not speak TLS"},
        {TRI_SLICE("\x16\x03\x01\xff\xff too long a record"), "the peer does not speak TLS"},
        {TRI_SLICE("\x17\x03\x03\x00\x05hello"), "the peer broke TLS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        open_pair(&p, &(struct peer_tls_options){0});
        feed_server(&p, cases[i].bytes.data, cases[i].bytes.len);
        assert_int_equal(p.err, TRI_ERR_TLS);
        assert_int_equal(p.server.state, TRI_TLS_FAILED);
        assert_string_equal(tri_tls_stream_error_text(&p.server), cases[i].text);
        tri_tls_stream_close(&p.server);
        close_pair(&p);
    }
}

static void fails_when_the_peer_refuses_the_certificate(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, &(struct peer_tls_options){0});
    wolfSSL_set_verify(p.client.ssl, WOLFSSL_VERIFY_PEER, NULL);
    run_pair(&p);
    assert_int_equal(p.err, TRI_ERR_TLS);
    assert_string_equal(tri_tls_stream_error_text(&p.server),
                        "the peer does not trust the certificate");
    close_pair(&p);
}

static void survives_each_failing_allocation(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(100000);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct pair p;
        open_pair(&p, &(struct peer_tls_options){0});
        p.memory.fail_at = n;
        run_pair(&p);
        enum tri_err err = p.err;
        if (!err) {
            err = tri_tls_stream_write(&p.server, &(struct tri_slice){bytes, 100000}, 1);
        }
        failed = test_alloc_has_failed(&p.memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (failed) {
            assert_string_equal(tri_tls_stream_error_text(&p.server),
                                "memory for the socket is short");
        }
        close_pair(&p);
    }
    free(bytes);
}

static void resumes_with_a_ticket(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < 2; i++) {
        struct peer_tls_options options = {.alpn = "h2", .version = versions[i]};
        struct pair p;
        open_pair(&p, &options);
        wolfSSL_UseSessionTicket(p.client.ssl);
        run_pair(&p);
        assert_open(&p);
        WOLFSSL_SESSION *session = wolfSSL_get1_session(p.client.ssl);
        assert_int_equal(wolfSSL_SESSION_get_max_early_data(session), 0);
        close_pair(&p);
        open_pair(&p, &options);
        wolfSSL_UseSessionTicket(p.client.ssl);
        assert_int_equal(wolfSSL_set_session(p.client.ssl, session), WOLFSSL_SUCCESS);
        run_pair(&p);
        assert_open(&p);
        assert_true(wolfSSL_session_reused(p.server.ssl));
        assert_string_equal(tri_tls_stream_alpn(&p.server), "h2");
        wolfSSL_SESSION_free(session);
        close_pair(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_prefers_tls_13_and_the_post_quantum_group),
        cmocka_unit_test(N1_takes_any_offered_key_share_without_a_round_trip),
        cmocka_unit_test(N1_asks_again_when_no_key_share_fits),
        cmocka_unit_test(N1_speaks_tls_12_with_aead_suites),
        cmocka_unit_test(N1_refuses_suites_without_aead),
        cmocka_unit_test(N1_takes_the_suite_that_the_server_prefers),
        cmocka_unit_test(N2_alpn_follows_the_servers_preference),
        cmocka_unit_test(N2_no_alpn_is_http_1_1),
        cmocka_unit_test(N2_nothing_in_common_gets_alert_120),
        cmocka_unit_test(N2_only_what_is_configured_is_offered),
        cmocka_unit_test(N2_a_finished_handshake_without_alpn_fails_where_it_is_needed),
        cmocka_unit_test(handshakes_byte_by_byte),
        cmocka_unit_test(takes_data_in_any_pieces),
        cmocka_unit_test(writes_as_few_records_as_possible),
        cmocka_unit_test(writes_nothing_for_nothing),
        cmocka_unit_test(takes_a_write_larger_than_the_limit_whole),
        cmocka_unit_test(write_before_the_handshake_fails_alone),
        cmocka_unit_test(answers_key_updates),
        cmocka_unit_test(closes_in_order_both_ways),
        cmocka_unit_test(can_write_after_the_peers_close_notify),
        cmocka_unit_test(close_notify_reaches_the_peer),
        cmocka_unit_test(ignores_data_behind_close_notify),
        cmocka_unit_test(fails_on_a_damaged_record),
        cmocka_unit_test(fails_on_what_is_not_tls),
        cmocka_unit_test(fails_when_the_peer_refuses_the_certificate),
        cmocka_unit_test(survives_each_failing_allocation),
        cmocka_unit_test(resumes_with_a_ticket),
    };
    return cmocka_run_group_tests(tests, make_context, drop_context);
}
