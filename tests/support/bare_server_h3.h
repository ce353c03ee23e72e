/*
 * A QUIC server in memory, on ngtcp2 alone: whatever a test wants is on its streams, and in what TLS
 * says. It takes one connection, the first that comes. What a client of HTTP/3 is tested against.
 */
#ifndef TRI_TESTS_BARE_SERVER_H3_H
#define TRI_TESTS_BARE_SERVER_H3_H

#include "base_addr.h"
#include "base_list.h"
#include "h3_endpoint.h" /* the build gives its libraries to whoever includes it */

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <stdbool.h>

struct bare_server_h3_options {
    const char *alpn; /* NULL: "h3"; "": none */
    uint64_t streams; /* bidirectional ones that a client may open; 0: 100 */
    bool negotiates;  /* it only says that it speaks other versions */
    /* Changes what TLS sends at |level|: |data| has room for |max| bytes. NULL: nothing. */
    void (*change_crypto)(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max);
};

struct bare_server_h3 {
    struct bare_server_h3_options options;
    WOLFSSL_CTX *ctx; /* borrowed */
    WOLFSSL *ssl;
    ngtcp2_crypto_conn_ref ref;
    ngtcp2_conn *quic; /* NULL: nobody has come */
    struct tri_addr local, remote;
    struct tri_list raws, raws_sent;
    size_t in_len;        /* bytes of the client's streams */
    int64_t request;      /* the last stream that the client opened for a request; -1: none */
    size_t resets, stops; /* of streams, by the client */
    uint64_t code;        /* of the last of them */
    bool is_open;         /* the handshake is complete */
    bool is_closed;
    ngtcp2_ccerr why;      /* what the client closed with */
    uint8_t pending[1500]; /* a datagram to be sent first */
    size_t pending_len;
};

struct bare_server_h3 *bare_server_h3_new(const struct bare_server_h3_options *options,
                                          WOLFSSL_CTX *ctx);
void bare_server_h3_free(struct bare_server_h3 *b); /* NULL is fine */

void bare_server_h3_recv(struct bare_server_h3 *b, const uint8_t *data, size_t len,
                         uint64_t now_ns);
size_t bare_server_h3_send(struct bare_server_h3 *b, uint8_t *out, size_t max, uint64_t now_ns);
uint64_t bare_server_h3_deadline_ns(const struct bare_server_h3 *b);
void bare_server_h3_expire(struct bare_server_h3 *b, uint64_t now_ns);

/* A stream of the server's; -1: the client takes no more. */
int64_t bare_server_h3_open(struct bare_server_h3 *b, bool is_uni);
void bare_server_h3_write(struct bare_server_h3 *b, int64_t id, const void *data, size_t len,
                          bool fin);
void bare_server_h3_reset(struct bare_server_h3 *b, int64_t id, uint64_t code);
void bare_server_h3_stop(struct bare_server_h3 *b, int64_t id, uint64_t code);

/* Ends the connection with |why|. */
void bare_server_h3_close(struct bare_server_h3 *b, const ngtcp2_ccerr *why, uint64_t now_ns);

/* TLS messages in CRYPTO frames of 1-RTT packets. */
void bare_server_h3_crypto(struct bare_server_h3 *b, const void *data, size_t len);

#endif
