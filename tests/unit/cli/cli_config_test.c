/* The file of options: what is read of it, and the way through its lines. */
#include "cli_config.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct rig {
    struct temp_dir dir;
    char file[512];
    char error[CLI_ERROR_MAX];
    char *text;
};

static int set_up(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    temp_dir_make(&r->dir);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *r = *state;
    cli_config_release(r->text);
    temp_dir_remove(&r->dir);
    free(r);
    return 0;
}

/* Writes |len| bytes as the file and reads them. */
static enum tri_err read_bytes(struct rig *r, const char *bytes, size_t len)
{
    (void)snprintf(r->file, sizeof r->file, "%s/t.conf", r->dir.path);
    FILE *f = fopen(r->file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    cli_config_release(r->text);
    return cli_config_read(&r->text, r->file, r->error);
}

static void assert_error_ends(const struct rig *r, const char *end)
{
    assert_true(strlen(r->error) > strlen(end));
    assert_string_equal(r->error + strlen(r->error) - strlen(end), end);
    assert_non_null(strstr(r->error, r->file));
    assert_null(r->text);
}

static void a_file_is_read_whole_up_to_its_limit(void **state)
{
    struct rig *r = *state;
    static char big[CLI_CONFIG_BYTES_MAX + 1];
    memset(big, '\n', sizeof big);
    assert_int_equal(read_bytes(r, "", 0), TRI_OK);
    assert_string_equal(r->text, "");
    assert_int_equal(read_bytes(r, "a b\n", 4), TRI_OK);
    assert_string_equal(r->text, "a b\n");
    assert_int_equal(read_bytes(r, big, CLI_CONFIG_BYTES_MAX), TRI_OK);
    assert_int_equal(strlen(r->text), CLI_CONFIG_BYTES_MAX);
    assert_int_equal(read_bytes(r, big, sizeof big), TRI_ERR_INVALID);
    assert_error_ends(r, " is longer than 1 MiB; give a shorter one");
}

static void what_is_no_text_file_is_told(void **state)
{
    struct rig *r = *state;
    assert_int_equal(read_bytes(r, "a\0b", 3), TRI_ERR_INVALID);
    assert_error_ends(r, " holds a NUL byte; give a text file");
    (void)snprintf(r->file, sizeof r->file, "%s", r->dir.path);
    assert_int_equal(cli_config_read(&r->text, r->file, r->error), TRI_ERR_INVALID);
    assert_error_ends(r, " is no regular file; give one");
    (void)snprintf(r->file, sizeof r->file, "%s/pipe", r->dir.path);
    assert_int_equal(mkfifo(r->file, 0600), 0);
    assert_int_equal(cli_config_read(&r->text, r->file, r->error), TRI_ERR_INVALID);
    assert_error_ends(r, " is no regular file; give one"); /* and nobody has waited */
    (void)snprintf(r->file, sizeof r->file, "%s/none", r->dir.path);
    assert_int_equal(cli_config_read(&r->text, r->file, r->error), TRI_ERR_INVALID);
    assert_error_ends(r, " cannot be read: No such file or directory; give a file that can");
}

static void lines_yield_names_and_values(void **state)
{
    (void)state;
    static const struct {
        unsigned line;
        const char *name, *value;
    } rows[] = {
        {1, "a", "b"}, {3, "c", "d e  f"}, {4, "g", ""}, {6, "h", "#i"}, {7, "j", ""},
    };
    char text[] = "a b\n# x y\n\t c \t d e  f \r\ng\n \r\nh #i\nj";
    struct cli_config_lines lines = {.at = text};
    const char *name = NULL;
    const char *value = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(cli_config_next(&lines, &name, &value), TRI_OK);
        assert_int_equal(lines.number, rows[i].line);
        assert_string_equal(name, rows[i].name);
        assert_string_equal(value, rows[i].value);
    }
    assert_int_equal(cli_config_next(&lines, &name, &value), TRI_ERR_NOT_FOUND);
    assert_int_equal(cli_config_next(&lines, &name, &value), TRI_ERR_NOT_FOUND);
}

static void a_line_has_a_limit(void **state)
{
    (void)state;
    static char text[CLI_CONFIG_LINE_BYTES_MAX + 3];
    const char *name = NULL;
    const char *value = NULL;
    memset(text, 'x', CLI_CONFIG_LINE_BYTES_MAX);
    text[CLI_CONFIG_LINE_BYTES_MAX] = '\n';
    text[CLI_CONFIG_LINE_BYTES_MAX + 1] = '\0';
    struct cli_config_lines lines = {.at = text};
    assert_int_equal(cli_config_next(&lines, &name, &value), TRI_OK);
    assert_int_equal(strlen(name), CLI_CONFIG_LINE_BYTES_MAX);
    text[CLI_CONFIG_LINE_BYTES_MAX] = 'x';
    text[CLI_CONFIG_LINE_BYTES_MAX + 1] = '\n';
    lines = (struct cli_config_lines){.at = text};
    assert_int_equal(cli_config_next(&lines, &name, &value), TRI_ERR_LIMIT);
    assert_int_equal(lines.number, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_whole_up_to_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_text_file_is_told, set_up, tear_down),
        cmocka_unit_test(lines_yield_names_and_values),
        cmocka_unit_test(a_line_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
