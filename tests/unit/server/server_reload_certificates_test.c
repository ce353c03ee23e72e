/* The certificates of a configuration that a server takes over, and what happens without memory. */
#include "rig_reload.h"
#include "server_instance.h"
#include "test_alloc.h"
#include "tls_identity.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

/* Makes a certificate below the rig's folder. */
static void make_certificate(struct rig_reload *r, const char *cert, const char *key)
{
    char error[TRI_TLS_ERROR_MAX];
    char cert_file[512];
    (void)snprintf(cert_file, sizeof cert_file, "%s", temp_dir_path(&r->s.dir, cert));
    assert_int_equal(tri_tls_identity_make(cert_file, temp_dir_path(&r->s.dir, key), 30, error),
                     TRI_OK);
}

static enum tri_err add_certificate(struct rig_reload *r, struct tri_config *config,
                                    const char *cert, const char *key)
{
    return tri_config_certificate(config, temp_dir_path(&r->s.dir, cert),
                                  temp_dir_path(&r->s.dir, key));
}

/* |next| as it would be with another list of certificates. */
static struct tri_config *make_plain(struct rig_reload *r)
{
    struct tri_config *config = tri_config_new();
    assert_non_null(config);
    assert_int_equal(tri_config_copy(config, r->s.config), TRI_OK);
    while (config->certs_len > 0) {
        config->certs_len--;
        tri_alloc_release(config->alloc, config->certs[config->certs_len].cert);
        tri_alloc_release(config->alloc, config->certs[config->certs_len].key);
        config->certs[config->certs_len] = (struct tri_cert_files){NULL, NULL};
    }
    return config;
}

static void N6_certificates_come_from_other_files(void **state)
{
    struct rig_reload *r = *state;
    make_certificate(r, "a.crt", "a.key");
    make_certificate(r, "b.crt", "b.key");
    assert_int_equal(add_certificate(r, r->s.config, "a.crt", "a.key"), TRI_OK);
    rig_reload_start(r);
    char pin[64];
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(r->s.server));
    tri_config_free(r->next);
    r->next = make_plain(r);
    assert_int_equal(add_certificate(r, r->next, "b.crt", "b.key"), TRI_OK);
    rig_reload_must_apply(r);
    assert_string_not_equal(tri_server_spki_pin(r->s.server), pin);
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(r->s.server));
    assert_int_equal(tri_server_reload(r->s.server, NULL, 0), TRI_OK); /* of the new file */
    assert_string_equal(tri_server_spki_pin(r->s.server), pin);
    rig_reload_assert_echoes(r, "still here");
}

static void N6_a_bad_certificate_leaves_all_as_it_was(void **state)
{
    struct rig_reload *r = *state;
    make_certificate(r, "a.crt", "a.key");
    assert_int_equal(add_certificate(r, r->s.config, "a.crt", "a.key"), TRI_OK);
    rig_reload_start(r);
    char pin[64];
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(r->s.server));
    assert_int_equal(add_certificate(r, r->next, "none.crt", "a.key"), TRI_OK);
    assert_int_equal(tri_config_limit(r->next, TRI_LIMIT_MESSAGE_BYTES, 3), TRI_OK);
    assert_int_equal(rig_reload_apply(r), TRI_ERR_NOT_FOUND);
    assert_non_null(strstr(r->s.error, "none.crt"));
    assert_non_null(strstr(r->s.log, "error reload.fail reason="));
    assert_null(strstr(r->s.log, "reload.done"));
    assert_string_equal(tri_server_spki_pin(r->s.server), pin);
    rig_reload_assert_echoes(r, "longer than 3");
}

static void N6_a_made_certificate_stays_where_others_are_given(void **state)
{
    struct rig_reload *r = *state;
    rig_reload_start(r);
    make_certificate(r, "a.crt", "a.key");
    char pin[64];
    (void)snprintf(pin, sizeof pin, "%s", tri_server_spki_pin(r->s.server));
    assert_int_equal(add_certificate(r, r->next, "a.crt", "a.key"), TRI_OK);
    rig_reload_must_apply(r);
    assert_string_equal(tri_server_spki_pin(r->s.server), pin);
    assert_non_null(strstr(r->s.log, "warn reload.ignored setting=certificate remedy=restart\n"));
}

/* A configuration with one route, from |alloc|. */
static struct tri_config *make_config(const struct tri_alloc *alloc, const char *origins)
{
    static const struct tri_ws_handler handler = {.on_open = NULL};
    struct tri_config *config = tri_config_new_with(alloc);
    assert_non_null(config);
    assert_int_equal(tri_config_listen(config, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(tri_config_ws(config, "/echo", &handler, NULL), TRI_OK);
    assert_int_equal(tri_config_ws_origins(config, "/echo", origins), TRI_OK);
    return config;
}

static void N6_without_memory_nothing_is_taken_over(void **state)
{
    const struct rig_reload *r = *state; /* for its folder */
    struct test_alloc heap;
    struct tri_server *server = NULL;
    char error[512];
    test_alloc_init(&heap);
    test_alloc_hide_sizes(&heap);
    assert_non_null(r->next);
    struct tri_config *config = make_config(&heap.alloc, "https://a.example");
    struct tri_config *next = make_config(tri_alloc_heap(), "https://b.example");
    assert_int_equal(tri_config_limit(next, TRI_LIMIT_MESSAGE_BYTES, 3), TRI_OK);
    assert_int_equal(tri_server_new(&server, config, error, sizeof error), TRI_OK);
    const struct tri_config *now = &server->shared.config;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        const size_t live = heap.live;
        heap.calls = 0;
        heap.fail_at = n;
        const enum tri_err err = tri_server_reconfigure(server, next, error, sizeof error);
        failed = test_alloc_has_failed(&heap);
        heap.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        assert_int_equal(heap.live, live);
        assert_int_equal(now->limits.message_bytes_max == 3, !failed);
        assert_string_equal(now->routes.routes[0].origins,
                            failed ? "https://a.example" : "https://b.example");
        assert_int_equal(error[0] != '\0', failed);
    }
    tri_server_free(server);
    tri_config_free(config);
    tri_config_free(next);
    assert_int_equal(heap.live, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, rig_reload_set_up, rig_reload_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(N6_certificates_come_from_other_files),
        CASE(N6_a_bad_certificate_leaves_all_as_it_was),
        CASE(N6_a_made_certificate_stays_where_others_are_given),
        CASE(N6_without_memory_nothing_is_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
