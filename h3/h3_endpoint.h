/*
 * A QUIC endpoint that serves HTTP/3: all connections of one UDP socket. ngtcp2 + nghttp3 on
 * wolfSSL. RFC 9000, 9001, 9114, 9220, 9368, 9369. Sans-I/O: takes datagrams, yields runs of
 * datagrams, with time as a parameter; the same outside as tri_conn_ops, on datagrams.
 *
 * The owner calls recv with what arrived, and afterwards, once a turn, send until it yields
 * nothing; and expire when deadline_ns has come.
 */
#ifndef TRI_H3_ENDPOINT_H
#define TRI_H3_ENDPOINT_H

#include "base_addr.h"
#include "base_budget.h"
#include "base_random.h"
#include "http_conn.h"
#include "tls_context.h"

struct tri_h3_endpoint;

/* The largest run that send yields: what one GSO sendmsg takes, bytes. */
#define TRI_H3_RUN_BYTES_MAX ((size_t)65000)

/* Of the secret that a restarted server needs again, to be known by its clients. */
#define TRI_H3_SECRET_LEN 32u

/* What an endpoint has met. */
struct tri_h3_counters {
    uint64_t dropped;    /* datagrams that were for no connection, or were not QUIC */
    uint64_t retries;    /* Retry packets sent */
    uint64_t proven;     /* connections whose first packet proved the client's address */
    uint64_t migrations; /* clients that went on from another address or port */
};

/* A run of datagrams for one peer: one sendmsg with UDP_SEGMENT. */
struct tri_h3_run {
    const uint8_t *data; /* valid until the next call of send, recv, expire or free */
    size_t len;          /* bytes, all datagrams together */
    size_t segment;      /* bytes of each datagram but the last, which may be shorter; > 0 */
    struct tri_addr local, remote;
    uint8_t ecn; /* the two ECN bits, RFC 3168 */
};

struct tri_h3_config {
    const struct tri_alloc *alloc;
    const struct tri_limits *limits;
    const struct tri_log *log; /* may be NULL */
    const struct tri_random *random;
    const struct tri_tls_context *tls; /* made for QUIC; borrowed, outlives the endpoint */
    const char *qlog_dir;              /* NULL: none; borrowed */
    /* TRI_H3_SECRET_LEN bytes, copied: with the same ones an endpoint knows the tokens of the one
     * before it, and can reset its connections. NULL: random ones. */
    const uint8_t *secret;
    /* From |now_ns| to a clock that does not begin anew with a start: for the age of tokens. */
    uint64_t clock_offset_ns;
    const struct tri_exchange_events *events;
    bool extended_connect;
    bool early_data;             /* requests in early data are taken: RFC 8470 */
    struct tri_budget *budget;   /* charged for what TLS holds; NULL: nobody counts */
    struct tri_metrics *metrics; /* counts what the endpoint meets; NULL: nobody counts */
    /*
     * A connection was made (its handshake has begun). Returns the |user| for its events; fills
     * |carrier->conn_id| (the rest is the endpoint's). NULL: refuse it (a limit is reached).
     */
    void *(*on_accept)(void *owner, struct tri_carrier *carrier, const struct tri_addr *remote);
    /*
     * Its client is at |remote|: the token of its first packet says so, or its handshake is complete.
     * Once at most. False: refuse it, one of them too many is there. NULL: nobody asks.
     */
    bool (*on_proven)(void *owner, void *user, const struct tri_addr *remote);
    /* The connection of |user| is gone; all its streams are closed. Once for each accept. */
    void (*on_closed)(void *owner, void *user);
    /* Whether a shutdown is to leave the connection of |user| alone for now. NULL: never. */
    bool (*is_busy)(void *owner, void *user);
    void *owner; /* handed to these four */
};

TRI_MUST_USE enum tri_err tri_h3_endpoint_new(struct tri_h3_endpoint **out,
                                              const struct tri_h3_config *config);

/* Takes one datagram. |data| is borrowed for the call. Bad datagrams are dropped and counted. */
void tri_h3_endpoint_recv(struct tri_h3_endpoint *e, const struct tri_addr *local,
                          const struct tri_addr *remote, uint8_t ecn, const uint8_t *data,
                          size_t len, uint64_t now_ns);

/*
 * Yields the next run to send. false: nothing more now. A caller whose socket is full keeps a copy
 * of the run and stops calling send until it is writable.
 */
bool tri_h3_endpoint_send(struct tri_h3_endpoint *e, struct tri_h3_run *run, uint64_t now_ns);

/* The limits have changed: timeouts that run are as long as they say now. */
void tri_h3_endpoint_limits_changed(struct tri_h3_endpoint *e);

uint64_t tri_h3_endpoint_deadline_ns(const struct tri_h3_endpoint *e); /* UINT64_MAX: none */
void tri_h3_endpoint_expire(struct tri_h3_endpoint *e, uint64_t now_ns);

/*
 * Starts to close politely: refuses new connections, and on those that are not busy new requests
 * (GOAWAY); they close with H3_NO_ERROR when their streams have ended. Called again, it does the same
 * for those that are not busy any more.
 */
void tri_h3_endpoint_shutdown(struct tri_h3_endpoint *e, uint64_t now_ns);

/*
 * Closes all at once: what is open ends with TRI_STREAM_CONN_LOST, and each peer gets one
 * CONNECTION_CLOSE (H3_NO_ERROR; CONNECTION_REFUSED in a handshake), which send then yields. New
 * connections are refused as after a shutdown.
 */
void tri_h3_endpoint_close(struct tri_h3_endpoint *e, uint64_t now_ns);

/* No connection is left that may still send (closing and draining ones do not count). */
bool tri_h3_endpoint_is_idle(const struct tri_h3_endpoint *e);

struct tri_h3_counters tri_h3_endpoint_counters(const struct tri_h3_endpoint *e);

/* Sends nothing more: ends what is open with TRI_STREAM_CONN_LOST, then frees. NULL is fine. */
void tri_h3_endpoint_free(struct tri_h3_endpoint *e);

#endif
