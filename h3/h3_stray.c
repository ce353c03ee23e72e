/* See h3_stray.h. */
#include "h3_stray.h"

#include "h3_quic.h"
#include "h3_token.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <assert.h>

/* RFC 9000 section 10.3: a reset is 21 bytes or more, and looks like a packet of 42. */
#define RESET_BYTES_MIN ((size_t)21)
#define RESET_BYTES_MAX ((size_t)42)

enum tri_err tri_h3_strays_init(struct tri_h3_strays *s, struct tri_h3_shared *shared)
{
    *s = (struct tri_h3_strays){.shared = shared};
    s->ring = tri_alloc_get(shared->config.alloc, TRI_H3_STRAYS_MAX * sizeof *s->ring);
    return s->ring ? TRI_OK : TRI_ERR_NOMEM;
}

void tri_h3_strays_deinit(struct tri_h3_strays *s)
{
    tri_alloc_release(s->shared->config.alloc, s->ring);
    s->ring = NULL;
}

/* The place for one more, or NULL. It counts once commit was called. */
static struct tri_h3_stray *reserve(struct tri_h3_strays *s, const struct tri_addr *local,
                                    const struct tri_addr *remote)
{
    assert(s->len <= TRI_H3_STRAYS_MAX);
    if (s->len == TRI_H3_STRAYS_MAX) {
        return NULL;
    }
    struct tri_h3_stray *stray = &s->ring[(s->first + s->len) % TRI_H3_STRAYS_MAX];
    stray->local = *local;
    stray->remote = *remote;
    return stray;
}

static void commit(struct tri_h3_strays *s, struct tri_h3_stray *stray, ngtcp2_ssize len)
{
    if (len > 0) {
        assert((size_t)len <= sizeof stray->data);
        stray->len = (size_t)len;
        s->len++;
    }
}

void tri_h3_strays_negotiate(struct tri_h3_strays *s, const struct tri_addr *local,
                             const struct tri_addr *remote, const ngtcp2_version_cid *packet)
{
    struct tri_h3_stray *stray = reserve(s, local, remote);
    if (!stray) {
        return;
    }
    uint8_t noise[5];
    tri_h3_shared_random(s->shared, noise, sizeof noise);
    uint32_t versions[TRI_H3_VERSIONS_LEN + 1];
    /* A reserved version among ours, so that clients learn to pass over what they do not know: RFC
     * 9000 section 6.3, 15. */
    versions[0] =
        ((uint32_t)noise[0] << 24 | (uint32_t)noise[1] << 16 | (uint32_t)noise[2] << 8 | noise[3]) &
        0xf0f0f0f0u;
    versions[0] |= 0x0a0a0a0au;
    memcpy(versions + 1, tri_h3_quic_versions, sizeof tri_h3_quic_versions);
    commit(s, stray,
           ngtcp2_pkt_write_version_negotiation(
               stray->data, sizeof stray->data, noise[4], packet->scid, packet->scidlen,
               packet->dcid, packet->dcidlen, versions, TRI_H3_VERSIONS_LEN + 1));
}

static bool may_reset(struct tri_h3_strays *s)
{
    uint64_t now_ns = s->shared->now_ns;
    if (now_ns >= s->second_end_ns) {
        s->second_end_ns = now_ns + 1000 * TRI_NS_PER_MS;
        s->resets_left = TRI_H3_RESETS_PER_SECOND;
    }
    if (s->resets_left == 0) {
        return false;
    }
    s->resets_left--;
    return true;
}

void tri_h3_strays_reset(struct tri_h3_strays *s, const struct tri_addr *local,
                         const struct tri_addr *remote, struct tri_slice cid, size_t len)
{
    /* Shorter than what it answers, so that two endpoints cannot reset each other for ever: RFC
     * 9000 section 10.3.3. */
    if (len <= RESET_BYTES_MIN || cid.len > NGTCP2_MAX_CIDLEN || !may_reset(s)) {
        return;
    }
    struct tri_h3_stray *stray = reserve(s, local, remote);
    if (!stray) {
        return;
    }
    size_t size = len - 1 < RESET_BYTES_MAX ? len - 1 : RESET_BYTES_MAX;
    ngtcp2_cid id;
    ngtcp2_cid_init(&id, cid.data, cid.len);
    ngtcp2_stateless_reset_token token;
    uint8_t noise[RESET_BYTES_MAX];
    tri_h3_shared_random(s->shared, noise, sizeof noise);
    if (tri_h3_shared_reset_token(s->shared, &id, token.data)) {
        commit(s, stray,
               ngtcp2_pkt_write_stateless_reset2(stray->data, size, &token, noise,
                                                 size - sizeof token.data));
    }
}

/* A line a second at most: there are many Retry packets when there are any. */
static void log_retries(struct tri_h3_strays *s)
{
    if (s->shared->now_ns < s->next_log_ns) {
        return;
    }
    s->next_log_ns = s->shared->now_ns + 1000 * TRI_NS_PER_MS;
    TRI_LOG(s->shared->config.log, WARN, "quic.retry", TRI_KV_U("half_open", s->shared->half_open),
            TRI_KV_U("retries", s->shared->counters.retries));
}

void tri_h3_strays_retry(struct tri_h3_strays *s, const struct tri_addr *local,
                         const struct tri_addr *remote, const ngtcp2_pkt_hd *hd)
{
    struct tri_h3_stray *stray = reserve(s, local, remote);
    if (!stray) {
        return;
    }
    ngtcp2_cid own = {.datalen = TRI_H3_CID_LEN};
    tri_h3_shared_random(s->shared, own.data, own.datalen);
    uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2];
    size_t len = tri_h3_token_for_retry(s->shared, hd, &own, remote, token);
    if (len == 0) {
        return;
    }
    commit(s, stray,
           ngtcp2_crypto_write_retry(stray->data, sizeof stray->data, hd->version, &hd->scid, &own,
                                     &hd->dcid, token, len));
    s->shared->counters.retries++;
    log_retries(s);
}

void tri_h3_strays_refuse(struct tri_h3_strays *s, const struct tri_addr *local,
                          const struct tri_addr *remote, const ngtcp2_pkt_hd *hd, uint64_t code)
{
    struct tri_h3_stray *stray = reserve(s, local, remote);
    if (stray) {
        commit(s, stray,
               ngtcp2_crypto_write_connection_close(stray->data, sizeof stray->data, hd->version,
                                                    &hd->scid, &hd->dcid, code, NULL, 0));
    }
}

bool tri_h3_strays_pop(struct tri_h3_strays *s, struct tri_h3_run *run)
{
    if (s->len == 0) {
        return false;
    }
    const struct tri_h3_stray *stray = &s->ring[s->first];
    s->first = (s->first + 1) % TRI_H3_STRAYS_MAX;
    s->len--;
    *run = (struct tri_h3_run){.data = stray->data,
                               .len = stray->len,
                               .segment = stray->len,
                               .local = stray->local,
                               .remote = stray->remote};
    return true;
}
