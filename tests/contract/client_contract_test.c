/*
 * Sockets at the client's end, the same over HTTP/1.1, HTTP/2 and HTTP/3: against a server of ours,
 * over loopback.
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

struct http_case {
    const char *name;
    unsigned flag;
};

static const struct http_case cases[] = {
    {"http/1.1", TRI_HTTP_1_1},
    {"h2", TRI_HTTP_2},
    {"h3", TRI_HTTP_3},
};
#define CASES (sizeof cases / sizeof cases[0])

/* Runs |body| once for each version, with a rig that is started and a connection on its way. */
static void on_each(void (*body)(struct rig_client *r, const struct http_case *http))
{
    for (size_t i = 0; i < CASES; i++) {
        struct rig_client *r = malloc(sizeof *r);
        assert_non_null(r);
        rig_client_init(r);
        rig_client_start(r);
        rig_client_connect(r, cases[i].flag);
        body(r, &cases[i]);
        rig_client_deinit(r);
        free(r);
    }
}

static void await_open(struct rig_client *r, const struct rig_socket *s)
{
    RIG_AWAIT(r, s->opens > 0 || s->fails > 0);
    if (s->fails > 0) {
        fail_msg("%s: %s", tri_fault_name(s->fault), s->text);
    }
}

static void send_text(const struct rig_socket *s, const char *text)
{
    assert_int_equal(tri_ws_send(s->ws, TRI_TEXT, text, strlen(text)), TRI_OK);
}

/* ------------------------------------------------------------------------------------ messages */

static void echo(struct rig_client *r, const struct http_case *http)
{
    struct rig_socket *s;
    s = rig_client_open(r, "/echo");
    await_open(r, s);
    assert_string_equal(tri_ws_carrier(s->ws)->http, http->name);
    assert_string_equal(tri_client_conn_carrier(r->conn)->http, http->name);
    assert_string_equal(tri_client_conn_carrier(r->conn)->tls_version, "TLS 1.3");
    assert_string_equal(tri_client_conn_carrier(r->conn)->remote, test_server_address(&r->server));
    send_text(s, "hello");
    RIG_AWAIT(r, s->messages == 1);
    assert_string_equal((char *)s->data, "hello");
    assert_int_equal(s->type, TRI_TEXT);
    assert_int_equal(tri_ws_send(s->ws, TRI_BINARY, "\0\1", 2), TRI_OK);
    RIG_AWAIT(r, s->messages == 2);
    assert_int_equal(s->type, TRI_BINARY);
    assert_memory_equal(s->data, "\0\1", 2);
    assert_int_equal(tri_ws_close(s->ws, 1000, "done"), TRI_OK);
    RIG_AWAIT(r, s->closes == 1);
    assert_int_equal(s->code, 1000);
    assert_true(s->clean);
    RIG_AWAIT(r, r->server.closes == 1);
    assert_int_equal(r->server.close_code, 1000);
}

static void text_and_bytes_come_back(void **state)
{
    (void)state;
    on_each(echo);
}

static uint8_t *make_bytes(size_t len)
{
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 31 + (i >> 8));
    }
    return bytes;
}

static void echo_large(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    const size_t len = (size_t)3 * 1024 * 1024;
    uint8_t *bytes = make_bytes(len);
    struct rig_socket *s;
    s = rig_client_open(r, "/shared");
    await_open(r, s);
    assert_int_equal(tri_ws_send(s->ws, TRI_BINARY, bytes, len), TRI_OK);
    RIG_AWAIT(r, s->messages == 1);
    assert_int_equal(s->len, len);
    assert_memory_equal(s->data, bytes, len);
    const struct tri_client_traffic traffic = tri_client_conn_traffic(r->conn);
    assert_true(traffic.bytes_in > len && traffic.bytes_out > len);
    free(bytes);
}

static void a_large_message_comes_back(void **state)
{
    (void)state;
    on_each(echo_large);
}

static void send_pieces(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    struct rig_socket *s;
    s = rig_client_open(r, "/echo");
    await_open(r, s);
    assert_int_equal(tri_ws_send_begin(s->ws, TRI_TEXT), TRI_OK);
    assert_int_equal(tri_ws_send_append(s->ws, "one ", 4), TRI_OK);
    rig_client_step(r);
    assert_int_equal(tri_ws_send(s->ws, TRI_TEXT, "no", 2), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_send_append(s->ws, "two", 3), TRI_OK);
    assert_int_equal(tri_ws_send_end(s->ws), TRI_OK);
    RIG_AWAIT(r, s->messages == 1);
    assert_string_equal((char *)s->data, "one two");
}

static void a_message_in_pieces_comes_back_whole(void **state)
{
    (void)state;
    on_each(send_pieces);
}

