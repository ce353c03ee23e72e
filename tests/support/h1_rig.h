/*
 * An HTTP/1.1 connection under test, driven through tri_conn_ops, with a handler that does as it is
 * told and keeps what it saw. What the connection sends is collected as one run of bytes.
 */
#ifndef TRI_TESTS_H1_RIG_H
#define TRI_TESTS_H1_RIG_H

#include "h1_conn.h"
#include "tenant.h"
#include "test_alloc.h"

#define H1_RIG_REQUESTS_MAX 64
#define H1_RIG_LINE_MAX 256

/* What the handler does with a request. */
enum h1_rig_answer {
    H1_RIG_AT_ONCE,   /* a plain one: 200 with its path as the body. A WebSocket: accept, unless
                         allocations are to fail, which a tenant does not survive */
    H1_RIG_NOT_FOUND, /* 404 without a body */
    H1_RIG_LATER,     /* nothing: the test answers by the tenant */
};

struct h1_rig {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_conn *conn;
    uint64_t now_ns;
    enum h1_rig_answer answer;
    bool is_chunky; /* send is asked for two slices at a time, and after each recv */
    void (*on_request)(struct h1_rig *r, struct tenant *t); /* instead of |answer|, if not NULL */

    /* what the handler saw, a request */
    struct tenant tenants[H1_RIG_REQUESTS_MAX];
    char lines[H1_RIG_REQUESTS_MAX][H1_RIG_LINE_MAX]; /* "GET https localhost /path websocket" */
    size_t requests_len;
    size_t cancels, wakes;
    size_t refusals;      /* by the connection itself */
    enum tri_refused why; /* of the last */
    int refused_status;
    size_t nomems; /* responds that had no memory */

    /* what the peer saw */
    char *out; /* NUL-terminated */
    size_t out_len;
    enum tri_err err; /* the first that recv returned */
};

/* A connection with default limits, over TLS. */
void h1_rig_open(struct h1_rig *r);
/* The same, with an allocation that fails; false if that was already one of the connection's. */
bool h1_rig_open_failing(struct h1_rig *r, size_t fail_at);

/* Ends it; asserts that each tenant was closed once and that no memory is left. */
void h1_rig_close(struct h1_rig *r);

/* Gives bytes and takes what comes back, until nothing moves. */
void h1_rig_feed(struct h1_rig *r, const void *data, size_t len);
void h1_rig_text(struct h1_rig *r, const char *text);
/* In pieces of |step| bytes. */
void h1_rig_drip(struct h1_rig *r, const void *data, size_t len, size_t step);
void h1_rig_drain(struct h1_rig *r);

void h1_rig_eof(struct h1_rig *r, bool orderly);
/* Passes time, letting the deadline fire. */
void h1_rig_advance(struct h1_rig *r, uint64_t ms);

bool h1_rig_is_done(const struct h1_rig *r);
bool h1_rig_is_aborted(const struct h1_rig *r);

/* The status of the |index|-th response head in what was sent, 0 if there is none. */
int h1_rig_status(const struct h1_rig *r, size_t index);

/* How many response heads were sent. */
size_t h1_rig_statuses(const struct h1_rig *r);

/* Whether |text| occurs in what was sent. */
bool h1_rig_sent(const struct h1_rig *r, const char *text);

#define H1_RIG_KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* A correct opening handshake for /echo. */
#define H1_RIG_HANDSHAKE                                                                           \
    "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"       \
    "Sec-WebSocket-Key: " H1_RIG_KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n"

#endif
