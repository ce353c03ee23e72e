/*
 * Client configurations, and sessions of them: whom to trust, what to offer, whose certificate is
 * expected. RFC 8446, RFC 9525 (host names in certificates), RFC 6066 section 3 (SNI).
 */
#include "tls_client.h"

#include "tls_hosts.h"
#include "tls_rules.h"
#include "tls_trust.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A session's data that says that a ticket came and was not taken; the first is the application's. */
#define EX_DATA_TICKET 1

/* A certificate has a few names; some of large hosters have hundreds. */
#define HOSTS_BYTES_MAX ((size_t)(256 * 1024))

static enum tri_err fail(enum tri_err err, const char *why, char error[TRI_TLS_ERROR_MAX])
{
    (void)snprintf(error, TRI_TLS_ERROR_MAX, "%s", why);
    return err;
}

/* ---- whose certificate it is */

static bool is_for(WOLFSSL_X509 *leaf, const char *name)
{
    struct tri_buf hosts;
    tri_buf_init(&hosts, tri_alloc_heap(), HOSTS_BYTES_MAX);
    bool found = tri_tls_hosts_read(&hosts, leaf) == TRI_OK &&
                 tri_tls_hosts_find(&hosts, name, strlen(name)) != TRI_TLS_HOST_NONE;
    tri_buf_deinit(&hosts);
    return found;
}

/*
 * Called for the leaf in any case, and for whatever is wrong. wolfSSL's own check of names takes the
 * common name of the subject too, and a "*" anywhere, which RFC 9525 section 6.3 forbids; its check of
 * addresses is sound, and is made where no name is asked for.
 */
static int check_certificate(int good, WOLFSSL_X509_STORE_CTX *store)
{
    if (!good) {
        return 0;
    }
    if (wolfSSL_X509_STORE_CTX_get_error_depth(store) > 0) {
        return 1;
    }
    WOLFSSL *ssl =
        wolfSSL_X509_STORE_CTX_get_ex_data(store, wolfSSL_get_ex_data_X509_STORE_CTX_idx());
    WOLFSSL_X509 *leaf = wolfSSL_X509_STORE_CTX_get_current_cert(store);
    if (!ssl || !leaf) {
        return 0;
    }
    const char *name = wolfSSL_get_servername(ssl, WOLFSSL_SNI_HOST_NAME);
    return !name || is_for(leaf, name);
}

/* Whether |host| is an address; |out| gets its usual text, as wolfSSL compares it. */
static bool read_address(const char *host, char out[INET6_ADDRSTRLEN])
{
    char text[INET6_ADDRSTRLEN];
    size_t len = strcspn(host, "%"); /* a zone is ours, no certificate has it */
    struct in6_addr bytes;
    if (len >= sizeof text) {
        return false;
    }
    memcpy(text, host, len);
    text[len] = '\0';
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    return inet_pton(family, text, &bytes) == 1 && inet_ntop(family, &bytes, out, INET6_ADDRSTRLEN);
}

static bool set_host(WOLFSSL *ssl, const char *host, bool insecure)
{
    char address[INET6_ADDRSTRLEN];
    if (read_address(host, address)) { /* RFC 6066 section 3: no literal addresses in SNI */
        return insecure || wolfSSL_check_ip_address(ssl, address) == WOLFSSL_SUCCESS;
    }
    size_t len = strlen(host);
    len -= len > 1 && host[len - 1] == '.'; /* there without the trailing dot */
    return len <= UINT16_MAX &&
           wolfSSL_UseSNI(ssl, WOLFSSL_SNI_HOST_NAME, host, (unsigned short)len) == WOLFSSL_SUCCESS;
}

/* ---- configurations */

/* Marks that there is one to take; the session itself is in |ssl|. */
static int note_ticket(WOLFSSL *ssl, WOLFSSL_SESSION *session)
{
    if (wolfSSL_SESSION_has_ticket(session)) {
        (void)wolfSSL_set_ex_data(ssl, EX_DATA_TICKET, ssl);
    }
    return 0; /* not kept */
}

static bool set_rules(const struct tri_tls_client *c)
{
    if (!tri_tls_set_rules(c->ctx, c->use) || !tri_tls_set_keylog(c->ctx, c->keylog) ||
        wolfSSL_CTX_UseSessionTicket(c->ctx) != WOLFSSL_SUCCESS) {
        return false;
    }
    /* Nothing is kept in the cache that all threads share, but new tickets are told. */
    wolfSSL_CTX_set_session_cache_mode(c->ctx, WOLFSSL_SESS_CACHE_NO_INTERNAL);
    wolfSSL_CTX_sess_set_new_cb(c->ctx, note_ticket);
    wolfSSL_CTX_set_verify(c->ctx, c->insecure ? WOLFSSL_VERIFY_NONE : WOLFSSL_VERIFY_PEER,
                           c->insecure ? NULL : check_certificate);
    return true;
}

