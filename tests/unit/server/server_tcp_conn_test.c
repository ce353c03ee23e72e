/* The wiring between net and an adapter, with both played by the test. */
#include "h1_conn.h"
#include "h1_refuser.h"
#include "h2_conn.h"
#include "net_tcp.h"
#include "server_request.h"
#include "server_tcp_conn.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

/* ------------------------------------------------------------------------------ net, as played */

struct tri_tcp {
    const struct tri_tcp_events *events;
    void *user;
    struct tri_addr remote;
    int flushes, closes, aborts;
    size_t pulled; /* slices */
    bool held_back;
    bool full;
    uint64_t taken_bytes;
};

bool tri_tcp_is_full(const struct tri_tcp *t)
{
    return t->full;
}

uint64_t tri_tcp_taken_bytes(const struct tri_tcp *t)
{
    return t->taken_bytes;
}

void tri_tcp_read(struct tri_tcp *t, bool on)
{
    t->held_back = !on;
}

void tri_tcp_flush(struct tri_tcp *t)
{
    t->flushes++;
    struct tri_slice out[16];
    for (size_t n; (n = t->events->pull(t->user, out, 16)) > 0;) {
        t->pulled += n;
    }
}

void tri_tcp_close(struct tri_tcp *t, uint64_t linger_ms)
{
    assert_int_equal(linger_ms, TRI_LINGER_MS);
    t->closes++;
}

void tri_tcp_abort(struct tri_tcp *t)
{
    t->aborts++;
}

const struct tri_addr *tri_tcp_remote(const struct tri_tcp *t)
{
    return &t->remote;
}

const char *tri_tcp_error_text(const struct tri_tcp *t)
{
    (void)t;
    return "no application protocol in common";
}

const char *tri_tcp_tls_version(const struct tri_tcp *t)
{
    (void)t;
    return "TLS 1.3";
}

const char *tri_tcp_tls_cipher(const struct tri_tcp *t)
{
    (void)t;
    return "CIPHER";
}

const char *tri_tcp_tls_group(const struct tri_tcp *t)
{
    (void)t;
    return "GROUP";
}

bool tri_tcp_tls_is_resumed(const struct tri_tcp *t)
{
    (void)t;
    return false;
}

/* ------------------------------------------------------------------------ the adapter, as played */

struct adapter {
    struct tri_conn conn; /* first */
    struct tri_conn_config config;
    const char *kind;
    uint16_t redirect_port;
    bool live;
    size_t received, to_send;
    bool eof, orderly, done, aborted, shut;
    bool choked;        /* wants no more to read */
    bool shutdown_ends; /* it is done as soon as it is shut */
    int expires;
    uint64_t deadline_ns;
};

/* One connection a test is enough. */
static struct adapter adapter;
static enum tri_err make_result;

static enum tri_err adapter_recv(struct tri_conn *c, const uint8_t *data, size_t len,
                                 uint64_t now_ns)
{
    (void)c;
    (void)data;
    (void)now_ns;
    adapter.received += len;
    adapter.choked = len == 5;
    return len == 3 ? TRI_ERR_PROTOCOL : TRI_OK;
}

static void adapter_recv_eof(struct tri_conn *c, bool orderly, uint64_t now_ns)
{
    (void)c;
    (void)now_ns;
    adapter.eof = true;
    adapter.orderly = orderly;
}

static size_t adapter_send(struct tri_conn *c, struct tri_slice *out, size_t max, uint64_t now_ns)
{
    (void)c;
    (void)now_ns;
    size_t n = adapter.to_send < max ? adapter.to_send : max;
    for (size_t i = 0; i < n; i++) {
        out[i] = TRI_SLICE("x");
    }
    adapter.to_send -= n;
    return n;
}

static bool adapter_wants_read(const struct tri_conn *c)
{
    (void)c;
    return !adapter.choked;
}

