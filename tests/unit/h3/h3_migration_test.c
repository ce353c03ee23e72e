/*
 * Clients that move in the middle of a stream: to another network, or to another port behind a NAT.
 * RFC 9000 section 9; row E10. Numbered messages go both ways meanwhile, on a socket that echoes:
 * none may be lost or repeated, and their order is kept.
 */
#include "rig_h3.h"

#include "base_timeout.h"

#include <stdio.h>
#include <stdlib.h>

#define PATHS 3
#define MESSAGES 10000
#define MESSAGE_LEN 24
#define MESSAGES_A_TURN 50
#define DELAY_NS (5 * TRI_NS_PER_MS)

/* A client that can be reached by several addresses, each with a path of its own. */
struct walker {
    struct rig_h3 rig;
    struct peer_h3 *peer;
    struct tri_addr seen[PATHS]; /* the address that the server sees on each path */
    struct link_h3 up[PATHS], down[PATHS];
    bool behind_nat; /* it does not know where it is seen */
    size_t at;       /* the path that it, or its NAT, uses now */
    size_t used[PATHS];
    int stream;
    size_t asked, echoed; /* messages; bytes */
};

static void start(struct walker *w, bool behind_nat, unsigned loss)
{
    memset(w, 0, sizeof *w);
    w->behind_nat = behind_nat;
    assert_true(rig_h3_init(&w->rig, &(struct rig_h3_options){.lossy = false}));
    static const char *const moved[PATHS] = {"127.0.0.1:50000", "198.51.100.7:50000",
                                             "[2001:db8::7]:40000"};
    static const char *const mapped[PATHS] = {"127.0.0.1:50000", "127.0.0.1:50001",
                                              "127.0.0.1:50002"};
    for (size_t i = 0; i < PATHS; i++) {
        const char *address = behind_nat ? mapped[i] : moved[i];
        assert_int_equal(tri_addr_parse(&w->seen[i], address), TRI_OK);
        link_h3_init(&w->up[i], DELAY_NS, (uint32_t)(100 + i));
        link_h3_init(&w->down[i], DELAY_NS, (uint32_t)(200 + i));
        w->up[i].loss = w->down[i].loss = loss;
    }
    w->peer = peer_h3_new(&(struct peer_h3_options){.version = 0}, w->rig.now_ns);
}

static void end(struct walker *w)
{
    peer_h3_free(w->peer);
    w->rig.peer = NULL;
    rig_h3_deinit(&w->rig);
    for (size_t i = 0; i < PATHS; i++) {
        link_h3_deinit(&w->up[i]);
        link_h3_deinit(&w->down[i]);
    }
    free(w);
}

static size_t path_of(const struct walker *w, const struct tri_addr *seen)
{
    size_t i = 0;
    while (!tri_addr_equal(&w->seen[i], seen)) {
        i++;
        assert_true(i < PATHS);
    }
    return i;
}

/* ---- a millisecond of the network */

static void carry_down(struct walker *w)
{
    struct tri_h3_run run;
    while (tri_h3_endpoint_send(w->rig.endpoint, &run, w->rig.now_ns)) {
        struct link_h3 *link = &w->down[path_of(w, &run.remote)];
        for (size_t at = 0; at < run.len; at += run.segment) {
            size_t len = run.len - at < run.segment ? run.len - at : run.segment;
            link_h3_push(link, run.data + at, len, run.ecn, w->rig.now_ns);
        }
    }
}

static void carry_up(struct walker *w)
{
    uint8_t buf[1500];
    uint8_t ecn = 0;
    for (size_t len; (len = peer_h3_send(w->peer, buf, sizeof buf, &ecn, w->rig.now_ns)) > 0;) {
        size_t i = w->behind_nat ? w->at : path_of(w, &w->peer->sent_from);
        w->used[i]++;
        link_h3_push(&w->up[i], buf, len, ecn, w->rig.now_ns);
    }
}

static void deliver(struct walker *w, size_t i)
{
    uint64_t now_ns = w->rig.now_ns;
    for (struct link_packet *p; (p = link_h3_pop(&w->up[i], now_ns)); free(p)) {
        tri_h3_endpoint_recv(w->rig.endpoint, &w->rig.server, &w->seen[i], p->ecn, p->data, p->len,
                             now_ns);
    }
    for (struct link_packet *p; (p = link_h3_pop(&w->down[i], now_ns)); free(p)) {
        w->peer->local = w->seen[w->behind_nat ? 0 : i]; /* what its own socket says */
        peer_h3_recv(w->peer, p->ecn, p->data, p->len, now_ns);
    }
}

