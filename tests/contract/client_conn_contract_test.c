/*
 * Connections at the client's end: how they come up over each HTTP version, which one is taken, and
 * what is said when they do not. Against a server of ours, over loopback.
 */
#include "rig_client.h"
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static const unsigned versions[] = {TRI_HTTP_1_1, TRI_HTTP_2, TRI_HTTP_3};
static const char *const names[] = {"http/1.1", "h2", "h3"};
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

static void await_ready(struct rig_client *r)
{
    RIG_AWAIT(r, r->readies > 0 || r->ends > 0);
    if (r->ends > 0) {
        fail_msg("%s: %s", tri_fault_name(r->fault), r->text);
    }
}

static void await_open(struct rig_client *r, const struct rig_socket *s)
{
    RIG_AWAIT(r, s->opens + s->fails > 0);
    if (s->fails > 0) {
        fail_msg("%s: %s", tri_fault_name(s->fault), s->text);
    }
}

/* It ends without having been up, by |fault|, with |part| in what is said of it. */
static void await_fault(struct rig_client *r, enum tri_fault fault, const char *part)
{
    RIG_AWAIT(r, r->ends == 1);
    assert_int_equal(r->readies, 0);
    assert_string_equal(tri_fault_name(r->fault), tri_fault_name(fault));
    if (!strstr(r->text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", r->text, part);
    }
}

/* ---------------------------------------------------------------------------------- coming up */

static void each_part_of_the_opening_has_its_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        assert_int_equal(tri_client_conn_timing(r->conn).resolved_ns, 0);
        assert_string_equal(tri_client_conn_carrier(r->conn)->http, "");
        await_ready(r);
        const struct tri_client_timing t = tri_client_conn_timing(r->conn);
        assert_true(0 < t.resolved_ns && t.resolved_ns <= t.connected_ns);
        assert_true(t.connected_ns <= t.secured_ns);
        assert_true(versions[i] == TRI_HTTP_1_1 ? t.settings_ns == 0
                                                : t.settings_ns >= t.secured_ns);
        assert_true(t.secured_ns < UINT64_C(10000000000));
        free_rig(r);
    }
}

static void tcp_is_taken_unless_http_3_is_asked_for_first(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    rig_client_connect(r, 0);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h2");
    rig_client_connect(r, TRI_HTTP_1_1 | TRI_HTTP_3);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "http/1.1");
    const struct tri_client_conn_setup first = {.h3_first = true};
    rig_client_connect_to(r, &first);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h3");
    free_rig(r);
}

static void http_3_is_taken_where_alt_svc_said_so(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    rig_client_connect(r, 0);
    const struct rig_socket *s = rig_client_open(r, "/teapot"); /* a refusal holds alt-svc */
    RIG_AWAIT(r, s->fails == 1);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h2");
    rig_client_connect(r, TRI_HTTP_1_1 | TRI_HTTP_2);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h2");
    rig_client_connect(r, 0);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h3");
    free_rig(r);
}

/* Row N5 */
static void who_opened_a_socket_over_tcp_comes_back_over_http_3(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) { /* http/1.1, h2 */
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/echo");
        await_open(r, s);
        assert_string_equal(tri_ws_carrier(s->ws)->http, names[i]);
        rig_client_connect(r, 0);
        await_ready(r);
        const struct rig_socket *again = rig_client_open(r, "/echo");
        await_open(r, again);
        assert_string_equal(tri_ws_carrier(again->ws)->http, "h3");
        free_rig(r);
    }
}

static void tcp_is_tried_where_http_3_is_not_there(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    assert_int_equal(tri_config_http(r->server.config, TRI_HTTP_1_1 | TRI_HTTP_2), TRI_OK);
    rig_client_start(r);
    const struct tri_client_conn_setup first = {.h3_first = true};
    rig_client_connect_to(r, &first);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "h2");
    assert_non_null(strstr(r->log, "conn.fallback"));
    free_rig(r);
}