static uint64_t adapter_deadline_ns(const struct tri_conn *c)
{
    (void)c;
    return adapter.deadline_ns;
}

static void adapter_expire(struct tri_conn *c, uint64_t now_ns)
{
    (void)c;
    (void)now_ns;
    adapter.expires++;
}

static void adapter_shutdown(struct tri_conn *c, uint64_t now_ns)
{
    (void)c;
    (void)now_ns;
    assert_false(adapter.shut);
    adapter.shut = true;
    adapter.done = adapter.shutdown_ends;
}

static bool adapter_is_done(const struct tri_conn *c)
{
    (void)c;
    return adapter.done;
}

static bool adapter_is_aborted(const struct tri_conn *c)
{
    (void)c;
    return adapter.aborted;
}

static void adapter_free(struct tri_conn *c)
{
    (void)c;
    assert_true(adapter.live);
    adapter.live = false;
}

static const struct tri_conn_ops adapter_ops = {
    .recv = adapter_recv,
    .recv_eof = adapter_recv_eof,
    .send = adapter_send,
    .wants_read = adapter_wants_read,
    .deadline_ns = adapter_deadline_ns,
    .expire = adapter_expire,
    .shutdown = adapter_shutdown,
    .is_done = adapter_is_done,
    .is_aborted = adapter_is_aborted,
    .free = adapter_free,
};

static enum tri_err make(struct tri_conn **out, const struct tri_conn_config *config,
                         const char *kind)
{
    if (make_result != TRI_OK) {
        return make_result;
    }
    adapter = (struct adapter){.conn = {.ops = &adapter_ops},
                               .config = *config,
                               .kind = kind,
                               .live = true,
                               .deadline_ns = UINT64_MAX};
    *out = &adapter.conn;
    return TRI_OK;
}

enum tri_err tri_h1_conn_new(struct tri_conn **out, const struct tri_conn_config *config,
                             uint64_t now_ns)
{
    (void)now_ns;
    return make(out, config, "h1");
}

enum tri_err tri_h2_conn_new(struct tri_conn **out, const struct tri_conn_config *config,
                             uint64_t now_ns)
{
    (void)now_ns;
    return make(out, config, "h2");
}

enum tri_err tri_h1_refuser_new(struct tri_conn **out, const struct tri_conn_config *config,
                                uint16_t redirect_port, uint64_t now_ns)
{
    (void)now_ns;
    enum tri_err err = make(out, config, "refuser");
    adapter.redirect_port = redirect_port;
    return err;
}

/* ------------------------------------------------------------------------------------- the rig */

struct rig {
    struct test_hub hub;
    struct tri_tcp_port port;
    struct tri_tcp tcp;
};

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    make_result = TRI_OK;
    adapter = (struct adapter){.kind = ""};
    r->port =
        (struct tri_tcp_port){.hub = &r->hub.hub, .alt_svc = "h3=\":1\"", .extended_connect = true};
    r->tcp = (struct tri_tcp){.flushes = 0};
    assert_int_equal(tri_addr_parse(&r->tcp.remote, "127.0.0.1:50321"), TRI_OK);
}

static bool accept_conn(struct rig *r)
{
    r->tcp.user = tri_tcp_conn_accept(&r->port, &r->tcp, &r->tcp.events);
    return r->tcp.user != NULL;
}

static void open_conn(struct rig *r, const char *alpn)
{
    assert_true(accept_conn(r));
    r->tcp.events->on_ready(r->tcp.user, alpn);
}

static void flush(struct rig *r)
{
    tri_tcp_conns_flush(&r->hub.hub);
}

static void receive(struct rig *r, const char *text)
{
    r->tcp.events->on_data(r->tcp.user, (const uint8_t *)text, strlen(text));
}

