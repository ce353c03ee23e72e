/*
 * See tls_tickets.h. The name of a ticket is an id that the secret has and the number of the epoch;
 * AES-256-GCM seals the state with the name and the nonce as associated data. RFC 5869 (HKDF), RFC
 * 5116 section 5.2 (GCM).
 */
#include "tls_tickets.h"

#include "base_random.h"

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <assert.h>
#include <string.h>
#include <time.h>

#define CIPHER_KEY_LEN 32u
#define NONCE_LEN 12u /* of GCM: random, and an epoch seals far below 2^32 of them */
#define TAG_LEN 16u
#define ID_LEN (WOLFSSL_TICKET_NAME_SZ / 2)
#define EPOCH_LEN 8u
static_assert(ID_LEN + EPOCH_LEN == WOLFSSL_TICKET_NAME_SZ, "the name is both");
static_assert(NONCE_LEN <= WOLFSSL_TICKET_IV_SZ && TAG_LEN <= WOLFSSL_TICKET_MAC_SZ, "both fit");

/* The format: another one has other keys, so that no old ticket is taken for a new one. */
#define SALT "trisock ticket 1"
#define LABEL_ID "id"
#define LABEL_EPOCH "epoch"

/* A session's data that is its scope; others are tls_context's and the application's. */
#define EX_DATA_SCOPE 2

static uint64_t world_s(void)
{
    time_t now = time(NULL);
    return now > 0 ? (uint64_t)now : 0;
}

static bool expand(uint8_t *out, size_t out_len, const uint8_t key[TRI_TICKET_KEY_LEN],
                   const void *info, size_t info_len)
{
    return wc_HKDF_Expand(WC_SHA256, key, TRI_TICKET_KEY_LEN, info, (word32)info_len, out,
                          (word32)out_len) == 0;
}

enum tri_err tri_tls_tickets_init(struct tri_tls_tickets *t, const void *secret, size_t len,
                                  const char *purpose)
{
    assert(t && secret && len > 0 && purpose);
    uint8_t root[TRI_TICKET_KEY_LEN];
    *t = (struct tri_tls_tickets){.now_s = world_s};
    bool made = wc_HKDF_Extract(WC_SHA256, (const uint8_t *)SALT, sizeof SALT - 1, secret,
                                (word32)len, root) == 0 &&
                expand(t->key, sizeof t->key, root, purpose, strlen(purpose)) &&
                expand(t->id, sizeof t->id, t->key, LABEL_ID, sizeof LABEL_ID - 1);
    explicit_bzero(root, sizeof root);
    return made ? TRI_OK : TRI_ERR_NOMEM;
}

void tri_tls_tickets_deinit(struct tri_tls_tickets *t)
{
    explicit_bzero(t->key, sizeof t->key);
}

/* ---- epochs */

static uint64_t epoch_of(const struct tri_tls_tickets *t)
{
    return t->now_s() / TRI_TICKET_EPOCH_S;
}

static void put_epoch(uint8_t out[EPOCH_LEN], uint64_t epoch)
{
    for (size_t i = 0; i < EPOCH_LEN; i++) {
        out[i] = (uint8_t)(epoch >> (8 * (EPOCH_LEN - 1 - i)));
    }
}

static uint64_t get_epoch(const uint8_t in[EPOCH_LEN])
{
    uint64_t epoch = 0;
    for (size_t i = 0; i < EPOCH_LEN; i++) {
        epoch = epoch << 8 | in[i];
    }
    return epoch;
}

/* The next one counts too: servers that share a secret may not agree on the second. */
static bool is_taken(uint64_t epoch, uint64_t now)
{
    return epoch <= now + 1 && now <= epoch + TRI_TICKET_EPOCHS;
}

/* ---- the cipher */

static bool set_key(Aes *aes, const struct tri_tls_tickets *t, uint64_t epoch)
{
    uint8_t info[sizeof LABEL_EPOCH - 1 + EPOCH_LEN];
    uint8_t key[CIPHER_KEY_LEN];
    memcpy(info, LABEL_EPOCH, sizeof LABEL_EPOCH - 1);
    put_epoch(info + sizeof LABEL_EPOCH - 1, epoch);
    bool set = expand(key, sizeof key, t->key, info, sizeof info) &&
               wc_AesGcmSetKey(aes, key, sizeof key) == 0;
    explicit_bzero(key, sizeof key);
    return set;
}

/* Name, nonce and scope are what the tag covers besides the state. */
struct covered {
    uint8_t bytes[WOLFSSL_TICKET_NAME_SZ + WOLFSSL_TICKET_IV_SZ + TRI_TICKET_SCOPE_LEN];
};

static struct covered cover(const struct tri_ticket_parts *p)
{
    struct covered c = {{0}};
    memcpy(c.bytes, p->name, WOLFSSL_TICKET_NAME_SZ);
    memcpy(c.bytes + WOLFSSL_TICKET_NAME_SZ, p->nonce, WOLFSSL_TICKET_IV_SZ);
    if (p->scope) {
        memcpy(c.bytes + sizeof c.bytes - TRI_TICKET_SCOPE_LEN, p->scope, TRI_TICKET_SCOPE_LEN);
    }
    return c;
}

