/* A client's connection against our own endpoint, in memory: its life. Its calls: h3_call_test. */
#include "h3_client.h"

#include "base_timeout.h"
#include "h3_client_internal.h"
#include "pair_h3.h"

#include <stdlib.h>

static struct pair_h3 *make_pair(void)
{
    return pair_h3_new(&(struct pair_h3_options){.host = NULL});
}

static void assert_end(const struct pair_h3 *p, enum tri_fault fault, uint64_t code,
                       const char *text)
{
    const struct tri_call_end end = pair_h3_end(p);
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(end.fault, fault);
    assert_int_equal(end.code, code);
    assert_string_equal(end.text, text);
}

static void assert_echo(struct pair_h3 *p)
{
    struct caller *c = pair_h3_open(p);
    struct tenant *t = rig_h3_tenant(&p->rig, p->rig.tenants_len - 1);
    caller_send(c, "hello", 5);
    tenant_send(t, "world!", 6);
    pair_h3_run(p);
    assert_int_equal(t->in_len, 5);
    assert_int_equal(c->in_len, 6);
}

/* ---- the beginning */

static void it_shakes_hands_and_is_ready(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    assert_int_equal(p->readies, 1);
    assert_true(p->connect);
    assert_true(tri_h3_client_is_answered(p->client));
    assert_true(tri_h3_client_is_secured(p->client));
    assert_false(tri_h3_client_is_resumed(p->client));
    const struct tri_carrier *carrier = tri_h3_client_carrier(p->client);
    assert_string_equal(carrier->http, "h3");
    assert_string_equal(carrier->remote, "127.0.0.1:8443");
    assert_string_equal(carrier->tls_version, "TLS 1.3");
    assert_string_equal(carrier->tls_group, "X25519MLKEM768");
    assert_int_equal(carrier->conn_id, 5);
    assert_int_equal(pair_h3_room(p), p->rig.limits.streams_max);
    assert_true(p->client->ops->wants_read(p->client));
    assert_false(p->client->ops->is_aborted(p->client));
    assert_false(p->client->ops->is_done(p->client));
    pair_h3_free(p);
}

static void N1_it_agrees_on_version_2_of_quic(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    ngtcp2_conn *quic = tri_h3_client_of(p->client)->conn->quic;
    assert_int_equal(ngtcp2_conn_get_negotiated_version2(quic), NGTCP2_PROTO_VER_V2);
    pair_h3_free(p);
}

static void N3_it_proves_its_address_by_the_token_of_a_retry(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.half_open_max = 0;
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.rig = {.limits = &limits}});
    assert_true(tri_h3_endpoint_counters(p->rig.endpoint).retries > 0);
    assert_int_equal(tri_h3_endpoint_counters(p->rig.endpoint).proven, 1);
    assert_echo(p);
    pair_h3_free(p);
}

static void it_stands_on_a_path_that_loses_doubles_and_reorders(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 10; seed++) {
        struct pair_h3 *p =
            pair_h3_new(&(struct pair_h3_options){.rig = {.lossy = true, .link_seed = seed * 100}});
        assert_int_equal(p->readies, 1);
        assert_echo(p);
        pair_h3_free(p);
    }
}

static void a_session_is_resumed(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    WOLFSSL_SESSION *session = tri_h3_client_take_session(p->client);
    assert_non_null(session);
    assert_null(tri_h3_client_take_session(p->client)); /* no other came */
    pair_h3_free(p);
    p = pair_h3_new(&(struct pair_h3_options){.resume = session});
    assert_true(tri_h3_client_is_resumed(p->client));
    assert_string_equal(tri_h3_client_carrier(p->client)->tls_version, "TLS 1.3");
    assert_echo(p);
    wolfSSL_SESSION_free(session);
    session = tri_h3_client_take_session(p->client);
    assert_non_null(session); /* for the next time */
    wolfSSL_SESSION_free(session);
    pair_h3_free(p);
}