/* net says that the connection is gone; nothing of it may be left. */
static void tear_down(struct rig *r, enum tri_tcp_end end)
{
    r->tcp.events->on_closed(r->tcp.user, end);
    assert_false(adapter.live);
    assert_true(tri_list_is_empty(&r->hub.hub.conns));
    assert_int_equal(atomic_load(&r->hub.shared.conns_open), 0);
    flush(r);
    test_hub_deinit(&r->hub);
}

/* ----------------------------------------------------------------------------------- the tests */

static void N2_alpn_chooses_the_adapter(void **state)
{
    (void)state;
    static const struct {
        const char *alpn, *kind, *http;
    } rows[] = {{"h2", "h2", "h2"}, {"http/1.1", "h1", "http/1.1"}};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        open_conn(&r, rows[i].alpn);
        assert_string_equal(adapter.kind, rows[i].kind);
        assert_string_equal(adapter.config.carrier.http, rows[i].http);
        tear_down(&r, TRI_TCP_CLOSED);
    }
}

static void N4_a_cleartext_port_has_the_refuser(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.port.cleartext = true;
    r.port.redirect_port = 8443;
    open_conn(&r, "http/1.1");
    assert_string_equal(adapter.kind, "refuser");
    assert_int_equal(adapter.redirect_port, 8443);
    tear_down(&r, TRI_TCP_CLOSED);
}

static void the_adapter_knows_what_carries_it(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    const struct tri_carrier *c = &adapter.config.carrier;
    assert_int_equal(c->conn_id, 1);
    assert_string_equal(c->remote, "127.0.0.1:50321");
    assert_string_equal(c->tls_version, "TLS 1.3");
    assert_string_equal(c->tls_cipher, "CIPHER");
    assert_string_equal(c->tls_group, "GROUP");
    assert_true(adapter.config.extended_connect);
    assert_ptr_equal(adapter.config.events, &tri_request_exchange_events);
    const struct tri_link *link = adapter.config.user;
    assert_string_equal(link->alt_svc, "h3=\":1\"");
    tear_down(&r, TRI_TCP_LOST);
    assert_string_equal(r.hub.log,
                        "debug conn.open conn=1 http=h2 remote=127.0.0.1:50321 tls=\"TLS 1.3\" "
                        "cipher=CIPHER group=GROUP\n"
                        "debug conn.close conn=1 remote=127.0.0.1:50321 cause=lost\n");
}

static void a_connection_is_flushed_once_a_turn_when_it_has_something_to_send(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    adapter.to_send = 40;
    flush(&r);
    assert_int_equal(r.tcp.flushes, 1);
    assert_int_equal(r.tcp.pulled, 40);
    flush(&r);
    assert_int_equal(r.tcp.flushes, 1); /* nothing happened */
    adapter.config.events->on_wake(adapter.config.user);
    adapter.config.events->on_wake(adapter.config.user);
    flush(&r);
    assert_int_equal(r.tcp.flushes, 2);
    receive(&r, "hello");
    assert_int_equal(adapter.received, 5);
    flush(&r);
    assert_int_equal(r.tcp.flushes, 3);
    tear_down(&r, TRI_TCP_CLOSED);
}

static void a_connection_that_is_done_is_closed_in_order_once(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "http/1.1");
    receive(&r, "bad"); /* the adapter fails it, and has last words */
    adapter.to_send = 1;
    adapter.done = true;
    flush(&r);
    assert_int_equal(r.tcp.pulled, 1);
    assert_int_equal(r.tcp.closes, 1);
    assert_non_null(strstr(r.hub.log, "debug conn.fail conn=1 "));
    size_t received = adapter.received;
    receive(&r, "late");
    r.tcp.events->on_eof(r.tcp.user, true);
    assert_int_equal(adapter.received, received);
    assert_false(adapter.eof);
    flush(&r);
    assert_int_equal(r.tcp.closes + r.tcp.aborts, 1);
    tear_down(&r, TRI_TCP_CLOSED);
}

