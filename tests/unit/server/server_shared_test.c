/* What workers share: made from a configuration, or refused with a sentence; and the counters. */
#include "server_shared.h"
#include "temp_dir.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
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
    test_alloc_hide_sizes(&r->heap);
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
        assert_int_equal(r.shared.tcp_tls.certs != NULL, (http & 3) != 0);
        assert_int_equal(r.shared.quic_tls.certs != NULL, (http & 4) != 0);
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

/* The log of a test: the last line. */
static void keep_line(void *user, enum tri_log_level level, const char *line)
{
    (void)level;
    (void)snprintf(user, TRI_LOG_LINE_MAX, "%s", line);
}

/* A certificate of the server's own, in own.crt and own.key; made anew by each call. */
static void make_own(struct rig *r)
{
    char error[TRI_TLS_ERROR_MAX];
    assert_int_equal(tri_tls_identity_make(temp_dir_path(&r->dir, "own.crt"),
                                           temp_dir_path(&r->dir, "own.key"), 30, error),
                     TRI_OK);
}

static enum tri_err reload(struct rig *r)
{
    return tri_shared_reload(&r->shared, (struct tri_sentence){r->error, 512});
}

static void init_with_own(struct rig *r, char line[TRI_LOG_LINE_MAX])
{
    set_up(r);
    make_own(r);
    assert_int_equal(tri_config_certificate(&r->config, temp_dir_path(&r->dir, "own.crt"),
                                            temp_dir_path(&r->dir, "own.key")),
                     TRI_OK);
    tri_config_log(&r->config, keep_line, line, TRI_LOG_INFO, TRI_LOG_TEXT);
    assert_int_equal(init(r), TRI_OK);
}

static void N6_a_reload_changes_the_certificate_and_says_so(void **state)
{
    (void)state;
    char line[TRI_LOG_LINE_MAX] = "";
    struct rig r;
    init_with_own(&r, line);
    char before[TRI_SPKI_PIN_MAX];
    memcpy(before, r.shared.spki_pin, sizeof before);
    assert_int_equal(strlen(before), TRI_SPKI_PIN_MAX - 1);
    const struct tri_tls_certs *tcp = r.shared.tcp_tls.certs;
    const struct tri_tls_certs *quic = r.shared.quic_tls.certs;
    make_own(&r);
    assert_int_equal(reload(&r), TRI_OK);
    assert_string_equal(r.error, "");
    assert_string_not_equal(r.shared.spki_pin, before);
    assert_ptr_not_equal(r.shared.tcp_tls.certs, tcp);
    assert_ptr_not_equal(r.shared.quic_tls.certs, quic);
    assert_non_null(strstr(line, "info reload.done certificates=1 pin="));
    assert_non_null(strstr(line, r.shared.spki_pin));
    tri_shared_deinit(&r.shared);
    tear_down(&r);
}

static void N6_a_bad_certificate_leaves_the_old_one_and_says_so(void **state)
{
    (void)state;
    char line[TRI_LOG_LINE_MAX] = "";
    struct rig r;
    init_with_own(&r, line);
    char before[TRI_SPKI_PIN_MAX];
    memcpy(before, r.shared.spki_pin, sizeof before);
    const struct tri_tls_certs *tcp = r.shared.tcp_tls.certs;
    const struct tri_tls_certs *quic = r.shared.quic_tls.certs;
    temp_dir_text(&r.dir, "own.crt", "garbage");
    assert_int_equal(reload(&r), TRI_ERR_TLS);
    assert_non_null(strstr(r.error, "own.crt\" holds no PEM certificate"));
    assert_non_null(strstr(line, "error reload.fail reason="));
    assert_non_null(strstr(line, "holds no PEM certificate"));
    assert_int_equal(unlink(temp_dir_path(&r.dir, "own.key")), 0);
    make_own(&r);
    assert_int_equal(unlink(temp_dir_path(&r.dir, "own.key")), 0);
    assert_int_equal(tri_shared_reload(&r.shared, (struct tri_sentence){NULL, 0}),
                     TRI_ERR_NOT_FOUND); /* nobody wants to know, but the log */
    assert_non_null(strstr(line, "does not exist"));
    assert_string_equal(r.shared.spki_pin, before);
    assert_ptr_equal(r.shared.tcp_tls.certs, tcp);
    assert_ptr_equal(r.shared.quic_tls.certs, quic);
    make_own(&r);
    assert_int_equal(reload(&r), TRI_OK);
    assert_string_not_equal(r.shared.spki_pin, before);
    tri_shared_deinit(&r.shared);
    tear_down(&r);
}

