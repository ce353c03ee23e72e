/*
 * One QUIC connection that carries HTTP/3, from its first packet to its last: ngtcp2 and nghttp3
 * side by side, driven by the endpoint. RFC 9000 section 10, RFC 9114 section 5.
 *
 *   HANDSHAKE ──► OPEN ──shutdown──► NOTICED ──a while later──► LEAVING
 *       │          │                    │                          │
 *       └──────────┴───── an error, or no stream is left ──────────┴──► CLOSING ──┐
 *       │          │                    │                          │              ├──► GONE
 *       ├──────────┴────────── the peer has closed ────────────────┴──► DRAINING ─┘
 *       └── idle, or never meant for us ──────────────────────────────────────────────► GONE
 *
 * NOTICED: a GOAWAY that refuses nothing is out, so that no request in flight is lost. LEAVING: the
 * one that refuses is out; the connection closes when its streams have ended.
 *
 * In CLOSING and DRAINING, ngtcp2, nghttp3 and TLS are gone: what is left is the connection ids, so
 * that late packets are known, and the CONNECTION_CLOSE to answer them with.
 */
#ifndef TRI_H3_CONN_H
#define TRI_H3_CONN_H

#include "base_bucket.h"
#include "h3_control.h"
#include "h3_guard.h"
#include "h3_schedule.h"
#include "h3_shared.h"
#include "h3_tls.h"
#include "h3_token.h"

#include <stdio.h>

enum tri_h3_state {
    TRI_H3_HANDSHAKE,
    TRI_H3_OPEN,
    TRI_H3_NOTICED,
    TRI_H3_LEAVING,
    TRI_H3_CLOSING,
    TRI_H3_DRAINING,
    TRI_H3_GONE,
};

struct tri_h3_conn {
    struct tri_h3_shared *shared; /* borrowed */
    enum tri_h3_state state;
    void *user; /* of the exchange events */
    struct tri_carrier carrier;
    char remote[TRI_ADDR_TEXT_MAX]; /* where it began */
    struct tri_addr client; /* where it is: the last address that it has proven; of a server */

    ngtcp2_conn *quic;  /* owned; NULL from CLOSING on */
    nghttp3_conn *http; /* owned; NULL before the keys to send with are there, and with |quic| */
    struct tri_h3_tls tls;
    FILE *qlog;         /* NULL: none */
    ngtcp2_ccerr error; /* what to close with, if has_error; else what the library's error means */
    bool has_error;
    bool came_early;    /* its client sent early data */
    size_t early_bytes; /* of streams, for which no connection credit was returned */
    bool is_confirmed;  /* QUIC's handshake is complete, and its names are read */
    bool wants_retry;   /* the first packet makes no sense without the one before it */
    bool is_proven;     /* the owner was told that the client's address is its own */
    bool is_mute;       /* a key is missing, which writing a close would need */

    struct tri_h3_cids cids;
    struct tri_list node;  /* the endpoint's list of all */
    struct tri_list dirty; /* the endpoint's list of those with something to send */
    struct tri_heap_node timer;

    struct tri_h3_control control; /* the client's control stream; of a server */
    struct tri_h3_unis unis;       /* the peer's unidirectional streams, as the guard sees them */
    struct tri_list streams;       /* of struct tri_h3_stream */
    size_t streams_len;
    size_t sockets_len;              /* of them: BOUND, and answered so */
    struct tri_list woken;           /* streams with marks to act on */
    struct tri_h3_schedule schedule; /* streams with something to send */
    struct tri_bucket resets;        /* streams that came to nothing */
    enum tri_flood flood;            /* what it did too much of, if it ends for that */
    struct tri_bucket glitches;      /* frames of kinds that nobody knows, on sockets */
    bool read_blocked;               /* a stream's head has ended since this was cleared */
    bool asks_http;                  /* nghttp3 may have something for this run */
    bool keeps_alive;                /* it has streams, and sends a PING when silent */
    size_t burst_bytes;              /* written since the last pause */
    uint64_t changed_ns;             /* when it opened, lost its last stream, or was noticed */

    /* CLOSING */
    uint8_t *close_packet; /* owned */
    size_t close_len;
    uint64_t late_packets;
    bool close_due;
    struct tri_addr local, remote_addr; /* where to */
};

/* Whether the peer is the server. */
static inline bool tri_h3_conn_is_client(const struct tri_h3_conn *c)
{
    return c->shared->client != NULL;
}

/* Bytes of stream credit that are returned together, at least. */
static inline size_t tri_h3_conn_credit_least(const struct tri_h3_conn *c)
{
    return tri_h3_conn_is_client(c) ? TRI_CLIENT_CREDIT_BYTES : 1;
}

static inline bool tri_h3_conn_is_live(const struct tri_h3_conn *c)
{
    return c->state < TRI_H3_CLOSING;
}

/*
 * Takes a connection that |initial| opens, and asks the owner for its user. NULL if memory is short
 * or the owner refuses.
 */
struct tri_h3_conn *tri_h3_conn_new(struct tri_h3_shared *shared,
                                    const struct tri_h3_initial *initial,
                                    const struct tri_addr *local, const struct tri_addr *remote);

/* A client's, to |remote|; its QUIC is still to be made. NULL if memory is short. */
struct tri_h3_conn *tri_h3_conn_new_client(struct tri_h3_shared *shared,
                                           const struct tri_addr *remote);

/* QUIC goes on without TLS once the handshake is complete, and that is a third of the memory. */
void tri_h3_conn_end_tls(struct tri_h3_conn *c);

/* Whether its owner keeps it, now that its client's address is proven. */
bool tri_h3_conn_prove(struct tri_h3_conn *c);

/* One that is GONE. */
void tri_h3_conn_free(struct tri_h3_conn *c);

/* Ends it without a word: its streams are told CONN_LOST. GONE afterwards. */
void tri_h3_conn_drop(struct tri_h3_conn *c);

/* Ends a live one for |rv|, an error of ngtcp2: CLOSING, DRAINING or GONE afterwards. */
void tri_h3_conn_fail(struct tri_h3_conn *c, int rv);

/* ---- for the parts of a connection */

/* Asserts that |to| may follow. */
void tri_h3_conn_set_state(struct tri_h3_conn *c, enum tri_h3_state to);

/* It has something to send, or marks to act on. */
void tri_h3_conn_wake(struct tri_h3_conn *c);

/* Notes the error to close with; the first counts. Returns what a callback of ngtcp2 then returns. */
int tri_h3_conn_app_error(struct tri_h3_conn *c, uint64_t code);
int tri_h3_conn_http_error(struct tri_h3_conn *c, int nghttp3_error);

#endif
