/* A client's configuration: defaults, setters, copies. */
#include "client_config.h"
#include "temp_dir.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

static struct tri_client_config *make(struct test_alloc *heap)
{
    test_alloc_init(heap);
    struct tri_client_config *config = tri_client_config_new_with(&heap->alloc);
    assert_non_null(config);
    return config;
}

static void release(struct test_alloc *heap, struct tri_client_config *config)
{
    tri_client_config_free(config);
    assert_int_equal(heap->live, 0);
}

static void by_default_the_system_is_trusted_and_sessions_are_resumed(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_client_config *config = make(&heap);
    assert_null(config->ca_file);
    assert_false(config->insecure);
    assert_true(config->resumption);
    assert_int_equal(config->limits.handshake_timeout_ms, 10000);
    assert_null(config->log.write);
    release(&heap, config);
    tri_client_config_free(NULL);
}

static void files_have_names(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_client_config *config = make(&heap);
    assert_int_equal(tri_client_config_ca(config, "a"), TRI_OK);
    assert_int_equal(tri_client_config_ca(config, "b"), TRI_OK);
    assert_int_equal(tri_client_config_keylog(config, "k"), TRI_OK);
    assert_int_equal(tri_client_config_qlog(config, "q"), TRI_OK);
    assert_int_equal(tri_client_config_ca(config, ""), TRI_ERR_INVALID);
    assert_int_equal(tri_client_config_keylog(config, NULL), TRI_ERR_INVALID);
    assert_int_equal(tri_client_config_qlog(config, ""), TRI_ERR_INVALID);
    assert_string_equal(config->ca_file, "b");
    heap.fail_at = heap.calls + 1;
    assert_int_equal(tri_client_config_ca(config, "c"), TRI_ERR_NOMEM);
    assert_string_equal(config->ca_file, "b");
    release(&heap, config);
}

static void a_limit_has_its_range(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct tri_client_config *config = make(&heap);
    assert_int_equal(tri_client_config_limit(config, TRI_LIMIT_REQUEST_TIMEOUT_MS, 500), TRI_OK);
    assert_int_equal(tri_client_config_limit(config, TRI_LIMIT_REQUEST_TIMEOUT_MS, 1),
                     TRI_ERR_INVALID);
    assert_int_equal(config->limits.request_timeout_ms, 500);
    release(&heap, config);
}

static void set_all(struct tri_client_config *config)
{
    assert_int_equal(tri_client_config_ca(config, "ca"), TRI_OK);
    assert_int_equal(tri_client_config_keylog(config, "keys"), TRI_OK);
    assert_int_equal(tri_client_config_qlog(config, "logs"), TRI_OK);
    tri_client_config_insecure(config, true);
    tri_client_config_resumption(config, false);
    tri_client_config_io_uring(config, true);
    tri_client_config_log(config, NULL, NULL, TRI_LOG_DEBUG, TRI_LOG_JSON);
}

static void a_copy_has_all_or_says_that_memory_is_short(void **state)
{
    (void)state;
    struct test_alloc from_heap;
    struct tri_client_config *from = make(&from_heap);
    set_all(from);
    for (size_t fail_at = 0; fail_at <= 3; fail_at++) {
        struct test_alloc heap;
        test_alloc_init(&heap);
        heap.fail_at = fail_at;
        struct tri_client_config to;
        tri_client_config_init(&to, &heap.alloc);
        const enum tri_err err = tri_client_config_copy(&to, from);
        assert_int_equal(err, fail_at == 0 ? TRI_OK : TRI_ERR_NOMEM);
        if (fail_at == 0) {
            assert_string_equal(to.ca_file, "ca");
            assert_string_equal(to.keylog_file, "keys");
            assert_string_equal(to.qlog_dir, "logs");
            assert_true(to.insecure && !to.resumption && to.io_uring);
            assert_int_equal(to.log.format, TRI_LOG_JSON);
        }
        tri_client_config_deinit(&to);
        assert_int_equal(heap.live, 0);
    }
    release(&from_heap, from);
}

/* A client by |config|, which is to be refused with a word about |name|. */
static void assert_refused(const struct tri_client_config *config, enum tri_err expected,
                           const char *name)
{
    char error[512];
    struct tri_client *client;
    assert_int_equal(tri_client_new(&client, config, error, sizeof error), expected);
    assert_null(client);
    assert_non_null(strstr(error, name));
}

static void assert_made(const struct tri_client_config *config)
{
    struct tri_client *client;
    assert_int_equal(tri_client_new(&client, config, NULL, 0), TRI_OK);
    tri_client_free(client);
}

static void a_qlog_folder_must_be_there(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct temp_dir dir;
    struct tri_client_config *config = make(&heap);
    temp_dir_make(&dir);
    temp_dir_text(&dir, "file", "");
    assert_int_equal(tri_client_config_qlog(config, temp_dir_path(&dir, "none")), TRI_OK);
    assert_refused(config, TRI_ERR_NOT_FOUND, "none");
    assert_int_equal(tri_client_config_qlog(config, temp_dir_path(&dir, "file")), TRI_OK);
    assert_refused(config, TRI_ERR_NOT_FOUND, "file");
    if (geteuid() != 0) { /* root may write anywhere, says access */
        assert_int_equal(tri_client_config_qlog(config, "/proc"), TRI_OK);
        assert_refused(config, TRI_ERR_IO, "/proc");
    }
    assert_int_equal(tri_client_config_qlog(config, dir.path), TRI_OK);
    assert_made(config);
    temp_dir_remove(&dir);
    release(&heap, config);
}

static void a_key_log_is_opened_or_told(void **state)
{
    (void)state;
    struct test_alloc heap;
    struct temp_dir dir;
    struct tri_client_config *config = make(&heap);
    temp_dir_make(&dir);
    assert_int_equal(tri_client_config_keylog(config, "/no/such/folder/keys"), TRI_OK);
    assert_refused(config, TRI_ERR_NOT_FOUND, "/no/such/folder/keys");
    assert_int_equal(tri_client_config_keylog(config, dir.path), TRI_OK);
    assert_refused(config, TRI_ERR_IO, dir.path);
    const char *file = temp_dir_path(&dir, "keys");
    assert_int_equal(tri_client_config_keylog(config, file), TRI_OK);
    assert_made(config);
    assert_int_equal(access(file, F_OK), 0);
    temp_dir_remove(&dir);
    release(&heap, config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_default_the_system_is_trusted_and_sessions_are_resumed),
        cmocka_unit_test(files_have_names),
        cmocka_unit_test(a_limit_has_its_range),
        cmocka_unit_test(a_copy_has_all_or_says_that_memory_is_short),
        cmocka_unit_test(a_qlog_folder_must_be_there),
        cmocka_unit_test(a_key_log_is_opened_or_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
