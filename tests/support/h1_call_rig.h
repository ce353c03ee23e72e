/*
 * The client's end of an HTTP/1.1 connection under test, driven through tri_conn_ops, with an owner
 * that opens one call and keeps what it saw. What the connection sends is collected as one run of
 * bytes. Its random bytes are those of RFC 6455 section 1.3.
 */
#ifndef TRI_TESTS_H1_CALL_RIG_H
#define TRI_TESTS_H1_CALL_RIG_H

#include "base_limits.h"
#include "base_random.h"
#include "h1_client.h"
#include "tenant.h"
#include "test_alloc.h"

#define H1_CALL_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define H1_CALL_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* What the owner asks, and an answer as it has to be. */
#define H1_CALL_REQUEST                                                                            \
    "GET /echo?a HTTP/1.1\r\nHost: localhost:8443\r\nUpgrade: websocket\r\n"                       \
    "Connection: Upgrade\r\nSec-WebSocket-Key: " H1_CALL_KEY                                       \
    "\r\nsec-websocket-version: 13\r\n\r\n"
#define H1_CALL_101                                                                                \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: " H1_CALL_ACCEPT "\r\n\r\n"

struct h1_call_rig {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_random random;
    struct tri_conn *conn;

    /* what the owner does */
    bool waits;     /* on_ready opens nothing: the test does */
    bool binds_not; /* an accepted answer is left without a tenant */
    bool cuts;      /* the tenant aborts in on_answer */

    /* what it saw */
    struct tri_call *call;
    enum tri_err open_err;
    struct tenant tenant;
    unsigned readies, answers, fails, wakes;
    bool connect;
    bool is_accepted;
    int status;
    char fields[1024]; /* "name: value\n" ... of the answer */
    struct tri_call_end end;

    /* what the server saw */
    char *out; /* NUL-terminated */
    size_t out_len;
    enum tri_err err; /* the first that recv returned */
};

/* A connection that has been driven once, so that the request is out unless the owner |waits|. */
void h1_call_rig_open(struct h1_call_rig *r);
/* What |r| holds by then is kept: |waits| and its like, and alloc.fail_at. False: no memory. */
bool h1_call_rig_open_as(struct h1_call_rig *r);
void h1_call_rig_init(struct h1_call_rig *r);

/* Ends it; asserts that each thing was told once and that no memory is left. */
void h1_call_rig_close(struct h1_call_rig *r);

/* Opens the call, as on_ready does unless the owner |waits|. */
void h1_call_rig_ask(struct h1_call_rig *r);

/* Gives bytes in pieces of |step| and takes what comes back after each. */
void h1_call_rig_drip(struct h1_call_rig *r, const void *data, size_t len, size_t step);
void h1_call_rig_text(struct h1_call_rig *r, const char *text);
void h1_call_rig_drain(struct h1_call_rig *r);
void h1_call_rig_eof(struct h1_call_rig *r, bool orderly);

bool h1_call_rig_is_done(const struct h1_call_rig *r);
bool h1_call_rig_is_aborted(const struct h1_call_rig *r);

/* Takes out what was sent so far. */
void h1_call_rig_forget(struct h1_call_rig *r);

#endif
