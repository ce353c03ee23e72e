/* Proof of address: Retry, and the tokens of both kinds. RFC 9000 section 8.1; row E10. */
#include "h3_token.h"

#include "base_limits.h"
#include "rig_h3.h"

#include <stdlib.h>

#define SECOND_NS (1000 * TRI_NS_PER_MS)

static const uint8_t secret_a[TRI_H3_SECRET_LEN] = "the secret of one server, kept";
static const uint8_t secret_b[TRI_H3_SECRET_LEN] = "the secret of another, kept too";

static struct rig_h3 *new_alone(uint32_t half_open_max, const struct rig_h3_options *options)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, options));
    r->limits.half_open_max = half_open_max;
    return r;
}

static struct rig_h3 *new_plain(uint32_t half_open_max)
{
    return new_alone(half_open_max, &(struct rig_h3_options){.secret = secret_a});
}

static struct tri_h3_counters counters(const struct rig_h3 *r)
{
    return tri_h3_endpoint_counters(r->endpoint);
}

/* The first datagram of a client that nobody answers. */
static size_t knock(struct rig_h3 *r, uint8_t out[1500])
{
    uint8_t ecn = 0;
    struct peer_h3 *p = peer_h3_new(&(struct peer_h3_options){.version = 0}, r->now_ns);
    size_t len = peer_h3_send(p, out, 1500, &ecn, r->now_ns);
    assert_true(len >= 1200);
    peer_h3_free(p);
    return len;
}

/* Datagrams of a client's first flight: each gets its Retry. */
static uint64_t flight(const struct rig_h3 *r)
{
    uint8_t packet[1500];
    uint8_t ecn = 0;
    uint64_t n = 0;
    struct peer_h3 *p = peer_h3_new(&r->options.peer, r->now_ns);
    while (peer_h3_send(p, packet, sizeof packet, &ecn, r->now_ns) > 0) {
        n++;
    }
    peer_h3_free(p);
    assert_true(n > 0);
    return n;
}

static size_t pop_all(struct rig_h3 *r)
{
    struct tri_h3_run run;
    size_t bytes = 0;
    while (tri_h3_endpoint_send(r->endpoint, &run, r->now_ns)) {
        bytes += run.len;
    }
    return bytes;
}

/* ---- when a Retry is sent */

static void E10_below_the_limit_nobody_gets_a_retry(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(1);
    for (int i = 0; i < 3; i++) {
        rig_h3_dial(r);
        assert_true(peer_h3_is_ready(r->peer));
        rig_h3_hang_up(r);
    }
    assert_int_equal(counters(r).retries, 0);
    assert_int_equal(counters(r).proven, 0);
    rig_h3_free(r);
}

static void E10_above_it_a_client_proves_its_address_and_is_served(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer)); /* it has checked retry_scid: RFC 9000 section 7.3 */
    assert_int_equal(counters(r).retries, flight(r));
    assert_int_equal(counters(r).proven, 1);
    assert_int_equal(r->accepts, 1);
    rig_h3_websocket(r);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void E10_clients_of_version_2_are_sent_a_retry_too(void **state)
{
    (void)state;
    struct rig_h3 *r = new_alone(
        0, &(struct rig_h3_options){.secret = secret_a, .peer = {.version = NGTCP2_PROTO_VER_V2}});
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    assert_int_equal(counters(r).retries, flight(r));
    rig_h3_free(r);
}

static void E10_half_open_connections_are_counted_to_the_limit_and_down(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(3);
    uint8_t packet[1500];
    for (unsigned i = 0; i < 10; i++) {
        size_t len = knock(r, packet);
        rig_h3_inject(r, packet, len);
        assert_int_equal(r->accepts, i < 3 ? i + 1 : 3);
        assert_int_equal(counters(r).retries, i < 3 ? 0 : i - 2);
    }
    (void)pop_all(r);
    rig_h3_dial(r); /* a real one proves itself and is let in past the limit */
    assert_true(peer_h3_is_ready(r->peer));
    assert_int_equal(r->accepts, 4);
    assert_int_equal(counters(r).retries, 7 + flight(r));
    rig_h3_hang_up(r);
    rig_h3_advance(r, 20 * 1000); /* the half-open ones have had their time */
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    assert_int_equal(counters(r).retries, 7 + flight(r));
    rig_h3_free(r);
}

