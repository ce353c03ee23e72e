/*
 * TLS for clients (WOLFSSL_CTX): TCP (1.3, and 1.2 with AEAD suites; ALPN h2 and http/1.1) or QUIC
 * (1.3; ALPN h3). The groups are those of tls_context.h. The server's certificate must be signed by
 * one that is trusted, be valid now, and hold the host's name or address: RFC 9525.
 */
#ifndef TRI_TLS_CLIENT_H
#define TRI_TLS_CLIENT_H

#include "tls_context.h"

/* Whom to trust. */
struct tri_tls_trust {
    const char *ca_file; /* PEM; NULL: what the system trusts */
    bool insecure;       /* anybody: nothing is checked */
};

struct tri_tls_client {
    WOLFSSL_CTX *ctx; /* owned; NULL: not made */
    enum tri_tls_use use;
    bool insecure;
    struct tri_tls_keylog *keylog; /* borrowed, may be NULL */
};

/* TRI_OK; TRI_ERR_NOT_FOUND, TRI_ERR_TLS (the file; |error| has the sentence); TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err tri_tls_client_init(struct tri_tls_client *out, enum tri_tls_use use,
                                              const struct tri_tls_trust *trust,
                                              struct tri_tls_keylog *keylog,
                                              char error[TRI_TLS_ERROR_MAX]);
void tri_tls_client_deinit(struct tri_tls_client *c);

/*
 * A new client-side session for |host| (a name, or an address without brackets), which offers
 * |versions| (TRI_HTTP_ flags; of those that |use| has), and resumes |resume|, which a session for the
 * same host left, unless NULL (borrowed for the call). NULL if memory is short. The caller sets I/O or the QUIC method, and frees it with
 * wolfSSL_free.
 */
WOLFSSL *tri_tls_client_session(const struct tri_tls_client *c, const char *host, unsigned versions,
                                WOLFSSL_SESSION *resume);

/* The newest session that |ssl| can be resumed with, taken over by the caller (wolfSSL_SESSION_free);
 * NULL if no ticket came since the last call. */
WOLFSSL_SESSION *tri_tls_client_take_session(WOLFSSL *ssl);

/* Static English for a failed handshake, and whether it was the certificate that failed it. */
const char *tri_tls_client_error_text(WOLFSSL *ssl, int error, bool *is_certificate);

/* Whether the server ended it because it speaks none of the versions offered: RFC 7301 section 3.2. */
bool tri_tls_client_is_version_fault(WOLFSSL *ssl);

#endif
