/* Sockets as a program sees them, and as the log does: on the fake transport. */
#include "base_buf.h"
#include "fixture.h"
#include "server_request.h"
#include "server_ws.h"
#include "test_hub.h"
#include "test_session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static const struct fixture_ops *const fake = &fixture_fake;

/* An application that writes down what it is told. */
struct app {
    struct tri_ws *ws;
    char told[512];
    bool aborts_at_once;
};

struct rig {
    struct test_hub hub;
    struct fixture *f;
    struct app app;
};

static void note(struct app *app, const char *text)
{
    size_t used = strlen(app->told);
    (void)snprintf(app->told + used, sizeof app->told - used, "%s;", text);
}

static void take_open(void *user, struct tri_ws *ws)
{
    struct app *app = user;
    app->ws = ws;
    note(app, "open");
    if (app->aborts_at_once) {
        tri_ws_abort(ws);
    }
}

static void take_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    struct app *app = user;
    char text[64];
    assert_ptr_equal(app->ws, ws);
    (void)snprintf(text, sizeof text, "%c:%.*s", type == TRI_TEXT ? 'T' : 'B', (int)len, data);
    note(app, text);
}

static void take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    struct app *app = user;
    char text[64];
    assert_int_equal(tri_ws_send(ws, TRI_TEXT, "late", 4), TRI_ERR_CLOSED);
    assert_int_equal(tri_ws_close(ws, 1000, ""), TRI_OK);
    assert_int_equal(tri_ws_carrier(ws)->conn_id, 1);
    bool ours = end->code == TRI_CLOSE_ABNORMAL; /* then the reason is the session's */
    (void)snprintf(text, sizeof text, "close(%u %s)", end->code, ours ? "" : end->reason);
    note(app, text);
}

static const struct tri_ws_handler handler = {
    .on_open = take_open, .on_message = take_message, .on_close = take_close};
static const struct tri_ws_handler silent_handler;

static void take_fragment(void *user, struct tri_ws *ws, const struct tri_fragment *fragment)
{
    struct app *app = user;
    char text[64];
    assert_ptr_equal(app->ws, ws);
    (void)snprintf(text, sizeof text, "%s%c:%.*s%s", fragment->first ? "<" : "",
                   fragment->type == TRI_TEXT ? 'T' : 'B', (int)fragment->len,
                   (const char *)fragment->data, fragment->last ? ">" : "");
    note(app, text);
}

static const struct tri_ws_handler piece_handler = {
    .on_open = take_open, .on_fragment = take_fragment, .on_close = take_close};

static void set_up(struct rig *r)
{
    test_hub_init(&r->hub);
    r->app = (struct app){.ws = NULL};
    struct tri_routes *routes = &r->hub.shared.config.routes;
    assert_int_equal(tri_routes_add_ws(routes, "/echo", &handler, &r->app), TRI_OK);
    assert_int_equal(tri_routes_add_ws(routes, "/silent", &silent_handler, &r->app), TRI_OK);
    assert_int_equal(tri_routes_add_ws(routes, "/pieces", &piece_handler, &r->app), TRI_OK);
    r->f = fake->open(tri_alloc_heap(), &r->hub.shared.config.limits, &tri_request_exchange_events,
                      &r->hub.link);
}

static void tear_down(struct rig *r)
{
    fake->close(r->f);
    test_hub_deinit(&r->hub);
}

static int open_with(struct rig *r, const char *path, const struct tri_header *headers)
{
    const struct fixture_request request = {
        .path = path, .protocol = "websocket", .headers = headers};
    int stream = fake->request(r->f, &request);
    fake->run(r->f);
    return stream;
}

static int open_socket(struct rig *r, const char *path)
{
    return open_with(r, path, NULL);
}

static void send_frame(struct rig *r, int stream, unsigned first, const void *payload, size_t len)
{
    struct tri_buf frame;
    tri_buf_init(&frame, tri_alloc_heap(), 65536);
    test_put_frame(&frame, first, payload, len, true);
    struct tri_slice bytes = tri_buf_peek(&frame);
    fake->send(r->f, stream, bytes.data, bytes.len);
    tri_buf_deinit(&frame);
    fake->run(r->f);
}

static void assert_received(struct rig *r, int stream, const void *bytes, size_t len)
{
    struct fixture_seen seen;
    fake->seen(r->f, stream, &seen);
    assert_int_equal(seen.body.len, len);
    assert_memory_equal(seen.body.data, bytes, len);
}

