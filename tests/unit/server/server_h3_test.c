/* The wiring between a UDP socket and a QUIC endpoint, with both played by the test. */
#include "h3_endpoint.h"
#include "net_udp.h"
#include "server_h3.h"
#include "test_hub.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <time.h>

/* ------------------------------------------------------------------------------ net, as played */

struct tri_udp {
    const struct tri_udp_events *events;
    void *user;
    bool open;
    int sent;
    int room; /* runs that fit before TRI_AGAIN */
};

static struct tri_udp udp;
static enum tri_err open_result;

enum tri_err tri_udp_open(struct tri_udp **out, struct tri_loop *loop, struct tri_addr *addr,
                          const struct tri_udp_events *events, void *user)
{
    (void)loop;
    if (open_result != TRI_OK) {
        return open_result;
    }
    tri_addr_set_port(addr, 4433);
    udp = (struct tri_udp){.events = events, .user = user, .open = true, .room = 1000};
    *out = &udp;
    return TRI_OK;
}

void tri_udp_close(struct tri_udp *u)
{
    u->open = false;
}

/* NOLINTNEXTLINE(readability-function-size): the signature is net's */
enum tri_err tri_udp_send(struct tri_udp *u, const struct tri_addr *local,
                          const struct tri_addr *remote, uint8_t ecn, const uint8_t *data,
                          size_t len, size_t segment)
{
    (void)local;
    (void)remote;
    assert_int_equal(ecn, 2);
    assert_int_equal(len, 3);
    assert_int_equal(segment, 2);
    assert_memory_equal(data, "abc", 3);
    u->sent++;
    return --u->room > 0 ? TRI_OK : TRI_AGAIN;
}

/* ----------------------------------------------------------------------- the endpoint, as played */

struct tri_h3_endpoint {
    struct tri_h3_config config;
    bool live, shut, idle, closed;
    int shutdowns;     /* how often it was asked */
    int last_words;    /* runs that closing makes */
    int runs;          /* to be sent */
    int wakes_in_send; /* how often sending makes it dirty again */
    size_t received;
    int expires;
    uint64_t deadline_ns;
    void *conn; /* the user of the one that was accepted */
};

static struct tri_h3_endpoint endpoint;
static enum tri_err new_result;

enum tri_err tri_h3_endpoint_new(struct tri_h3_endpoint **out, const struct tri_h3_config *config)
{
    if (new_result != TRI_OK) {
        return new_result;
    }
    endpoint = (struct tri_h3_endpoint){
        .config = *config, .live = true, .deadline_ns = UINT64_MAX, .idle = true};
    *out = &endpoint;
    return TRI_OK;
}

static void end_conn(struct tri_h3_endpoint *e)
{
    if (e->conn) {
        e->config.on_closed(e->config.owner, e->conn);
        e->conn = NULL;
    }
}

/* NOLINTNEXTLINE(readability-function-size): the signature is h3's */
void tri_h3_endpoint_recv(struct tri_h3_endpoint *e, const struct tri_addr *local,
                          const struct tri_addr *remote, uint8_t ecn, const uint8_t *data,
                          size_t len, uint64_t now_ns)
{
    (void)local;
    (void)remote;
    (void)ecn;
    (void)data;
    (void)now_ns;
    e->received += len;
}

bool tri_h3_endpoint_send(struct tri_h3_endpoint *e, struct tri_h3_run *run, uint64_t now_ns)
{
    (void)now_ns;
    if (e->runs == 0) {
        return false;
    }
    e->runs--;
    if (e->wakes_in_send > 0) {
        e->wakes_in_send--;
        e->config.events->on_wake(e->conn);
    }
    *run = (struct tri_h3_run){.data = (const uint8_t *)"abc", .len = 3, .segment = 2, .ecn = 2};
    return true;
}

uint64_t tri_h3_endpoint_deadline_ns(const struct tri_h3_endpoint *e)
{
    return e->deadline_ns;
}

void tri_h3_endpoint_expire(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    (void)now_ns;
    e->expires++;
}

void tri_h3_endpoint_shutdown(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    (void)now_ns;
    e->shutdowns++;
    e->shut = !e->conn || !e->config.is_busy(e->config.owner, e->conn);
}