static void http_1_1_is_tried_where_h2_has_no_extended_connect(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    tri_config_extended_connect(r->server.config, false);
    rig_client_start(r);
    rig_client_connect(r, 0);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "http/1.1");
    await_open(r, rig_client_open(r, "/echo"));
    /* And from h3 to h2 to http/1.1. */
    const struct tri_client_conn_setup first = {.h3_first = true};
    rig_client_connect_to(r, &first);
    await_ready(r);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, "http/1.1");
    free_rig(r);
}

static void localhost_is_found_at_whichever_address_answers(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r); /* on 127.0.0.1 alone: [::1] refuses, if it is tried */
    const char *port = strrchr(test_server_address(&r->server), ':');
    char url[64];
    (void)snprintf(url, sizeof url, "wss://localhost%s/path", port);
    for (size_t i = 0; i < VERSIONS; i++) {
        const struct tri_client_conn_setup setup = {.url = url, .http = versions[i]};
        rig_client_connect_to(r, &setup);
        await_ready(r);
        assert_string_equal(tri_client_conn_carrier(r->conn)->http, names[i]);
    }
    free_rig(r);
}

static void a_second_connection_resumes_the_session_of_the_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        for (int on = 0; on < 2; on++) {
            struct rig_client *r = make_rig();
            tri_client_config_resumption(r->config, on == 1);
            rig_client_start(r);
            rig_client_connect(r, versions[i]);
            const struct rig_socket *s = rig_client_open(r, "/echo");
            await_open(r, s);
            assert_false(tri_client_conn_is_resumed(r->conn));
            assert_int_equal(tri_ws_send(s->ws, TRI_TEXT, "x", 1), TRI_OK);
            RIG_AWAIT(r, s->messages == 1);
            rig_client_connect(r, versions[i]);
            s = rig_client_open(r, "/echo");
            await_open(r, s);
            assert_int_equal(tri_client_conn_is_resumed(r->conn), on == 1);
            free_rig(r);
        }
    }
}

/* ------------------------------------------------------------------------------ not coming up */

static void a_version_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const struct {
        unsigned server, client;
        const char *part;
    } rows[] = {
        {TRI_HTTP_1_1, TRI_HTTP_2, "h2 was offered"},
        {TRI_HTTP_2, TRI_HTTP_1_1, "http/1.1 was offered"},
        {TRI_HTTP_1_1 | TRI_HTTP_2, TRI_HTTP_3, "h3 was asked for"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig_client *r = make_rig();
        assert_int_equal(tri_config_http(r->server.config, rows[i].server), TRI_OK);
        rig_client_start(r);
        rig_client_connect(r, rows[i].client);
        const struct rig_socket *s = rig_client_open(r, "/echo");
        await_fault(r, TRI_FAULT_VERSION, rows[i].part);
        assert_int_equal(s->fails, 1);
        assert_int_equal(s->fault, TRI_FAULT_VERSION);
        free_rig(r);
    }
}

static void a_server_without_extended_connect_is_told_of(void **state)
{
    (void)state;
    for (size_t i = 1; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        tri_config_extended_connect(r->server.config, false);
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        char part[128];
        (void)snprintf(part, sizeof part,
                       "the server did not send SETTINGS_ENABLE_CONNECT_PROTOCOL: WebSocket over "
                       "%s is off there",
                       names[i]);
        await_fault(r, TRI_FAULT_NO_CONNECT, part);
        free_rig(r);
    }
}

static void a_certificate_of_a_stranger_is_not_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        for (int insecure = 0; insecure < 2; insecure++) {
            struct rig_client *r = make_rig();
            test_server_start(&r->server);
            tri_client_config_insecure(r->config, insecure == 1);
            assert_int_equal(tri_client_new(&r->client, r->config, NULL, 0), TRI_OK);
            rig_client_connect(r, versions[i]);
            if (insecure) {
                await_ready(r);
            } else {
                await_fault(r, TRI_FAULT_CERTIFICATE, "is not to be trusted");
            }
            free_rig(r);
        }
    }
}

