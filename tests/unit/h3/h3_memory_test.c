/* Every allocation of the adapter fails once: refused in its scope, no crash, no leak. */
#include "rig_h3.h"

#include <stdlib.h>

static const uint32_t both_versions[] = {NGTCP2_PROTO_VER_V2, NGTCP2_PROTO_VER_V1};

static const struct tri_header websocket[] = {
    {":method", "CONNECT"}, {":protocol", "websocket"},
    {":scheme", "https"},   {":authority", "localhost"},
    {":path", "/echo"},     {"sec-websocket-version", "13"},
    {NULL, NULL},
};

static const struct tri_header get[] = {
    {":method", "GET"}, {":scheme", "https"},        {":authority", "localhost"},
    {":path", "/"},     {"cookie", "some=thing; x"}, {NULL, NULL},
};

/* ---- a tenant that says "hello" and ends, and that lives through failing ops */

struct greeter {
    struct tri_exchange *exchange;
    size_t sent, released, closes;
    bool bound, canceled;
};

struct stage {
    struct rig_h3 rig;
    struct greeter greeters[4];
    size_t len;
};

static const char hello[] = "hello";

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct greeter *g = session;
    assert_true(data && len > 0);
    g->exchange->stream.ops->consume(&g->exchange->stream, len);
}

static void on_fin(void *session)
{
    (void)session;
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct greeter *g = session;
    assert_true(out_max > 0);
    *fin = true;
    out[0] = tri_slice_of(hello + g->sent, 5 - g->sent);
    return 1;
}

static void on_sent(void *session, size_t len)
{
    struct greeter *g = session;
    g->sent += len;
}

static void on_released(void *session, size_t len)
{
    struct greeter *g = session;
    g->released += len;
    assert_true(g->released <= g->sent);
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    struct greeter *g = session;
    (void)cause;
    g->closes++;
}

static const struct tri_stream_events greeter_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

static void answer(struct greeter *g)
{
    const struct tri_response accept = {.answer = TRI_ANSWER_WEBSOCKET,
                                        .content_length = TRI_LENGTH_NONE,
                                        .events = &greeter_events,
                                        .session = g};
    enum tri_err err = g->exchange->ops->respond(g->exchange, &accept);
    assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
    assert_int_equal(g->exchange->status, err == TRI_OK ? 200 : 0);
    g->bound = err == TRI_OK;
}

static void refuse(struct tri_exchange *x)
{
    const struct tri_response refusal = {.answer = TRI_ANSWER_UPGRADE_NEEDED,
                                         .content_length = TRI_LENGTH_NONE};
    enum tri_err err = x->ops->respond(x, &refusal);
    assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
    assert_int_equal(x->status, err == TRI_OK ? 400 : 0);
}

/* The first is answered at once, the second later, so that bytes are held for it. */
static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct stage *stage = user;
    if (head->protocol.len == 0) {
        refuse(x);
        return;
    }
    assert_true(stage->len < 4);
    struct greeter *g = &stage->greeters[stage->len++];
    g->exchange = x;
    x->owner = g;
    if (stage->len == 1) {
        answer(g);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    struct greeter *g = x->owner;
    g->canceled = true;
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake};

/* ---- */

static void use(struct stage *stage)
{
    struct rig_h3 *r = &stage->rig;
    rig_h3_dial(r);
    if (!peer_h3_is_ready(r->peer)) {
        return;
    }
    int first = rig_h3_request(r, websocket, false);
    int second = rig_h3_request(r, websocket, false);
    int plain = rig_h3_request(r, get, false);
    assert_true(first >= 0 && second >= 0 && plain >= 0);
    peer_h3_data(r->peer, first, "data", 4);
    peer_h3_data(r->peer, second, "early", 5);
    rig_h3_run(r);
    struct greeter *late = &stage->greeters[1];
    if (stage->len == 2 && !late->canceled) {
        answer(late);
    }
    rig_h3_run(r);
    if (!r->peer->closed) {
        peer_h3_fin(r->peer, first);
        peer_h3_reset(r->peer, second, NGHTTP3_H3_REQUEST_CANCELLED);
        peer_h3_data(r->peer, plain, "x", 1);
    }
    rig_h3_run(r);
    tri_h3_endpoint_shutdown(r->endpoint, r->now_ns);
    rig_h3_run(r);
}

/* Returns the calls that a run without a failure makes. */
static size_t run_with_failure(size_t fail_at, bool version_2)
{
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    alloc.fail_at = fail_at;
    struct rig_h3_options options = {.alloc = &alloc.alloc, .events = &events, .user = stage};
    if (version_2) {
        options.peer.versions = both_versions;
        options.peer.versions_len = 2;
    }
    if (rig_h3_init(&stage->rig, &options)) {
        use(stage);
        rig_h3_deinit(&stage->rig);
    }
    for (size_t i = 0; i < stage->len; i++) {
        const struct greeter *g = &stage->greeters[i];
        assert_int_equal(g->closes, g->bound ? 1 : 0);
    }
    assert_int_equal(alloc.live, 0);
    size_t calls = alloc.calls;
    free(stage);
    return calls;
}

static void fail_each(bool version_2)
{
    size_t calls = run_with_failure(0, version_2);
    assert_true(calls > 50);
    for (size_t n = 1; n <= calls; n++) {
        run_with_failure(n, version_2);
    }
    print_message("%zu allocations\n", calls);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    fail_each(false);
}

static void N1_each_allocation_may_fail_while_versions_are_negotiated(void **state)
{
    (void)state;
    fail_each(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(N1_each_allocation_may_fail_while_versions_are_negotiated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