static void a_connection_that_becomes_done_while_net_writes_is_closed_too(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "http/1.1");
    flush(&r);
    adapter.done = true;
    struct tri_slice out[16];
    assert_int_equal(r.tcp.events->pull(r.tcp.user, out, 16), 0); /* the socket was writable */
    flush(&r);
    assert_int_equal(r.tcp.closes, 1);
    tear_down(&r, TRI_TCP_CLOSED);
}

static void an_aborted_connection_is_cut(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "http/1.1");
    adapter.aborted = true;
    adapter.done = true;
    flush(&r);
    assert_int_equal(r.tcp.aborts, 1);
    assert_int_equal(r.tcp.closes, 0);
    tear_down(&r, TRI_TCP_LOST);
}

static void the_end_of_the_peers_direction_reaches_the_adapter(void **state)
{
    (void)state;
    for (int orderly = 0; orderly < 2; orderly++) {
        struct rig r;
        set_up(&r);
        open_conn(&r, "http/1.1");
        r.tcp.events->on_eof(r.tcp.user, orderly != 0);
        assert_true(adapter.eof);
        assert_int_equal(adapter.orderly, orderly);
        tear_down(&r, TRI_TCP_LOST);
    }
}

static void a_failed_handshake_is_logged_with_its_cause(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_true(accept_conn(&r));
    tear_down(&r, TRI_TCP_TLS_FAILED);
    assert_string_equal(r.hub.log, "info tls.fail conn=1 remote=127.0.0.1:50321 "
                                   "cause=\"no application protocol in common\"\n");
}

static void a_connection_without_memory_is_cut(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    make_result = TRI_ERR_NOMEM;
    open_conn(&r, "h2");
    assert_int_equal(r.tcp.aborts, 1);
    receive(&r, "early");
    assert_int_equal(adapter.received, 0);
    flush(&r);
    tear_down(&r, TRI_TCP_LOST);
}

static void short_memory_refuses_a_connection_and_loses_nothing(void **state)
{
    (void)state;
    for (size_t n = 1; n < 3; n++) {
        struct rig r;
        set_up(&r);
        r.hub.heap.fail_at = r.hub.heap.calls + n;
        assert_false(accept_conn(&r));
        r.hub.heap.fail_at = 0;
        assert_int_equal(atomic_load(&r.hub.shared.conns_open), 0);
        test_hub_deinit(&r.hub);
    }
}

static void connections_end_at_the_limit(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.shared.config.limits.connections_max = 1;
    assert_true(accept_conn(&r));
    struct tri_tcp second = {.remote = r.tcp.remote};
    assert_null(tri_tcp_conn_accept(&r.port, &second, &second.events));
    assert_non_null(
        strstr(r.hub.log, "warn conn.refuse reason=limit refused=1 remote=127.0.0.1:50321\n"));
    assert_int_equal(atomic_load(&r.hub.shared.conns_open), 1);
    tear_down(&r, TRI_TCP_LOST);
}

static void E10_an_address_has_so_many_connections_and_others_are_served(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.shared.config.limits.connections_address_max = 1;
    assert_true(accept_conn(&r));
    struct tri_tcp same = {.remote = r.tcp.remote};
    assert_null(tri_tcp_conn_accept(&r.port, &same, &same.events));
    struct tri_tcp other = {.flushes = 0};
    assert_int_equal(tri_addr_parse(&other.remote, "127.0.0.2:50321"), TRI_OK);
    other.user = tri_tcp_conn_accept(&r.port, &other, &other.events);
    assert_non_null(other.user);
    other.events->on_closed(other.user, TRI_TCP_LOST);
    tear_down(&r, TRI_TCP_LOST);
    assert_int_equal(r.hub.hub.metrics.conns_refused[TRI_CONN_REFUSED_ADDRESS], 1);
}