static void a_session_outlives_its_connection(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    tri_h3_endpoint_close(p->rig.endpoint, p->rig.now_ns);
    pair_h3_run(p);
    assert_true(p->client->ops->is_done(p->client));
    WOLFSSL_SESSION *session = tri_h3_client_take_session(p->client);
    assert_non_null(session);
    wolfSSL_SESSION_free(session);
    pair_h3_free(p);
}

/* ---- handshakes that fail */

static void a_certificate_that_is_not_trusted_ends_it(void **state)
{
    (void)state;
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.tls = pair_h3_distrustful_tls()});
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_CERTIFICATE);
    assert_true(strlen(pair_h3_end(p).text) > 0);
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(p->readies, 0);
    assert_true(tri_h3_client_is_answered(p->client));
    assert_false(tri_h3_client_is_secured(p->client));
    assert_int_equal(p->rig.accepts, p->rig.closes); /* and the server knows */
    pair_h3_free(p);
}

static void a_certificate_for_another_host_ends_it(void **state)
{
    (void)state;
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.host = "example.com"});
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_CERTIFICATE);
    pair_h3_free(p);
}

static void a_server_that_refuses_connections_is_named_so(void **state)
{
    (void)state;
    struct pair_h3 *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(pair_h3_init(p, &(struct pair_h3_options){.host = NULL}));
    p->rig.refuse_accept = true;
    assert_true(pair_h3_dial(p));
    assert_end(p, TRI_FAULT_CONNECT, NGTCP2_CONNECTION_REFUSED, "the server refuses connections");
    pair_h3_free(p);
}

static void a_server_that_says_nothing_is_given_up_in_time(void **state)
{
    (void)state;
    struct pair_h3 *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(pair_h3_init(p, &(struct pair_h3_options){.host = NULL}));
    p->rig.down.cut = true;
    assert_true(pair_h3_dial(p));
    assert_false(p->client->ops->is_done(p->client));
    pair_h3_advance(p, p->limits.handshake_timeout_ms);
    assert_end(p, TRI_FAULT_TIMEOUT, 0, "the handshake took too long");
    assert_false(tri_h3_client_is_answered(p->client));
    pair_h3_free(p);
}

static void hanging_up_in_a_handshake_is_no_fault(void **state)
{
    (void)state;
    struct pair_h3 *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(pair_h3_init(p, &(struct pair_h3_options){.host = NULL}));
    p->rig.down.cut = true;
    assert_true(pair_h3_dial(p));
    p->client->ops->shutdown(p->client, p->rig.now_ns);
    assert_false(p->client->ops->is_done(p->client)); /* the server is to be told */
    pair_h3_run(p);
    assert_end(p, TRI_FAULT_NONE, 0, "");
    pair_h3_free(p);
}

/* ---- the end */

static void a_shutdown_waits_for_the_calls(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    p->client->ops->shutdown(p->client, p->rig.now_ns);
    pair_h3_run(p);
    assert_int_equal(pair_h3_room(p), 0);
    enum tri_err err;
    assert_null(pair_h3_try(p, &pair_h3_request, &err));
    assert_int_equal(err, TRI_ERR_CLOSED);
    assert_false(p->client->ops->is_done(p->client));
    caller_send(c, "bye", 3);
    caller_end(c);
    tenant_end(rig_h3_tenant(&p->rig, 0));
    pair_h3_run(p);
    assert_int_equal(c->cause, TRI_STREAM_FINISHED);
    assert_int_equal(rig_h3_tenant(&p->rig, 0)->in_len, 3);
    assert_end(p, TRI_FAULT_NONE, 0, "");
    assert_int_equal(p->rig.closes, 1);
    pair_h3_free(p);
}

static void a_server_that_shuts_down_lets_calls_end(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    tri_h3_endpoint_shutdown(p->rig.endpoint, p->rig.now_ns);
    pair_h3_run(p);
    assert_int_equal(pair_h3_room(p), 0);
    caller_end(c);
    tenant_send(rig_h3_tenant(&p->rig, 0), "bye", 3);
    tenant_end(rig_h3_tenant(&p->rig, 0));
    pair_h3_run(p);
    assert_int_equal(c->in_len, 3);
    assert_int_equal(c->fins, 1);
    assert_int_equal(c->cause, TRI_STREAM_FINISHED);
    assert_end(p, TRI_FAULT_NONE, NGHTTP3_H3_NO_ERROR, "ended with H3_NO_ERROR");
    pair_h3_free(p);
}

