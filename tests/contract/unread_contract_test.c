/*
 * A plain response of which its peer takes nothing, over each HTTP: it is given up in time, the memory
 * that it held comes back, and a socket beside it on the same connection does not notice. Row E10.
 */
#include "base_limits.h"
#include "base_timeout.h"
#include "contract.h"
#include "http_body.h"

#include <string.h>

#define TIMEOUT_MS 60000u
#define STEP_MS 1000u
#define BODY_BYTES ((uint64_t)8 * 1024 * 1024)

struct unread {
    struct tri_http_bodies bodies;
    unsigned closes;   /* of the body's source */
    unsigned given_up; /* streams that were aborted */
};

static enum tri_err read_zeros(void *user, uint8_t *out, size_t max, size_t *len)
{
    (void)user;
    memset(out, 0, max);
    *len = max;
    return TRI_OK;
}

static void count_close(void *user)
{
    ((struct unread *)user)->closes++;
}

static void answer_with_body(struct contract *c, struct tri_exchange *x)
{
    struct unread *u = c->extra;
    const struct tri_body source = {
        .read = read_zeros, .close = count_close, .user = u, .length = BODY_BYTES};
    struct tri_http_body *body;
    assert_int_equal(tri_http_body_new_source(&body, &c->alloc.alloc, &x->stream, &source), TRI_OK);
    tri_http_body_watch(body, &u->bodies);
    const struct tri_response r = {.answer = TRI_ANSWER_PLAIN,
                                   .status = 200,
                                   .content_length = BODY_BYTES,
                                   .events = &tri_http_body_stream_events,
                                   .session = body};
    assert_int_equal(x->ops->respond(x, &r), TRI_OK);
}

/* Plain requests get the body; a WebSocket is a tenant. */
static void on_request(struct contract *c, struct tri_exchange *x,
                       const struct tri_request_head *head)
{
    if (head->protocol.len == 0) {
        answer_with_body(c, x);
        return;
    }
    struct tenant *t = &c->tenants[c->tenants_len++];
    tenant_init(t, x, head);
    x->owner = t;
    tenant_accept(t);
}

static void start(struct contract *c, struct unread *u)
{
    *u = (struct unread){.closes = 0};
    tri_http_bodies_init(&u->bodies, TIMEOUT_MS);
    u->bodies.now_ns = c->t->now_ns(c->f);
    c->extra = u;
    c->on_request = on_request;
}

/* The turn of a server. */
static void step(struct contract *c, struct unread *u)
{
    c->t->advance(c->f, STEP_MS);
    u->bodies.now_ns = c->t->now_ns(c->f);
    while (tri_http_bodies_expire(&u->bodies, u->bodies.now_ns)) {
        u->given_up++;
    }
    c->t->run(c->f);
}

static int request_and_pause(struct contract *c)
{
    const int stream = c->t->request(c->f, &(struct fixture_request){.path = "/", .fin = true});
    assert_true(stream >= 0);
    c->t->pause(c->f, stream, true);
    c->t->run(c->f);
    return stream;
}

static void a_response_that_its_peer_does_not_take_is_given_up_in_time(struct contract *c)
{
    struct unread u;
    start(c, &u);
    const int stream = request_and_pause(c);
    const uint64_t start_ns = u.bodies.now_ns;
    uint64_t waited_ns = 0;
    while (u.given_up == 0 && waited_ns < 2 * TIMEOUT_MS * TRI_NS_PER_MS) {
        step(c, &u);
        waited_ns = u.bodies.now_ns - start_ns;
    }
    assert_in_range(waited_ns / TRI_NS_PER_MS, TIMEOUT_MS, TIMEOUT_MS + 10 * STEP_MS);
    step(c, &u);
    assert_int_equal(u.given_up, 1);
    assert_int_equal(u.closes,
                     1); /* what it held is given back, though the peer still reads nothing */
    c->t->pause(c->f, stream, false);
    step(c, &u);
    const struct fixture_seen seen = contract_seen(c, stream);
    assert_true(seen.reset || seen.conn_closed);
    assert_false(seen.fin);
    assert_true(seen.body.len < BODY_BYTES);
}

static void a_socket_beside_it_does_not_notice(struct contract *c)
{
    struct unread u;
    start(c, &u);
    int socket = -1;
    struct tenant *t = contract_open(c, &socket);
    (void)request_and_pause(c);
    for (unsigned i = 0; i < 2 * TIMEOUT_MS / STEP_MS; i++) {
        c->t->send(c->f, socket, "x", 1);
        step(c, &u);
        assert_int_equal(t->in_len, i + 1);
    }
    assert_int_equal(u.given_up, 1);
    assert_int_equal(u.closes, 1);
    assert_int_equal(t->closes, 0);
    assert_false(contract_seen(c, socket).conn_closed);
}

static void a_peer_that_takes_it_just_in_time_gets_it_all(struct contract *c)
{
    struct unread u;
    start(c, &u);
    const int stream = request_and_pause(c);
    const uint64_t start_ns = u.bodies.now_ns;
    while (u.bodies.now_ns - start_ns < (TIMEOUT_MS - 10 * STEP_MS) * TRI_NS_PER_MS) {
        step(c, &u);
    }
    c->t->pause(c->f, stream, false);
    for (unsigned i = 0; i < 1000 && u.closes == 0; i++) {
        step(c, &u);
    }
    assert_int_equal(u.given_up, 0);
    assert_int_equal(contract_seen(c, stream).body.len, BODY_BYTES);
}

static bool has_many_streams(const struct fixture_ops *t)
{
    return t->many_streams && strcmp(t->name, "fake") != 0;
}

static bool is_real(const struct fixture_ops *t)
{
    return strcmp(t->name, "fake") != 0;
}

int main(void)
{
    static const struct contract_case cases[] = {
        {"E10: a response that its peer does not take is given up in time",
         a_response_that_its_peer_does_not_take_is_given_up_in_time, is_real},
        {"E10: a socket beside it does not notice", a_socket_beside_it_does_not_notice,
         has_many_streams},
        {"a peer that takes it just in time gets it all",
         a_peer_that_takes_it_just_in_time_gets_it_all, is_real},
    };
    return contract_run("unread", cases, sizeof cases / sizeof cases[0]);
}
