/*
 * The outside of an adapter connection on a byte stream: what h1 and h2 have in common, so that
 * the server's loop, the tests and the fuzzers drive both alike, in memory, with time as a
 * parameter. (h3 takes and yields datagrams: h3_endpoint.h has the same shape.)
 *
 * The owner calls recv with what arrived, and afterwards, once a turn, send until it yields 0.
 */
#ifndef TRI_HTTP_CONN_H
#define TRI_HTTP_CONN_H

#include "base_alloc.h"
#include "base_limits.h"
#include "base_log.h"
#include "base_metrics.h"
#include "http_exchange.h"

struct tri_conn; /* each adapter's connection struct starts with one of these */

struct tri_conn_ops {
    /*
     * Takes |len| plaintext bytes from the peer; borrowed; all are taken. TRI_OK, or
     * TRI_ERR_PROTOCOL / TRI_ERR_LIMIT / TRI_ERR_NOMEM: the connection is failed; it still may have
     * something to send (an error response, GOAWAY), and then is_done.
     */
    enum tri_err (*recv)(struct tri_conn *c, const uint8_t *data, size_t len, uint64_t now_ns);
    /* The peer ended its direction: |orderly| with close_notify, else torn. */
    void (*recv_eof)(struct tri_conn *c, bool orderly, uint64_t now_ns);
    /*
     * Yields up to |max| slices (max >= 16) of plaintext to send, in order; returns how many. The
     * caller takes them all. They are valid until the next call of any of these functions. Their
     * tenants are told that they are sent with the next call of send at the latest, and that they
     * are released not before the next call. 0: nothing more now, all settled.
     */
    size_t (*send)(struct tri_conn *c, struct tri_slice *out, size_t max, uint64_t now_ns);
    /*
     * Whether it wants more bytes now. False: a tenant holds back its credit, and the transport has
     * no window for that (h1); leave them to the transport until it is true again, which may change
     * with any call and, through on_wake, outside of one. recv still takes what comes anyway.
     */
    bool (*wants_read)(const struct tri_conn *c);
    /* When expire must be called; UINT64_MAX: never. */
    uint64_t (*deadline_ns)(const struct tri_conn *c);
    void (*expire)(struct tri_conn *c, uint64_t now_ns);
    /* Starts to close politely: no new request is taken (GOAWAY; Connection: close), the open
     * streams end by themselves; is_done follows. */
    void (*shutdown)(struct tri_conn *c, uint64_t now_ns);
    /* Nothing more will be sent or taken: close the transport, in order, after what was sent. */
    bool (*is_done)(const struct tri_conn *c);
    /* The transport shall be cut without an orderly end (an aborted stream on h1). */
    bool (*is_aborted)(const struct tri_conn *c);
    /* Ends what is open with TRI_STREAM_CONN_LOST, then frees. */
    void (*free)(struct tri_conn *c);
};

struct tri_conn {
    const struct tri_conn_ops *ops;
};

struct tri_conn_config {
    const struct tri_alloc *alloc;
    const struct tri_limits *limits;
    const struct tri_log *log; /* may be NULL */
    const struct tri_exchange_events *events;
    void *user;                       /* handed to each of the events */
    struct tri_carrier carrier;       /* stream_id is the adapter's to fill a stream; the
                                                   strings outlive the connection */
    bool extended_connect;            /* offer RFC 8441; h1 ignores it */
    struct tri_http_metrics *metrics; /* counts what the adapter meets; NULL: nobody counts */
};

#endif
