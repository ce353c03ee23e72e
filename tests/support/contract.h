/*
 * Runs one table of cases over every transport: each case is a function of a struct contract, which
 * is a fresh connection with a handler that collects the requests. cmocka prints one line a case
 * and transport.
 */
#ifndef TRI_TESTS_CONTRACT_H
#define TRI_TESTS_CONTRACT_H

#include "fixture.h"
#include "tenant.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

struct contract_case;

struct contract {
    const struct contract_case *one; /* the case that runs */
    const struct fixture_ops *t;     /* the transport under test */
    struct fixture *f;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tenant tenants[FIXTURE_STREAMS_MAX]; /* one a request, in order of arrival */
    size_t tenants_len;
    size_t canceled;
    bool accept_at_once;
    /* Another handler than collecting tenants; NULL: collect. */
    void (*on_request)(struct contract *c, struct tri_exchange *x,
                       const struct tri_request_head *head);
    void *extra;
};

struct contract_case {
    const char *name; /* a sentence */
    void (*run)(struct contract *c);
    /* NULL, or whether the case makes sense on the transport */
    bool (*applies)(const struct fixture_ops *t);
};

/* Opens a WebSocket at /echo whose tenant is accepted; returns its tenant. */
struct tenant *contract_open(struct contract *c, int *stream);

/* A fresh connection, after the case has closed the one it had (c->f is NULL). */
void contract_reopen(struct contract *c);

/* What the peer sees of |stream|. */
struct fixture_seen contract_seen(struct contract *c, int stream);

/* Runs every case over every transport. Returns the number of failures, as cmocka does. */
int contract_run(const char *suite, const struct contract_case *cases, size_t cases_len);

/* The same over |transports|, which end with a NULL. */
int contract_run_over(const char *suite, const struct contract_case *cases, size_t cases_len,
                      const struct fixture_ops *const *transports);

#endif
