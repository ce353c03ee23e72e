/*
 * TLS over a byte stream, either side, sans-I/O: ciphertext in and out through memory, plaintext
 * on the other side. net moves the bytes.
 *
 * Ciphertext to send collects in |out|, which the owner drains; while more than
 * TRI_TLS_OUT_BYTES_MAX waits there the owner must not write more (that is the backpressure of the
 * socket).
 */
#ifndef TRI_TLS_STREAM_H
#define TRI_TLS_STREAM_H

#include "base_buf.h"
#include "tls_client.h"

/* Ciphertext waiting for the socket, bytes: a few flushes of a fast connection. */
#define TRI_TLS_OUT_BYTES_MAX ((size_t)(1024 * 1024))

enum tri_tls_state {
    TRI_TLS_HANDSHAKE,
    TRI_TLS_OPEN,
    TRI_TLS_FAILED, /* a fatal alert was sent or received; |out| may hold the alert */
};

struct tri_tls_stream {
    WOLFSSL *ssl; /* owned */
    enum tri_tls_state state;
    struct tri_slice in;    /* ciphertext being fed, during feed only */
    struct tri_buf out;     /* ciphertext to send */
    bool peer_closed;       /* close_notify came */
    bool closed;            /* close_notify sent */
    int error;              /* wolfSSL error code when FAILED */
    enum tri_err out_error; /* why |out| took no more, or TRI_OK */
    bool is_client;
    bool alpn_needed;              /* http/1.1 is not offered, so the peer must name its protocol */
    struct tri_tls_keylog *keylog; /* the context's: borrowed, may be NULL */
};

/*
 * TRI_OK, or TRI_ERR_NOMEM (then there is nothing to deinit). |context| is borrowed for the call;
 * |t| must stay where it is until tri_tls_stream_deinit.
 */
TRI_MUST_USE enum tri_err tri_tls_stream_init(struct tri_tls_stream *t,
                                              const struct tri_tls_context *context,
                                              const struct tri_alloc *alloc);

/* What a client wants. All is borrowed for the call but |client|, which outlives the stream. */
struct tri_tls_dial {
    const struct tri_tls_client *client; /* made for TCP */
    const char *host;
    unsigned versions; /* TRI_HTTP_1_1, TRI_HTTP_2, or both */
    WOLFSSL_SESSION *resume;
};

/*
 * The client's end. |out| holds the ClientHello afterwards. If that could not be made, |state| is
 * TRI_TLS_FAILED. TRI_OK, or TRI_ERR_NOMEM (then there is nothing to deinit). |t| must stay where it
 * is until tri_tls_stream_deinit.
 */
TRI_MUST_USE enum tri_err tri_tls_stream_dial(struct tri_tls_stream *t,
                                              const struct tri_tls_dial *dial,
                                              const struct tri_alloc *alloc);

void tri_tls_stream_deinit(struct tri_tls_stream *t);

/*
 * Hands over ciphertext, and lets the handshake go on. The bytes are borrowed until
 * tri_tls_stream_read has returned TRI_AGAIN: call it until then, before anything else is fed.
 *
 * TRI_OK; TRI_ERR_TLS: failed, see |state| and tri_tls_stream_error_text; TRI_ERR_NOMEM: the same,
 * |out| could not take an answer.
 */
TRI_MUST_USE enum tri_err tri_tls_stream_feed(struct tri_tls_stream *t, const uint8_t *data,
                                              size_t len);

/*
 * Takes the next plaintext, up to |max| bytes. TRI_OK with *len > 0; TRI_AGAIN: all of what was fed
 * is used up (or the handshake is not done, or close_notify came: see peer_closed); TRI_ERR_TLS and
 * TRI_ERR_NOMEM as above.
 */
TRI_MUST_USE enum tri_err tri_tls_stream_read(struct tri_tls_stream *t, uint8_t *out, size_t max,
                                              size_t *len);

/*
 * Encrypts |slices| in order into |out|, as few records as possible (up to 16 KiB each): small
 * slices are gathered, large ones go as they are. All is taken, however much it is. Not before
 * TRI_TLS_OPEN and not after tri_tls_stream_close. TRI_OK; TRI_ERR_TLS; TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_tls_stream_write(struct tri_tls_stream *t,
                                               const struct tri_slice *slices, size_t slices_len);

/* Queues close_notify. Only once; harmless later. */
void tri_tls_stream_close(struct tri_tls_stream *t);

/* The negotiated ALPN, "h2" or "http/1.1"; "http/1.1" if the client sent none (row N2), or the server
 * chose none. */
const char *tri_tls_stream_alpn(const struct tri_tls_stream *t);

/* Whether its handshake resumed a session. */
bool tri_tls_stream_is_resumed(const struct tri_tls_stream *t);

/* Why it failed, static English: "no application protocol in common", ... */
const char *tri_tls_stream_error_text(const struct tri_tls_stream *t);

/* Of a client: whether it failed because of the server's certificate, or because the server speaks none
 * of the versions offered; and as tri_tls_client_take_session. */
bool tri_tls_stream_is_certificate_fault(const struct tri_tls_stream *t);
bool tri_tls_stream_is_version_fault(const struct tri_tls_stream *t);
WOLFSSL_SESSION *tri_tls_stream_take_session(struct tri_tls_stream *t);

#endif