static void N6_a_reload_without_memory_changes_nothing(void **state)
{
    (void)state;
    char line[TRI_LOG_LINE_MAX] = "";
    struct rig r;
    init_with_own(&r, line);
    make_own(&r);
    char before[TRI_SPKI_PIN_MAX];
    memcpy(before, r.shared.spki_pin, sizeof before);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        r.heap.calls = 0;
        r.heap.fail_at = n;
        size_t live = r.heap.live;
        enum tri_err err = reload(&r);
        failed = test_alloc_has_failed(&r.heap);
        r.heap.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        assert_int_equal(r.heap.live, live);
        assert_int_equal(strcmp(r.shared.spki_pin, before) == 0, failed);
        assert_int_equal(strstr(r.error, "memory is short") != NULL, failed);
    }
    tri_shared_deinit(&r.shared);
    tear_down(&r);
}

static void E10_the_secret_is_kept_where_the_certificate_is(void **state)
{
    (void)state;
    struct rig r;
    uint8_t first[TRI_SECRET_LEN];
    set_up(&r);
    assert_int_equal(init(&r), TRI_OK);
    memcpy(first, r.shared.secret, sizeof first);
    tri_shared_deinit(&r.shared);
    assert_int_equal(init(&r), TRI_OK);
    assert_memory_equal(first, r.shared.secret, sizeof first);
    tri_shared_deinit(&r.shared);
    assert_int_equal(tri_config_secret_file(&r.config, "/proc/no/secret"), TRI_OK);
    assert_refused(&r, TRI_ERR_IO, "the secret file /proc/no/secret cannot be read or made");
    assert_int_equal(tri_config_http(&r.config, TRI_HTTP_2), TRI_OK);
    assert_refused(&r, TRI_ERR_IO, "the secret file /proc/no/secret cannot be read or made");
    tear_down(&r);
}

static void N7_tickets_are_of_the_secret_and_of_tcp_or_quic(void **state)
{
    (void)state;
    struct rig r;
    uint8_t tcp[TRI_TICKET_KEY_LEN];
    uint8_t quic[TRI_TICKET_KEY_LEN];
    set_up(&r);
    assert_int_equal(init(&r), TRI_OK);
    memcpy(tcp, r.shared.tcp_tls.tickets.key, sizeof tcp);
    memcpy(quic, r.shared.quic_tls.tickets.key, sizeof quic);
    assert_memory_not_equal(tcp, quic, sizeof tcp);
    assert_int_equal(tri_shared_reload(&r.shared, (struct tri_sentence){r.error, 512}), TRI_OK);
    assert_memory_equal(tcp, r.shared.tcp_tls.tickets.key, sizeof tcp);
    tri_shared_deinit(&r.shared);
    assert_int_equal(init(&r), TRI_OK); /* started again */
    assert_memory_equal(tcp, r.shared.tcp_tls.tickets.key, sizeof tcp);
    assert_memory_equal(quic, r.shared.quic_tls.tickets.key, sizeof quic);
    tri_shared_deinit(&r.shared);
    assert_int_equal(tri_config_secret_file(&r.config, temp_dir_path(&r.dir, "other")), TRI_OK);
    assert_int_equal(init(&r), TRI_OK);
    assert_memory_not_equal(tcp, r.shared.tcp_tls.tickets.key, sizeof tcp);
    tri_shared_deinit(&r.shared);
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
        cmocka_unit_test(N6_a_reload_changes_the_certificate_and_says_so),
        cmocka_unit_test(N6_a_bad_certificate_leaves_the_old_one_and_says_so),
        cmocka_unit_test(N6_a_reload_without_memory_changes_nothing),
        cmocka_unit_test(E10_the_secret_is_kept_where_the_certificate_is),
        cmocka_unit_test(N7_tickets_are_of_the_secret_and_of_tcp_or_quic),
        cmocka_unit_test(connections_are_numbered_from_one_and_limited),
        cmocka_unit_test(short_memory_is_told_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