static void E6_net_reads_no_more_as_soon_as_the_adapter_has_enough(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "http/1.1");
    receive(&r, "some");
    assert_false(r.tcp.held_back);
    receive(&r, "choke");
    assert_true(r.tcp.held_back); /* within the turn: net may hold more of what was sent */
    flush(&r);
    assert_true(r.tcp.held_back);
    tear_down(&r, TRI_TCP_LOST);
}

static void E6_net_reads_on_when_the_adapter_says_so_outside_of_a_read(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "http/1.1");
    receive(&r, "choke");
    flush(&r);
    adapter.choked = false;
    struct tri_link *link = adapter.config.user;
    link->wake(link);
    flush(&r);
    assert_false(r.tcp.held_back);
    adapter.choked = true; /* and the other way: what was held before the verdict came only now */
    link->wake(link);
    flush(&r);
    assert_true(r.tcp.held_back);
    tear_down(&r, TRI_TCP_LOST);
}

static void the_deadline_of_an_adapter_is_kept(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    assert_true(tri_tcp_conns_deadline_ns(&r.hub.hub) == UINT64_MAX);
    adapter.deadline_ns = 500;
    flush(&r);
    assert_int_equal(tri_tcp_conns_deadline_ns(&r.hub.hub), 500);
    tri_tcp_conns_expire(&r.hub.hub, 499);
    assert_int_equal(adapter.expires, 0);
    tri_tcp_conns_expire(&r.hub.hub, 500);
    assert_int_equal(adapter.expires, 1);
    adapter.deadline_ns = 900;
    flush(&r);
    assert_int_equal(tri_tcp_conns_deadline_ns(&r.hub.hub), 900);
    tear_down(&r, TRI_TCP_LOST);
}

static void a_deadline_that_does_not_move_does_not_hang_the_turn(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    adapter.deadline_ns = 1;
    flush(&r);
    tri_tcp_conns_expire(&r.hub.hub, 500);
    assert_int_equal(adapter.expires, 1);
    tear_down(&r, TRI_TCP_LOST);
}

static void a_stop_ends_a_connection_when_its_sockets_have(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    flush(&r);
    struct tri_link *link = adapter.config.user;
    adapter.shutdown_ends = true;
    *link->sockets_open = 1;
    r.hub.hub.stopping = true;
    tri_tcp_conns_stop(&r.hub.hub);
    flush(&r);
    assert_false(adapter.shut);
    *link->sockets_open = 0;
    link->wake(link);
    flush(&r);
    assert_true(adapter.shut);
    assert_int_equal(r.tcp.closes, 1);
    tear_down(&r, TRI_TCP_CLOSED);
}

static void a_stop_cuts_a_connection_in_its_handshake(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_true(accept_conn(&r));
    r.hub.hub.stopping = true;
    tri_tcp_conns_stop(&r.hub.hub);
    assert_int_equal(r.tcp.aborts, 1);
    r.tcp.events->on_ready(r.tcp.user, "h2"); /* it came in the same turn */
    assert_string_equal(adapter.kind, "");
    flush(&r);
    tear_down(&r, TRI_TCP_LOST);
}

static void a_drop_frees_the_adapter_at_once(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    adapter.deadline_ns = 5;
    flush(&r);
    tri_tcp_conns_drop(&r.hub.hub);
    assert_false(adapter.live);
    assert_int_equal(r.tcp.aborts, 1);
    tri_tcp_conns_expire(&r.hub.hub, 10);
    receive(&r, "late");
    struct tri_slice out[16];
    assert_int_equal(r.tcp.events->pull(r.tcp.user, out, 16), 0);
    flush(&r);
    tear_down(&r, TRI_TCP_LOST);
}

#define RESPONSE_NS (60000 * TRI_NS_PER_MS)

/* Lets the deadlines of the hub come at |ms| from the start. */
static void expire_at(struct rig *r, uint64_t ms)
{
    r->hub.now_ns = 1 + ms * TRI_NS_PER_MS;
    if (tri_tcp_conns_deadline_ns(&r->hub.hub) <= r->hub.now_ns) {
        tri_tcp_conns_expire(&r->hub.hub, r->hub.now_ns);
    }
    flush(r);
}

