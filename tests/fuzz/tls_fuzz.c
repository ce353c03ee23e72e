/*
 * Bytes of a stranger into a fresh TLS server: the first byte says how many of the rest are fed at
 * a time (0: all), the rest is what arrives. No input may crash it, leak, or make it hold more than
 * a handshake's worth of output.
 */
#include "peer_tls.h"
#include "tls_context.h"
#include "tls_stream.h"

#include <assert.h>
#include <stdlib.h>

/* A server's whole flight, with a certificate of a few hundred bytes, and alerts. */
#define FLIGHT_BYTES_MAX ((size_t)(16 * 1024))

static struct tri_tls_identity identity;
static struct tri_tls_context context;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void free_context(void)
{
    tri_tls_context_deinit(&context);
    tri_tls_identity_deinit(&identity);
}

/* libFuzzer's signature. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    char error[TRI_TLS_ERROR_MAX];
    struct peer_tls_files files;
    peer_tls_files_make(&files);
    enum tri_err err =
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error);
    peer_tls_files_remove(&files);
    assert(err == TRI_OK);
    err = tri_tls_context_init(&context, TRI_TLS_TCP, &identity, TRI_HTTP_ALL, NULL, error);
    assert(err == TRI_OK);
    atexit(free_context);
    return 0;
}

static enum tri_err feed(struct tri_tls_stream *t, const uint8_t *data, size_t len)
{
    enum tri_err err = tri_tls_stream_feed(t, data, len);
    while (!err) {
        uint8_t plain[256];
        size_t plain_len = 0;
        err = tri_tls_stream_read(t, plain, sizeof plain, &plain_len);
        assert(err || (plain_len > 0 && plain_len <= sizeof plain));
    }
    assert((err == TRI_ERR_TLS) == (t->state == TRI_TLS_FAILED));
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1) {
        return 0;
    }
    struct tri_tls_stream t;
    enum tri_err err = tri_tls_stream_init(&t, &context, tri_alloc_heap());
    assert(err == TRI_OK);
    size_t step = data[0] ? data[0] : len;
    err = TRI_AGAIN;
    for (size_t at = 1; at < len && err == TRI_AGAIN; at += step) {
        err = feed(&t, data + at, len - at < step ? len - at : step);
        assert(tri_buf_peek(&t.out).len <= FLIGHT_BYTES_MAX);
    }
    assert(tri_tls_stream_error_text(&t) != NULL);
    tri_tls_stream_close(&t);
    tri_tls_stream_deinit(&t);
    return 0;
}