static bool encrypt(const struct tri_tls_tickets *t, const struct tri_ticket_parts *p,
                    uint64_t epoch)
{
    Aes aes;
    if (wc_AesInit(&aes, NULL, INVALID_DEVID) != 0) {
        return false;
    }
    const struct covered c = cover(p);
    bool sealed = set_key(&aes, t, epoch) &&
                  wc_AesGcmEncrypt(&aes, p->state, p->state, (word32)p->state_len, p->nonce,
                                   NONCE_LEN, p->mac, TAG_LEN, c.bytes, sizeof c.bytes) == 0;
    wc_AesFree(&aes);
    return sealed;
}

static bool decrypt(const struct tri_tls_tickets *t, const struct tri_ticket_parts *p,
                    uint64_t epoch)
{
    Aes aes;
    if (wc_AesInit(&aes, NULL, INVALID_DEVID) != 0) {
        return false;
    }
    const struct covered c = cover(p);
    bool opened = set_key(&aes, t, epoch) &&
                  wc_AesGcmDecrypt(&aes, p->state, p->state, (word32)p->state_len, p->nonce,
                                   NONCE_LEN, p->mac, TAG_LEN, c.bytes, sizeof c.bytes) == 0;
    wc_AesFree(&aes);
    return opened;
}

bool tri_tls_tickets_seal(const struct tri_tls_tickets *t, const struct tri_ticket_parts *p)
{
    assert(t->now_s && p->state_len > 0);
    const struct tri_random *random = tri_random_system();
    uint64_t epoch = epoch_of(t);
    memcpy(p->name, t->id, ID_LEN);
    put_epoch(p->name + ID_LEN, epoch);
    random->fill(random->user, p->nonce, WOLFSSL_TICKET_IV_SZ);
    memset(p->mac, 0, WOLFSSL_TICKET_MAC_SZ);
    return encrypt(t, p, epoch);
}

enum tri_ticket tri_tls_tickets_open(const struct tri_tls_tickets *t,
                                     const struct tri_ticket_parts *p)
{
    assert(t->now_s);
    uint64_t now = epoch_of(t);
    uint64_t epoch = get_epoch(p->name + ID_LEN);
    if (memcmp(p->name, t->id, ID_LEN) != 0 || !is_taken(epoch, now) || !decrypt(t, p, epoch)) {
        return TRI_TICKET_STRANGE;
    }
    return epoch < now ? TRI_TICKET_OLD : TRI_TICKET_CURRENT;
}

/* ---- what wolfSSL asks for */

/*
 * TLS 1.3 gives a new ticket with each resumption, and takes WOLFSSL_TICKET_RET_CREATE for a refusal;
 * TLS 1.2 gives one only if told so.
 */
static int take(const struct tri_tls_tickets *t, const struct tri_ticket_parts *p, bool is_13)
{
    switch (tri_tls_tickets_open(t, p)) {
    case TRI_TICKET_STRANGE:
        return WOLFSSL_TICKET_RET_REJECT;
    case TRI_TICKET_OLD:
        return is_13 ? WOLFSSL_TICKET_RET_OK : WOLFSSL_TICKET_RET_CREATE;
    case TRI_TICKET_CURRENT:
        return WOLFSSL_TICKET_RET_OK;
    }
    return WOLFSSL_TICKET_RET_REJECT;
}

/* NOLINTBEGIN(readability-function-size,readability-non-const-parameter): wolfSSL's signature */
static int seal_or_open(WOLFSSL *ssl, unsigned char *name, unsigned char *nonce, unsigned char *mac,
                        int is_new, unsigned char *state, int len, int *out_len, void *user)
{
    if (len <= 0) {
        return WOLFSSL_TICKET_RET_REJECT;
    }
    const struct tri_ticket_parts parts = {
        .name = name,
        .nonce = nonce,
        .mac = mac,
        .state = state,
        .state_len = (size_t)len,
        .scope = wolfSSL_get_ex_data(ssl, EX_DATA_SCOPE),
    };
    *out_len = len;
    if (!is_new) {
        return take(user, &parts, wolfSSL_version(ssl) == TLS1_3_VERSION);
    }
    return tri_tls_tickets_seal(user, &parts) ? WOLFSSL_TICKET_RET_OK : WOLFSSL_TICKET_RET_FATAL;
}
/* NOLINTEND(readability-function-size,readability-non-const-parameter) */

bool tri_tls_tickets_scope(WOLFSSL *ssl, const uint8_t *scope)
{
    return wolfSSL_set_ex_data(ssl, EX_DATA_SCOPE, (void *)(uintptr_t)scope) == WOLFSSL_SUCCESS;
}

bool tri_tls_tickets_serve(const struct tri_tls_tickets *t, WOLFSSL_CTX *ctx)
{
    /* The age that wolfSSL itself allows, from the ticket's making; else it would be 500 seconds. */
    const unsigned lifetime_s = TRI_TICKET_EPOCHS * TRI_TICKET_EPOCH_S;
    (void)wolfSSL_CTX_set_timeout(ctx, lifetime_s); /* returns the one before */
    return wolfSSL_CTX_set_TicketEncCb(ctx, seal_or_open) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_TicketEncCtx(ctx, (void *)(uintptr_t)t) == WOLFSSL_SUCCESS &&
           wolfSSL_CTX_set_TicketHint(ctx, (int)lifetime_s) == WOLFSSL_SUCCESS &&
           /* RFC 8446 section 2.2: without a new key exchange, who gets the secret some day could
            * read what was recorded today. Zero or WOLFSSL_SUCCESS, by version of the library. */
           wolfSSL_CTX_only_dhe_psk(ctx) >= 0;
}
