/*
 * TLS sessions that a client can resume: what servers gave it tickets for. Each is used once (RFC
 * 8446 appendix C.4), the newest first. Bounded; the oldest goes.
 */
#ifndef TRI_CLIENT_TICKETS_H
#define TRI_CLIENT_TICKETS_H

#include "base_alloc.h"
#include "base_list.h"
#include "tls_client.h"

/* A session is some 2 KiB, with the server's certificate chain. */
#define TRI_CLIENT_TICKETS_MAX 256u

struct tri_client_tickets {
    const struct tri_alloc *alloc;
    struct tri_list all; /* the newest last */
    size_t len;          /* <= TRI_CLIENT_TICKETS_MAX */
};

void tri_client_tickets_init(struct tri_client_tickets *t, const struct tri_alloc *alloc);
void tri_client_tickets_deinit(struct tri_client_tickets *t);

/*
 * |authority| and |versions| (TRI_HTTP_ flags, as they were offered) are what a ticket is good for: a
 * server takes it for the same name and the same protocol alone. put takes |session| over (NULL is
 * fine), take gives one away: NULL if there is none.
 */
void tri_client_tickets_put(struct tri_client_tickets *t, const char *authority, unsigned versions,
                            WOLFSSL_SESSION *session);
WOLFSSL_SESSION *tri_client_tickets_take(struct tri_client_tickets *t, const char *authority,
                                         unsigned versions);

#endif
