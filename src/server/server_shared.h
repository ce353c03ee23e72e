/*
 * What all workers of a server share. Made before the first worker and unchanged afterwards, but
 * for the three counters, which any worker may touch, and the certificates, which a reload changes
 * on the thread of the one worker.
 */
#ifndef TRI_SERVER_SHARED_H
#define TRI_SERVER_SHARED_H

#include "base_budget.h"
#include "base_cache.h"
#include "server_config.h"
#include "server_error.h"
#include "server_secret.h"
#include "tls_context.h"

#include <stdatomic.h>

struct tri_shared {
    struct tri_cache cache;          /* on the program's allocator; of the one worker */
    struct tri_budget budget;        /* on the cache */
    const struct tri_alloc *alloc;   /* the budget's: all of the server is counted */
    struct tri_config config;        /* a copy of the program's */
    struct tri_tls_keylog *keylog;   /* NULL: none */
    struct tri_tls_context tcp_tls;  /* meaningful if HTTP/1.1 or HTTP/2 is offered */
    struct tri_tls_context quic_tls; /* meaningful if HTTP/3 is offered */
    char spki_pin[TRI_SPKI_PIN_MAX]; /* of the default certificate */
    char *made_certificate;          /* the file; NULL: the program gave one */
    uint8_t secret[TRI_SECRET_LEN];  /* of session tickets and QUIC tokens */

    _Atomic uint64_t conns_made;   /* the last connection's number */
    _Atomic uint64_t sockets_made; /* the last socket's number */
    _Atomic uint64_t conns_open;   /* <= limits.connections_max */
};

/*
 * Copies |config|, reads the certificate and makes the TLS contexts. On failure everything is
 * released and |error| has the sentence. Errors as tri_server_new.
 */
TRI_MUST_USE enum tri_err tri_shared_init(struct tri_shared *shared,
                                          const struct tri_config *config,
                                          struct tri_sentence error);
void tri_shared_deinit(struct tri_shared *shared);

/*
 * Reads every certificate again and serves them from the next handshake on; connections that are
 * open keep theirs. On failure nothing has changed and |error| has the sentence. Either is logged.
 * Errors as tri_server_reload.
 */
TRI_MUST_USE enum tri_err tri_shared_reload(struct tri_shared *shared, struct tri_sentence error);

/* The same with the certificates of |from|. */
TRI_MUST_USE enum tri_err tri_shared_reload_from(struct tri_shared *shared,
                                                 const struct tri_config *from,
                                                 struct tri_sentence error);

/* A connection's number, counting it as open; 0 if the limit is reached. */
uint64_t tri_shared_conn_open(struct tri_shared *shared);
void tri_shared_conn_close(struct tri_shared *shared);

/* Whether the server offers a version of HTTP over TCP, and over QUIC. */
static inline bool tri_shared_has_tcp(const struct tri_shared *shared)
{
    return (shared->config.http & (TRI_HTTP_1_1 | TRI_HTTP_2)) != 0;
}

static inline bool tri_shared_has_quic(const struct tri_shared *shared)
{
    return (shared->config.http & TRI_HTTP_3) != 0;
}

#endif
