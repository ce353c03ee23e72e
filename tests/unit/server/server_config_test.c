/* The configuration: defaults, setters, copies. */
#include "server_config.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
    assert_null(config->cert_file);
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
    assert_null(config->cert_file);
    assert_int_equal(tri_config_certificate(config, "c1", "k1"), TRI_OK);
    assert_int_equal(tri_config_certificate(config, "c2", "k2"), TRI_OK);
    assert_string_equal(config->cert_file, "c2");
    assert_string_equal(config->key_file, "k2");
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

static void other_setters_set(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_config *config = make(&heap);
    tri_config_extended_connect(config, false);
    assert_false(config->extended_connect);
    assert_int_equal(tri_config_limit(config, TRI_LIMIT_MESSAGE_BYTES, 5), TRI_OK);
    assert_int_equal(config->limits.message_bytes_max, 5);
    assert_int_equal(tri_config_limit(config, TRI_LIMIT_MESSAGE_BYTES, 0), TRI_ERR_INVALID);
    assert_int_equal(tri_config_keylog(config, ""), TRI_ERR_INVALID);
    assert_int_equal(tri_config_qlog(config, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_config_keylog(config, "keys"), TRI_OK);
    assert_int_equal(tri_config_qlog(config, "q"), TRI_OK);
    assert_string_equal(config->keylog_file, "keys");
    assert_string_equal(config->qlog_dir, "q");
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
           tri_config_keylog(config, "keys") == TRI_OK && tri_config_qlog(config, "q") == TRI_OK &&
           tri_config_ws(config, "/echo", &ws_handler, NULL) == TRI_OK &&
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
    struct tri_config copy;
    tri_config_init(&copy, &heap.alloc);
    assert_int_equal(tri_config_copy(&copy, config), TRI_OK);
    tri_config_free(config);
    assert_string_equal(copy.cert_file, "c");
    assert_string_equal(copy.key_file, "k");
    assert_string_equal(copy.keylog_file, "keys");
    assert_string_equal(copy.qlog_dir, "q");
    assert_int_equal(copy.routes.len, 2);
    assert_string_equal(copy.routes.routes[0].path, "/echo");
    assert_int_equal(tri_addr_port(&copy.listen[0]), 1);
    assert_int_equal(tri_addr_port(&copy.cleartext[0].addr), 2);
    assert_int_equal(copy.cleartext[0].answer, TRI_CLEARTEXT_REDIRECT);
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
            assert_true(n > 8);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_configuration_has_the_defaults),
        cmocka_unit_test(addresses_are_checked_and_counted),
        cmocka_unit_test(a_certificate_has_a_key),
        cmocka_unit_test(versions_are_flags_and_at_least_one),
        cmocka_unit_test(routes_want_a_path_and_a_handler),
        cmocka_unit_test(other_setters_set),
        cmocka_unit_test(a_copy_has_everything_and_shares_nothing),
        cmocka_unit_test(short_memory_is_told_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
