/*
 * The server's certificate: the one that was configured, or one made for localhost and kept for
 * later runs (row N8).
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

/*
 * Fills |out| with the identity of |config|. Without one in it, localhost.crt and localhost.key
 * under $XDG_STATE_HOME/trisock or ~/.local/state/trisock are used, and made first if they are not
 * there, not readable, or about to expire.
 *
 * made   gets the name of the certificate that was made or kept (owned by the caller, of the
 *        config's allocator), or NULL if one was configured
 *
 * Returns TRI_OK; on failure |error| has the sentence: TRI_ERR_NOT_FOUND, TRI_ERR_IO, TRI_ERR_TLS,
 * TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_identity_obtain(struct tri_tls_identity *out, char **made,
                                              const struct tri_config *config,
                                              struct tri_sentence error);

#endif
