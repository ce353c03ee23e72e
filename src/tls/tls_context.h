/*
 * A TLS server configuration (WOLFSSL_CTX): for TCP (TLS 1.3, and 1.2 with AEAD suites; ALPN h2
 * and http/1.1), or for QUIC (TLS 1.3; ALPN h3). Groups X25519MLKEM768, X25519, P-256, in that
 * order. RFC 8446, RFC 9325, RFC 7301. Row N1, N2.
 *
 * ALPN is the server's choice, in its own order of preference. A client that offers nothing in
 * common gets alert 120; so does one without ALPN, unless http/1.1 is offered on TCP.
 *
 * Of several certificates, the one is served whose names hold the server name that the client sent
 * (RFC 6066 section 3), before one that covers it by a wildcard; else the first. They may be
 * changed while sessions are open: each keeps what its handshake was made with. Row N6.
 *
 * A client may resume a session by its ticket, whichever of the certificates it was made with; but
 * wolfSSL takes a ticket only for the server name and ALPN that it was given for. Row N7.
 */
#ifndef TRI_TLS_CONTEXT_H
#define TRI_TLS_CONTEXT_H

#include "tls_identity.h"
#include "tls_tickets.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

enum tri_tls_use { TRI_TLS_TCP, TRI_TLS_QUIC };

struct tri_tls_keylog; /* an open key log file, shared by contexts */

struct tri_tls_certs; /* certificates ready to be served, a WOLFSSL_CTX each */

struct tri_tls_context {
    struct tri_tls_certs *certs; /* owned; NULL: the context is not made */
    enum tri_tls_use use;
    char alpn[32];                  /* offered, "h2,http/1.1", as wolfSSL_UseALPN takes it */
    const struct alpn_offer *offer; /* the same, as tls_context.c has it */
    struct tri_tls_keylog *keylog;  /* borrowed, may be NULL */
    struct tri_tls_tickets tickets; /* of all its certificates, before and after a change */
};

/*
 * identity   the certificate to serve; copied
 * versions   TRI_HTTP_ flags: which ALPN names are offered
 *
 * TRI_OK, TRI_ERR_TLS, TRI_ERR_NOMEM. |out| must stay where it is until its last session is freed.
 */
TRI_MUST_USE enum tri_err tri_tls_context_init(struct tri_tls_context *out, enum tri_tls_use use,
                                               const struct tri_tls_identity *identity,
                                               unsigned versions, struct tri_tls_keylog *keylog,
                                               char error[TRI_TLS_ERROR_MAX]);
void tri_tls_context_deinit(struct tri_tls_context *c);

/*
 * Has tickets sealed with |secret|, |len| bytes of the server's, in place of a secret that nobody
 * else has: whoever has the same secret and |purpose| takes the same tickets. Before the first
 * session. TRI_OK or TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_tls_context_resume(struct tri_tls_context *c, const void *secret,
                                                 size_t len, const char *purpose);

/*
 * Makes |identities| (copied; |len| of them, at least one) ready to be served by |c|, which still
 * serves what it did. The first is for clients that send no name, or one that none has.
 *
 * TRI_OK; TRI_ERR_TLS or TRI_ERR_NOMEM: |error| has the sentence.
 */
TRI_MUST_USE enum tri_err tri_tls_certs_new(struct tri_tls_certs **out,
                                            const struct tri_tls_context *c,
                                            const struct tri_tls_identity *identities, size_t len,
                                            char error[TRI_TLS_ERROR_MAX]);
void tri_tls_certs_free(struct tri_tls_certs *certs); /* NULL is fine */

/* Serves |certs| (taken), made for |c|, from the next ClientHello on, instead of what it served. */
void tri_tls_context_serve(struct tri_tls_context *c, struct tri_tls_certs *certs);

/*
 * A new server-side session of |c| with its ALPN and groups set, or NULL. The caller sets I/O (TCP:
 * tls_stream does) or the QUIC method (h3), and frees it with wolfSSL_free.
 */
WOLFSSL *tri_tls_context_session(const struct tri_tls_context *c);

/* Names of what a finished handshake agreed on. Static memory, "" if not known. */
const char *tri_tls_version_name(WOLFSSL *ssl); /* "TLS 1.3" */
const char *tri_tls_cipher_name(WOLFSSL *ssl);  /* "TLS_AES_128_GCM_SHA256" (RFC names) */
const char *tri_tls_group_name(WOLFSSL *ssl);   /* "X25519MLKEM768", "X25519", "P-256" */

/* Opens |file| for appending, mode 0600. NULL if it cannot be (errno says why). */
struct tri_tls_keylog *tri_tls_keylog_open(const char *file);
void tri_tls_keylog_close(struct tri_tls_keylog *k); /* NULL is fine */

#endif
