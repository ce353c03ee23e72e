/* The key log file: its mode, its lines, and that it is appended to. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tls_keylog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char file[96];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/trisock-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/keys", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static void assert_content(const char *want)
{
    char got[1024];
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    size_t len = fread(got, 1, sizeof got - 1, f);
    got[len] = '\0';
    (void)fclose(f);
    assert_string_equal(got, want);
}

static void appends_whole_lines_to_a_private_file(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct tri_tls_keylog *k = tri_tls_keylog_open(file);
        assert_non_null(k);
        tri_tls_keylog_write(k, i == 0 ? "FIRST aa bb" : "SECOND cc dd");
        tri_tls_keylog_close(k);
    }
    assert_content("FIRST aa bb\nSECOND cc dd\n");
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void drops_a_line_that_is_too_long(void **state)
{
    (void)state;
    unlink(file);
    char line[TRI_TLS_KEYLOG_LINE_MAX + 1];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    struct tri_tls_keylog *k = tri_tls_keylog_open(file);
    assert_non_null(k);
    tri_tls_keylog_write(k, line);
    tri_tls_keylog_write(k, "short");
    tri_tls_keylog_close(k);
    assert_content("short\n");
}

static void tells_why_it_cannot_open(void **state)
{
    (void)state;
    assert_null(tri_tls_keylog_open("/tmp/no-such-folder-of-trisock/keys"));
    assert_int_equal(errno, ENOENT);
    assert_null(tri_tls_keylog_open(folder));
    assert_int_equal(errno, EISDIR);
    tri_tls_keylog_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_whole_lines_to_a_private_file),
        cmocka_unit_test(drops_a_line_that_is_too_long),
        cmocka_unit_test(tells_why_it_cannot_open),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