static void E10_a_retry_keeps_nothing_and_is_smaller_than_what_it_answers(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    uint8_t packet[1500];
    size_t live = r->alloc.live;
    for (int i = 0; i < 1000; i++) {
        size_t len = knock(r, packet);
        rig_h3_inject(r, packet, len);
        size_t answer = pop_all(r);
        assert_true(answer > 0 && answer < 300 && answer < len);
    }
    assert_int_equal(r->accepts, 0);
    assert_int_equal(r->alloc.live, live);
    assert_int_equal(counters(r).retries, 1000);
    rig_h3_free(r);
}

static void E10_the_second_half_of_a_hello_alone_gets_a_retry(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(100);
    uint8_t packet[1500];
    uint8_t ecn = 0;
    r->options.peer.post_quantum = true;
    r->peer = peer_h3_new(&r->options.peer, r->now_ns);
    assert_true(peer_h3_send(r->peer, packet, sizeof packet, &ecn, r->now_ns) > 0); /* lost */
    size_t len = peer_h3_send(r->peer, packet, sizeof packet, &ecn, r->now_ns);
    assert_true(len >= 1200);
    rig_h3_inject(r, packet, len);
    assert_int_equal(counters(r).retries, 1);
    assert_int_equal(r->accepts, r->closes);
    rig_h3_run(r);
    assert_true(peer_h3_is_ready(r->peer));
    rig_h3_free(r);
}

/* ---- when the owner is told */

static void an_address_is_proven_once_by_the_handshake_and_not_before(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(10);
    uint8_t packet[1500];
    rig_h3_inject(r, packet, knock(r, packet)); /* whoever that is */
    assert_int_equal(r->accepts, 1);
    assert_int_equal(r->proven, 0);
    (void)pop_all(r);
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    rig_h3_websocket(r);
    assert_int_equal(r->accepts, 2);
    assert_int_equal(r->proven, 1);
    rig_h3_free(r);
}

static void an_address_is_proven_once_by_a_token_when_it_is_accepted(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    rig_h3_dial(r);
    rig_h3_websocket(r);
    assert_int_equal(r->accepts, 1);
    assert_int_equal(r->proven, 1);
    rig_h3_free(r);
}

/* |half_open_max| 0: proven by a token; else with the handshake. */
static void refuse_a_proven_client(uint32_t half_open_max)
{
    struct rig_h3 *r = new_plain(half_open_max);
    r->refuse_proven = true;
    rig_h3_dial(r);
    assert_true(r->peer->closed);
    /* With a token nothing is kept of it, so each packet of its first flight is refused. */
    assert_true(r->proven >= 1 && (r->proven == 1 || half_open_max == 0));
    assert_int_equal(r->peer->why.type, NGTCP2_CCERR_TYPE_TRANSPORT);
    assert_int_equal(r->peer->why.error_code, NGTCP2_CONNECTION_REFUSED);
    assert_int_equal(r->closes, r->proven);
    rig_h3_hang_up(r);
    r->refuse_proven = false;
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    rig_h3_free(r);
}

static void a_client_with_a_proven_address_may_be_refused(void **state)
{
    (void)state;
    refuse_a_proven_client(0);
    refuse_a_proven_client(10);
}

/* ---- the token of a Retry */

/* A client up to its second Initial packet, the one with the token. */
static size_t answer_retry(struct rig_h3 *r, uint8_t out[1500])
{
    uint8_t ecn = 0;
    struct tri_h3_run run;
    r->peer = peer_h3_new(&r->options.peer, r->now_ns);
    size_t len = peer_h3_send(r->peer, out, 1500, &ecn, r->now_ns);
    rig_h3_inject(r, out, len);
    assert_true(tri_h3_endpoint_send(r->endpoint, &run, r->now_ns));
    peer_h3_recv(r->peer, 0, run.data, run.len, r->now_ns);
    len = peer_h3_send(r->peer, out, 1500, &ecn, r->now_ns);
    assert_true(len >= 1200);
    return len;
}

