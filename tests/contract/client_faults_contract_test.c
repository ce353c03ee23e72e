/*
 * A client among servers that do not do their part, and programs that do anything in their callbacks.
 */
#include "client_call.h"
#include "rig_client.h"
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const unsigned versions[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
#define VERSIONS 3u

static struct rig_client *make_rig(void)
{
    struct rig_client *r = malloc(sizeof *r);
    assert_non_null(r);
    rig_client_init(r);
    return r;
}

static void free_rig(struct rig_client *r)
{
    rig_client_deinit(r);
    free(r);
}

static void await_open(struct rig_client *r, const struct rig_socket *s)
{
    RIG_AWAIT(r, s->opens + s->fails > 0);
    if (s->fails > 0) {
        fail_msg("%s: %s", tri_fault_name(s->fault), s->text);
    }
}

/* ----------------------------------------------------------------------------- silent servers */

static uint16_t port_of(int fd)
{
    struct sockaddr_in addr = {.sin_port = 0};
    socklen_t len = sizeof addr;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    return ntohs(addr.sin_port);
}

/* Bound to loopback; of TCP it listens, but nobody accepts or says anything. */
static int open_silent(int type, uint16_t port)
{
    const int fd = socket(AF_INET, type, 0);
    const struct sockaddr_in addr = {.sin_family = AF_INET,
                                     .sin_port = htons(port),
                                     .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof addr), 0);
    if (type == SOCK_STREAM) {
        assert_int_equal(listen(fd, 1), 0);
    }
    return fd;
}

static void who_says_nothing_is_not_waited_for_longer_than_allowed(void **state)
{
    (void)state;
    const int tcp = open_silent(SOCK_STREAM, 0);
    const int udp = open_silent(SOCK_DGRAM, port_of(tcp));
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        assert_int_equal(tri_client_config_limit(r->config, TRI_LIMIT_HANDSHAKE_TIMEOUT_MS, 100),
                         TRI_OK);
        rig_client_start(r);
        char url[64];
        (void)snprintf(url, sizeof url, "wss://127.0.0.1:%u", port_of(tcp));
        const struct tri_client_conn_setup setup = {.url = url, .http = versions[i]};
        const uint64_t start_ms = rig_client_now_ms();
        rig_client_connect_to(r, &setup);
        const struct rig_socket *s = rig_client_open(r, "/");
        RIG_AWAIT(r, r->ends == 1);
        assert_true(rig_client_now_ms() - start_ms >= 99);
        const bool is_h3 = versions[i] == TRI_HTTP_3;
        assert_int_equal(r->fault, is_h3 ? TRI_FAULT_VERSION : TRI_FAULT_TIMEOUT);
        assert_int_equal(s->fault, r->fault);
        assert_true(tri_client_timeout_ms(r->client) != 0);
        free_rig(r);
    }
    close(tcp);
    close(udp);
}

static void tcp_is_tried_where_nobody_answers_to_quic(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    assert_int_equal(tri_config_http(r->server.config, TRI_HTTP_1_1 | TRI_HTTP_2), TRI_OK);
    rig_client_start(r);
    const char *address = test_server_address(&r->server);
    const int udp = open_silent(SOCK_DGRAM, (uint16_t)strtoul(strchr(address, ':') + 1, NULL, 10));
    const struct tri_client_conn_setup setup = {.h3_first = true};
    const uint64_t start_ms = rig_client_now_ms();
    rig_client_connect_to(r, &setup);
    RIG_AWAIT(r, r->readies == 1);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h2");
    assert_true(rig_client_now_ms() - start_ms < 5000); /* less than a handshake may take */
    free_rig(r);
    close(udp);
}

static void an_answer_that_does_not_come_is_given_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        assert_int_equal(tri_client_config_limit(r->config, TRI_LIMIT_REQUEST_TIMEOUT_MS, 100),
                         TRI_OK);
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/wait");
        RIG_AWAIT(r, s->fails == 1);
        assert_int_equal(s->fault, TRI_FAULT_TIMEOUT);
        assert_int_equal(r->waits, 1);
        RIG_AWAIT(r, r->cancels == 1); /* the server knows that nobody waits any more */
        if (versions[i] != TRI_HTTP_1_1) {
            await_open(r, rig_client_open(r, "/echo")); /* the connection goes on */
        }
        free_rig(r);
    }
}

static void a_stop_of_the_server_ends_what_waits_for_an_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/wait");
        RIG_AWAIT(r, r->waits == 1);
        tri_server_free(r->server.server);
        r->server.server = NULL;
        r->server.running = false;
        RIG_AWAIT(r, r->ends == 1);
        assert_int_equal(s->fails, 1);
        assert_true(strlen(s->text) > 10);
        free_rig(r);
    }
}

/* A socket that asks, as it ends, what its connection has carried. */
struct meter {
    struct rig_client *r;
    struct tri_ws *ws;
    struct tri_client_traffic traffic;
    unsigned closes;
};

