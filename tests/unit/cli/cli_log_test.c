/* The log file: appended to, line by line. */
#include "cli_log.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

static void assert_content(const char *path, const char *content)
{
    char text[256];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    assert_string_equal(text, content);
}

static void a_line_is_there_as_soon_as_it_is_written(void **state)
{
    (void)state;
    struct temp_dir dir;
    temp_dir_make(&dir);
    const char *path = temp_dir_path(&dir, "a.log");
    struct cli_log log;
    assert_int_equal(cli_log_open(&log, path), TRI_OK);
    cli_log_write(&log, TRI_LOG_INFO, "one");
    assert_content(path, "one\n");
    cli_log_write(&log, TRI_LOG_INFO, "two");
    assert_content(path, "one\ntwo\n");
    cli_log_close(&log);
    assert_int_equal(cli_log_open(&log, path), TRI_OK);
    cli_log_write(&log, TRI_LOG_ERROR, "three");
    cli_log_close(&log);
    assert_content(path, "one\ntwo\nthree\n");
    temp_dir_remove(&dir);
}

static void without_a_file_it_is_standard_error(void **state)
{
    (void)state;
    struct cli_log log;
    assert_int_equal(cli_log_open(&log, NULL), TRI_OK);
    assert_ptr_equal(log.out, stderr);
    cli_log_close(&log);
    assert_int_equal(cli_log_open(&log, "-"), TRI_OK);
    assert_ptr_equal(log.out, stderr);
    cli_log_close(&log);
    assert_true(fprintf(stderr, "%s", "") >= 0); /* still open */
}

static void a_file_that_cannot_be_opened_is_told(void **state)
{
    (void)state;
    struct cli_log log;
    assert_int_equal(cli_log_open(&log, "/no/such/folder/a.log"), TRI_ERR_IO);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_there_as_soon_as_it_is_written),
        cmocka_unit_test(without_a_file_it_is_standard_error),
        cmocka_unit_test(a_file_that_cannot_be_opened_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