static void a_call_above_the_id_of_goaway_may_be_repeated(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *first = pair_h3_open(p);
    p->rig.up.cut = true;
    struct caller *second = pair_h3_ask(p);
    assert_false(tri_h3_client_calls.is_going(p->client));
    pair_h3_advance(p, 1); /* it is on its way, and lost */
    tri_h3_endpoint_shutdown(p->rig.endpoint, p->rig.now_ns);
    pair_h3_advance(p, 100);
    p->rig.up.cut = false;
    pair_h3_run(p);
    assert_int_equal(second->fails, 1);
    assert_int_equal(second->end.fault, TRI_FAULT_LOST);
    assert_true(second->end.is_retryable);
    assert_true(tri_h3_client_calls.is_going(p->client)); /* so that it is not on this connection */
    assert_int_equal(first->closes, 0);
    pair_h3_free(p);
}

static void a_server_that_closes_takes_the_calls_with_it(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    p->rig.down.cut = true;
    struct caller *unanswered = pair_h3_ask(p);
    pair_h3_advance(p, 2);
    p->rig.down.cut = false;
    tri_h3_endpoint_close(p->rig.endpoint, p->rig.now_ns);
    pair_h3_run(p);
    assert_int_equal(c->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(unanswered->fails, 1);
    assert_int_equal(unanswered->end.fault, TRI_FAULT_LOST);
    assert_int_equal(unanswered->end.code, NGHTTP3_H3_NO_ERROR);
    assert_false(unanswered->end.is_retryable);
    assert_end(p, TRI_FAULT_LOST, NGHTTP3_H3_NO_ERROR, "ended with H3_NO_ERROR");
    assert_int_equal(p->client->ops->deadline_ns(p->client), UINT64_MAX);
    pair_h3_free(p);
}

static void closed_at_once_it_tells_the_server(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *bound = pair_h3_open(p);
    struct caller *unanswered = pair_h3_ask(p);
    tri_h3_client_close(p->client, p->rig.now_ns);
    assert_int_equal(bound->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(unanswered->fails, 1);
    assert_int_equal(unanswered->end.fault, TRI_FAULT_LOST);
    assert_false(p->client->ops->is_done(p->client)); /* it is to be said */
    pair_h3_run(p);
    assert_end(p, TRI_FAULT_NONE, 0, "");
    assert_int_equal(p->rig.closes, 1);
    assert_int_equal(rig_h3_tenant(&p->rig, 0)->cause, TRI_STREAM_CONN_LOST);
    tri_h3_client_close(p->client, p->rig.now_ns); /* again, it is nothing */
    pair_h3_free(p);
}

static void freed_in_between_it_ends_its_calls(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *bound = pair_h3_open(p);
    struct caller *unanswered = pair_h3_ask(p);
    pair_h3_hang_up(p);
    assert_int_equal(bound->cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(unanswered->fails, 1);
    assert_int_equal(unanswered->end.fault, TRI_FAULT_LOST);
    pair_h3_free(p);
}

static void a_server_that_forgot_it_resets_it(void **state)
{
    (void)state;
    static const uint8_t secret[TRI_H3_SECRET_LEN] = "the same";
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.rig = {.secret = secret}});
    struct caller *c = pair_h3_open(p);
    rig_h3_restart(&p->rig);
    caller_send(c, "hello", 5);
    pair_h3_run(p);
    assert_int_equal(c->cause, TRI_STREAM_CONN_LOST);
    assert_end(p, TRI_FAULT_LOST, 0, "the server has forgotten the connection");
    pair_h3_free(p);
}

static void a_server_that_falls_silent_is_found_out(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    p->rig.down.cut = true;
    pair_h3_advance(p, 2 * p->limits.idle_timeout_ms); /* the PING in between counts too */
    assert_int_equal(c->cause, TRI_STREAM_CONN_LOST);
    assert_end(p, TRI_FAULT_LOST, 0, "the server fell silent");
    pair_h3_free(p);
}

static void a_client_may_wait_for_calls_longer_than_a_server(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.keepalive_timeout_ms = 1000;
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.limits = &limits});
    pair_h3_advance(p, 5000);
    assert_false(p->client->ops->is_done(p->client));
    assert_echo(p);
    pair_h3_free(p);
}