static void a_certificate_for_another_name_is_not_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        assert_int_equal(tri_config_listen(r->server.config, "127.0.0.2:0"), TRI_OK);
        rig_client_start(r);
        char url[64];
        (void)snprintf(url, sizeof url, "wss://%s", tri_server_address(r->server.server, 1));
        const struct tri_client_conn_setup setup = {.url = url, .http = versions[i]};
        rig_client_connect_to(r, &setup);
        await_fault(r, TRI_FAULT_CERTIFICATE, "127.0.0.2");
        free_rig(r);
    }
}

static void where_nobody_listens_is_told(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    const struct tri_client_conn_setup refused = {.url = "wss://127.0.0.1:9", .http = TRI_HTTP_2};
    rig_client_connect_to(r, &refused);
    await_fault(r, TRI_FAULT_CONNECT, "127.0.0.1:9 cannot be reached");
    const struct tri_client_conn_setup nowhere = {.url = "wss://name.invalid"};
    rig_client_connect_to(r, &nowhere);
    await_fault(r, TRI_FAULT_RESOLVE, "name.invalid has no address");
    free_rig(r);
}

static void a_url_that_is_none_is_refused_at_once(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    struct tri_client_conn_setup setup = {.url = "ws://localhost"};
    struct tri_client_conn *conn;
    assert_int_equal(tri_client_connect(&conn, r->client, &setup, r->error, sizeof r->error),
                     TRI_ERR_INVALID);
    assert_non_null(strstr(r->error, "wss://"));
    setup.url = "wss://localhost";
    setup.http = 8;
    assert_int_equal(tri_client_connect(&conn, r->client, &setup, NULL, 0), TRI_ERR_INVALID);
    free_rig(r);
}

/* ------------------------------------------------------------------------------------- ending */

static void a_close_ends_sockets_and_then_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/echo");
        await_open(r, s);
        tri_client_conn_close(r->conn);
        const struct tri_client_ws_setup more = {
            .path = "/echo", .handler = &(const struct tri_ws_handler){.on_open = NULL}};
        assert_int_equal(tri_client_open(r->conn, &more, NULL, 0), TRI_ERR_CLOSED);
        assert_int_equal(r->ends, 0);
        RIG_AWAIT(r, r->ends == 1);
        assert_int_equal(r->fault, TRI_FAULT_NONE);
        assert_int_equal(s->code, 1001);
        assert_true(s->clean);
        RIG_AWAIT(r, r->server.closes == 1);
        assert_int_equal(r->server.close_code, 1001);
        RIG_AWAIT(r, tri_server_gauge(r->server.server, TRI_GAUGE_CONNECTIONS) == 0);
        free_rig(r);
    }
}

static void an_abort_ends_the_connection_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/echo");
        await_open(r, s);
        tri_client_conn_abort(r->conn);
        assert_int_equal(r->ends, 0);
        rig_client_step(r);
        rig_client_step(r);
        assert_int_equal(r->ends, 1);
        assert_int_equal(s->code, 1006);
        RIG_AWAIT(r, r->server.closes == 1);
        free_rig(r);
    }
}

static void an_abort_before_anything_ends_it_too(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    for (unsigned turns = 0; turns < 8; turns++) {
        for (size_t i = 0; i < VERSIONS; i++) {
            rig_client_connect(r, versions[i]);
            const struct rig_socket *s = rig_client_open(r, "/echo");
            for (unsigned t = 0; t < turns; t++) {
                rig_client_step(r);
            }
            tri_client_conn_abort(r->conn);
            RIG_AWAIT(r, r->ends == 1);
            assert_int_equal(s->closes + s->fails, 1);
        }
    }
    free_rig(r);
}

static void a_server_that_stops_closes_with_1001(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/echo");
        await_open(r, s);
        tri_server_stop(r->server.server);
        RIG_AWAIT(r, r->ends == 1);
        assert_int_equal(s->code, 1001);
        assert_true(s->clean);
        assert_int_equal(r->fault, TRI_FAULT_NONE);
        RIG_AWAIT(r, !r->server.running);
        free_rig(r);
    }
}

