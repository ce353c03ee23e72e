/*
 * An h3 endpoint and a client (peer_h3), joined by two links in memory with simulated time. Every
 * request becomes a tenant, unless the case brings events of its own.
 */
#ifndef TRI_TESTS_RIG_H3_H
#define TRI_TESTS_RIG_H3_H

#include "h3_endpoint.h"
#include "link_h3.h"
#include "peer_h3.h"
#include "tenant.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#define RIG_H3_TENANTS_MAX 256

struct rig_h3_options {
    const struct tri_alloc *alloc;            /* NULL: the rig's, which must be empty at the end */
    const struct tri_limits *limits;          /* NULL: the defaults */
    const struct tri_exchange_events *events; /* NULL: collect tenants */
    void *user;                               /* of |events| */
    struct peer_h3_options peer;
    bool lossy;         /* the links lose, double and reorder */
    uint32_t link_seed; /* another pattern of that */
    bool no_extended_connect;
    const char *qlog_dir;
    const uint8_t *secret; /* NULL: random */
    uint64_t clock_offset_ns;
    struct tri_log *log;
    bool early_data;
    const struct tri_tls_context *tls; /* NULL: that of all rigs */
};

struct rig_h3 {
    struct rig_h3_options options;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_random random;
    uint32_t seed;
    struct tri_h3_endpoint *endpoint;
    struct peer_h3 *peer;    /* NULL: none */
    struct link_h3 up, down; /* to the server; to the client */
    struct tri_addr server, client;
    uint64_t now_ns;
    uint64_t conn_id;
    size_t accepts, closes, wakes;
    bool refuse_accept;
    bool refuse_proven;     /* those whose address is proven */
    bool is_busy;           /* a shutdown leaves its connections alone */
    size_t proven;          /* of the accepted, those whose address was */
    bool any_client;        /* the client moves: datagrams for its old address are lost */
    size_t elsewhere_bytes; /* that the server sent to other addresses */
    uint8_t last_ecn;       /* of the server's last run */
    size_t runs, packets;   /* that the server sent */
    size_t run_bytes_max;   /* the largest */
    size_t turn_bytes_max;  /* the most that it sent until it had nothing more for now */

    struct tri_metrics metrics;
    /* Whether a request in early data is announced at once; NULL: those with the method GET. */
    bool (*takes_early)(const struct tri_request_head *head);
    /* The collecting handler; NULL: a WebSocket is accepted, a plain request answered 200. */
    void (*on_request)(struct rig_h3 *r, struct tenant *t);
    struct tenant tenants[RIG_H3_TENANTS_MAX];
    size_t tenants_len, cancels;
    size_t refusals;      /* by the endpoint itself */
    enum tri_refused why; /* of the last */
    int refused_status;
    char last[512]; /* the last head: "method scheme authority path protocol\n" and fields */
};

/* False if the endpoint cannot be made (memory); then there is nothing to deinit. */
bool rig_h3_init(struct rig_h3 *r, const struct rig_h3_options *options);
void rig_h3_deinit(struct rig_h3 *r);

/* Another endpoint in the place of the first, which said nothing to anybody. */
void rig_h3_restart(struct rig_h3 *r);

/* On the heap, with a client that is ready; asserted. */
struct rig_h3 *rig_h3_new(const struct rig_h3_options *options);
void rig_h3_free(struct rig_h3 *r);

/* A client that dials; then run until it is ready or gone. */
void rig_h3_dial(struct rig_h3 *r);
void rig_h3_hang_up(struct rig_h3 *r); /* forgets the client; the server is not told */

/* Moves datagrams, and time where they need it, until nothing moves that is not seconds away. */
void rig_h3_run(struct rig_h3 *r);
/* Passes time, in steps that let deadlines fire. */
void rig_h3_advance(struct rig_h3 *r, uint64_t ms);
/* One round: what both have to send goes onto the links. */
void rig_h3_flush(struct rig_h3 *r);

/* A datagram from somewhere else. */
void rig_h3_inject(struct rig_h3 *r, const void *data, size_t len);

/* Fields are NULL-terminated by name. */
int rig_h3_request(struct rig_h3 *r, const struct tri_header *fields, bool fin);
int rig_h3_websocket(struct rig_h3 *r); /* and run: the stream's number */
int rig_h3_get(struct rig_h3 *r, const char *path);

/* The fields of an opening handshake, and of a plain request. */
extern const struct tri_header rig_h3_websocket_fields[];
extern const struct tri_header rig_h3_get_fields[];

/* Asserts that the server has closed the connection with this code of QUIC's or of HTTP/3's. */
void rig_h3_assert_closed(const struct rig_h3 *r, ngtcp2_ccerr_type type, uint64_t code);
/* Asserts that a request still works. */
void rig_h3_assert_alive(struct rig_h3 *r);

/* Answers with |t| as the one who lives on the stream, whatever |response| says of that. */
enum tri_err rig_h3_reply(struct tenant *t, const struct tri_response *response);

struct tenant *rig_h3_tenant(struct rig_h3 *r, size_t index);
const struct peer_h3_stream *rig_h3_seen(const struct rig_h3 *r, int stream);

/* The server's TLS, made once. */
const struct tri_tls_context *rig_h3_tls(void);

#endif
