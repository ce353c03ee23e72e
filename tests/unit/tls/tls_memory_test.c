/*
 * What wolfSSL takes of memory for a connection, by its own allocator: the two constants that the
 * server's limit of memory counts with are this much, and not much more.
 */
#include "base_limits.h"
#include "peer_tls.h"
#include "tls_context.h"
#include "tls_stream.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <wolfssl/wolfcrypt/memory.h>

/* Before each block: 16 bytes, so that what follows stays aligned. */
struct tag {
    size_t len;
    size_t of_server; /* 1: the server asked for it */
};

static bool is_server; /* that runs now */
static size_t held, peak;

static void *take(size_t len)
{
    struct tag *tag = malloc(sizeof *tag + len);
    if (!tag) {
        return NULL;
    }
    *tag = (struct tag){.len = len, .of_server = is_server};
    held += is_server ? len : 0;
    peak = held > peak ? held : peak;
    return tag + 1;
}

static void give(void *ptr)
{
    if (ptr) {
        struct tag *tag = (struct tag *)ptr - 1;
        held -= tag->of_server ? tag->len : 0;
        free(tag);
    }
}

static void *change(void *ptr, size_t len)
{
    void *next = take(len);
    if (ptr && next) {
        const size_t before = ((struct tag *)ptr - 1)->len;
        memcpy(next, ptr, before < len ? before : len);
        give(ptr);
    }
    return next;
}

static void feed(struct tri_tls_stream *server, struct peer_tls *client)
{
    const struct tri_slice wire = tri_buf_peek(&client->out);
    uint8_t plain[4096];
    size_t len = 0;
    if (wire.len == 0) {
        return;
    }
    is_server = true;
    enum tri_err err = tri_tls_stream_feed(server, wire.data, wire.len);
    while (err == TRI_OK) {
        err = tri_tls_stream_read(server, plain, sizeof plain, &len);
    }
    is_server = false;
    assert_int_equal(err, TRI_AGAIN);
    tri_buf_consume(&client->out, wire.len);
}

static void measure(const struct tri_tls_context *context, const struct peer_tls_options *options)
{
    struct tri_tls_stream server;
    struct peer_tls client;
    held = peak = 0;
    is_server = true;
    assert_int_equal(tri_tls_stream_init(&server, context, tri_alloc_heap()), TRI_OK);
    is_server = false;
    peer_tls_init(&client, options);
    for (int i = 0; i < 10; i++) {
        peer_tls_run(&client);
        feed(&server, &client);
        (void)peer_tls_move(&client.in, &server.out);
    }
    assert_true(client.open);
    assert_int_equal(server.state, TRI_TLS_OPEN);
    print_message("handshake %zu, open %zu\n", peak, held);
    assert_in_range(peak, TRI_TLS_HANDSHAKE_BYTES / 3, TRI_TLS_HANDSHAKE_BYTES);
    assert_in_range(held, TRI_TLS_OPEN_BYTES / 3, TRI_TLS_OPEN_BYTES);
    tri_tls_stream_deinit(&server);
    peer_tls_deinit(&client);
}

static void E10_the_constants_are_what_a_connection_takes(void **state)
{
    (void)state;
    static const struct peer_tls_options options[] = {
        {.alpn = "h2"},
        {.alpn = "h2", .groups = {WOLFSSL_X25519MLKEM768}},
        {.alpn = "http/1.1", .version = TLS1_2_VERSION},
    };
    struct peer_tls_files files;
    struct tri_tls_identity identity;
    struct tri_tls_context context;
    char error[TRI_TLS_ERROR_MAX];
    peer_tls_files_make(&files);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error), TRI_OK);
    assert_int_equal(
        tri_tls_context_init(&context, TRI_TLS_TCP, &identity, TRI_HTTP_ALL, NULL, error), TRI_OK);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        measure(&context, &options[i]);
    }
    tri_tls_context_deinit(&context);
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_the_constants_are_what_a_connection_takes),
    };
    if (wolfSSL_SetAllocators(take, give, change) != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