static void a_lost_connection_ends_sockets_with_1006(void **state)
{
    (void)state;
    for (size_t i = 0; i < VERSIONS; i++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        rig_client_connect(r, versions[i]);
        const struct rig_socket *s = rig_client_open(r, "/echo");
        await_open(r, s);
        tri_server_free(r->server.server); /* a reset, or CONNECTION_CLOSE */
        r->server.server = NULL;
        r->server.running = false;
        RIG_AWAIT(r, r->ends == 1);
        assert_int_equal(s->code, 1006);
        free_rig(r);
    }
}

static void a_client_is_freed_with_everything_open(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 24; turns++) {
        struct rig_client *r = make_rig();
        rig_client_start(r);
        for (size_t i = 0; i < VERSIONS; i++) {
            rig_client_connect(r, versions[i]);
            (void)rig_client_open(r, "/flood");
        }
        for (unsigned t = 0; t < turns; t++) {
            rig_client_step(r);
        }
        tri_client_free(r->client);
        r->client = NULL;
        for (size_t i = 0; i < VERSIONS; i++) {
            assert_int_equal(r->sockets[i].closes + r->sockets[i].fails, 1);
        }
        free_rig(r);
    }
}

static void a_client_is_freed_while_a_name_is_looked_up(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    const struct tri_client_conn_setup setup = {.url = "wss://name.invalid"};
    rig_client_connect_to(r, &setup);
    const struct rig_socket *s = rig_client_open(r, "/");
    rig_client_step(r);
    tri_client_free(r->client);
    r->client = NULL;
    assert_int_equal(r->ends, 1);
    assert_int_equal(s->fails, 1);
    free_rig(r);
}

/* Each end would begin anew: the client takes nothing more while it is freed. */
static void connect_again(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)conn;
    (void)why;
    struct rig_client *r = user;
    const struct tri_client_conn_setup setup = {
        .url = "wss://127.0.0.1:1", .on_closed = connect_again, .user = r};
    struct tri_client_conn *next;
    r->ends++;
    assert_int_equal(tri_client_connect(&next, r->client, &setup, r->error, sizeof r->error),
                     TRI_ERR_CLOSED);
}

static void who_connects_again_at_each_end_does_not_keep_a_client_alive(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    const struct tri_client_conn_setup setup = {
        .url = "wss://127.0.0.1:1", .on_closed = connect_again, .user = r};
    struct tri_client_conn *conn;
    assert_int_equal(tri_client_connect(&conn, r->client, &setup, NULL, 0), TRI_OK);
    tri_client_free(r->client);
    r->client = NULL;
    assert_int_equal(r->ends, 1);
    free_rig(r);
}

/* ------------------------------------------------------------------------------------- the rest */

static void count_time(void *user)
{
    unsigned *count = user;
    (*count)++;
}

static void the_timer_comes_once_and_not_before_its_time(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    struct {
        unsigned first, second;
    } count = {0, 0};
    tri_client_timer(r->client, 1000000, count_time, &count.first);
    const uint64_t start_ns = tri_client_now_ns();
    tri_client_timer(r->client, 3000000, count_time, &count.second); /* in place of the first */
    RIG_AWAIT(r, count.second == 1);
    assert_true(tri_client_now_ns() - start_ns >= 3000000);
    tri_client_timer(r->client, 1000000, count_time, &count.first);
    tri_client_timer(r->client, 0, NULL, NULL);
    for (uint64_t until = rig_client_now_ms() + 20; rig_client_now_ms() < until;) {
        rig_client_step(r);
    }
    assert_int_equal(count.first, 0);
    assert_int_equal(count.second, 1);
    free_rig(r);
}

/* Tells the timer to come again, from its own callback; |left| 0: it does not. */
struct ticks {
    struct tri_client *client;
    unsigned left, came;
};

static void tick(void *user)
{
    struct ticks *t = user;
    t->came++;
    if (t->left > 0) {
        t->left--;
        tri_client_timer(t->client, 1, tick, t);
    }
}