static enum tri_err configure(const struct tri_tls_client *c, const struct tri_tls_trust *trust,
                              char error[TRI_TLS_ERROR_MAX])
{
    if (!c->ctx) {
        return fail(TRI_ERR_NOMEM, "memory is short: TLS was not set up", error);
    }
    if (!set_rules(c)) {
        return fail(TRI_ERR_TLS,
                    "the TLS library does not offer the suites and groups that are needed; build "
                    "it with src/build/deps.sh",
                    error);
    }
    if (trust->insecure) {
        return TRI_OK;
    }
    return trust->ca_file ? tri_tls_trust_file(c->ctx, trust->ca_file, error)
                          : tri_tls_trust_system(c->ctx, error);
}

enum tri_err tri_tls_client_init(struct tri_tls_client *out, enum tri_tls_use use,
                                 const struct tri_tls_trust *trust, struct tri_tls_keylog *keylog,
                                 char error[TRI_TLS_ERROR_MAX])
{
    assert(out && trust && error);
    *out = (struct tri_tls_client){.use = use, .insecure = trust->insecure, .keylog = keylog};
    error[0] = '\0';
    if (wolfSSL_Init() != WOLFSSL_SUCCESS) {
        return fail(TRI_ERR_TLS, "the TLS library cannot start", error);
    }
    /* The first method starts at TLS 1.3 and may go down to the least version that is set. */
    out->ctx =
        wolfSSL_CTX_new(use == TRI_TLS_TCP ? wolfTLS_client_method() : wolfTLSv1_3_client_method());
    enum tri_err err = configure(out, trust, error);
    if (err) {
        wolfSSL_CTX_free(out->ctx);
        out->ctx = NULL;
        wolfSSL_Cleanup();
    }
    return err;
}

void tri_tls_client_deinit(struct tri_tls_client *c)
{
    assert(c);
    if (c->ctx) {
        wolfSSL_CTX_free(c->ctx);
        c->ctx = NULL;
        wolfSSL_Cleanup();
    }
}

/* ---- sessions */

static bool set_alpn(WOLFSSL *ssl, enum tri_tls_use use, unsigned versions)
{
    char list[32] = "h3";
    if (use == TRI_TLS_TCP) {
        bool both = (versions & TRI_HTTP_2) && (versions & TRI_HTTP_1_1);
        (void)snprintf(list, sizeof list, "%s%s%s", versions & TRI_HTTP_2 ? "h2" : "",
                       both ? "," : "", versions & TRI_HTTP_1_1 ? "http/1.1" : "");
    }
    /* RFC 7301 section 3.1: the server may choose none, but none that was not offered. */
    return wolfSSL_UseALPN(ssl, list, (unsigned)strlen(list), WOLFSSL_ALPN_FAILED_ON_MISMATCH) ==
           WOLFSSL_SUCCESS;
}

/*
 * Shares for the two groups of which every server of today knows one: those without post-quantum keys
 * would else ask for a second ClientHello, which is a round trip. Who resumes sends one for the group
 * of last time, which wolfSSL does.
 */
static bool set_key_shares(WOLFSSL *ssl)
{
    return wolfSSL_session_reused(ssl) ||
           (wolfSSL_UseKeyShare(ssl, WOLFSSL_X25519MLKEM768) == WOLFSSL_SUCCESS &&
            wolfSSL_UseKeyShare(ssl, WOLFSSL_ECC_X25519) == WOLFSSL_SUCCESS);
}

WOLFSSL *tri_tls_client_session(const struct tri_tls_client *c, const char *host, unsigned versions,
                                WOLFSSL_SESSION *resume)
{
    assert(c && c->ctx && host && host[0] != '\0');
    assert(versions & (c->use == TRI_TLS_TCP ? TRI_HTTP_1_1 | TRI_HTTP_2 : TRI_HTTP_3));
    WOLFSSL *ssl = wolfSSL_new(c->ctx);
    if (!ssl) {
        return NULL;
    }
    if (resume) {
        /* wolfSSL copies it before the ClientHello, because it writes new tickets into it. One that is
         * not good any more means a full handshake. */
        (void)wolfSSL_set_session(ssl, resume);
    }
    if (!set_host(ssl, host, c->insecure) || !set_alpn(ssl, c->use, versions) ||
        !set_key_shares(ssl)) {
        wolfSSL_free(ssl);
        return NULL;
    }
    return ssl;
}

WOLFSSL_SESSION *tri_tls_client_take_session(WOLFSSL *ssl)
{
    assert(ssl);
    if (!wolfSSL_get_ex_data(ssl, EX_DATA_TICKET)) {
        return NULL;
    }
    WOLFSSL_SESSION *now = wolfSSL_get1_session(ssl);
    WOLFSSL_SESSION *copy =
        now ? wolfSSL_SESSION_dup(now) : NULL; /* the next ticket changes |now| */
    wolfSSL_SESSION_free(now);
    (void)wolfSSL_set_ex_data(ssl, EX_DATA_TICKET, NULL);
    return copy;
}
