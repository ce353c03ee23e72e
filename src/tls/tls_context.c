/*
 * Server configurations for TLS on TCP and for QUIC, and the choice of the application protocol.
 * RFC 8446, RFC 9325 (recommendations for TLS), RFC 7301 (ALPN), RFC 9001 (QUIC).
 */
#include "tls_context.h"

#include "tls_keylog.h"

#include <assert.h>
#include <stdio.h>

#if !defined(WOLFSSL_TLS13) || !defined(WOLFSSL_QUIC) || !defined(HAVE_ALPN) ||                    \
    !defined(HAVE_SECRET_CALLBACK) || !defined(OPENSSL_ALL) || !defined(WOLFSSL_PQC_HYBRIDS)
#error "wolfSSL must be built as src/build/deps.sh builds it"
#endif

/*
 * TLS 1.3 suites, and for TLS 1.2 the ephemeral AEAD ones only (RFC 9325 section 4.2). In order of
 * preference: AES-GCM has instructions of its own in most processors. TLS_AES_128_GCM_SHA256 must
 * be there: RFC 8446 section 9.1.
 */
#define SUITES_13 "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256"
#define SUITES_12                                                                                  \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* Row N1. A client that sends a key share for one of them gets no extra round trip. */
static const int groups[] = {WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1};

/* What a context offers, the first most preferred. */
struct alpn_offer {
    enum tri_tls_use use;
    unsigned versions;    /* TRI_HTTP_ flags; those of the other use are masked out */
    const char *names[3]; /* NULL at the end */
    const char *list;
    bool needed; /* a client without ALPN is refused */
};

/*
 * Over TCP a client that sends no ALPN speaks http/1.1 (row N2); where http/1.1 is not offered it
 * is refused as one with nothing in common. QUIC needs ALPN always: RFC 9001 section 8.1.
 */
static const struct alpn_offer offers[] = {
    {TRI_TLS_TCP, TRI_HTTP_1_1 | TRI_HTTP_2, {"h2", "http/1.1"}, "h2,http/1.1", false},
    {TRI_TLS_TCP, TRI_HTTP_2, {"h2"}, "h2", true},
    {TRI_TLS_TCP, TRI_HTTP_1_1, {"http/1.1"}, "http/1.1", false},
    {TRI_TLS_QUIC, TRI_HTTP_3, {"h3"}, "h3", true},
};

static const struct alpn_offer *find_offer(enum tri_tls_use use, unsigned versions)
{
    unsigned mask = use == TRI_TLS_TCP ? TRI_HTTP_1_1 | TRI_HTTP_2 : TRI_HTTP_3;
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        if (offers[i].use == use && offers[i].versions == (versions & mask)) {
            return &offers[i];
        }
    }
    return NULL;
}

/* Finds |name| in a ProtocolNameList, RFC 7301 section 3.1; wolfSSL has checked its lengths. */
static const uint8_t *find_name(const uint8_t *list, unsigned len, const char *name)
{
    size_t name_len = strlen(name);
    for (unsigned i = 0; i < len; i += 1u + list[i]) {
        assert(i + 1u + list[i] <= len);
        if (list[i] == name_len && memcmp(list + i + 1, name, name_len) == 0) {
            return list + i;
        }
    }
    return NULL;
}

