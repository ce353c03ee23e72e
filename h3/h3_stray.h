/*
 * Answers to packets that belong to no connection: Version Negotiation, Retry, Stateless Reset, and
 * the refusal of a connection. They need no state, only a bounded place to wait until they are sent.
 * RFC 9000 section 5.2.2, 6, 8.1.2, 10.3.
 */
#ifndef TRI_H3_STRAY_H
#define TRI_H3_STRAY_H

#include "h3_shared.h"

#define TRI_H3_STRAYS_MAX 64u         /* waiting at a time; more are not answered */
#define TRI_H3_STRAY_BYTES_MAX 600u   /* Version Negotiation with two ids of 255 bytes */
#define TRI_H3_RESETS_PER_SECOND 100u /* RFC 9000 section 10.3: an endpoint should limit them */

struct tri_h3_stray {
    struct tri_addr local, remote; /* ours, and the one to answer */
    size_t len;
    uint8_t data[TRI_H3_STRAY_BYTES_MAX];
};

struct tri_h3_strays {
    struct tri_h3_shared *shared; /* borrowed */
    struct tri_h3_stray *ring;    /* owned; TRI_H3_STRAYS_MAX */
    size_t first, len;
    uint64_t resets_left;   /* of this second */
    uint64_t second_end_ns; /* when they are so many again */
    uint64_t next_log_ns;   /* when a Retry is worth a line again */
};

/* TRI_OK or TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err tri_h3_strays_init(struct tri_h3_strays *s, struct tri_h3_shared *shared);
void tri_h3_strays_deinit(struct tri_h3_strays *s);

/* The packet's version is none of ours. |to| and |from| are its connection ids. */
void tri_h3_strays_negotiate(struct tri_h3_strays *s, const struct tri_addr *local,
                             const struct tri_addr *remote, const ngtcp2_version_cid *packet);

/* A packet of |len| bytes for a connection that we know nothing of. */
void tri_h3_strays_reset(struct tri_h3_strays *s, const struct tri_addr *local,
                         const struct tri_addr *remote, struct tri_slice cid, size_t len);

/* An Initial packet whose sender has to prove its address first. */
void tri_h3_strays_retry(struct tri_h3_strays *s, const struct tri_addr *local,
                         const struct tri_addr *remote, const ngtcp2_pkt_hd *hd);

/* An Initial packet that opens no connection; |code| is the transport error that says why. */
void tri_h3_strays_refuse(struct tri_h3_strays *s, const struct tri_addr *local,
                          const struct tri_addr *remote, const ngtcp2_pkt_hd *hd, uint64_t code);

/* The next one to send; its bytes are valid until the next call. false: none. */
bool tri_h3_strays_pop(struct tri_h3_strays *s, struct tri_h3_run *run);

#endif
