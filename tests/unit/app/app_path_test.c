/* Which file a path names, and every name that is refused. */
#include "app_path.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void a_path_names_a_file(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/", "."},
        {"/a", "a"},
        {"/a/", "a"},
        {"/a/b.txt", "a/b.txt"},
        {"/a/b.txt/", "a/b.txt"},
        {"/a%20name.txt", "a name.txt"},
        {"/%61%2Etxt", "a.txt"},
        {"/%e4%Bd%a0", "\xe4\xbd\xa0"},
        {"/a..b", "a..b"},
        {"/%252e%252e", "%2e%2e"},
        {"/.well-known/acme", ".well-known/acme"},
        {"/a\\b", "a\\b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TRI_FILE_NAME_MAX];
        assert_int_equal(tri_path_to_file(out, rows[i][0]), TRI_OK);
        assert_string_equal(out, rows[i][1]);
    }
}

static void what_may_lead_out_or_is_hidden_names_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "/..",     "/../a",  "/a/..",   "/a/../b", "/%2e%2e/a", "/.%2e/a",       "/a%2fb",
        "/..%2fa", "/a%2Fb", "/.",      "/a/./b",  "//",        "//a",           "/a//b",
        "/a//",    "/.git",  "/a/.env", "/%2egit", "/...",      "/.well-known2",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TRI_FILE_NAME_MAX];
        assert_int_equal(tri_path_to_file(out, rows[i]), TRI_ERR_NOT_FOUND);
    }
}

static void a_bad_escape_is_told_from_a_missing_file(void **state)
{
    (void)state;
    static const char *const rows[] = {"/%", "/%2", "/%zz", "/%2g", "/a%00b", "/%", "*", "", "a"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TRI_FILE_NAME_MAX];
        assert_int_equal(tri_path_to_file(out, rows[i]), TRI_ERR_INVALID);
    }
}

static void a_name_ends_at_the_limit(void **state)
{
    (void)state;
    char path[TRI_FILE_NAME_MAX + 8];
    char out[TRI_FILE_NAME_MAX];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[TRI_FILE_NAME_MAX] = '\0'; /* a name of TRI_FILE_NAME_MAX - 1 bytes */
    assert_int_equal(tri_path_to_file(out, path), TRI_OK);
    assert_int_equal(strlen(out), TRI_FILE_NAME_MAX - 1);
    path[TRI_FILE_NAME_MAX] = 'x';
    path[TRI_FILE_NAME_MAX + 1] = '\0';
    assert_int_equal(tri_path_to_file(out, path), TRI_ERR_NOT_FOUND);
}

static void a_name_of_many_segments_ends_at_the_limit(void **state)
{
    (void)state;
    char path[2 * TRI_FILE_NAME_MAX + 1];
    char out[TRI_FILE_NAME_MAX];
    for (size_t len = TRI_FILE_NAME_MAX - 6; len < TRI_FILE_NAME_MAX + 6; len++) {
        for (size_t i = 0; i < len; i++) {
            path[i] = i % 2 == 0 ? '/' : 'a';
        }
        path[len] = '\0';
        /* The path loses its first slash, and one at the end. */
        size_t name_len = path[len - 1] == '/' ? len - 2 : len - 1;
        enum tri_err expected = name_len < TRI_FILE_NAME_MAX ? TRI_OK : TRI_ERR_NOT_FOUND;
        assert_int_equal(tri_path_to_file(out, path), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_names_a_file),
        cmocka_unit_test(what_may_lead_out_or_is_hidden_names_nothing),
        cmocka_unit_test(a_bad_escape_is_told_from_a_missing_file),
        cmocka_unit_test(a_name_ends_at_the_limit),
        cmocka_unit_test(a_name_of_many_segments_ends_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
