/*
 * Server configurations for TLS on TCP and for QUIC, and the choice of the application protocol.
 * RFC 8446, RFC 9325 (recommendations for TLS), RFC 7301 (ALPN), RFC 9001 (QUIC).
 */
#include "tls_context.h"

#include "base_random.h"
#include "tls_hosts.h"
#include "tls_rules.h"

#include <assert.h>
#include <stdio.h>

/* A session's data that says that its certificate is chosen; the first is the application's. */
#define EX_DATA_CHOSEN 1

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

struct cert {
    WOLFSSL_CTX *ctx;     /* owned; sessions count references, so it outlives a change */
    struct tri_buf hosts; /* its names, a copy of the identity's */
};

struct tri_tls_certs {
    size_t len; /* >= 1 */
    struct cert items[];
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

static bool has_alpn(WOLFSSL *ssl)
{
    char *list = NULL;
    word16 len = 0;
    int got = wolfSSL_ALPN_GetPeerProtocol(ssl, &list, &len);
    wolfSSL_ALPN_FreePeerProtocol(ssl, &list);
    return got == WOLFSSL_SUCCESS;
}

/* The certificate for a client that asked for |name|, which is empty if it asked for none. */
static WOLFSSL_CTX *choose_cert(const struct tri_tls_certs *certs, const char *name, size_t len)
{
    const struct cert *best = &certs->items[0];
    enum tri_tls_host_match best_match = TRI_TLS_HOST_NONE;
    for (size_t i = 0; i < certs->len; i++) {
        enum tri_tls_host_match match = tri_tls_hosts_find(&certs->items[i].hosts, name, len);
        if (match > best_match) {
            best = &certs->items[i];
            best_match = match;
        }
    }
    return best->ctx;
}

/*
 * Gives |ssl| the certificate that |ctx| has. wolfSSL_set_SSL_CTX leaves two things that belong to
 * the key before, with which a key of another kind would find no signature: the curve, which
 * loading the leaf sets, and the suites of TLS 1.2, of which the others were struck out.
 */
static bool change_cert(WOLFSSL *ssl, WOLFSSL_CTX *ctx)
{
    if (!wolfSSL_set_SSL_CTX(ssl, ctx) ||
        wolfSSL_use_certificate(ssl, wolfSSL_CTX_get0_certificate(ctx)) != WOLFSSL_SUCCESS) {
        return false;
    }
    return wolfSSL_version(ssl) != TLS1_2_VERSION ||
           wolfSSL_set_cipher_list(ssl, TRI_TLS_SUITES_12) == WOLFSSL_SUCCESS;
}

/*
 * Called once the ClientHello's extensions are read, with or without a server name, and again for
 * a second ClientHello, which names the same server (RFC 8446 section 4.1.2). An unknown name is no
 * error: browsers say more about a certificate that does not fit than about an alert (RFC 6066
 * section 3 leaves the choice).
 */
static int read_hello(WOLFSSL *ssl, int *alert, void *arg)
{
    struct tri_tls_context *c = arg;
    if (c->offer->needed && !has_alpn(ssl)) {
        *alert = no_application_protocol;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (wolfSSL_get_ex_data(ssl, EX_DATA_CHOSEN)) {
        return SSL_TLSEXT_ERR_OK;
    }
    void *name = NULL;
    size_t len = wolfSSL_SNI_GetRequest(ssl, WOLFSSL_SNI_HOST_NAME, &name);
    WOLFSSL_CTX *ctx = choose_cert(c->certs, name, name ? len : 0);
    if (wolfSSL_set_ex_data(ssl, EX_DATA_CHOSEN, c) != WOLFSSL_SUCCESS ||
        (ctx != wolfSSL_get_SSL_CTX(ssl) && !change_cert(ssl, ctx))) {
        *alert = internal_error;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

static bool set_rules(WOLFSSL_CTX *ctx, enum tri_tls_use use)
{
    if (!tri_tls_set_rules(ctx, use)) {
        return false;
    }
    /* Tickets resume without state; a cache of sessions would be shared by all workers. */
    wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
    wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_NONE, NULL); /* clients have no certificates */
    /* Early data is a matter of QUIC's, which allows it to single sessions (h3_tls). */
    return wolfSSL_CTX_set_max_early_data(ctx, 0) == WOLFSSL_SUCCESS;
}

/*
 * A session of which early data is taken is to leave a cache, says wolfSSL, which refuses the data
 * if it was in none. Ours is in none: what is done with early data may be done twice (row N7).
 */
static void forget_session(WOLFSSL_CTX *ctx, WOLFSSL_SESSION *session)
{
    (void)ctx;
    (void)session;
}

static bool set_callbacks(WOLFSSL_CTX *ctx, const struct tri_tls_context *c)
{
    wolfSSL_CTX_sess_set_remove_cb(ctx, forget_session);
    wolfSSL_CTX_set_alpn_select_cb(ctx, select_alpn, (void *)(uintptr_t)c->offer);
    wolfSSL_CTX_set_servername_callback(ctx, read_hello);
    return wolfSSL_CTX_set_servername_arg(ctx, (void *)(uintptr_t)c) == WOLFSSL_SUCCESS;
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
static const char *configure(WOLFSSL_CTX *ctx, const struct tri_tls_context *c,
                             const struct tri_tls_identity *identity)
{
    if (!set_rules(ctx, c->use)) {
        return "the TLS library does not offer the suites and groups that are needed; build it "
               "with src/build/deps.sh";
    }
    if (!set_identity(ctx, identity)) {
        return "the TLS library does not accept the certificate and its key; give another pair";
    }
    if (!tri_tls_tickets_serve(&c->tickets, ctx)) {
        return "the TLS library cannot give session tickets; build it with src/build/deps.sh";
    }
    if (!tri_tls_set_keylog(ctx, c->keylog)) {
        return "the TLS library cannot log keys; leave the key log out";
    }
    return set_callbacks(ctx, c) ? NULL : "the TLS library cannot choose certificates by name";
}

static enum tri_err fail(enum tri_err err, const char *why, char error[TRI_TLS_ERROR_MAX])
{
    (void)snprintf(error, TRI_TLS_ERROR_MAX, "%s", why);
    return err;
}

/* Fills |out|, which is zero; after an error it is still to be released. */
static enum tri_err make_cert(struct cert *out, const struct tri_tls_context *c,
                              const struct tri_tls_identity *identity,
                              char error[TRI_TLS_ERROR_MAX])
{
    tri_buf_init(&out->hosts, tri_alloc_heap(), identity->hosts.max);
    struct tri_slice hosts = tri_buf_peek(&identity->hosts);
    /* This method starts at TLS 1.3 and may go down to the least version that is set. */
    out->ctx = wolfSSL_CTX_new(c->use == TRI_TLS_TCP ? wolfTLS_server_method()
                                                     : wolfTLSv1_3_server_method());
    if (!out->ctx || tri_buf_append(&out->hosts, hosts.data, hosts.len) != TRI_OK) {
        return fail(TRI_ERR_NOMEM, "memory is short: TLS was not set up", error);
    }
    const char *why = configure(out->ctx, c, identity);
    return why ? fail(TRI_ERR_TLS, why, error) : TRI_OK;
}

enum tri_err tri_tls_certs_new(struct tri_tls_certs **out, const struct tri_tls_context *c,
                               const struct tri_tls_identity *identities, size_t len,
                               char error[TRI_TLS_ERROR_MAX])
{
    assert(out && c && c->offer && identities && len > 0 && error);
    *out = NULL;
    struct tri_tls_certs *certs =
        tri_alloc_zero(tri_alloc_heap(), sizeof *certs + len * sizeof certs->items[0]);
    if (!certs) {
        return fail(TRI_ERR_NOMEM, "memory is short: TLS was not set up", error);
    }
    enum tri_err err = TRI_OK;
    for (; certs->len < len && err == TRI_OK; certs->len++) {
        err = make_cert(&certs->items[certs->len], c, &identities[certs->len], error);
    }
    if (err != TRI_OK) {
        tri_tls_certs_free(certs);
        return err;
    }
    *out = certs;
    return TRI_OK;
}

void tri_tls_certs_free(struct tri_tls_certs *certs)
{
    if (!certs) {
        return;
    }
    for (size_t i = 0; i < certs->len; i++) {
        wolfSSL_CTX_free(certs->items[i].ctx);
        tri_buf_deinit(&certs->items[i].hosts);
    }
    tri_alloc_release(tri_alloc_heap(), certs);
}

void tri_tls_context_serve(struct tri_tls_context *c, struct tri_tls_certs *certs)
{
    assert(c && c->certs && certs);
    tri_tls_certs_free(c->certs);
    c->certs = certs;
}

static enum tri_err make_own_tickets(struct tri_tls_context *c)
{
    uint8_t secret[TRI_TICKET_KEY_LEN];
    const struct tri_random *random = tri_random_system();
    random->fill(random->user, secret, sizeof secret);
    enum tri_err err = tri_tls_tickets_init(&c->tickets, secret, sizeof secret, "");
    explicit_bzero(secret, sizeof secret);
    return err;
}

enum tri_err tri_tls_context_init(struct tri_tls_context *out, enum tri_tls_use use,
                                  const struct tri_tls_identity *identity, unsigned versions,
                                  struct tri_tls_keylog *keylog, char error[TRI_TLS_ERROR_MAX])
{
    assert(out && identity && error);
    const struct alpn_offer *offer = find_offer(use, versions);
    assert(offer); /* the caller makes no context for a use that offers nothing */
    *out = (struct tri_tls_context){.use = use, .offer = offer, .keylog = keylog};
    (void)snprintf(out->alpn, sizeof out->alpn, "%s", offer->list);
    error[0] = '\0';
    if (wolfSSL_Init() != WOLFSSL_SUCCESS) {
        return fail(TRI_ERR_TLS, "the TLS library cannot start", error);
    }
    enum tri_err err = make_own_tickets(out);
    if (err == TRI_OK) {
        err = tri_tls_certs_new(&out->certs, out, identity, 1, error);
    }
    if (err != TRI_OK) {
        tri_tls_tickets_deinit(&out->tickets);
        wolfSSL_Cleanup();
    }
    return err;
}

enum tri_err tri_tls_context_resume(struct tri_tls_context *c, const void *secret, size_t len,
                                    const char *purpose)
{
    assert(c && c->certs);
    return tri_tls_tickets_init(&c->tickets, secret, len, purpose);
}

void tri_tls_context_deinit(struct tri_tls_context *c)
{
    assert(c);
    if (c->certs) {
        tri_tls_certs_free(c->certs);
        c->certs = NULL;
        tri_tls_tickets_deinit(&c->tickets);
        wolfSSL_Cleanup();
    }
}

WOLFSSL *tri_tls_context_session(const struct tri_tls_context *c)
{
    assert(c && c->certs);
    WOLFSSL *ssl = wolfSSL_new(c->certs->items[0].ctx);
    if (ssl && c->keylog && c->use == TRI_TLS_TCP) {
        wolfSSL_KeepArrays(ssl); /* for tri_tls_keylog_session */
    }
    return ssl;
}