static void a_socket_is_opened_used_closed_and_logged(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int stream = open_socket(&r, "/echo?q");
    assert_int_equal(tri_ws_id(r.app.ws), 1);
    assert_string_equal(tri_ws_carrier(r.app.ws)->http, "fake");
    send_frame(&r, stream, 0x81, "hey", 3);
    assert_int_equal(tri_ws_send(r.app.ws, TRI_BINARY, "ho", 2), TRI_OK);
    assert_int_equal(tri_ws_queued_bytes(r.app.ws), 4);
    r.hub.now_ns += 1234 * TRI_NS_PER_MS;
    r.hub.hub.sessions.now_ns = r.hub.now_ns;
    send_frame(&r, stream, 0x88,
               "\x0f\xa1"
               "bye",
               5);
    fake->fin(r.f, stream);
    fake->run(r.f);
    assert_received(&r, stream,
                    "\x82\x02ho\x88\x05\x0f\xa1"
                    "bye",
                    11);
    assert_string_equal(r.app.told, "open;T:hey;close(4001 bye);");
    assert_string_equal(r.hub.log,
                        "info ws.open id=1 http=fake conn=1 stream=0 path=/echo remote=127.0.0.1:1 "
                        "deflate=off\n"
                        "info ws.close id=1 http=fake conn=1 stream=0 code=4001 reason=bye clean=1 "
                        "bytes_in=3 bytes_out=2 messages_in=1 messages_out=1 seconds=1.234\n");
    const struct tri_http_metrics want = {
        .requests = 1,
        .sockets_opened = 1,
        .sockets_closed = 1,
        .closed_other = 1,
        .messages_in = 1,
        .messages_out = 1,
        .bytes_in = 3,
        .bytes_out = 2,
    };
    assert_memory_equal(r.hub.link.metrics, &want, sizeof want);
    assert_int_equal(r.hub.link.sockets_peak, 1);
    tear_down(&r);
}

/* ------------------------------------------------------------------------- what is agreed */

static struct tri_route *echo_of(struct rig *r)
{
    return tri_routes_get_ws(&r->hub.shared.config.routes, "/echo");
}

static bool answer_has(struct rig *r, int stream, const char *text)
{
    struct fixture_seen seen;
    fake->seen(r->f, stream, &seen);
    return seen.head.len > 0 && memmem(seen.head.data, seen.head.len, text, strlen(text)) != NULL;
}

static void N5_an_accepted_handshake_tells_of_http_3(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_false(answer_has(&r, open_socket(&r, "/echo"), "alt-svc"));
    r.hub.link.alt_svc = "h3=\":8443\"; ma=86400";
    assert_true(answer_has(&r, open_socket(&r, "/echo"), "alt-svc: h3=\":8443\"; ma=86400\n"));
    tear_down(&r);
}

static void a_subprotocol_is_agreed_on_and_told_to_all(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    static const struct tri_header headers[] = {{"sec-websocket-protocol", "mqtt, chat.v2, chat"},
                                                {NULL, NULL}};
    int none = open_with(&r, "/echo", headers); /* the route has no list */
    assert_string_equal(tri_ws_subprotocol(r.app.ws), "");
    assert_false(answer_has(&r, none, "sec-websocket-protocol"));
    assert_null(strstr(r.hub.log, "subprotocol"));
    echo_of(&r)->subprotocols = tri_alloc_string(&r.hub.heap.alloc, "chat, chat.v2, x", 16);
    int one = open_with(&r, "/echo", headers);
    assert_string_equal(tri_ws_subprotocol(r.app.ws), "chat.v2");
    assert_true(answer_has(&r, one, "sec-websocket-protocol: chat.v2\n"));
    assert_non_null(strstr(r.hub.log, " deflate=off subprotocol=chat.v2\n"));
    int unasked = open_socket(&r, "/echo");
    assert_string_equal(tri_ws_subprotocol(r.app.ws), "");
    assert_false(answer_has(&r, unasked, "sec-websocket-protocol"));
    tear_down(&r);
}

#define OFFER "permessage-deflate; client_max_window_bits"
#define NEITHER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static void compression_is_what_the_route_wants_and_the_peer_offers(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        const char *answer; /* NULL: none */
        const char *logged;
        enum tri_deflate mode, agreed;
    } rows[] = {
        {OFFER, NULL, "off", TRI_DEFLATE_OFF, TRI_DEFLATE_OFF},
        {"x", NULL, "off", TRI_DEFLATE_SHARED, TRI_DEFLATE_OFF},
        {OFFER, NEITHER, "shared", TRI_DEFLATE_SHARED, TRI_DEFLATE_SHARED},
        {OFFER, "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10",
         "dedicated", TRI_DEFLATE_DEDICATED, TRI_DEFLATE_DEDICATED},
        {NEITHER, NEITHER, "shared", TRI_DEFLATE_DEDICATED, TRI_DEFLATE_SHARED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r);
        r.hub.shared.config.limits.deflate_window_bits = 10;
        echo_of(&r)->deflate = rows[i].mode;
        const struct tri_header headers[] = {{"sec-websocket-extensions", rows[i].offer},
                                             {NULL, NULL}};
        int stream = open_with(&r, "/echo", headers);
        assert_int_equal(tri_ws_deflate(r.app.ws), rows[i].agreed);
        char text[256];
        (void)snprintf(text, sizeof text, "sec-websocket-extensions: %s\n",
                       rows[i].answer ? rows[i].answer : "");
        assert_int_equal(answer_has(&r, stream, rows[i].answer ? text : "sec-websocket-"),
                         rows[i].answer != NULL);
        (void)snprintf(text, sizeof text, " deflate=%s\n", rows[i].logged);
        assert_non_null(strstr(r.hub.log, text));
        tear_down(&r);
    }
}

