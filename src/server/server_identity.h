/*
 * The server's certificates: those that were configured (row N6), or one made for localhost and
 * kept for later runs (row N8).
 */
#ifndef TRI_SERVER_IDENTITY_H
#define TRI_SERVER_IDENTITY_H

#include "server_config.h"
#include "server_error.h"
#include "tls_identity.h"

/* A year and a month: what browsers took from public authorities; a yearly run renews it. */
#define TRI_MADE_CERTIFICATE_DAYS 397u
/* It is made anew when fewer days than this are left. */
#define TRI_MADE_CERTIFICATE_DAYS_LEFT_MIN 7u

/* What a server shows to its clients. */
struct tri_identities {
    const struct tri_alloc *alloc;  /* borrowed */
    struct tri_tls_identity *items; /* the first is the default */
    size_t len;                     /* >= 1 */
    char *made; /* the file of the certificate that was made or kept; NULL: all were configured */
};

/*
 * Reads every certificate of |config|. Without one in it, localhost.crt and localhost.key under
 * $XDG_STATE_HOME/trisock or ~/.local/state/trisock are used, and made first if they are not there,
 * not readable, or about to expire.
 *
 * Returns TRI_OK; on failure there is nothing to release and |error| has the sentence:
 * TRI_ERR_NOT_FOUND, TRI_ERR_IO, TRI_ERR_TLS, TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_identities_obtain(struct tri_identities *out,
                                                const struct tri_config *config,
                                                struct tri_sentence error);
void tri_identities_deinit(struct tri_identities *identities);

#endif