static void E10_a_connection_whose_peer_takes_nothing_is_cut(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    r.tcp.full = true;
    flush(&r);
    assert_int_equal(tri_tcp_conns_deadline_ns(&r.hub.hub), 1 + RESPONSE_NS);
    expire_at(&r, 59999);
    assert_int_equal(r.tcp.aborts, 0);
    expire_at(&r, 60000);
    assert_int_equal(r.tcp.aborts, 1);
    assert_int_equal(adapter.expires, 0); /* its own time had not come */
    assert_int_equal(r.hub.hub.metrics.responses_unread, 1);
    expire_at(&r, 200000);
    assert_int_equal(r.tcp.aborts, 1);
    tear_down(&r, TRI_TCP_LOST);
    assert_non_null(strstr(r.hub.log, "info conn.unread conn=1 remote=127.0.0.1:50321\n"));
}

static void a_slow_reader_is_not_a_stalled_one(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    r.tcp.full = true;
    flush(&r);
    for (uint64_t ms = 50000; ms < 1000000; ms += 50000) {
        r.tcp.taken_bytes++;
        expire_at(&r, ms);
    }
    r.tcp.full = false; /* all was taken, and then nothing is to be sent for long */
    adapter.config.events->on_wake(adapter.config.user);
    flush(&r);
    expire_at(&r, 10000000);
    assert_int_equal(r.tcp.aborts, 0);
    tear_down(&r, TRI_TCP_LOST);
}

static void a_connection_with_sockets_is_left_to_them(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    open_conn(&r, "h2");
    struct tri_link *link = adapter.config.user;
    *link->sockets_open += 1;
    r.tcp.full = true;
    flush(&r);
    expire_at(&r, 1000000);
    assert_int_equal(r.tcp.aborts, 0);
    *link->sockets_open -= 1;
    tear_down(&r, TRI_TCP_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_connection_whose_peer_takes_nothing_is_cut),
        cmocka_unit_test(a_slow_reader_is_not_a_stalled_one),
        cmocka_unit_test(a_connection_with_sockets_is_left_to_them),
        cmocka_unit_test(N2_alpn_chooses_the_adapter),
        cmocka_unit_test(N4_a_cleartext_port_has_the_refuser),
        cmocka_unit_test(the_adapter_knows_what_carries_it),
        cmocka_unit_test(a_connection_is_flushed_once_a_turn_when_it_has_something_to_send),
        cmocka_unit_test(a_connection_that_is_done_is_closed_in_order_once),
        cmocka_unit_test(a_connection_that_becomes_done_while_net_writes_is_closed_too),
        cmocka_unit_test(an_aborted_connection_is_cut),
        cmocka_unit_test(the_end_of_the_peers_direction_reaches_the_adapter),
        cmocka_unit_test(a_failed_handshake_is_logged_with_its_cause),
        cmocka_unit_test(a_connection_without_memory_is_cut),
        cmocka_unit_test(short_memory_refuses_a_connection_and_loses_nothing),
        cmocka_unit_test(connections_end_at_the_limit),
        cmocka_unit_test(E10_an_address_has_so_many_connections_and_others_are_served),
        cmocka_unit_test(E6_net_reads_no_more_as_soon_as_the_adapter_has_enough),
        cmocka_unit_test(E6_net_reads_on_when_the_adapter_says_so_outside_of_a_read),
        cmocka_unit_test(the_deadline_of_an_adapter_is_kept),
        cmocka_unit_test(a_deadline_that_does_not_move_does_not_hang_the_turn),
        cmocka_unit_test(a_stop_ends_a_connection_when_its_sockets_have),
        cmocka_unit_test(a_stop_cuts_a_connection_in_its_handshake),
        cmocka_unit_test(a_drop_frees_the_adapter_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