/* Pieces, not kept: that they are in order shows in their sum. */
static void take_fragment(void *user, struct tri_ws *ws, const struct tri_fragment *fragment)
{
    struct rig_socket *s = user;
    assert_ptr_equal(s->ws, ws);
    assert_int_equal(fragment->first, s->bytes == 0);
    assert_int_equal(fragment->type, TRI_BINARY);
    for (size_t i = 0; i < fragment->len; i++) {
        const uint64_t at = s->bytes + i;
        assert_int_equal(fragment->data[i], (uint8_t)(at * 31 + (at >> 8)));
    }
    s->bytes += fragment->len;
    s->messages += fragment->last;
}

static void echo_in_pieces(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    static const struct tri_ws_handler pieces = {.on_open = rig_socket_take_open,
                                                 .on_fragment = take_fragment,
                                                 .on_close = rig_socket_take_close};
    const struct tri_client_ws_setup setup = {.path = "/shared", .handler = &pieces};
    const size_t len = 700000;
    uint8_t *bytes = make_bytes(len);
    const struct rig_socket *s = rig_client_open_with(r, &setup);
    await_open(r, s);
    assert_int_equal(tri_ws_send(s->ws, TRI_BINARY, bytes, len), TRI_OK);
    RIG_AWAIT(r, s->messages == 1);
    assert_int_equal(s->bytes, len);
    free(bytes);
}

static void a_handler_of_pieces_gets_them_in_order(void **state)
{
    (void)state;
    on_each(echo_in_pieces);
}

/* Text that compresses well, and differs with each message. */
static void echo_compressed(struct rig_client *r, const struct http_case *http,
                            enum tri_deflate mode, const char *path)
{
    static char text[20000];
    const struct tri_client_ws_setup setup = {.path = path, .deflate = mode};
    struct rig_socket *s;
    s = rig_client_open_with(r, &setup);
    await_open(r, s);
    assert_int_equal(tri_ws_deflate(s->ws), mode);
    const uint64_t before = tri_client_conn_traffic(r->conn).bytes_out;
    for (unsigned i = 1; i <= 5; i++) {
        memset(text, 'a' + (int)i, sizeof text);
        assert_int_equal(tri_ws_send(s->ws, TRI_TEXT, text, sizeof text), TRI_OK);
        RIG_AWAIT(r, s->messages == i);
        assert_int_equal(s->len, sizeof text);
        assert_memory_equal(s->data, text, sizeof text);
    }
    /* Of 100,000; over HTTP/3 a probe of the path may be among them. */
    const size_t probe = http->flag == TRI_HTTP_3 ? 8952 : 0;
    assert_true(tri_client_conn_traffic(r->conn).bytes_out - before < 10000 + probe);
}

static void echo_shared(struct rig_client *r, const struct http_case *http)
{
    echo_compressed(r, http, TRI_DEFLATE_SHARED, "/shared");
}

static void echo_dedicated(struct rig_client *r, const struct http_case *http)
{
    echo_compressed(r, http, TRI_DEFLATE_DEDICATED, "/own");
}

static void messages_are_compressed_as_agreed(void **state)
{
    (void)state;
    on_each(echo_shared);
    on_each(echo_dedicated);
}

static void echo_uncompressed(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    const struct tri_client_ws_setup setup = {.path = "/echo", .deflate = TRI_DEFLATE_DEDICATED};
    struct rig_socket *s;
    s = rig_client_open_with(r, &setup);
    await_open(r, s);
    assert_int_equal(tri_ws_deflate(s->ws), TRI_DEFLATE_OFF);
    send_text(s, "plain");
    RIG_AWAIT(r, s->messages == 1);
}

static void what_the_server_does_not_agree_to_is_not_used(void **state)
{
    (void)state;
    on_each(echo_uncompressed);
}

/* --------------------------------------------------------------------------------- many sockets */

#define MANY 100u

static unsigned count_messages(struct rig_socket *const *all)
{
    unsigned count = 0;
    for (unsigned i = 0; i < MANY; i++) {
        count += all[i]->messages;
    }
    return count;
}

static void open_many(struct rig_client *r, const struct http_case *http)
{
    struct rig_socket *all[MANY];
    if (http->flag == TRI_HTTP_1_1) {
        return;
    }
    for (unsigned i = 0; i < MANY; i++) {
        all[i] = rig_client_open(r, "/echo");
    }
    for (unsigned i = 0; i < MANY; i++) {
        await_open(r, all[i]);
        char text[16];
        (void)snprintf(text, sizeof text, "%u", i);
        send_text(all[i], text);
    }
    RIG_AWAIT(r, count_messages(all) == MANY);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(strtoul((char *)all[i]->data, NULL, 10), i);
    }
    assert_int_equal(tri_client_conn_carrier(r->conn)->conn_id, 1);
}