static void silence_does_not_end_it_while_there_are_calls(void **state)
{
    (void)state;
    struct pair_h3 *p = make_pair();
    struct caller *c = pair_h3_open(p);
    pair_h3_advance(p, 10 * p->limits.idle_timeout_ms);
    assert_int_equal(c->closes, 0);
    caller_send(c, "hello", 5);
    pair_h3_run(p);
    assert_int_equal(rig_h3_tenant(&p->rig, 0)->in_len, 5);
    pair_h3_free(p);
}

/* ---- memory */

static size_t run_with_failure(size_t fail_at)
{
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    struct pair_h3 *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_true(pair_h3_init(p, &(struct pair_h3_options){.alloc = &alloc.alloc}));
    alloc.fail_at = fail_at;
    if (pair_h3_dial(p)) {
        enum tri_err err = TRI_OK;
        struct caller *c = pair_h3_room(p) > 0 ? pair_h3_try(p, &pair_h3_request, &err) : NULL;
        struct caller *other = pair_h3_room(p) > 0 ? pair_h3_try(p, &pair_h3_request, &err) : NULL;
        assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
        pair_h3_run(p);
        if (c && c->is_bound && c->closes == 0) {
            caller_send(c, "hello", 5);
            caller_end(c);
        }
        pair_h3_run(p);
        if (other) { /* no call waits for ever */
            assert_true(other->is_bound || other->fails == 1);
        }
        p->client->ops->shutdown(p->client, p->rig.now_ns);
        pair_h3_run(p);
        if (test_alloc_has_failed(&alloc) && p->client->ops->is_done(p->client)) {
            assert_true(pair_h3_end(p).text);
        }
    }
    pair_h3_free(p);
    assert_int_equal(alloc.live, 0);
    return alloc.calls;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    size_t calls = run_with_failure(0);
    assert_true(calls > 50);
    for (size_t n = 1; n <= calls; n++) {
        run_with_failure(n);
    }
    print_message("%zu allocations\n", calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_shakes_hands_and_is_ready),
        cmocka_unit_test(N1_it_agrees_on_version_2_of_quic),
        cmocka_unit_test(N3_it_proves_its_address_by_the_token_of_a_retry),
        cmocka_unit_test(it_stands_on_a_path_that_loses_doubles_and_reorders),
        cmocka_unit_test(a_session_is_resumed),
        cmocka_unit_test(a_session_outlives_its_connection),
        cmocka_unit_test(a_certificate_that_is_not_trusted_ends_it),
        cmocka_unit_test(a_certificate_for_another_host_ends_it),
        cmocka_unit_test(a_server_that_refuses_connections_is_named_so),
        cmocka_unit_test(a_server_that_says_nothing_is_given_up_in_time),
        cmocka_unit_test(hanging_up_in_a_handshake_is_no_fault),
        cmocka_unit_test(a_shutdown_waits_for_the_calls),
        cmocka_unit_test(a_server_that_shuts_down_lets_calls_end),
        cmocka_unit_test(a_call_above_the_id_of_goaway_may_be_repeated),
        cmocka_unit_test(a_server_that_closes_takes_the_calls_with_it),
        cmocka_unit_test(closed_at_once_it_tells_the_server),
        cmocka_unit_test(freed_in_between_it_ends_its_calls),
        cmocka_unit_test(a_server_that_forgot_it_resets_it),
        cmocka_unit_test(a_server_that_falls_silent_is_found_out),
        cmocka_unit_test(a_client_may_wait_for_calls_longer_than_a_server),
        cmocka_unit_test(silence_does_not_end_it_while_there_are_calls),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
