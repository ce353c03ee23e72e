/* The server's secret: kept, read again, made where there is none. Row E10. */
#include "server_secret.h"
#include "temp_dir.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>

struct rig {
    struct temp_dir dir;
    struct test_alloc heap;
    struct tri_config config;
    uint8_t secret[TRI_SECRET_LEN];
    char error[512];
};

static void set_up(struct rig *r)
{
    *r = (struct rig){.error = ""};
    temp_dir_make(&r->dir);
    test_alloc_init(&r->heap);
    tri_config_init(&r->config, &r->heap.alloc);
}

static void tear_down(struct rig *r)
{
    tri_config_deinit(&r->config);
    assert_int_equal(r->heap.live, 0);
    temp_dir_remove(&r->dir);
}

static enum tri_err obtain(struct rig *r, const char *made)
{
    return tri_secret_obtain(r->secret, &r->config, made,
                             (struct tri_sentence){r->error, sizeof r->error});
}

static const char *name_file(struct rig *r)
{
    const char *file = temp_dir_path(&r->dir, "here/quic");
    assert_int_equal(tri_config_secret_file(&r->config, file), TRI_OK);
    return r->config.secret_file;
}

static void without_a_place_each_start_has_its_own(void **state)
{
    (void)state;
    struct rig r;
    uint8_t first[TRI_SECRET_LEN];
    set_up(&r);
    assert_int_equal(obtain(&r, NULL), TRI_OK);
    memcpy(first, r.secret, sizeof first);
    assert_int_equal(obtain(&r, NULL), TRI_OK);
    assert_memory_not_equal(first, r.secret, sizeof first);
    tear_down(&r);
}

static void E10_a_named_file_is_made_for_its_owner_and_read_again(void **state)
{
    (void)state;
    struct rig r;
    uint8_t first[TRI_SECRET_LEN];
    struct stat st;
    set_up(&r);
    const char *file = name_file(&r);
    assert_int_equal(obtain(&r, "/no/such/folder/localhost.crt"), TRI_OK);
    memcpy(first, r.secret, sizeof first);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    assert_int_equal(obtain(&r, NULL), TRI_OK);
    assert_memory_equal(first, r.secret, sizeof first);
    tear_down(&r);
}

static void E10_without_a_name_it_is_kept_beside_a_made_certificate(void **state)
{
    (void)state;
    struct rig r;
    uint8_t first[TRI_SECRET_LEN];
    struct stat st;
    set_up(&r);
    const char *made = temp_dir_path(&r.dir, "localhost.crt");
    assert_int_equal(obtain(&r, made), TRI_OK);
    memcpy(first, r.secret, sizeof first);
    assert_int_equal(stat(temp_dir_path(&r.dir, "secret"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(obtain(&r, made), TRI_OK);
    assert_memory_equal(first, r.secret, sizeof first);
    assert_int_equal(obtain(&r, "/proc/no/localhost.crt"), TRI_OK); /* then it is not kept */
    assert_memory_not_equal(first, r.secret, sizeof first);
    tear_down(&r);
}

static void digits_are_read_in_both_cases(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    temp_dir_folder(&r.dir, "here");
    temp_dir_text(&r.dir, "here/quic",
                  "00112233445566778899aAbBcCdDeEfF00112233445566778899AABBCCDDEEFF \r\n");
    (void)name_file(&r);
    assert_int_equal(obtain(&r, NULL), TRI_OK);
    for (size_t i = 0; i < TRI_SECRET_LEN; i++) {
        assert_int_equal(r.secret[i], i % 16 * 17);
    }
    tear_down(&r);
}

static void what_is_no_secret_is_told_and_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
        "0011223344556677 8899aabbccddeeff0011223344556677899aabbccddeeff0",
        "-----BEGIN PRIVATE KEY-----\n0011223344556677889900112233445566778899\n",
    };
    struct rig r;
    set_up(&r);
    temp_dir_folder(&r.dir, "here");
    const char *file = name_file(&r);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        temp_dir_text(&r.dir, "here/quic", texts[i]);
        struct stat st;
        assert_int_equal(obtain(&r, NULL), TRI_ERR_INVALID);
        assert_non_null(strstr(r.error, file));
        assert_non_null(strstr(r.error, "64 hexadecimal digits"));
        assert_int_equal(stat(file, &st), 0);
        assert_int_equal(st.st_size, strlen(texts[i]));
    }
    tear_down(&r);
}

static void a_place_that_cannot_be_written_to_is_told(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    assert_int_equal(tri_config_secret_file(&r.config, "/proc/no/secret"), TRI_OK);
    assert_int_equal(obtain(&r, NULL), TRI_ERR_IO);
    assert_non_null(strstr(r.error, "/proc/no/secret cannot be read or made: No such file"));
    tear_down(&r);
}

static void short_memory_loses_nothing(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r);
    const char *made = temp_dir_path(&r.dir, "localhost.crt");
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        r.heap.calls = 0;
        r.heap.fail_at = n;
        enum tri_err err = obtain(&r, made);
        failed = test_alloc_has_failed(&r.heap);
        r.heap.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        assert_int_equal(r.heap.live, 0);
    }
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_place_each_start_has_its_own),
        cmocka_unit_test(E10_a_named_file_is_made_for_its_owner_and_read_again),
        cmocka_unit_test(E10_without_a_name_it_is_kept_beside_a_made_certificate),
        cmocka_unit_test(digits_are_read_in_both_cases),
        cmocka_unit_test(what_is_no_secret_is_told_and_kept),
        cmocka_unit_test(a_place_that_cannot_be_written_to_is_told),
        cmocka_unit_test(short_memory_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
