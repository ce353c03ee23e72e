/* Sentences end where the caller's memory ends. */
#include "server_error.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

static void a_sentence_is_written(void **state)
{
    (void)state;
    char text[32];
    tri_sentence_write((struct tri_sentence){text, sizeof text}, "%s is %d", "one", 1);
    assert_string_equal(text, "one is 1");
}

static void a_sentence_is_cut_with_its_nul(void **state)
{
    (void)state;
    char text[8] = "xxxxxxx";
    tri_sentence_write((struct tri_sentence){text, 4}, "%s", "abcdef");
    assert_string_equal(text, "abc");
    assert_int_equal(text[4], 'x');
    tri_sentence_write((struct tri_sentence){text, 1}, "%s", "abcdef");
    assert_string_equal(text, "");
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    char text[8] = {0};
    tri_sentence_write((struct tri_sentence){NULL, 8}, "%s", "lost");
    tri_sentence_write((struct tri_sentence){text, 0}, "%s", "lost");
    assert_int_equal(text[0], 0);
}

static void what_forbids_to_listen_is_named_with_its_remedy(void **state)
{
    (void)state;
    static const struct {
        enum tri_err err;
        int number;
        const char *text;
    } rows[] = {
        {TRI_ERR_INUSE, 0, "[::1]:80 is in use by another program; choose another port"},
        {TRI_ERR_NOMEM, 0, "memory is short"},
        {TRI_ERR_IO, EACCES, "[::1]:80 may not be used by this user; choose a port above 1023"},
        {TRI_ERR_IO, EADDRNOTAVAIL,
         "[::1]:80 is no address of this machine; choose one of its own"},
        {TRI_ERR_IO, EAFNOSUPPORT, "[::1]:80 is no address of this machine; choose one of its own"},
        {TRI_ERR_IO, EMFILE,
         "[::1]:80 cannot be listened on: Too many open files; choose another address"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        tri_sentence_listen((struct tri_sentence){text, sizeof text}, rows[i].err, rows[i].number,
                            "[::1]:80");
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_is_written),
        cmocka_unit_test(a_sentence_is_cut_with_its_nul),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(what_forbids_to_listen_is_named_with_its_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
