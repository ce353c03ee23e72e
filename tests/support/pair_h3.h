/*
 * A client's connection (h3_client) and an endpoint (that of a rig_h3 without a peer), joined by the
 * rig's links. What the client opens becomes a caller, which records what it hears of it.
 */
#ifndef TRI_TESTS_PAIR_H3_H
#define TRI_TESTS_PAIR_H3_H

#include "bare_server_h3.h"
#include "caller_h3.h"
#include "h3_client.h"
#include "rig_h3.h"

#define PAIR_H3_CALLERS_MAX 256

struct pair_h3_options {
    struct rig_h3_options rig;
    const struct tri_alloc
        *alloc; /* of the client; NULL: the pair's, which must be empty at the end */
    const struct tri_limits *limits;  /* of the client; NULL: the defaults */
    const struct tri_tls_client *tls; /* NULL: one that trusts the server's certificate */
    const char *host;                 /* NULL: "localhost" */
    WOLFSSL_SESSION *resume;
    const struct bare_server_h3_options
        *bare;    /* a bare server, not the endpoint; NULL: the endpoint */
    bool rejects; /* callers bind nobody to what was accepted */
};

struct pair_h3 {
    struct rig_h3 rig;
    struct pair_h3_options options;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_conn *client; /* NULL: none */
    struct caller callers[PAIR_H3_CALLERS_MAX];
    size_t callers_len;
    size_t readies, rooms, wakes;
    bool connect;
    bool opens_in_ready;         /* one call, from inside on_ready */
    struct bare_server_h3 *bare; /* answers in place of the endpoint; NULL: the endpoint does */
};

/* With a client that has run until nothing moves; on the heap. */
struct pair_h3 *pair_h3_new(const struct pair_h3_options *options);
void pair_h3_free(struct pair_h3 *p);

/* With a bare server that has sent SETTINGS; |*control| is its control stream. */
struct pair_h3 *pair_h3_new_bare(int64_t *control);

/* The same by hand; false: memory was short, and there is nothing to deinit. */
bool pair_h3_init(struct pair_h3 *p, const struct pair_h3_options *options);
bool pair_h3_dial(struct pair_h3 *p); /* false: memory is short */
void pair_h3_hang_up(struct pair_h3 *p);
void pair_h3_deinit(struct pair_h3 *p);

/* As rig_h3_run and rig_h3_advance. */
void pair_h3_run(struct pair_h3 *p);
void pair_h3_advance(struct pair_h3 *p, uint64_t ms);

/* Asks; NULL: it was refused, with |*err|. */
struct caller *pair_h3_try(struct pair_h3 *p, const struct tri_call_request *request,
                           enum tri_err *err);
/* Asks for /echo; and run, if it is to be answered. */
struct caller *pair_h3_ask(struct pair_h3 *p);
struct caller *pair_h3_open(struct pair_h3 *p);

extern const struct tri_call_request pair_h3_request;

size_t pair_h3_room(const struct pair_h3 *p);
struct tri_call_end pair_h3_end(const struct pair_h3 *p);

/* The TLS of both, made once; and of a client that trusts nobody whom it does not know. */
const struct tri_tls_context *pair_h3_server_tls(void);
const struct tri_tls_client *pair_h3_client_tls(void);
const struct tri_tls_client *pair_h3_distrustful_tls(void);
WOLFSSL_CTX *pair_h3_bare_tls(void);

#endif