static void meter_take_open(void *user, struct tri_ws *ws)
{
    ((struct meter *)user)->ws = ws;
}

static void meter_take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    struct meter *m = user;
    m->closes++;
    m->traffic = tri_client_conn_traffic(m->r->conn);
}

static void the_traffic_is_counted_once_while_a_connection_ends(void **state)
{
    (void)state;
    static const struct tri_ws_handler meters = {.on_open = meter_take_open,
                                                 .on_close = meter_take_close};
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        struct meter m = {.r = r};
        const struct tri_client_ws_setup setup = {.path = "/echo", .handler = &meters, .user = &m};
        assert_int_equal(tri_client_open(r->conn, &setup, NULL, 0), TRI_OK);
        RIG_AWAIT(r, m.ws);
        rig_client_settle(r);
        const struct tri_client_traffic before = tri_client_conn_traffic(r->conn);
        tri_client_conn_abort(r->conn);
        RIG_AWAIT(r, m.closes == 1);
        assert_true(before.bytes_in > 0 && m.traffic.bytes_in < 2 * before.bytes_in);
        assert_true(before.bytes_out > 0 && m.traffic.bytes_out < 2 * before.bytes_out);
        free_rig(r);
    }
}

/* ------------------------------------------------------------------ programs that do anything */

/* What is done in a callback, to the connection it belongs to. */
enum deed { DEED_ABORT, DEED_CLOSE, DEED_OPEN, DEED_CONNECT, DEEDS };

struct wild {
    struct rig_client *r;
    struct tri_client_conn *conn; /* NULL: ended */
    enum deed deed;
    unsigned at, calls; /* it is done in the |at|-th callback */
    unsigned asked, opened, ended_sockets, failed, connects, ended_conns;
};

static void wild_connect(struct wild *w, unsigned http);
static void wild_open(struct wild *w, const char *path);

static void do_deed(struct wild *w, bool has_conn)
{
    if (w->calls++ != w->at) {
        return;
    }
    if (w->deed == DEED_CONNECT) {
        w->connects++;
        struct tri_client_conn *conn;
        const struct tri_client_conn_setup setup = {.url = "wss://127.0.0.1:1"};
        (void)tri_client_connect(&conn, w->r->client, &setup, NULL, 0);
    } else if (has_conn && w->conn && w->deed == DEED_ABORT) {
        tri_client_conn_abort(w->conn);
    } else if (has_conn && w->conn && w->deed == DEED_CLOSE) {
        tri_client_conn_close(w->conn);
    } else if (has_conn && w->conn) {
        wild_open(w, "/echo");
    }
}

static void wild_take_open(void *user, struct tri_ws *ws)
{
    struct wild *w = user;
    w->opened++;
    assert_int_equal(tri_ws_send(ws, TRI_TEXT, "x", 1), TRI_OK);
    do_deed(w, true);
}

static void wild_take_message(void *user, struct tri_ws *ws, enum tri_type type,
                              const uint8_t *data, size_t len)
{
    (void)type;
    (void)data;
    (void)len;
    assert_int_equal(tri_ws_close(ws, 1000, NULL), TRI_OK);
    do_deed(user, true);
}

static void wild_take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    struct wild *w = user;
    w->ended_sockets++;
    do_deed(w, true);
}

static const struct tri_ws_handler wild_handler = {
    .on_open = wild_take_open, .on_message = wild_take_message, .on_close = wild_take_close};

static void wild_take_fail(void *user, const struct tri_failure *why)
{
    assert_true(why->fault != TRI_FAULT_NONE && strlen(why->text) > 0);
    struct wild *w = user;
    w->failed++;
    do_deed(w, true);
}

static void wild_take_ready(void *user, struct tri_client_conn *conn)
{
    (void)conn;
    do_deed(user, true);
}

static void wild_take_end(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)why;
    struct wild *w = user;
    assert_ptr_equal(w->conn, conn);
    w->conn = NULL;
    w->ended_conns++;
    do_deed(w, false);
}

static void wild_open(struct wild *w, const char *path)
{
    const struct tri_client_ws_setup setup = {
        .path = path, .handler = &wild_handler, .on_fail = wild_take_fail, .user = w};
    w->asked += tri_client_open(w->conn, &setup, NULL, 0) == TRI_OK;
}

static void wild_connect(struct wild *w, unsigned http)
{
    char url[64];
    (void)snprintf(url, sizeof url, "wss://%s", test_server_address(&w->r->server));
    const struct tri_client_conn_setup setup = {.url = url,
                                                .http = http,
                                                .on_ready = wild_take_ready,
                                                .on_closed = wild_take_end,
                                                .user = w};
    assert_int_equal(tri_client_connect(&w->conn, w->r->client, &setup, NULL, 0), TRI_OK);
    wild_open(w, "/echo");
    wild_open(w, "/teapot");
    wild_open(w, "/echo");
}