void tri_h3_endpoint_close(struct tri_h3_endpoint *e, uint64_t now_ns)
{
    assert_true(now_ns > 0);
    end_conn(e);
    e->closed = true;
    e->runs += e->last_words;
}

bool tri_h3_endpoint_is_idle(const struct tri_h3_endpoint *e)
{
    return e->idle;
}

void tri_h3_endpoint_free(struct tri_h3_endpoint *e)
{
    assert_true(e->closed);
    e->live = false;
}

/* ------------------------------------------------------------------------------------- the rig */

struct rig {
    struct test_hub hub;
    struct tri_h3_port port;
    struct tri_addr addr;
    struct tri_carrier carrier;
};

static enum tri_err try_open(struct rig *r)
{
    test_hub_init(&r->hub);
    r->hub.shared.config.qlog_dir = NULL;
    assert_int_equal(tri_addr_parse(&r->addr, "127.0.0.1:0"), TRI_OK);
    return tri_h3_port_open(&r->port, &r->hub.hub, &r->addr, true);
}

static void set_up(struct rig *r)
{
    open_result = new_result = TRI_OK;
    assert_int_equal(try_open(r), TRI_OK);
}

static void accept_conn(struct rig *r)
{
    struct tri_addr remote;
    assert_int_equal(tri_addr_parse(&remote, "[::1]:50321"), TRI_OK);
    r->carrier = (struct tri_carrier){.conn_id = 0};
    endpoint.conn = endpoint.config.on_accept(endpoint.config.owner, &r->carrier, &remote);
}

static void tear_down(struct rig *r)
{
    tri_h3_port_close(&r->port);
    tri_h3_port_close(&r->port); /* harmless */
    assert_false(udp.open || endpoint.live);
    assert_int_equal(atomic_load(&r->hub.shared.conns_open), 0);
    test_hub_deinit(&r->hub);
}

static void receive(const char *text)
{
    struct tri_addr a = {.len = 0};
    udp.events->on_datagram(udp.user, &a, &a, 0, (const uint8_t *)text, strlen(text));
}

/* ----------------------------------------------------------------------------------- the tests */

static void datagrams_go_in_and_runs_go_out_at_the_turns_end(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(tri_addr_port(&r.addr), 4433);
    assert_false(tri_h3_port_is_dirty(&r.port));
    receive("hello");
    assert_int_equal(endpoint.received, 5);
    assert_true(tri_h3_port_is_dirty(&r.port));
    endpoint.runs = 3;
    tri_h3_port_flush(&r.port);
    assert_int_equal(udp.sent, 3);
    assert_false(tri_h3_port_is_dirty(&r.port));
    endpoint.runs = 1;
    tri_h3_port_flush(&r.port); /* nothing has happened since */
    assert_int_equal(udp.sent, 3);
    tear_down(&r);
}

static void E10_the_endpoint_has_the_secret_and_the_time_of_the_world(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct tri_h3_config *config = &endpoint.config;
    assert_ptr_equal(config->secret, r.hub.shared.secret);
    const uint64_t world_ns = config->clock_offset_ns + tri_hub_now_ns(&r.hub.hub);
    const uint64_t now_ns = (uint64_t)time(NULL) * UINT64_C(1000000000);
    const uint64_t hour_ns = UINT64_C(3600) * 1000000000;
    assert_true(world_ns + hour_ns > now_ns && world_ns < now_ns + hour_ns);
    tear_down(&r);
}

static void a_full_socket_waits_for_room(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    receive("x");
    endpoint.runs = 3;
    endpoint.deadline_ns = 5;
    udp.room = 2;
    tri_h3_port_flush(&r.port);
    assert_int_equal(udp.sent, 2);
    assert_true(tri_h3_port_deadline_ns(&r.port) == UINT64_MAX);
    receive("x");
    tri_h3_port_flush(&r.port);
    assert_int_equal(udp.sent, 2);
    assert_false(tri_h3_port_is_dirty(&r.port));
    udp.room = 10;
    udp.events->on_writable(udp.user);
    assert_true(tri_h3_port_is_dirty(&r.port));
    tri_h3_port_flush(&r.port);
    assert_int_equal(udp.sent, 3);
    assert_int_equal(tri_h3_port_deadline_ns(&r.port), 5);
    tear_down(&r);
}