static void a_connection_carries_a_hundred_sockets(void **state)
{
    (void)state;
    on_each(open_many);
}

static void open_over_the_limit(struct rig_client *r, const struct http_case *http)
{
    struct rig_socket *s[3];
    if (http->flag == TRI_HTTP_1_1) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        s[i] = rig_client_open(r, "/echo");
    }
    await_open(r, s[0]);
    await_open(r, s[1]);
    rig_client_settle(r);
    assert_int_equal(s[2]->opens + s[2]->fails, 0);
    assert_int_equal(tri_client_conn_room(r->conn), 0);
    assert_int_equal(tri_ws_close(s[0]->ws, 1000, NULL), TRI_OK);
    await_open(r, s[2]); /* its turn has come */
}

static void what_is_over_the_limit_of_streams_waits_its_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct rig_client *r = malloc(sizeof *r);
        assert_non_null(r);
        rig_client_init(r);
        assert_int_equal(tri_config_limit(r->server.config, TRI_LIMIT_STREAMS, 2), TRI_OK);
        rig_client_start(r);
        rig_client_connect(r, cases[i].flag);
        open_over_the_limit(r, &cases[i]);
        rig_client_deinit(r);
        free(r);
    }
}

static void on_http_1_1_a_connection_has_one_socket(void **state)
{
    (void)state;
    struct rig_client *r = malloc(sizeof *r);
    assert_non_null(r);
    rig_client_init(r);
    assert_int_equal(tri_config_http(r->server.config, TRI_HTTP_1_1), TRI_OK);
    rig_client_start(r);
    rig_client_connect(r, TRI_HTTP_ALL); /* not known yet which it will be */
    struct rig_socket *s[2];
    s[0] = rig_client_open(r, "/echo");
    s[1] = rig_client_open(r, "/echo");
    await_open(r, s[0]);
    RIG_AWAIT(r, s[1]->fails == 1);
    assert_int_equal(s[1]->fault, TRI_FAULT_STREAMS);
    const struct tri_ws_handler none = {.on_open = NULL};
    const struct tri_client_ws_setup setup = {.path = "/echo", .handler = &none};
    assert_int_equal(tri_client_open(r->conn, &setup, NULL, 0), TRI_ERR_LIMIT);
    assert_int_equal(tri_client_conn_room(r->conn), 0);
    rig_client_deinit(r);
    free(r);
}

/* ------------------------------------------------------------------------------------ refusals */

/* A plain page is no refusal on HTTP/1.1 alone: who asks for an upgrade may get 200 without it. */
static void be_refused(struct rig_client *r, const struct http_case *http)
{
    static const struct {
        const char *path;
        int status, status_h1;
    } refusals[] = {{"/teapot", 403, 403}, {"/page", 404, 200}};
    const bool is_h1 = http->flag == TRI_HTTP_1_1;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (is_h1 && i > 0) {
            rig_client_connect(r, http->flag);
        }
        const struct rig_socket *s = rig_client_open(r, refusals[i].path);
        RIG_AWAIT(r, s->fails == 1);
        const int status = is_h1 ? refusals[i].status_h1 : refusals[i].status;
        char text[8];
        (void)snprintf(text, sizeof text, "%d", status);
        assert_int_equal(s->fault, TRI_FAULT_STATUS);
        assert_int_equal(s->status, status);
        assert_non_null(strstr(s->text, text));
    }
}

static void a_refusal_tells_its_status(void **state)
{
    (void)state;
    on_each(be_refused);
}

/* -------------------------------------------------------------------------------- what is asked */

static void ask_with_fields(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    const struct tri_header headers[] = {{"x-test", "a value"}};
    const struct tri_client_ws_setup setup = {
        .path = "/chat?a=b",
        .headers = headers,
        .headers_len = 1,
        .origin = "https://example.com",
        .subprotocols = "other, chat",
    };
    struct rig_socket *s;
    s = rig_client_open_with(r, &setup);
    await_open(r, s);
    assert_string_equal(tri_ws_subprotocol(s->ws), "chat");
    assert_string_equal(r->field, "a value");
    assert_string_equal(r->origin, "https://example.com");
    send_text(s, "x");
    RIG_AWAIT(r, s->messages == 1);
}

static void fields_origin_and_subprotocols_arrive(void **state)
{
    (void)state;
    on_each(ask_with_fields);
}