static void echo(struct walker *w)
{
    struct tenant *t = w->rig.tenants_len > 0 ? rig_h3_tenant(&w->rig, 0) : NULL;
    if (t && t->in_len > w->echoed) {
        tenant_send(t, t->in + w->echoed, t->in_len - w->echoed);
        w->echoed = t->in_len;
    }
}

static void step(struct walker *w)
{
    w->rig.now_ns += TRI_NS_PER_MS;
    for (size_t i = 0; i < PATHS; i++) {
        deliver(w, i);
    }
    if (tri_h3_endpoint_deadline_ns(w->rig.endpoint) <= w->rig.now_ns) {
        tri_h3_endpoint_expire(w->rig.endpoint, w->rig.now_ns);
    }
    if (peer_h3_deadline_ns(w->peer) <= w->rig.now_ns) {
        peer_h3_expire(w->peer, w->rig.now_ns);
    }
    echo(w);
    carry_down(w);
    carry_up(w);
    assert_false(w->peer->closed);
}

static void steps(struct walker *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        step(w);
    }
}

/* ---- messages */

static void open_socket(struct walker *w)
{
    steps(w, 500);
    assert_true(peer_h3_is_ready(w->peer));
    w->rig.peer = w->peer;
    w->stream = rig_h3_request(&w->rig, rig_h3_websocket_fields, false);
    w->rig.peer = NULL;
    steps(w, 500);
    assert_int_equal(w->rig.tenants_len, 1);
    tenant_room(rig_h3_tenant(&w->rig, 0), (size_t)MESSAGES * MESSAGE_LEN);
}

static void write_message(char out[MESSAGE_LEN + 1], size_t number)
{
    (void)snprintf(out, MESSAGE_LEN + 1, "message number %08zu\n", number);
}

static void ask(struct walker *w)
{
    for (size_t i = 0; i < MESSAGES_A_TURN && w->asked < MESSAGES; i++) {
        char message[MESSAGE_LEN + 1];
        write_message(message, w->asked++);
        peer_h3_data(w->peer, w->stream, message, MESSAGE_LEN);
    }
}

static void assert_all(const uint8_t *data, size_t len)
{
    assert_int_equal(len, (size_t)MESSAGES * MESSAGE_LEN);
    for (size_t i = 0; i < MESSAGES; i++) {
        char message[MESSAGE_LEN + 1];
        write_message(message, i);
        assert_memory_equal(data + i * MESSAGE_LEN, message, MESSAGE_LEN);
    }
}

/* All messages, with |move| to the next path after each third of them. */
static void talk(struct walker *w, void (*move)(struct walker *w))
{
    open_socket(w);
    for (size_t path = 1; w->asked < MESSAGES; step(w)) {
        ask(w);
        if (path < PATHS && w->asked >= path * (MESSAGES / PATHS)) {
            assert_true(w->echoed < w->asked * MESSAGE_LEN); /* some are on their way */
            w->at = path++;
            move(w);
        }
    }
    steps(w, 5000);
    const struct tenant *t = rig_h3_tenant(&w->rig, 0);
    struct tri_slice body = tri_buf_peek(&w->peer->streams[w->stream]->body);
    assert_all(t->in, t->in_len);
    assert_all(body.data, body.len);
    for (size_t i = 0; i < PATHS; i++) {
        assert_true(w->used[i] > 10);
    }
    assert_int_equal(w->rig.accepts, 1);
    assert_int_equal(w->rig.closes, 0);
    assert_int_equal(tri_h3_endpoint_counters(w->rig.endpoint).migrations, PATHS - 1);
}

/* ---- ways to move */

static ngtcp2_path path_to(struct walker *w)
{
    w->peer->local = w->seen[w->at];
    return (ngtcp2_path){.local = {.addr = &w->peer->local.sa, .addrlen = w->peer->local.len},
                         .remote = {.addr = &w->peer->remote.sa, .addrlen = w->peer->remote.len}};
}

static void cut(struct walker *w, size_t path)
{
    w->up[path].cut = w->down[path].cut = true;
}

/* Both networks are there: the new path is tried before the old one is left. */
static void move_with_care(struct walker *w)
{
    ngtcp2_path path = path_to(w);
    assert_int_equal(ngtcp2_conn_initiate_migration(w->peer->quic, &path, w->rig.now_ns), 0);
}