/* The client has been told so, and nothing is kept. */
static void assert_refused(struct rig_h3 *r)
{
    rig_h3_run(r);
    assert_int_equal(r->accepts, 0);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, NGTCP2_INVALID_TOKEN);
    rig_h3_free(r);
}

static void E10_a_retry_token_of_another_address_is_refused(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    uint8_t packet[1500];
    size_t len = answer_retry(r, packet);
    tri_addr_set_port(&r->client, 50001);
    rig_h3_inject(r, packet, len);
    assert_refused(r);
}

static void E10_a_retry_token_that_is_too_old_is_refused(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    uint8_t packet[1500];
    size_t len = answer_retry(r, packet);
    r->now_ns += TRI_H3_RETRY_TOKEN_NS + SECOND_NS;
    rig_h3_inject(r, packet, len);
    assert_refused(r);
}

static void E10_a_retry_token_counts_once_for_a_connection_that_lives(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    uint8_t packet[1500];
    size_t len = answer_retry(r, packet);
    for (int i = 0; i < 20; i++) {
        rig_h3_inject(r, packet, len);
    }
    rig_h3_run(r);
    assert_true(peer_h3_is_ready(r->peer));
    rig_h3_inject(r, packet, len);
    assert_int_equal(r->accepts, 1);
    assert_int_equal(counters(r).retries, 1);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* ---- tokens by themselves */

struct tokens {
    struct tri_h3_shared s;
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_addr remote;
    struct tri_h3_initial initial;
    uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2];
};

static void use_token(struct tokens *t, size_t len)
{
    assert_true(len > 0);
    t->initial.hd.token = t->token;
    t->initial.hd.tokenlen = len;
}

static void make_tokens(struct tokens *t)
{
    *t = (struct tokens){.initial.hd = {.version = NGTCP2_PROTO_VER_V1}};
    test_alloc_init(&t->alloc);
    tri_limits_default(&t->limits);
    const struct tri_h3_config config = {.alloc = &t->alloc.alloc,
                                         .limits = &t->limits,
                                         .random = tri_random_system(),
                                         .secret = secret_a};
    assert_int_equal(tri_h3_shared_init(&t->s, &config), TRI_OK);
    assert_int_equal(tri_addr_parse(&t->remote, "192.0.2.1:4000"), TRI_OK);
    t->s.now_ns = 5 * SECOND_NS;
    ngtcp2_cid_init(&t->initial.hd.dcid, (const uint8_t *)"original", 8);
}

static enum tri_err check(struct tokens *t)
{
    return tri_h3_token_check(&t->s, &t->initial, &t->remote);
}

static void make_retry_token(struct tokens *t)
{
    ngtcp2_cid own;
    ngtcp2_cid_init(&own, (const uint8_t *)"our own!", 8);
    use_token(t, tri_h3_token_for_retry(&t->s, &t->initial.hd, &own, &t->remote, t->token));
    t->initial.hd.dcid = own; /* what the client then calls us by */
}

static void a_retry_token_gives_the_first_id_back(void **state)
{
    (void)state;
    struct tokens t;
    make_tokens(&t);
    make_retry_token(&t);
    assert_int_equal(check(&t), TRI_OK);
    assert_int_equal(t.initial.proof, NGTCP2_TOKEN_TYPE_RETRY);
    assert_int_equal(t.initial.original.datalen, 8);
    assert_memory_equal(t.initial.original.data, "original", 8);
    ngtcp2_cid_init(&t.initial.hd.dcid, (const uint8_t *)"another!", 8); /* replayed elsewhere */
    assert_int_equal(check(&t), TRI_OK);
    assert_int_equal(t.initial.proof, NGTCP2_TOKEN_TYPE_UNKNOWN);
    tri_h3_shared_deinit(&t.s);
}