static void the_timer_may_be_set_again_as_it_comes(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    struct ticks t = {.client = r->client, .left = 20};
    tri_client_timer(r->client, 0, tick, &t);
    RIG_AWAIT(r, t.left == 0);
    rig_client_settle(r);
    assert_int_equal(t.came, 21);
    free_rig(r);
}

static void set_timer(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)conn;
    (void)why;
    struct ticks *t = user;
    tri_client_timer(t->client, 0, tick, t);
}

static void the_timer_does_not_come_while_its_client_is_freed(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    rig_client_connect(r, TRI_HTTP_2); /* of TCP, whose end takes turns of the loop */
    await_ready(r);
    struct ticks t = {.client = r->client};
    struct tri_client_conn *conn;
    const struct tri_client_conn_setup setup = {
        .url = "wss://127.0.0.1:1", .on_closed = set_timer, .user = &t};
    assert_int_equal(tri_client_connect(&conn, r->client, &setup, NULL, 0), TRI_OK);
    tri_client_free(r->client);
    r->client = NULL;
    assert_int_equal(t.came, 0);
    free_rig(r);
}

static void the_log_has_connections_and_sockets(void **state)
{
    (void)state;
    struct rig_client *r = make_rig();
    rig_client_start(r);
    rig_client_connect(r, TRI_HTTP_2);
    await_open(r, rig_client_open(r, "/echo?q"));
    tri_client_conn_close(r->conn);
    RIG_AWAIT(r, r->ends == 1);
    assert_non_null(strstr(r->log, "debug conn.open conn=1 http=h2 remote=127.0.0.1:"));
    assert_non_null(strstr(r->log, "info ws.open id=1 http=h2 conn=1 stream=1 path=/echo?q "));
    assert_non_null(strstr(r->log, "info ws.close id=1 http=h2 conn=1 stream=1 code=1001 "));
    assert_non_null(strstr(r->log, "debug conn.close conn=1 remote=127.0.0.1:"));
    free_rig(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_of_the_opening_has_its_time),
        cmocka_unit_test(tcp_is_taken_unless_http_3_is_asked_for_first),
        cmocka_unit_test(http_3_is_taken_where_alt_svc_said_so),
        cmocka_unit_test(who_opened_a_socket_over_tcp_comes_back_over_http_3),
        cmocka_unit_test(tcp_is_tried_where_http_3_is_not_there),
        cmocka_unit_test(http_1_1_is_tried_where_h2_has_no_extended_connect),
        cmocka_unit_test(localhost_is_found_at_whichever_address_answers),
        cmocka_unit_test(a_second_connection_resumes_the_session_of_the_first),
        cmocka_unit_test(a_version_that_is_not_there_is_named),
        cmocka_unit_test(a_server_without_extended_connect_is_told_of),
        cmocka_unit_test(a_certificate_of_a_stranger_is_not_trusted),
        cmocka_unit_test(a_certificate_for_another_name_is_not_trusted),
        cmocka_unit_test(where_nobody_listens_is_told),
        cmocka_unit_test(a_url_that_is_none_is_refused_at_once),
        cmocka_unit_test(a_close_ends_sockets_and_then_the_connection),
        cmocka_unit_test(an_abort_ends_the_connection_at_once),
        cmocka_unit_test(an_abort_before_anything_ends_it_too),
        cmocka_unit_test(a_server_that_stops_closes_with_1001),
        cmocka_unit_test(a_lost_connection_ends_sockets_with_1006),
        cmocka_unit_test(a_client_is_freed_with_everything_open),
        cmocka_unit_test(a_client_is_freed_while_a_name_is_looked_up),
        cmocka_unit_test(who_connects_again_at_each_end_does_not_keep_a_client_alive),
        cmocka_unit_test(the_timer_comes_once_and_not_before_its_time),
        cmocka_unit_test(the_timer_may_be_set_again_as_it_comes),
        cmocka_unit_test(the_timer_does_not_come_while_its_client_is_freed),
        cmocka_unit_test(the_log_has_connections_and_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