/* The old network is gone at once, with all that was on its way back. */
static void move_at_once(struct walker *w)
{
    cut(w, w->at - 1);
    link_h3_deinit(&w->down[w->at - 1]);
    link_h3_init(&w->down[w->at - 1], DELAY_NS, 1);
    cut(w, w->at - 1);
    ngtcp2_path path = path_to(w);
    assert_int_equal(ngtcp2_conn_initiate_immediate_migration(w->peer->quic, &path, w->rig.now_ns),
                     0);
}

/* The NAT gives another port; the client does not hear of it. */
static void rebind(struct walker *w)
{
    cut(w, w->at - 1);
}

static struct walker *new_walker(bool behind_nat, unsigned loss)
{
    struct walker *w = malloc(sizeof *w);
    assert_non_null(w);
    start(w, behind_nat, loss);
    return w;
}

static void E10_a_client_moves_twice_and_no_message_is_lost(void **state)
{
    (void)state;
    struct walker *w = new_walker(false, 0);
    talk(w, move_with_care);
    end(w);
}

static void E10_a_client_whose_network_vanishes_twice_loses_no_message(void **state)
{
    (void)state;
    struct walker *w = new_walker(false, 0);
    talk(w, move_at_once);
    end(w);
}

static void E10_a_client_whose_port_changes_loses_no_message(void **state)
{
    (void)state;
    struct walker *w = new_walker(true, 0);
    talk(w, rebind);
    end(w);
}

static void E10_nor_does_one_on_bad_links(void **state)
{
    (void)state;
    struct walker *w = new_walker(false, 20);
    talk(w, move_at_once);
    end(w);
    w = new_walker(true, 20);
    talk(w, rebind);
    end(w);
}

static void E10_who_moves_to_another_address_gets_a_token_for_it(void **state)
{
    (void)state;
    struct walker *w = new_walker(false, 0);
    talk(w, move_with_care);
    assert_int_equal(w->peer->tokens, 3);
    end(w);
    w = new_walker(true, 0);
    talk(w, rebind);
    assert_int_equal(w->peer->tokens, 1); /* the address is the same, and the port is not in it */
    end(w);
}

static void E10_clients_are_told_that_they_may_move(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    const ngtcp2_transport_params *params = ngtcp2_conn_get_remote_transport_params2(r->peer->quic);
    assert_int_equal(params->disable_active_migration, 0);
    assert_int_equal(params->preferred_addr_present, 0);
    assert_true(params->active_connection_id_limit >= 2);
    rig_h3_free(r);
}

/* Somebody who saw a packet sends it again from elsewhere: RFC 9000 section 9.3.2. */
static void E10_a_copied_packet_moves_nobody(void **state)
{
    (void)state;
    struct walker *w = new_walker(false, 0);
    open_socket(w);
    uint8_t packet[1500];
    uint8_t ecn = 0;
    peer_h3_data(w->peer, w->stream, "first copied", 12);
    size_t len = peer_h3_send(w->peer, packet, sizeof packet, &ecn, w->rig.now_ns);
    assert_true(len > 0);
    tri_h3_endpoint_recv(w->rig.endpoint, &w->rig.server, &w->seen[1], ecn, packet, len,
                         w->rig.now_ns); /* the copy is even the first to come */
    w->down[1].cut = true;               /* and nobody answers there */
    tri_h3_endpoint_recv(w->rig.endpoint, &w->rig.server, &w->seen[0], ecn, packet, len,
                         w->rig.now_ns);
    for (int i = 0; i < 20; i++) {
        peer_h3_data(w->peer, w->stream, "goes on", 7);
        steps(w, 500);
    }
    struct tri_slice body = tri_buf_peek(&w->peer->streams[w->stream]->body);
    assert_int_equal(body.len, 12 + 20 * 7);
    assert_int_equal(tri_h3_endpoint_counters(w->rig.endpoint).migrations, 0);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_client_moves_twice_and_no_message_is_lost),
        cmocka_unit_test(E10_a_client_whose_network_vanishes_twice_loses_no_message),
        cmocka_unit_test(E10_a_client_whose_port_changes_loses_no_message),
        cmocka_unit_test(E10_nor_does_one_on_bad_links),
        cmocka_unit_test(E10_who_moves_to_another_address_gets_a_token_for_it),
        cmocka_unit_test(E10_clients_are_told_that_they_may_move),
        cmocka_unit_test(E10_a_copied_packet_moves_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