static void ask_badly(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    static const struct tri_ws_handler handler = {.on_open = NULL};
    const struct tri_header headers[] = {{"Upper", "a"}, {"host", "a"}, {"x-a", "a\r\nb: c"}};
    const struct tri_client_ws_setup bad[] = {
        {.path = "no", .handler = &handler},
        {.path = "/a b", .handler = &handler},
        {.path = "/", .handler = NULL},
        {.path = "/", .handler = &handler, .headers = &headers[0], .headers_len = 1},
        {.path = "/", .handler = &handler, .headers = &headers[1], .headers_len = 1},
        {.path = "/", .handler = &handler, .headers = &headers[2], .headers_len = 1},
        {.path = "/", .handler = &handler, .origin = "a\nb"},
        {.path = "/", .handler = &handler, .subprotocols = "a, a"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tri_client_open(r->conn, &bad[i], r->error, sizeof r->error),
                         TRI_ERR_INVALID);
        assert_true(strlen(r->error) > 10);
    }
}

static void what_cannot_be_sent_is_refused_with_a_sentence(void **state)
{
    (void)state;
    on_each(ask_badly);
}

/* ---------------------------------------------------------------------------- closing and flow */

static void be_closed(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    struct rig_socket *s;
    s = rig_client_open(r, "/bye");
    await_open(r, s);
    send_text(s, "please");
    RIG_AWAIT(r, s->closes == 1);
    assert_int_equal(s->code, 4001);
    assert_string_equal(s->text, "bye");
    assert_true(s->clean);
}

static void the_servers_close_arrives(void **state)
{
    (void)state;
    on_each(be_closed);
}

static void abort_socket(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    struct rig_socket *s;
    s = rig_client_open(r, "/echo");
    await_open(r, s);
    tri_ws_abort(s->ws);
    RIG_AWAIT(r, s->closes == 1 && r->server.closes == 1);
    assert_int_equal(s->code, 1006);
    assert_int_equal(r->server.close_code, 1006);
}

static void an_abort_ends_both(void **state)
{
    (void)state;
    on_each(abort_socket);
}

static void fill_queue(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    static const uint8_t message[64 * 1024];
    struct rig_socket *s;
    s = rig_client_open(r, "/shared");
    await_open(r, s);
    unsigned sent = 0;
    while (tri_ws_send(s->ws, TRI_BINARY, message, sizeof message) == TRI_OK) {
        sent++;
        assert_true(sent < 100);
    }
    assert_int_equal(tri_ws_send(s->ws, TRI_BINARY, message, sizeof message), TRI_ERR_FULL);
    assert_true(sent >= 15);
    RIG_AWAIT(r, s->drains == 1);
    assert_int_equal(tri_ws_send(s->ws, TRI_BINARY, message, sizeof message), TRI_OK);
    RIG_AWAIT(r, s->messages == sent + 1);
}

static void a_full_queue_says_so_and_drains(void **state)
{
    (void)state;
    on_each(fill_queue);
}

static void pause_reading(struct rig_client *r, const struct http_case *http)
{
    (void)http;
    struct rig_socket *s;
    s = rig_client_open(r, "/flood");
    await_open(r, s);
    tri_ws_pause(s->ws);
    rig_client_settle(r);
    const unsigned before = s->messages;
    assert_true(before < RIG_FLOOD);
    rig_client_settle(r);
    assert_int_equal(s->messages, before);
    tri_ws_resume(s->ws);
    RIG_AWAIT(r, s->messages == RIG_FLOOD);
    assert_int_equal(s->bytes, RIG_FLOOD * RIG_FLOOD_BYTES);
}

static void a_paused_socket_reads_on_where_it_stopped(void **state)
{
    (void)state;
    on_each(pause_reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_bytes_come_back),
        cmocka_unit_test(a_large_message_comes_back),
        cmocka_unit_test(a_message_in_pieces_comes_back_whole),
        cmocka_unit_test(a_handler_of_pieces_gets_them_in_order),
        cmocka_unit_test(messages_are_compressed_as_agreed),
        cmocka_unit_test(what_the_server_does_not_agree_to_is_not_used),
        cmocka_unit_test(a_connection_carries_a_hundred_sockets),
        cmocka_unit_test(what_is_over_the_limit_of_streams_waits_its_turn),
        cmocka_unit_test(on_http_1_1_a_connection_has_one_socket),
        cmocka_unit_test(a_refusal_tells_its_status),
        cmocka_unit_test(fields_origin_and_subprotocols_arrive),
        cmocka_unit_test(what_cannot_be_sent_is_refused_with_a_sentence),
        cmocka_unit_test(the_servers_close_arrives),
        cmocka_unit_test(an_abort_ends_both),
        cmocka_unit_test(a_full_queue_says_so_and_drains),
        cmocka_unit_test(a_paused_socket_reads_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