static void live_wildly(struct rig_client *r, enum deed deed, unsigned at, unsigned http)
{
    struct wild w = {.r = r, .deed = deed, .at = at};
    wild_connect(&w, http);
    RIG_AWAIT(r, w.conn == NULL || w.ended_sockets + w.failed == w.asked);
    if (w.conn) {
        tri_client_conn_close(w.conn);
    }
    RIG_AWAIT(r, w.ended_conns == 1);
    assert_int_equal(w.ended_sockets, w.opened);
    assert_int_equal(w.opened + w.failed, w.asked);
}

static void a_callback_may_do_anything_to_its_connection(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    for (unsigned deed = 0; deed < DEEDS; deed++) {
        for (unsigned at = 0; at < 9; at++) {
            for (size_t i = 0; i < VERSIONS; i++) {
                live_wildly(r, (enum deed)deed, at, versions[i]);
            }
        }
    }
    free_rig(r);
}

/* ---------------------------------------------------------------------------------- raw calls */

struct raw {
    struct tri_client_call call;
    unsigned asks, answers, fails;
    int status;
    enum tri_fault fault;
};

static void raw_ask(struct tri_client_call *call, struct tri_call_request *out)
{
    static const struct tri_field fields[] = {
        {TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")}};
    ((struct raw *)call)->asks++;
    out->path = TRI_SLICE("/echo");
    out->fields = fields;
    out->fields_len = 1;
}

static void raw_answer(struct tri_client_call *call, struct tri_call *stream,
                       const struct tri_call_answer *answer)
{
    struct raw *raw = (struct raw *)call;
    assert_null(stream->stream.events); /* and nothing is bound: it is reset */
    raw->answers++;
    raw->status = answer->status;
}

static void raw_fail(struct tri_client_call *call, const struct tri_failure *why)
{
    struct raw *raw = (struct raw *)call;
    raw->fails++;
    raw->fault = why->fault;
}

static const struct tri_client_call_events raw_events = {
    .on_ask = raw_ask, .on_answer = raw_answer, .on_fail = raw_fail};

static void a_call_whose_stream_nobody_wants_is_reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        struct raw raw = {.call = {.events = &raw_events}};
        assert_int_equal(tri_client_call_open(r->conn, &raw.call), TRI_OK);
        RIG_AWAIT(r, raw.answers == 1);
        assert_int_equal(raw.status, versions[i] == TRI_HTTP_1_1 ? 101 : 200);
        RIG_AWAIT(r, r->server.closes == 1);
        assert_int_equal(r->server.close_code, 1006);
        free_rig(r);
    }
}

static void a_call_may_be_given_up_while_it_waits_or_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        struct raw raw = {.call = {.events = &raw_events}};
        assert_int_equal(tri_client_call_open(r->conn, &raw.call), TRI_OK);
        tri_client_call_cancel(&raw.call);
        assert_int_equal(tri_client_call_open(r->conn, &raw.call), TRI_OK);
        RIG_AWAIT(r, raw.asks == 1);
        tri_client_call_cancel(&raw.call);
        rig_client_settle(r);
        assert_int_equal(raw.answers + raw.fails, 0);
        free_rig(r);
    }
}

static void so_many_may_wait_and_no_more(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    rig_client_connect(r, TRI_HTTP_2);
    struct raw *all = calloc(TRI_CLIENT_WAITING_MAX + 1, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i <= TRI_CLIENT_WAITING_MAX; i++) {
        all[i].call.events = &raw_events;
        assert_int_equal(tri_client_call_open(r->conn, &all[i].call),
                         i < TRI_CLIENT_WAITING_MAX ? TRI_OK : TRI_ERR_LIMIT);
    }
    tri_client_conn_abort(r->conn);
    RIG_AWAIT(r, r->ends == 1);
    for (size_t i = 0; i < TRI_CLIENT_WAITING_MAX; i++) {
        assert_int_equal(all[i].fails, 1);
        assert_int_equal(all[i].fault, TRI_FAULT_LOST);
    }
    free(all);
    free_rig(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_nothing_is_not_waited_for_longer_than_allowed),
        cmocka_unit_test(tcp_is_tried_where_nobody_answers_to_quic),
        cmocka_unit_test(an_answer_that_does_not_come_is_given_up),
        cmocka_unit_test(a_stop_of_the_server_ends_what_waits_for_an_answer),
        cmocka_unit_test(the_traffic_is_counted_once_while_a_connection_ends),
        cmocka_unit_test(a_callback_may_do_anything_to_its_connection),
        cmocka_unit_test(a_call_whose_stream_nobody_wants_is_reset),
        cmocka_unit_test(a_call_may_be_given_up_while_it_waits_or_is_asked),
        cmocka_unit_test(so_many_may_wait_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