static void a_damaged_token_proves_nothing(void **state)
{
    (void)state;
    for (int regular = 0; regular < 2; regular++) {
        struct tokens t;
        make_tokens(&t);
        if (regular) {
            const ngtcp2_addr at = {.addr = &t.remote.sa, .addrlen = t.remote.len};
            use_token(&t, tri_h3_token_for_later(&t.s, &at, t.token));
        } else {
            make_retry_token(&t);
        }
        size_t len = t.initial.hd.tokenlen;
        for (size_t i = 0; i < len; i++) {
            t.token[i] ^= 1;
            assert_int_equal(check(&t), TRI_OK); /* it could be another server's */
            assert_int_equal(t.initial.proof, NGTCP2_TOKEN_TYPE_UNKNOWN);
            assert_true(ngtcp2_cid_eq(&t.initial.original, &t.initial.hd.dcid));
            t.token[i] ^= 1;
        }
        for (t.initial.hd.tokenlen = 0; t.initial.hd.tokenlen < len; t.initial.hd.tokenlen++) {
            assert_int_equal(check(&t), TRI_OK);
            assert_int_equal(t.initial.proof, NGTCP2_TOKEN_TYPE_UNKNOWN);
        }
        assert_int_equal(check(&t), TRI_OK);
        assert_int_not_equal(t.initial.proof, NGTCP2_TOKEN_TYPE_UNKNOWN);
        tri_h3_shared_deinit(&t.s);
    }
}

static ngtcp2_token_type proof_at(struct tokens *t, const char *address, uint64_t now_ns)
{
    assert_int_equal(tri_addr_parse(&t->remote, address), TRI_OK);
    t->s.now_ns = now_ns;
    assert_int_equal(check(t), TRI_OK);
    return t->initial.proof;
}

static void a_later_token_is_for_its_address_and_a_day(void **state)
{
    (void)state;
    struct tokens t;
    make_tokens(&t);
    const ngtcp2_addr at = {.addr = &t.remote.sa, .addrlen = t.remote.len};
    use_token(&t, tri_h3_token_for_later(&t.s, &at, t.token));
    const uint64_t made_ns = t.s.now_ns;
    const uint64_t end_ns = made_ns + TRI_H3_NEW_TOKEN_NS;
    assert_int_equal(proof_at(&t, "192.0.2.1:4000", made_ns), NGTCP2_TOKEN_TYPE_NEW_TOKEN);
    assert_int_equal(proof_at(&t, "192.0.2.1:9", end_ns - 1), NGTCP2_TOKEN_TYPE_NEW_TOKEN);
    assert_int_equal(proof_at(&t, "192.0.2.1:4000", end_ns), NGTCP2_TOKEN_TYPE_UNKNOWN);
    assert_int_equal(proof_at(&t, "192.0.2.2:4000", made_ns), NGTCP2_TOKEN_TYPE_UNKNOWN);
    assert_int_equal(proof_at(&t, "[2001:db8::1]:4000", made_ns), NGTCP2_TOKEN_TYPE_UNKNOWN);
    t.s.config.clock_offset_ns = TRI_H3_NEW_TOKEN_NS; /* started anew, a day later */
    assert_int_equal(proof_at(&t, "192.0.2.1:4000", made_ns), NGTCP2_TOKEN_TYPE_UNKNOWN);
    t.s.config.clock_offset_ns = 0;
    memcpy(t.s.secret, secret_b, sizeof secret_b);
    assert_int_equal(proof_at(&t, "192.0.2.1:4000", made_ns), NGTCP2_TOKEN_TYPE_UNKNOWN);
    tri_h3_shared_deinit(&t.s);
}

/* ---- the token of a NEW_TOKEN frame */

/* Dials once for a token and hangs up; |token| keeps it. */
static void earn_token(struct rig_h3 *r, uint8_t token[128])
{
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    assert_int_equal(r->peer->tokens, 1);
    memcpy(token, r->peer->token, r->peer->token_len);
    r->options.peer.token = token;
    r->options.peer.token_len = r->peer->token_len;
    rig_h3_hang_up(r);
}