static void an_event_while_it_sends_makes_it_dirty_again(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    accept_conn(&r);
    receive("x");
    endpoint.runs = 1;
    endpoint.wakes_in_send = 1;
    tri_h3_port_flush(&r.port);
    assert_true(tri_h3_port_is_dirty(&r.port));
    tri_h3_port_flush(&r.port);
    assert_false(tri_h3_port_is_dirty(&r.port));
    tear_down(&r);
}

static void a_connection_is_numbered_and_logged(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    accept_conn(&r);
    assert_non_null(endpoint.conn);
    assert_int_equal(r.carrier.conn_id, 1);
    const struct tri_link *link = endpoint.conn;
    assert_string_equal(link->alt_svc, "");
    end_conn(&endpoint);
    accept_conn(&r);
    assert_int_equal(r.carrier.conn_id, 2);
    tear_down(&r);
    assert_string_equal(r.hub.log, "debug conn.open conn=1 http=h3 remote=[::1]:50321\n"
                                   "debug conn.close conn=1 remote=[::1]:50321\n"
                                   "debug conn.open conn=2 http=h3 remote=[::1]:50321\n"
                                   "debug conn.close conn=2 remote=[::1]:50321\n");
}

static void connections_end_at_the_limit(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.shared.config.limits.connections_max = 1;
    accept_conn(&r);
    void *first = endpoint.conn;
    accept_conn(&r);
    assert_null(endpoint.conn);
    assert_non_null(
        strstr(r.hub.log, "warn conn.refuse reason=limit refused=1 remote=[::1]:50321\n"));
    endpoint.conn = first;
    tear_down(&r);
}

/* Whether the endpoint may keep the connection, whose client proved to be at |text|. */
static bool prove(void *conn, const char *text)
{
    struct tri_addr remote;
    assert_int_equal(tri_addr_parse(&remote, text), TRI_OK);
    return endpoint.config.on_proven(endpoint.config.owner, conn, &remote);
}

static void E10_an_address_counts_when_it_is_proven_and_no_earlier(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.shared.config.limits.connections_address_max = 1;
    accept_conn(&r);
    void *spoofed = endpoint.conn;
    accept_conn(&r);
    void *first = endpoint.conn;
    assert_true(prove(first, "[::1]:50321"));
    accept_conn(&r);
    void *second = endpoint.conn;
    assert_false(prove(second, "[::1]:50322"));
    assert_non_null(strstr(r.hub.log, "warn conn.refuse reason=address refused=1 "));
    assert_int_equal(r.hub.hub.metrics.conns_refused[TRI_CONN_REFUSED_ADDRESS], 1);
    end_conn(&endpoint);
    endpoint.conn = first;
    end_conn(&endpoint);
    assert_true(prove(spoofed, "[::1]:50323")); /* the first has left */
    endpoint.conn = spoofed;
    tear_down(&r);
}

static void E9_the_last_words_are_sent_before_the_socket_goes(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    accept_conn(&r);
    endpoint.last_words = 2;
    tear_down(&r);
    assert_int_equal(udp.sent, 2);
    set_up(&r);
    endpoint.last_words = 4;
    udp.room = 2; /* and then it is full */
    tear_down(&r);
    assert_int_equal(udp.sent, 2);
}

static void no_connection_is_taken_while_the_server_stops(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.hub.stopping = true;
    accept_conn(&r);
    assert_null(endpoint.conn);
    tear_down(&r);
}

static void no_connection_is_taken_without_memory(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.hub.heap.fail_at = r.hub.heap.calls + 1;
    accept_conn(&r);
    assert_null(endpoint.conn);
    r.hub.heap.fail_at = 0;
    tear_down(&r);
}

static void a_deadline_is_expired_when_it_has_come(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    endpoint.deadline_ns = 100;
    tri_h3_port_expire(&r.port, 99);
    assert_int_equal(endpoint.expires, 0);
    tri_h3_port_expire(&r.port, 100);
    assert_int_equal(endpoint.expires, 1);
    assert_true(tri_h3_port_is_dirty(&r.port));
    tear_down(&r);
}

