/* What workers share: made from a configuration, or refused with a sentence; and the counters. */
#include "server_shared.h"
#include "temp_dir.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <unistd.h>

struct rig {
    struct temp_dir dir;
    struct test_alloc heap;
    struct tri_config config;
    struct tri_shared shared;
    char error[512];
};

static void set_up(struct rig *r)
{
    temp_dir_make(&r->dir);
    test_alloc_init(&r->heap);
    tri_config_init(&r->config, &r->heap.alloc);
    r->error[0] = '\0';
    assert_int_equal(setenv("XDG_STATE_HOME", r->dir.path, 1), 0);
}

static enum tri_err init(struct rig *r)
{
    return tri_shared_init(&r->shared, &r->config, (struct tri_sentence){r->error, 512});
}

static void tear_down(struct rig *r)
{
    tri_config_deinit(&r->config);
    assert_int_equal(r->heap.live, 0);
    temp_dir_remove(&r->dir);
}

static void assert_refused(struct rig *r, enum tri_err err, const char *mention)
{
    assert_int_equal(init(r), err);
    assert_non_null(strstr(r->error, mention));
}

static void contexts_are_made_for_what_is_offered(void **state)
{
    (void)state;
    for (unsigned http = 1; http <= TRI_HTTP_ALL; http++) {
        struct rig r;
        set_up(&r);
        assert_int_equal(tri_config_http(&r.config, http), TRI_OK);
        assert_int_equal(init(&r), TRI_OK);
        assert_int_equal(r.shared.tcp_tls.ctx != NULL, (http & 3) != 0);
        assert_int_equal(r.shared.quic_tls.ctx != NULL, (http & 4) != 0);
        assert_int_equal(tri_shared_has_tcp(&r.shared), (http & 3) != 0);
        assert_int_equal(tri_shared_has_quic(&r.shared), (http & 4) != 0);
        tri_shared_deinit(&r.shared);
        tear_down(&r);
    }
}

static void a_key_log_is_opened_or_told(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const char *file = temp_dir_path(&r.dir, "keys.log");
    assert_int_equal(tri_config_keylog(&r.config, file), TRI_OK);
    assert_int_equal(init(&r), TRI_OK);
    assert_non_null(r.shared.keylog);
    tri_shared_deinit(&r.shared);
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(tri_config_keylog(&r.config, "/no/such/folder/keys"), TRI_OK);
    assert_refused(&r, TRI_ERR_NOT_FOUND, "/no/such/folder/keys");
    assert_int_equal(tri_config_keylog(&r.config, r.dir.path), TRI_OK);
    assert_refused(&r, TRI_ERR_IO, r.dir.path);
    tear_down(&r);
}

static void a_qlog_folder_must_be_there(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    temp_dir_text(&r.dir, "file", "");
    assert_int_equal(tri_config_qlog(&r.config, temp_dir_path(&r.dir, "none")), TRI_OK);
    assert_refused(&r, TRI_ERR_NOT_FOUND, "none");
    assert_int_equal(tri_config_qlog(&r.config, temp_dir_path(&r.dir, "file")), TRI_OK);
    assert_refused(&r, TRI_ERR_NOT_FOUND, "file");
    assert_int_equal(tri_config_qlog(&r.config, "/proc"), TRI_OK);
    uid_t us = geteuid();
    if (us != 0) {
        assert_refused(&r, TRI_ERR_IO, "/proc"); /* root may write anywhere, says access */
    }
    assert_int_equal(tri_config_qlog(&r.config, r.dir.path), TRI_OK);
    assert_int_equal(init(&r), TRI_OK);
    tri_shared_deinit(&r.shared);
    tear_down(&r);
}

static void a_certificate_that_is_missing_is_told(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(tri_config_certificate(&r.config, "/no/cert", "/no/key"), TRI_OK);
    assert_refused(&r, TRI_ERR_NOT_FOUND, "/no/cert");
    tear_down(&r);
}

static void connections_are_numbered_from_one_and_limited(void **state)
{
    (void)state;
    struct tri_shared shared = {.config = {.limits = {.connections_max = 2}}};
    assert_int_equal(tri_shared_conn_open(&shared), 1);
    assert_int_equal(tri_shared_conn_open(&shared), 2);
    assert_int_equal(tri_shared_conn_open(&shared), 0);
    tri_shared_conn_close(&shared);
    assert_int_equal(tri_shared_conn_open(&shared), 3);
    assert_int_equal(atomic_load(&shared.conns_open), 2);
}

static void short_memory_is_told_and_loses_nothing(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(init(&r), TRI_OK); /* makes the certificate */
    tri_shared_deinit(&r.shared);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        r.heap.calls = 0;
        r.heap.fail_at = n;
        size_t live = r.heap.live;
        enum tri_err err = init(&r);
        failed = test_alloc_has_failed(&r.heap);
        r.heap.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (failed) {
            assert_string_equal(r.error, "memory is short");
        } else {
            tri_shared_deinit(&r.shared);
        }
        assert_int_equal(r.heap.live, live);
    }
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_are_made_for_what_is_offered),
        cmocka_unit_test(a_key_log_is_opened_or_told),
        cmocka_unit_test(a_qlog_folder_must_be_there),
        cmocka_unit_test(a_certificate_that_is_missing_is_told),
        cmocka_unit_test(connections_are_numbered_from_one_and_limited),
        cmocka_unit_test(short_memory_is_told_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
