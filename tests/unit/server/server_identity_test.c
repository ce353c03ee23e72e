/* N6, N8: certificates are loaded; one is made once, kept, and made anew when it cannot be used. */
#include "server_identity.h"
#include "temp_dir.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct rig {
    struct temp_dir dir;
    struct test_alloc heap;
    struct tri_config config;
    struct tri_identities ids;
    char error[512];
};

static void set_up(struct rig *r)
{
    temp_dir_make(&r->dir);
    test_alloc_init(&r->heap);
    tri_config_init(&r->config, &r->heap.alloc);
    r->ids = (struct tri_identities){0};
    r->error[0] = '\0';
    assert_int_equal(setenv("XDG_STATE_HOME", r->dir.path, 1), 0);
}

static void tear_down(struct rig *r)
{
    tri_config_deinit(&r->config);
    assert_int_equal(r->heap.live, 0);
    temp_dir_remove(&r->dir);
}

static enum tri_err obtain(struct rig *r)
{
    return tri_identities_obtain(&r->ids, &r->config,
                                 (struct tri_sentence){r->error, sizeof r->error});
}

static void release(struct rig *r)
{
    tri_identities_deinit(&r->ids);
}

/* Obtains, and writes the pin to |out|. */
static void obtain_pin(struct rig *r, char out[TRI_SPKI_PIN_MAX])
{
    assert_int_equal(obtain(r), TRI_OK);
    (void)snprintf(out, TRI_SPKI_PIN_MAX, "%s", r->ids.items[0].spki_pin);
    assert_int_equal(strlen(out), TRI_SPKI_PIN_MAX - 1);
    release(r);
}

static void N8_a_certificate_is_made_and_kept(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(obtain(&r), TRI_OK);
    assert_string_equal(r.ids.made, temp_dir_path(&r.dir, "trisock/localhost.crt"));
    release(&r);
    struct stat st;
    assert_int_equal(stat(temp_dir_path(&r.dir, "trisock/localhost.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char first[TRI_SPKI_PIN_MAX];
    char second[TRI_SPKI_PIN_MAX];
    obtain_pin(&r, first);
    obtain_pin(&r, second);
    assert_string_equal(first, second);
    tear_down(&r);
}

static void N8_what_cannot_be_used_is_made_anew(void **state)
{
    (void)state;
    static const char *const files[] = {"trisock/localhost.crt", "trisock/localhost.key"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r);
        char first[TRI_SPKI_PIN_MAX];
        char second[TRI_SPKI_PIN_MAX];
        obtain_pin(&r, first);
        temp_dir_text(&r.dir, files[i], "garbage");
        obtain_pin(&r, second);
        assert_string_not_equal(first, second);
        assert_int_equal(unlink(temp_dir_path(&r.dir, files[i])), 0);
        obtain_pin(&r, first);
        assert_string_not_equal(first, second);
        tear_down(&r);
    }
}

/* Puts a certificate there that is good for |days| days more. */
static void plant(struct rig *r, unsigned days)
{
    char error[TRI_TLS_ERROR_MAX];
    assert_int_equal(tri_tls_identity_make(temp_dir_path(&r->dir, "trisock/localhost.crt"),
                                           temp_dir_path(&r->dir, "trisock/localhost.key"), days,
                                           error),
                     TRI_OK);
}

static void N8_a_certificate_about_to_expire_is_made_anew(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    char planted[TRI_SPKI_PIN_MAX];
    char kept[TRI_SPKI_PIN_MAX];
    char renewed[TRI_SPKI_PIN_MAX];
    plant(&r, TRI_MADE_CERTIFICATE_DAYS_LEFT_MIN + 2);
    obtain_pin(&r, planted);
    obtain_pin(&r, kept);
    assert_string_equal(planted, kept);
    plant(&r, TRI_MADE_CERTIFICATE_DAYS_LEFT_MIN - 2);
    char error[TRI_TLS_ERROR_MAX];
    struct tri_tls_identity id;
    assert_int_equal(tri_tls_identity_load(&id, &r.heap.alloc,
                                           temp_dir_path(&r.dir, "trisock/localhost.crt"),
                                           temp_dir_path(&r.dir, "trisock/localhost.key"), error),
                     TRI_OK);
    memcpy(planted, id.spki_pin, sizeof planted);
    tri_tls_identity_deinit(&id);
    obtain_pin(&r, renewed);
    assert_string_not_equal(planted, renewed);
    tear_down(&r);
}

static void N8_home_is_used_without_a_state_folder(void **state)
{
    (void)state;
    static const char *const values[] = {NULL, "", "relative"};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        set_up(&r);
        assert_int_equal(
            values[i] ? setenv("XDG_STATE_HOME", values[i], 1) : unsetenv("XDG_STATE_HOME"), 0);
        assert_int_equal(setenv("HOME", r.dir.path, 1), 0);
        assert_int_equal(obtain(&r), TRI_OK);
        assert_string_equal(r.ids.made,
                            temp_dir_path(&r.dir, ".local/state/trisock/localhost.crt"));
        release(&r);
        tear_down(&r);
    }
}

static void no_place_to_keep_it_is_told_with_a_remedy(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(obtain(&r), TRI_ERR_NOT_FOUND);
    assert_non_null(strstr(r.error, "HOME"));
    assert_null(r.ids.made);
    tear_down(&r);
}

static void a_place_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    temp_dir_text(&r.dir, "file", "");
    assert_int_equal(setenv("XDG_STATE_HOME", temp_dir_path(&r.dir, "file"), 1), 0);
    assert_int_not_equal(obtain(&r), TRI_OK);
    assert_non_null(strstr(r.error, "file/trisock"));
    tear_down(&r);
}