static void a_compressed_message_is_echoed_by_what_was_agreed(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    echo_of(&r)->deflate = TRI_DEFLATE_SHARED;
    static const struct tri_header headers[] = {{"sec-websocket-extensions", OFFER}, {NULL, NULL}};
    int stream = open_with(&r, "/echo", headers);
    /* "Hello", compressed: RFC 7692 section 7.2.3.1 */
    send_frame(&r, stream, 0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    assert_string_equal(r.app.told, "open;T:Hello;");
    send_frame(&r, stream, 0x81, "plain", 5);
    assert_string_equal(r.app.told, "open;T:Hello;T:plain;");
    static uint8_t same[1000];
    assert_int_equal(tri_ws_send(r.app.ws, TRI_BINARY, same, sizeof same), TRI_OK);
    assert_true(tri_ws_queued_bytes(r.app.ws) < 100);
    fake->run(r.f);
    struct fixture_seen seen;
    fake->seen(r.f, stream, &seen);
    assert_int_equal(seen.body.data[0], 0xc2);
    tear_down(&r);
}

static void without_room_for_another_compressor_the_shared_one_is_used(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    echo_of(&r)->deflate = TRI_DEFLATE_DEDICATED;
    static const struct tri_header headers[] = {{"sec-websocket-extensions", OFFER}, {NULL, NULL}};
    (void)open_with(&r, "/echo", headers);
    assert_int_equal(tri_ws_deflate(r.app.ws), TRI_DEFLATE_DEDICATED);
    const struct tri_deflate_worker *worker = &r.hub.hub.sessions.deflate;
    assert_true(worker->reserved_bytes > 0);
    r.hub.shared.config.limits.deflate_bytes_max = worker->reserved_bytes; /* for one, not two */
    int stream = open_with(&r, "/echo", headers);
    assert_int_equal(tri_ws_deflate(r.app.ws), TRI_DEFLATE_SHARED);
    assert_true(answer_has(&r, stream, "sec-websocket-extensions: " NEITHER "\n"));
    tear_down(&r);
}

/* ---------------------------------------------------------------------------- what is told */

static void a_handler_of_pieces_gets_pieces(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int stream = open_socket(&r, "/pieces");
    send_frame(&r, stream, 0x01, "hel", 3);
    send_frame(&r, stream, 0x80, "lo", 2);
    send_frame(&r, stream, 0x82, "all", 3);
    assert_string_equal(r.app.told, "open;<T:hel;T:lo>;<B:all>;");
    assert_int_equal(r.hub.link.metrics->messages_in, 2);
    assert_int_equal(r.hub.link.metrics->bytes_in, 8);
    tear_down(&r);
}

static void what_a_full_queue_dropped_is_logged(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    echo_of(&r)->slow = TRI_SLOW_DROP;
    r.hub.shared.config.limits.queue_bytes_max = 1024;
    int stream = open_socket(&r, "/echo");
    char message[1000];
    memset(message, 'm', sizeof message);
    assert_int_equal(tri_ws_send(r.app.ws, TRI_TEXT, message, sizeof message), TRI_OK);
    assert_int_equal(tri_ws_send(r.app.ws, TRI_TEXT, message, sizeof message), TRI_ERR_FULL);
    assert_int_equal(tri_ws_send(r.app.ws, TRI_TEXT, message, sizeof message), TRI_ERR_FULL);
    fake->run(r.f);
    send_frame(&r, stream, 0x88, "\x03\xe8", 2);
    fake->fin(r.f, stream);
    fake->run(r.f);
    assert_non_null(strstr(r.hub.log, " messages_out=1 seconds=0.000 messages_dropped=2\n"));
    assert_int_equal(r.hub.link.metrics->messages_dropped, 2);
    assert_int_equal(r.hub.link.metrics->messages_out, 1);
    assert_int_equal(r.hub.link.metrics->closed_code[0], 1);
    tear_down(&r);
}

/* A program with a loop of its own calls long after the last turn. */
static void a_timeout_counts_from_the_call_that_starts_it(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const struct tri_limits *limits = &r.hub.shared.config.limits;
    const struct tri_session_worker *sessions = &r.hub.hub.sessions;
    r.hub.now_ns += 100000 * TRI_NS_PER_MS;
    (void)open_socket(&r, "/echo");
    assert_true(tri_session_worker_deadline_ns(sessions) ==
                r.hub.now_ns + limits->ping_interval_ms * TRI_NS_PER_MS);
    r.hub.now_ns += 20000 * TRI_NS_PER_MS;
    assert_int_equal(tri_ws_close(r.app.ws, 1000, NULL), TRI_OK);
    assert_true(tri_session_worker_deadline_ns(sessions) ==
                r.hub.now_ns + limits->close_timeout_ms * TRI_NS_PER_MS);
    tear_down(&r);
}

static void what_a_peer_says_cannot_break_a_log_line(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int stream = open_socket(&r, "/echo");
    send_frame(&r, stream, 0x88,
               "\x03\xe8"
               "a\nb\"c",
               7);
    fake->fin(r.f, stream);
    fake->run(r.f);
    assert_non_null(strstr(r.hub.log, " reason=\"a\\nb\\\"c\" "));
    tear_down(&r);
}

static void a_handler_without_callbacks_is_fine(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int stream = open_socket(&r, "/silent");
    send_frame(&r, stream, 0x81, "hey", 3);
    send_frame(&r, stream, 0x88, "", 0);
    fake->fin(r.f, stream);
    fake->run(r.f);
    assert_received(&r, stream, "\x88\x00", 2);
    assert_non_null(strstr(r.hub.log, " code=1005 reason=\"\" clean=1 "));
    tear_down(&r);
}

static void the_program_closes_with_what_may_be_sent(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int stream = open_socket(&r, "/echo");
    char reason[125];
    memset(reason, 'r', sizeof reason);
    reason[124] = '\0';
    assert_int_equal(tri_ws_close(r.app.ws, 1005, ""), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_close(r.app.ws, 999, ""), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_close(r.app.ws, 1000, reason), TRI_ERR_INVALID);
    assert_int_equal(tri_ws_close(r.app.ws, 1000, NULL), TRI_OK);
    assert_int_equal(tri_ws_send(r.app.ws, TRI_TEXT, "x", 1), TRI_ERR_CLOSED);
    fake->run(r.f);
    assert_received(&r, stream, "\x88\x02\x03\xe8", 4);
    assert_string_equal(r.app.told, "open;");
    tear_down(&r);
    assert_string_equal(r.app.told, "open;close(1006 );");
}

static void an_abort_in_on_open_ends_the_socket_later(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    r.app.aborts_at_once = true;
    int stream = open_socket(&r, "/echo");
    assert_string_equal(r.app.told, "open;close(1006 );");
    struct fixture_seen seen;
    fake->seen(r.f, stream, &seen);
    assert_true(seen.reset);
    tear_down(&r);
}

static void sockets_are_numbered_and_counted(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    int first = open_socket(&r, "/silent");
    (void)open_socket(&r, "/silent");
    (void)open_socket(&r, "/echo");
    assert_int_equal(tri_ws_id(r.app.ws), 3);
    assert_int_equal(r.hub.sockets_open, 3);
    assert_int_equal(r.hub.hub.sockets_len, 3);
    assert_int_equal(r.hub.link.sockets, 3);
    fake->reset(r.f, first);
    fake->run(r.f);
    assert_int_equal(r.hub.sockets_open, 2);
    assert_int_equal(r.hub.hub.sockets_len, 2);
    assert_int_equal(r.hub.link.sockets, 2);
    (void)open_socket(&r, "/echo");
    assert_int_equal(tri_ws_id(r.app.ws), 4);
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_is_opened_used_closed_and_logged),
        cmocka_unit_test(N5_an_accepted_handshake_tells_of_http_3),
        cmocka_unit_test(a_subprotocol_is_agreed_on_and_told_to_all),
        cmocka_unit_test(compression_is_what_the_route_wants_and_the_peer_offers),
        cmocka_unit_test(a_compressed_message_is_echoed_by_what_was_agreed),
        cmocka_unit_test(without_room_for_another_compressor_the_shared_one_is_used),
        cmocka_unit_test(a_handler_of_pieces_gets_pieces),
        cmocka_unit_test(what_a_full_queue_dropped_is_logged),
        cmocka_unit_test(a_timeout_counts_from_the_call_that_starts_it),
        cmocka_unit_test(what_a_peer_says_cannot_break_a_log_line),
        cmocka_unit_test(a_handler_without_callbacks_is_fine),
        cmocka_unit_test(the_program_closes_with_what_may_be_sent),
        cmocka_unit_test(an_abort_in_on_open_ends_the_socket_later),
        cmocka_unit_test(sockets_are_numbered_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
