#include "contract.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct fixture_ops *const servers[] = {
    &fixture_fake, &fixture_h1, &fixture_h2, &fixture_h3, &fixture_h3_lossy, NULL,
};

struct instance {
    char name[160];
    const struct contract_case *one;
    const struct fixture_ops *transport;
};

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct contract *c = user;
    if (c->on_request) {
        c->on_request(c, x, head);
        return;
    }
    assert(c->tenants_len < FIXTURE_STREAMS_MAX);
    struct tenant *t = &c->tenants[c->tenants_len++];
    tenant_init(t, x, head);
    x->owner = t;
    if (c->accept_at_once) {
        tenant_accept(t);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    struct contract *c = user;
    struct tenant *t = x->owner;
    c->canceled++;
    if (t) {
        assert(!t->bound && !t->canceled);
        t->canceled = true;
    }
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events exchange_events = {
    .on_request = on_request,
    .on_cancel = on_cancel,
    .on_wake = on_wake,
};

void contract_reopen(struct contract *c)
{
    assert_null(c->f);
    c->f = c->t->open(&c->alloc.alloc, &c->limits, &exchange_events, c);
    assert_non_null(c->f);
}

static void run_instance(void **state)
{
    const struct instance *i = *state;
    struct contract *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->one = i->one;
    c->t = i->transport;
    c->accept_at_once = true;
    test_alloc_init(&c->alloc);
    tri_limits_default(&c->limits);
    contract_reopen(c);
    i->one->run(c);
    if (c->f) {
        c->t->close(c->f); /* unless the case has */
    }
    for (size_t n = 0; n < c->tenants_len; n++) {
        struct tenant *t = &c->tenants[n];
        if (t->bound) {
            assert_int_equal(t->closes, 1); /* contract line 8, in every case */
        }
        tenant_deinit(t);
    }
    assert_int_equal(c->alloc.live, 0);
    free(c);
}

struct tenant *contract_open(struct contract *c, int *stream)
{
    size_t before = c->tenants_len;
    *stream = c->t->request(c->f, &(struct fixture_request){.protocol = "websocket"});
    assert_true(*stream >= 0);
    c->t->run(c->f);
    assert_int_equal(c->tenants_len, before + 1);
    return &c->tenants[before];
}

struct fixture_seen contract_seen(struct contract *c, int stream)
{
    struct fixture_seen seen;
    c->t->seen(c->f, stream, &seen);
    return seen;
}

static size_t fill(struct instance *instances, struct CMUnitTest *tests,
                   const struct contract_case *cases, size_t cases_len,
                   const struct fixture_ops *const *transports)
{
    size_t n = 0;
    for (size_t i = 0; i < cases_len; i++) {
        for (size_t t = 0; transports[t]; t++) {
            if (cases[i].applies && !cases[i].applies(transports[t])) {
                continue;
            }
            struct instance *in = &instances[n];
            in->one = &cases[i];
            in->transport = transports[t];
            snprintf(in->name, sizeof in->name, "%-8s %s", transports[t]->name, cases[i].name);
            tests[n] = (struct CMUnitTest){
                .name = in->name, .test_func = run_instance, .initial_state = in};
            n++;
        }
    }
    return n;
}

int contract_run_over(const char *suite, const struct contract_case *cases, size_t cases_len,
                      const struct fixture_ops *const *transports)
{
    size_t transports_len = 0;
    while (transports[transports_len]) {
        transports_len++;
    }
    assert(cases_len > 0 && transports_len > 0);
    struct instance *instances = calloc(cases_len * transports_len, sizeof *instances);
    struct CMUnitTest *tests = calloc(cases_len * transports_len, sizeof *tests);
    assert(instances && tests);
    size_t n = fill(instances, tests, cases, cases_len, transports);
    int failures = _cmocka_run_group_tests(suite, tests, n, NULL, NULL);
    free(tests);
    free(instances);
    return failures;
}

int contract_run(const char *suite, const struct contract_case *cases, size_t cases_len)
{
    return contract_run_over(suite, cases, cases_len, servers);
}
