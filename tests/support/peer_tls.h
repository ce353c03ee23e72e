/*
 * A TLS client in memory, on wolfSSL: what a tri_tls_stream or a TCP connection is tested with.
 * Ciphertext goes in and out by hand.
 */
#ifndef TRI_TESTS_PEER_TLS_H
#define TRI_TESTS_PEER_TLS_H

#include "base_buf.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

struct peer_tls_options {
    const char *alpn;   /* "h2,http/1.1", most preferred first; NULL: none */
    const char *suites; /* NULL: what wolfSSL offers */
    int version;        /* TLS1_2_VERSION or TLS1_3_VERSION only; 0: both */
    int groups[4];      /* a key share is sent for the first; 0 ends; all 0: what wolfSSL offers */
};

struct peer_tls {
    WOLFSSL_CTX *ctx;
    WOLFSSL *ssl;
    struct tri_buf in;       /* ciphertext that it will read */
    struct tri_buf out;      /* ciphertext that it wrote */
    struct tri_buf received; /* plaintext */
    bool open;               /* its handshake is done */
    bool closed;             /* close_notify came */
    int error;               /* of wolfSSL; 0: none */
};

void peer_tls_init(struct peer_tls *p, const struct peer_tls_options *options);
void peer_tls_deinit(struct peer_tls *p);

/* Goes on with the handshake, then reads all plaintext there is. */
void peer_tls_run(struct peer_tls *p);

/* Encrypts |len| bytes into |out|. */
void peer_tls_write(struct peer_tls *p, const void *data, size_t len);
void peer_tls_close(struct peer_tls *p); /* close_notify */

/* Moves all of |from| into |to|; returns how many bytes. */
size_t peer_tls_move(struct tri_buf *to, struct tri_buf *from);

/* The fatal alert that was received, or -1. */
int peer_tls_alert(struct peer_tls *p);

/* A directory of its own for a test's files, and a certificate for localhost in it. */
struct peer_tls_files {
    char folder[64];
    char cert[96];
    char key[96];
};
void peer_tls_files_make(struct peer_tls_files *f);
void peer_tls_files_remove(struct peer_tls_files *f); /* with all that is in the folder */

#endif