/* The server's preference decides, not the client's: RFC 7301 section 3.2. */
static int select_alpn(WOLFSSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    (void)ssl;
    const struct alpn_offer *offer = arg;
    for (const char *const *name = offer->names; *name; name++) {
        const uint8_t *found = find_name(in, in_len, *name);
        if (found) {
            *out = found + 1;
            *out_len = found[0];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL; /* no_application_protocol (120) */
}

/* Called once the ClientHello's extensions are read, with or without a server name. */
static int require_alpn(WOLFSSL *ssl, int *alert, void *arg)
{
    (void)arg;
    char *list = NULL;
    word16 len = 0;
    int got = wolfSSL_ALPN_GetPeerProtocol(ssl, &list, &len);
    wolfSSL_ALPN_FreePeerProtocol(ssl, &list);
    if (got == WOLFSSL_SUCCESS) {
        return SSL_TLSEXT_ERR_OK;
    }
    *alert = no_application_protocol;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void log_secret(const WOLFSSL *ssl, const char *line)
{
    WOLFSSL_CTX *ctx = wolfSSL_get_SSL_CTX(ssl);
    tri_tls_keylog_write(wolfSSL_CTX_get_ex_data(ctx, 0), line);
}

static bool set_rules(WOLFSSL_CTX *ctx, enum tri_tls_use use)
{
    const char *suites = use == TRI_TLS_TCP ? SUITES_13 ":" SUITES_12 : SUITES_13;
    int least =
        use == TRI_TLS_TCP ? TLS1_2_VERSION : TLS1_3_VERSION; /* QUIC: RFC 9001 section 4.2 */
    int group_list[sizeof groups / sizeof groups[0]];
    memcpy(group_list, groups, sizeof groups);
    if (wolfSSL_CTX_set_min_proto_version(ctx, least) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_cipher_list(ctx, suites) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(ctx, group_list, sizeof groups / sizeof groups[0]) !=
            WOLFSSL_SUCCESS) {
        return false;
    }
    /* Tickets resume without state; a cache of sessions would be shared by all workers. */
    wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_NONE, NULL); /* clients have no certificates */
    /* No early data: nothing here tells a replayed request from a first one. RFC 8470 section 3 */
    return wolfSSL_CTX_set_max_early_data(ctx, 0) == WOLFSSL_SUCCESS;
}

static void set_alpn(WOLFSSL_CTX *ctx, const struct alpn_offer *offer)
{
    wolfSSL_CTX_set_alpn_select_cb(ctx, select_alpn, (void *)(uintptr_t)offer);
    if (offer->needed) {
        wolfSSL_CTX_set_servername_callback(ctx, require_alpn);
    }
}

static bool set_keylog(WOLFSSL_CTX *ctx, struct tri_tls_keylog *keylog)
{
    if (!keylog) {
        return true;
    }
    wolfSSL_CTX_set_keylog_callback(ctx, log_secret);
    return wolfSSL_CTX_set_ex_data(ctx, 0, keylog) == WOLFSSL_SUCCESS;
}

static bool set_identity(WOLFSSL_CTX *ctx, const struct tri_tls_identity *identity)
{
    struct tri_slice cert = tri_buf_peek(&identity->cert_pem);
    struct tri_slice key = tri_buf_peek(&identity->key_pem);
    return wolfSSL_CTX_use_certificate_chain_buffer(ctx, cert.data, (long)cert.len) ==
               WOLFSSL_SUCCESS &&
           wolfSSL_CTX_use_PrivateKey_buffer(ctx, key.data, (long)key.len, WOLFSSL_FILETYPE_PEM) ==
               WOLFSSL_SUCCESS &&
           wolfSSL_CTX_check_private_key(ctx) == WOLFSSL_SUCCESS;
}

/* What could not be set, or NULL. */
static const char *configure(const struct tri_tls_context *c, const struct alpn_offer *offer,
                             const struct tri_tls_identity *identity)
{
    if (!set_rules(c->ctx, c->use)) {
        return "the TLS library does not offer the suites and groups that are needed; build it "
               "with src/build/deps.sh";
    }
    if (!set_identity(c->ctx, identity)) {
        return "the TLS library does not accept the certificate and its key; give another pair";
    }
    if (!set_keylog(c->ctx, c->keylog)) {
        return "the TLS library cannot log keys; leave the key log out";
    }
    set_alpn(c->ctx, offer);
    return NULL;
}

static enum tri_err fail_init(struct tri_tls_context *c, enum tri_err err, const char *why,
                              char error[TRI_TLS_ERROR_MAX])
{
    (void)snprintf(error, TRI_TLS_ERROR_MAX, "%s", why);
    tri_tls_context_deinit(c);
    return err;
}

enum tri_err tri_tls_context_init(struct tri_tls_context *out, enum tri_tls_use use,
                                  const struct tri_tls_identity *identity, unsigned versions,
                                  struct tri_tls_keylog *keylog, char error[TRI_TLS_ERROR_MAX])
{
    assert(out && identity && error);
    const struct alpn_offer *offer = find_offer(use, versions);
    assert(offer); /* the caller makes no context for a use that offers nothing */
    *out = (struct tri_tls_context){.use = use, .keylog = keylog};
    (void)snprintf(out->alpn, sizeof out->alpn, "%s", offer->list);
    error[0] = '\0';
    if (wolfSSL_Init() != WOLFSSL_SUCCESS) {
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "the TLS library cannot start");
        return TRI_ERR_TLS;
    }
    /* This method starts at TLS 1.3 and may go down to the least version that is set. */
    out->ctx =
        wolfSSL_CTX_new(use == TRI_TLS_TCP ? wolfTLS_server_method() : wolfTLSv1_3_server_method());
    if (!out->ctx) {
        wolfSSL_Cleanup();
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "memory is short: TLS was not set up");
        return TRI_ERR_NOMEM;
    }
    const char *why = configure(out, offer, identity);
    return why ? fail_init(out, TRI_ERR_TLS, why, error) : TRI_OK;
}

void tri_tls_context_deinit(struct tri_tls_context *c)
{
    assert(c);
    if (c->ctx) {
        wolfSSL_CTX_free(c->ctx);
        c->ctx = NULL;
        wolfSSL_Cleanup();
    }
}

WOLFSSL *tri_tls_context_session(const struct tri_tls_context *c)
{
    assert(c && c->ctx);
    WOLFSSL *ssl = wolfSSL_new(c->ctx);
    if (ssl && c->keylog && c->use == TRI_TLS_TCP) {
        wolfSSL_KeepArrays(ssl); /* for tri_tls_keylog_session */
    }
    return ssl;
}
