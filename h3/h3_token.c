/* See h3_token.h. */
#include "h3_token.h"

/* The same before and after a restart, as monotonic time need not be. */
static uint64_t token_time_ns(const struct tri_h3_shared *s)
{
    return s->now_ns + s->config.clock_offset_ns;
}

static enum tri_err check_retry(const struct tri_h3_shared *s, struct tri_h3_initial *out,
                                const struct tri_addr *remote)
{
    const ngtcp2_pkt_hd *hd = &out->hd;
    ngtcp2_cid original;
    int rv = ngtcp2_crypto_verify_retry_token2(
        &original, hd->token, hd->tokenlen, s->secret, sizeof s->secret, hd->version, &remote->sa,
        remote->len, &hd->dcid, TRI_H3_RETRY_TOKEN_NS, token_time_ns(s));
    if (rv == 0) {
        out->proof = NGTCP2_TOKEN_TYPE_RETRY;
        out->original = original;
        return TRI_OK;
    }
    /* One that we cannot read may be another server's: RFC 9000 section 8.1.3. */
    return rv == NGTCP2_CRYPTO_ERR_VERIFY_TOKEN ? TRI_ERR_PROTOCOL : TRI_OK;
}

enum tri_err tri_h3_token_check(const struct tri_h3_shared *s, struct tri_h3_initial *out,
                                const struct tri_addr *remote)
{
    const ngtcp2_pkt_hd *hd = &out->hd;
    out->proof = NGTCP2_TOKEN_TYPE_UNKNOWN;
    out->original = hd->dcid;
    if (hd->tokenlen == 0) {
        return TRI_OK;
    }
    switch (hd->token[0]) {
    case NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2:
        return check_retry(s, out, remote);
    case NGTCP2_CRYPTO_TOKEN_MAGIC_REGULAR:
        if (ngtcp2_crypto_verify_regular_token(hd->token, hd->tokenlen, s->secret, sizeof s->secret,
                                               &remote->sa, remote->len, TRI_H3_NEW_TOKEN_NS,
                                               token_time_ns(s)) == 0) {
            out->proof = NGTCP2_TOKEN_TYPE_NEW_TOKEN;
        }
        return TRI_OK;
    default:
        return TRI_OK;
    }
}

static size_t length_of(ngtcp2_ssize written)
{
    return written > 0 ? (size_t)written : 0;
}

size_t tri_h3_token_for_retry(const struct tri_h3_shared *s, const ngtcp2_pkt_hd *hd,
                              const ngtcp2_cid *own, const struct tri_addr *remote, uint8_t *out)
{
    return length_of(ngtcp2_crypto_generate_retry_token2(out, s->secret, sizeof s->secret,
                                                         hd->version, &remote->sa, remote->len, own,
                                                         &hd->dcid, token_time_ns(s)));
}

size_t tri_h3_token_for_later(const struct tri_h3_shared *s, const ngtcp2_addr *remote,
                              uint8_t *out)
{
    return length_of(ngtcp2_crypto_generate_regular_token(
        out, s->secret, sizeof s->secret, remote->addr, remote->addrlen, token_time_ns(s)));
}
