/*
 * Session tickets: sealed state of a session that its client keeps, so that no worker does. RFC
 * 8446 section 4.6.1 and appendix C.4, RFC 5077 section 4. Row N7.
 *
 * Each epoch has a key of its own, made from the server's secret and the number of the epoch: who
 * has the secret, a restarted server or another process, takes the tickets without having kept a
 * key. A ticket names its epoch; it is taken as long as its key is at most TRI_TICKET_EPOCHS old.
 */
#ifndef TRI_TLS_TICKETS_H
#define TRI_TLS_TICKETS_H

#include "base_alloc.h"
#include "base_limits.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#define TRI_TICKET_KEY_LEN 32u
#define TRI_TICKET_SCOPE_LEN 16u

/* Not changed once sessions use it, so that any thread may. */
struct tri_tls_tickets {
    uint8_t key[TRI_TICKET_KEY_LEN];        /* that of all epochs is made from it */
    uint8_t id[WOLFSSL_TICKET_NAME_SZ / 2]; /* tells our tickets from others, secret from neither */
    uint64_t (*now_s)(void);                /* the world's clock, seconds since 1970 */
};

/* What a ticket is, and what is to be done with it. */
enum tri_ticket {
    TRI_TICKET_STRANGE, /* not ours, changed on its way, or too old: a full handshake */
    TRI_TICKET_OLD,     /* of an earlier epoch: taken, and a newer one is given */
    TRI_TICKET_CURRENT,
};

/* A sealed ticket as wolfSSL has it: its state in place, and what goes beside it. */
struct tri_ticket_parts {
    uint8_t *name;  /* WOLFSSL_TICKET_NAME_SZ */
    uint8_t *nonce; /* WOLFSSL_TICKET_IV_SZ */
    uint8_t *mac;   /* WOLFSSL_TICKET_MAC_SZ */
    uint8_t *state;
    size_t state_len; /* the same sealed and open */
    const uint8_t
        *scope; /* TRI_TICKET_SCOPE_LEN: what else the ticket is bound to; NULL: nothing */
};

/*
 * secret, len   the server's; copied nowhere
 * purpose       whoever has another purpose makes other keys of the same secret: a ticket is good
 *               only for what it was made for
 *
 * TRI_OK or TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_tls_tickets_init(struct tri_tls_tickets *t, const void *secret,
                                               size_t len, const char *purpose);
void tri_tls_tickets_deinit(struct tri_tls_tickets *t);

/* Seals |p|->state with the key of now, and fills the rest. False if the cipher failed. */
bool tri_tls_tickets_seal(const struct tri_tls_tickets *t, const struct tri_ticket_parts *p);

/* Opens |p|->state in place; with TRI_TICKET_STRANGE its bytes mean nothing. */
enum tri_ticket tri_tls_tickets_open(const struct tri_tls_tickets *t,
                                     const struct tri_ticket_parts *p);

/*
 * From now on |ssl| takes and gives only tickets of |scope|, TRI_TICKET_SCOPE_LEN bytes that stay as
 * long as |ssl|; at first only those of none. False if memory is short.
 */
TRI_MUST_USE bool tri_tls_tickets_scope(WOLFSSL *ssl, const uint8_t *scope);

/* Has the sessions of |ctx| give and take tickets of |t|, which outlives them. */
TRI_MUST_USE bool tri_tls_tickets_serve(const struct tri_tls_tickets *t, WOLFSSL_CTX *ctx);

#endif
