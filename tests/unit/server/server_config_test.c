/* The configuration: defaults, setters, copies. */
#include "server_config.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static void ignore_request(void *user, struct tri_request *req)
{
    (void)user;
    (void)req;
}

static void ignore_line(void *user, enum tri_log_level level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

static const struct tri_ws_handler ws_handler;
static const struct tri_http_handler http_handler = {.on_request = ignore_request};

static struct tri_config *make(struct test_alloc *heap)
{
    test_alloc_init(heap);
    struct tri_config *config = tri_config_new_with(&heap->alloc);
    assert_non_null(config);
    return config;
}

static void release(struct test_alloc *heap, struct tri_config *config)
{
    tri_config_free(config);
    assert_int_equal(heap->live, 0);
}

static void a_new_configuration_has_the_defaults(void **state)
{
    (void)state;
    struct tri_config *config = tri_config_new();
    assert_non_null(config);
    assert_int_equal(config->http, TRI_HTTP_ALL);
    assert_true(config->extended_connect);
    assert_int_equal(config->listen_len, 0);
    assert_int_equal(config->certs_len, 0);
    assert_int_equal(config->limits.message_bytes_max, 16 * 1024 * 1024);
    assert_null(config->log.write);
    tri_config_free(config);
    tri_config_free(NULL);
}

static void addresses_are_checked_and_counted(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    static const char *const bad[] = {"", "127.0.0.1", "example.org:80", ":80", "127.0.0.1:65536"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tri_config_listen(config, bad[i]), TRI_ERR_INVALID);
        assert_int_equal(tri_config_cleartext(config, bad[i], TRI_CLEARTEXT_REFUSE),
                         TRI_ERR_INVALID);
    }
    assert_int_equal(tri_config_listen(config, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_cleartext(config, NULL, TRI_CLEARTEXT_REFUSE), TRI_ERR_INVALID);
    assert_int_equal(tri_config_cleartext(config, "127.0.0.1:0", (enum tri_cleartext)7),
                     TRI_ERR_INVALID);
    for (size_t i = 0; i < TRI_LISTENERS_MAX; i++) {
        assert_int_equal(tri_config_listen(config, "[::1]:8443"), TRI_OK);
        assert_int_equal(tri_config_cleartext(config, "127.0.0.1:0", TRI_CLEARTEXT_REDIRECT),
                         TRI_OK);
    }
    assert_int_equal(tri_config_listen(config, "127.0.0.1:0"), TRI_ERR_LIMIT);
    assert_int_equal(tri_config_cleartext(config, "127.0.0.1:0", TRI_CLEARTEXT_REFUSE),
                     TRI_ERR_LIMIT);
    release(&heap, config);
}

static void a_certificate_has_a_key(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    assert_int_equal(tri_config_certificate(config, "c", NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_certificate(config, NULL, "k"), TRI_ERR_INVALID);
    assert_int_equal(tri_config_certificate(config, "", "k"), TRI_ERR_INVALID);
    assert_int_equal(tri_config_certificate(config, "c", ""), TRI_ERR_INVALID);
    assert_int_equal(config->certs_len, 0);
    release(&heap, config);
}

static void N6_certificates_add_up_to_their_limit(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    for (size_t i = 0; i < TRI_CERTIFICATES_MAX; i++) {
        char cert[16];
        (void)snprintf(cert, sizeof cert, "c%zu", i);
        assert_int_equal(tri_config_certificate(config, cert, "k"), TRI_OK);
    }
    assert_int_equal(tri_config_certificate(config, "c64", "k"), TRI_ERR_LIMIT);
    assert_int_equal(config->certs_len, TRI_CERTIFICATES_MAX);
    assert_string_equal(config->certs[0].cert, "c0");
    assert_string_equal(config->certs[63].cert, "c63");
    release(&heap, config);
}

static void versions_are_flags_and_at_least_one(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    assert_int_equal(tri_config_http(config, 0), TRI_ERR_INVALID);
    assert_int_equal(tri_config_http(config, 8), TRI_ERR_INVALID);
    assert_int_equal(config->http, TRI_HTTP_ALL);
    assert_int_equal(tri_config_http(config, TRI_HTTP_2 | TRI_HTTP_3), TRI_OK);
    assert_int_equal(config->http, TRI_HTTP_2 | TRI_HTTP_3);
    release(&heap, config);
}

static void routes_want_a_path_and_a_handler(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    static const struct tri_http_handler empty;
    assert_int_equal(tri_config_ws(config, NULL, &ws_handler, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_ws(config, "/a", NULL, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_ws(config, "a", &ws_handler, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_http_route(config, "/a", NULL, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_http_route(config, "/a", &empty, NULL), TRI_ERR_INVALID);
    assert_int_equal(config->routes.len, 0);
    assert_int_equal(tri_config_ws(config, "/a", &ws_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/a", &http_handler, NULL), TRI_OK);
    assert_int_equal(config->routes.len, 1);
    release(&heap, config);
}

static void take_whole(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                       size_t len)
{
    (void)user;
    (void)ws;
    (void)type;
    (void)data;
    (void)len;
}

static void take_piece(void *user, struct tri_ws *ws, const struct tri_fragment *fragment)
{
    (void)user;
    (void)ws;
    (void)fragment;
}

static void a_handler_takes_messages_whole_or_in_pieces(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    static const struct tri_ws_handler whole = {.on_message = take_whole};
    static const struct tri_ws_handler pieces = {.on_fragment = take_piece};
    static const struct tri_ws_handler both = {.on_message = take_whole, .on_fragment = take_piece};
    assert_int_equal(tri_config_ws(config, "/a", &both, NULL), TRI_ERR_INVALID);
    assert_int_equal(config->routes.len, 0);
    assert_int_equal(tri_config_ws(config, "/a", &whole, NULL), TRI_OK);
    assert_int_equal(tri_config_ws(config, "/b", &pieces, NULL), TRI_OK);
    release(&heap, config);
}

static void what_websockets_do_is_set_at_their_path(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    assert_int_equal(tri_config_ws(config, "/chat/", &ws_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/page", &http_handler, NULL), TRI_OK);
    const struct tri_route *route = &config->routes.routes[0];
    assert_int_equal(tri_config_ws_deflate(config, "/chat/", TRI_DEFLATE_DEDICATED), TRI_OK);
    assert_int_equal(tri_config_ws_slow(config, "/chat/", TRI_SLOW_CLOSE), TRI_OK);
    assert_int_equal(tri_config_ws_subprotocols(config, "/chat/", "chat, superchat"), TRI_OK);
    assert_int_equal(tri_config_ws_origins(config, "/chat/", "https://a.example, null"), TRI_OK);
    assert_int_equal(route->deflate, TRI_DEFLATE_DEDICATED);
    assert_int_equal(route->slow, TRI_SLOW_CLOSE);
    assert_string_equal(route->subprotocols, "chat, superchat");
    assert_string_equal(route->origins, "https://a.example, null");
    assert_int_equal(tri_config_ws_subprotocols(config, "/chat/", "mqtt"), TRI_OK);
    assert_string_equal(route->subprotocols, "mqtt");
    assert_int_equal(tri_config_ws_deflate(config, "/chat/", TRI_DEFLATE_OFF), TRI_OK);
    assert_int_equal(tri_config_ws_slow(config, "/chat/", TRI_SLOW_WAIT), TRI_OK);
    assert_int_equal(tri_config_ws_subprotocols(config, "/chat/", ""), TRI_OK);
    assert_int_equal(tri_config_ws_origins(config, "/chat/", ""), TRI_OK);
    assert_int_equal(route->deflate, TRI_DEFLATE_OFF);
    assert_int_equal(route->slow, TRI_SLOW_WAIT);
    assert_null(route->subprotocols);
    assert_null(route->origins);
    release(&heap, config);
}

static void nothing_is_set_where_no_websocket_is_served(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    assert_int_equal(tri_config_ws(config, "/chat/", &ws_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/page", &http_handler, NULL), TRI_OK);
    static const char *const paths[] = {"/page", "/chat/below", "/chat", "", NULL};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(tri_config_ws_deflate(config, paths[i], TRI_DEFLATE_SHARED),
                         TRI_ERR_NOT_FOUND);
        assert_int_equal(tri_config_ws_slow(config, paths[i], TRI_SLOW_DROP), TRI_ERR_NOT_FOUND);
        assert_int_equal(tri_config_ws_subprotocols(config, paths[i], "a"), TRI_ERR_NOT_FOUND);
        assert_int_equal(tri_config_ws_origins(config, paths[i], "https://a"), TRI_ERR_NOT_FOUND);
    }
    release(&heap, config);
}

static void what_is_no_value_changes_nothing(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    assert_int_equal(tri_config_ws(config, "/a", &ws_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_ws_subprotocols(config, "/a", "chat"), TRI_OK);
    assert_int_equal(tri_config_ws_origins(config, "/a", "https://a"), TRI_OK);
    const struct tri_route before = config->routes.routes[0];
    assert_int_equal(tri_config_ws_deflate(config, "/a", (enum tri_deflate)3), TRI_ERR_INVALID);
    assert_int_equal(tri_config_ws_slow(config, "/a", (enum tri_slow)3), TRI_ERR_INVALID);
    static const char *const lists[] = {NULL, "a b", "a,", "chat,,x"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_int_equal(tri_config_ws_subprotocols(config, "/a", lists[i]), TRI_ERR_INVALID);
        assert_int_equal(tri_config_ws_origins(config, "/a", lists[i]), TRI_ERR_INVALID);
    }
    assert_int_equal(tri_config_ws_subprotocols(config, "/a", "x, x"), TRI_ERR_INVALID);
    assert_int_equal(tri_config_ws_origins(config, "/a", "https://a/"), TRI_ERR_INVALID);
    assert_memory_equal(&config->routes.routes[0], &before, sizeof before);
    assert_string_equal(before.subprotocols, "chat");
    assert_string_equal(before.origins, "https://a");
    release(&heap, config);
}

static void other_setters_set(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    tri_config_extended_connect(config, false);
    assert_false(config->extended_connect);
    assert_int_equal(tri_config_listen_extended_connect(config, 0, true), TRI_ERR_NOT_FOUND);
    assert_int_equal(tri_config_listen(config, "127.0.0.1:1"), TRI_OK);
    assert_int_equal(tri_config_listen(config, "127.0.0.1:2"), TRI_OK);
    assert_int_equal(tri_config_listen_extended_connect(config, 1, true), TRI_OK);
    assert_int_equal(tri_config_listen_extended_connect(config, 2, true), TRI_ERR_NOT_FOUND);
    assert_false(config->listen[0].has_extended_connect);
    assert_true(config->listen[1].has_extended_connect && config->listen[1].extended_connect);
    assert_int_equal(tri_config_limit(config, TRI_LIMIT_MESSAGE_BYTES, 5), TRI_OK);
    assert_int_equal(config->limits.message_bytes_max, 5);
    assert_int_equal(tri_config_limit(config, TRI_LIMIT_MESSAGE_BYTES, 0), TRI_ERR_INVALID);
    assert_int_equal(tri_config_keylog(config, ""), TRI_ERR_INVALID);
    assert_int_equal(tri_config_qlog(config, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_keylog(config, "keys"), TRI_OK);
    assert_int_equal(tri_config_qlog(config, "q"), TRI_OK);
    assert_string_equal(config->keylog_file, "keys");
    assert_string_equal(config->qlog_dir, "q");
    assert_int_equal(tri_config_secret_file(config, ""), TRI_ERR_INVALID);
    assert_int_equal(tri_config_secret_file(config, "s"), TRI_OK);
    assert_string_equal(config->secret_file, "s");
    tri_config_log(config, ignore_line, &heap, TRI_LOG_WARN, TRI_LOG_JSON);
    assert_ptr_equal(config->log.write, ignore_line);
    assert_int_equal(config->log.level, TRI_LOG_WARN);
    assert_int_equal(config->log.format, TRI_LOG_JSON);
    release(&heap, config);
}

/* Sets all there is. False if memory was short. */
static bool fill(struct tri_config *config)
{
    return tri_config_certificate(config, "c", "k") == TRI_OK &&
           tri_config_certificate(config, "c2", "k2") == TRI_OK &&
           tri_config_keylog(config, "keys") == TRI_OK && tri_config_qlog(config, "q") == TRI_OK &&
           tri_config_secret_file(config, "s") == TRI_OK &&
           tri_config_ws(config, "/echo", &ws_handler, NULL) == TRI_OK &&
           tri_config_ws_deflate(config, "/echo", TRI_DEFLATE_SHARED) == TRI_OK &&
           tri_config_ws_slow(config, "/echo", TRI_SLOW_DROP) == TRI_OK &&
           tri_config_ws_subprotocols(config, "/echo", "chat") == TRI_OK &&
           tri_config_ws_origins(config, "/echo", "https://a") == TRI_OK &&
           tri_config_http_route(config, "/", &http_handler, NULL) == TRI_OK;
}

static void a_copy_has_everything_and_shares_nothing(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    assert_true(fill(config));
    assert_int_equal(tri_config_listen(config, "127.0.0.1:1"), TRI_OK);
    assert_int_equal(tri_config_cleartext(config, "127.0.0.1:2", TRI_CLEARTEXT_REDIRECT), TRI_OK);
    assert_int_equal(tri_config_http(config, TRI_HTTP_2), TRI_OK);
    tri_config_extended_connect(config, false);
    assert_int_equal(tri_config_admin(config, "127.0.0.1:3"), TRI_OK);
    tri_config_drain_ms(config, 4);
    struct tri_config copy;
    tri_config_init(&copy, &heap.alloc);
    assert_int_equal(tri_config_copy(&copy, config), TRI_OK);
    tri_config_free(config);
    assert_int_equal(copy.certs_len, 2);
    assert_string_equal(copy.certs[0].cert, "c");
    assert_string_equal(copy.certs[0].key, "k");
    assert_string_equal(copy.certs[1].cert, "c2");
    assert_string_equal(copy.certs[1].key, "k2");
    assert_string_equal(copy.keylog_file, "keys");
    assert_string_equal(copy.secret_file, "s");
    assert_string_equal(copy.qlog_dir, "q");
    assert_int_equal(copy.routes.len, 2);
    assert_string_equal(copy.routes.routes[0].path, "/echo");
    assert_int_equal(copy.routes.routes[0].deflate, TRI_DEFLATE_SHARED);
    assert_int_equal(copy.routes.routes[0].slow, TRI_SLOW_DROP);
    assert_string_equal(copy.routes.routes[0].subprotocols, "chat");
    assert_string_equal(copy.routes.routes[0].origins, "https://a");
    assert_int_equal(tri_addr_port(&copy.listen[0].addr), 1);
    assert_int_equal(tri_addr_port(&copy.cleartext[0].addr), 2);
    assert_int_equal(copy.cleartext[0].answer, TRI_CLEARTEXT_REDIRECT);
    assert_int_equal(tri_addr_port(&copy.admin), 3);
    assert_int_equal(copy.drain_ms, 4);
    assert_int_equal(copy.http, TRI_HTTP_2);
    assert_false(copy.extended_connect);
    tri_config_deinit(&copy);
    assert_int_equal(heap.live, 0);
}

/* Makes, fills and copies a configuration; whatever fails, nothing is lost. */
static bool make_fill_and_copy(struct test_alloc *heap)
{
    struct tri_config *config = tri_config_new_with(&heap->alloc);
    if (!config) {
        return false;
    }
    struct tri_config copy;
    tri_config_init(&copy, &heap->alloc);
    bool filled = fill(config);
    bool copied = filled && tri_config_copy(&copy, config) == TRI_OK;
    tri_config_deinit(&copy);
    tri_config_free(config);
    return copied;
}

static void short_memory_is_told_and_loses_nothing(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct test_alloc heap;
        test_alloc_init(&heap);
        heap.fail_at = n;
        bool done = make_fill_and_copy(&heap);
        assert_int_equal(heap.live, 0);
        assert_int_equal(done, !test_alloc_has_failed(&heap));
        if (done) {
            assert_true(n > 12);
            return;
        }
    }
}

static void the_admin_address_is_one_of_loopback(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    static const char *const bad[] = {"", "9100", "0.0.0.0:9100", "[::]:9100", "192.0.2.1:9100"};
    assert_int_equal(config->admin.len, 0);
    assert_int_equal(tri_config_admin(config, NULL), TRI_ERR_INVALID);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(tri_config_admin(config, bad[i]), TRI_ERR_INVALID);
        assert_int_equal(config->admin.len, 0);
    }
    assert_int_equal(tri_config_admin(config, "[::1]:9100"), TRI_OK);
    assert_int_equal(tri_config_admin(config, "127.0.0.1:9101"), TRI_OK); /* the last one counts */
    assert_int_equal(tri_addr_port(&config->admin), 9101);
    release(&heap, config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_configuration_has_the_defaults),
        cmocka_unit_test(addresses_are_checked_and_counted),
        cmocka_unit_test(a_certificate_has_a_key),
        cmocka_unit_test(N6_certificates_add_up_to_their_limit),
        cmocka_unit_test(versions_are_flags_and_at_least_one),
        cmocka_unit_test(routes_want_a_path_and_a_handler),
        cmocka_unit_test(a_handler_takes_messages_whole_or_in_pieces),
        cmocka_unit_test(what_websockets_do_is_set_at_their_path),
        cmocka_unit_test(nothing_is_set_where_no_websocket_is_served),
        cmocka_unit_test(what_is_no_value_changes_nothing),
        cmocka_unit_test(other_setters_set),
        cmocka_unit_test(the_admin_address_is_one_of_loopback),
        cmocka_unit_test(a_copy_has_everything_and_shares_nothing),
        cmocka_unit_test(short_memory_is_told_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