static void a_configured_certificate_is_loaded_and_nothing_made(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    char error[TRI_TLS_ERROR_MAX];
    const char *cert = temp_dir_path(&r.dir, "own.crt");
    const char *key = temp_dir_path(&r.dir, "own.key");
    assert_int_equal(tri_tls_identity_make(cert, key, 30, error), TRI_OK);
    assert_int_equal(tri_config_certificate(&r.config, cert, key), TRI_OK);
    assert_int_equal(obtain(&r), TRI_OK);
    assert_null(r.ids.made);
    release(&r);
    assert_int_equal(access(temp_dir_path(&r.dir, "trisock"), F_OK), -1);
    assert_int_equal(tri_config_certificate(&r.config, "/no/such.crt", key), TRI_OK);
    assert_int_equal(obtain(&r), TRI_ERR_NOT_FOUND);
    assert_non_null(strstr(r.error, "/no/such.crt"));
    tear_down(&r);
}

static void N6_every_configured_certificate_is_loaded_in_order(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    char error[TRI_TLS_ERROR_MAX];
    for (int i = 0; i < 3; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d.crt", i);
        const char *cert = temp_dir_path(&r.dir, name);
        name[2] = 'k';
        const char *key = temp_dir_path(&r.dir, name);
        assert_int_equal(tri_tls_identity_make(cert, key, 30, error), TRI_OK);
        assert_int_equal(tri_config_certificate(&r.config, cert, key), TRI_OK);
    }
    assert_int_equal(obtain(&r), TRI_OK);
    assert_int_equal(r.ids.len, 3);
    for (size_t i = 0; i < 3; i++) {
        struct tri_tls_identity alone;
        assert_int_equal(tri_tls_identity_load(&alone, &r.heap.alloc, r.config.certs[i].cert,
                                               r.config.certs[i].key, error),
                         TRI_OK);
        assert_string_equal(r.ids.items[i].spki_pin, alone.spki_pin);
        tri_tls_identity_deinit(&alone);
    }
    release(&r);
    assert_int_equal(unlink(r.config.certs[2].key), 0);
    assert_int_equal(obtain(&r), TRI_ERR_NOT_FOUND);
    assert_non_null(strstr(r.error, "2.krt"));
    assert_int_equal(r.ids.len, 0);
    tear_down(&r);
}

static void short_memory_is_told_and_loses_nothing(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(obtain(&r), TRI_OK); /* made, so that what follows only loads */
    release(&r);
    for (size_t n = 1;; n++) {
        r.heap.calls = 0;
        r.heap.fail_at = n;
        enum tri_err err = obtain(&r);
        bool failed = test_alloc_has_failed(&r.heap);
        r.heap.fail_at = 0;
        if (err == TRI_OK) {
            release(&r);
        }
        assert_int_equal(r.heap.live, 0);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (!failed) {
            assert_true(n > 3);
            break;
        }
    }
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N8_a_certificate_is_made_and_kept),
        cmocka_unit_test(N8_what_cannot_be_used_is_made_anew),
        cmocka_unit_test(N8_a_certificate_about_to_expire_is_made_anew),
        cmocka_unit_test(N8_home_is_used_without_a_state_folder),
        cmocka_unit_test(no_place_to_keep_it_is_told_with_a_remedy),
        cmocka_unit_test(a_place_that_cannot_be_written_is_told),
        cmocka_unit_test(a_configured_certificate_is_loaded_and_nothing_made),
        cmocka_unit_test(N6_every_configured_certificate_is_loaded_in_order),
        cmocka_unit_test(short_memory_is_told_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