static void a_stop_waits_for_the_last_socket(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    accept_conn(&r);
    struct tri_link *link = endpoint.conn;
    *link->sockets_open = 1;
    r.hub.hub.stopping = true;
    endpoint.idle = false;
    tri_h3_port_flush(&r.port);
    assert_false(endpoint.shut);
    assert_false(tri_h3_port_is_idle(&r.port));
    *link->sockets_open = 0;
    link->wake(link);
    endpoint.runs = 1; /* GOAWAY */
    tri_h3_port_flush(&r.port);
    assert_true(endpoint.shut);
    assert_int_equal(udp.sent, 1);
    assert_int_equal(endpoint.shutdowns, 2);
    tri_h3_port_flush(&r.port); /* nothing has happened since */
    assert_int_equal(endpoint.shutdowns, 2);
    endpoint.idle = true;
    assert_true(tri_h3_port_is_idle(&r.port));
    tear_down(&r);
    assert_true(tri_h3_port_is_idle(&r.port)); /* a closed one is */
}

static void E9_a_stop_waits_for_the_sockets_of_each_connection_alone(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    accept_conn(&r);
    struct tri_link *first = endpoint.conn;
    accept_conn(&r);
    struct tri_link *second = endpoint.conn;
    *first->sockets_open = 2;
    *second->sockets_open = 1;
    r.hub.hub.stopping = true;
    tri_h3_port_flush(&r.port);
    assert_int_equal(endpoint.shutdowns, 1);
    *first->sockets_open = 1;
    first->wake(first);
    tri_h3_port_flush(&r.port);
    assert_int_equal(endpoint.shutdowns, 1); /* nobody is free: it is not looked for */
    *second->sockets_open = 0;
    second->wake(second);
    tri_h3_port_flush(&r.port);
    assert_int_equal(endpoint.shutdowns, 2);
    assert_false(endpoint.config.is_busy(endpoint.config.owner, second));
    assert_true(endpoint.config.is_busy(endpoint.config.owner, first));
    *first->sockets_open = 0;
    end_conn(&endpoint);
    endpoint.conn = first;
    tear_down(&r);
}

static void a_closed_port_does_nothing(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    tri_h3_port_close(&r.port);
    tri_h3_port_flush(&r.port);
    tri_h3_port_expire(&r.port, 100);
    assert_true(tri_h3_port_deadline_ns(&r.port) == UINT64_MAX);
    assert_false(tri_h3_port_is_dirty(&r.port));
    tear_down(&r);
}

static void a_failed_open_leaves_it_closed(void **state)
{
    (void)state;
    struct rig r;
    open_result = TRI_ERR_INUSE;
    assert_int_equal(try_open(&r), TRI_ERR_INUSE);
    assert_true(tri_h3_port_is_idle(&r.port));
    test_hub_deinit(&r.hub);
    open_result = TRI_OK;
    new_result = TRI_ERR_NOMEM;
    assert_int_equal(try_open(&r), TRI_ERR_NOMEM);
    assert_false(udp.open);
    assert_true(tri_h3_port_is_idle(&r.port));
    test_hub_deinit(&r.hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_go_in_and_runs_go_out_at_the_turns_end),
        cmocka_unit_test(E10_the_endpoint_has_the_secret_and_the_time_of_the_world),
        cmocka_unit_test(a_full_socket_waits_for_room),
        cmocka_unit_test(an_event_while_it_sends_makes_it_dirty_again),
        cmocka_unit_test(a_connection_is_numbered_and_logged),
        cmocka_unit_test(connections_end_at_the_limit),
        cmocka_unit_test(E10_an_address_counts_when_it_is_proven_and_no_earlier),
        cmocka_unit_test(E9_the_last_words_are_sent_before_the_socket_goes),
        cmocka_unit_test(no_connection_is_taken_while_the_server_stops),
        cmocka_unit_test(no_connection_is_taken_without_memory),
        cmocka_unit_test(a_deadline_is_expired_when_it_has_come),
        cmocka_unit_test(a_stop_waits_for_the_last_socket),
        cmocka_unit_test(E9_a_stop_waits_for_the_sockets_of_each_connection_alone),
        cmocka_unit_test(a_closed_port_does_nothing),
        cmocka_unit_test(a_failed_open_leaves_it_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