static void E10_a_returning_client_is_sent_no_retry(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    uint8_t token[128];
    earn_token(r, token);
    uint64_t retries = counters(r).retries;
    assert_int_equal(retries, flight(r));
    for (int i = 0; i < 3; i++) { /* a proof is no ticket: it may come again */
        rig_h3_dial(r);
        assert_true(peer_h3_is_ready(r->peer));
        rig_h3_hang_up(r);
    }
    assert_int_equal(counters(r).retries, retries);
    assert_int_equal(counters(r).proven, 4);
    rig_h3_free(r);
}

static void E10_a_token_is_good_after_a_restart_with_the_same_secret(void **state)
{
    (void)state;
    struct rig_h3 *r = new_plain(0);
    uint8_t token[128];
    earn_token(r, token);
    rig_h3_restart(r);
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    assert_int_equal(counters(r).retries, 0);
    rig_h3_hang_up(r);
    r->options.secret = secret_b;
    rig_h3_restart(r);
    rig_h3_dial(r); /* it is sent a Retry then, and takes it */
    assert_true(peer_h3_is_ready(r->peer));
    assert_int_equal(counters(r).retries, flight(r));
    rig_h3_free(r);
}

static void E10_a_bad_token_is_as_none(void **state)
{
    (void)state;
    for (uint32_t max = 0; max < 2; max++) {
        struct rig_h3 *r = new_plain(max);
        static const uint8_t junk[] = "7 of another server, it seems to be one, long and noisy";
        r->options.peer.token = junk;
        r->options.peer.token_len = sizeof junk;
        rig_h3_dial(r);
        assert_true(peer_h3_is_ready(r->peer));
        assert_int_equal(counters(r).retries, max == 0 ? flight(r) : 0);
        rig_h3_free(r);
    }
}

static void E10_a_restarted_server_resets_what_it_does_not_know(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        struct rig_h3 *r = new_plain(100);
        rig_h3_dial(r);
        int stream = rig_h3_websocket(r);
        r->options.secret = same ? secret_a : secret_b;
        rig_h3_restart(r);
        peer_h3_data(r->peer, stream, "still there?", 12);
        rig_h3_run(r);
        assert_int_equal(r->peer->reset_by_token, same);
        assert_int_equal(r->peer->closed, same);
        rig_h3_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_proven_once_by_the_handshake_and_not_before),
        cmocka_unit_test(an_address_is_proven_once_by_a_token_when_it_is_accepted),
        cmocka_unit_test(a_client_with_a_proven_address_may_be_refused),
        cmocka_unit_test(E10_below_the_limit_nobody_gets_a_retry),
        cmocka_unit_test(E10_above_it_a_client_proves_its_address_and_is_served),
        cmocka_unit_test(E10_clients_of_version_2_are_sent_a_retry_too),
        cmocka_unit_test(E10_half_open_connections_are_counted_to_the_limit_and_down),
        cmocka_unit_test(E10_a_retry_keeps_nothing_and_is_smaller_than_what_it_answers),
        cmocka_unit_test(E10_the_second_half_of_a_hello_alone_gets_a_retry),
        cmocka_unit_test(E10_a_retry_token_of_another_address_is_refused),
        cmocka_unit_test(E10_a_retry_token_that_is_too_old_is_refused),
        cmocka_unit_test(E10_a_retry_token_counts_once_for_a_connection_that_lives),
        cmocka_unit_test(a_retry_token_gives_the_first_id_back),
        cmocka_unit_test(a_damaged_token_proves_nothing),
        cmocka_unit_test(a_later_token_is_for_its_address_and_a_day),
        cmocka_unit_test(E10_a_returning_client_is_sent_no_retry),
        cmocka_unit_test(E10_a_token_is_good_after_a_restart_with_the_same_secret),
        cmocka_unit_test(E10_a_bad_token_is_as_none),
        cmocka_unit_test(E10_a_restarted_server_resets_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
