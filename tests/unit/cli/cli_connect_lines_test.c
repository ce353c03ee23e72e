/* Lines as messages, split wherever a pipe splits them. */
#include "cli_connect_lines.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The messages of |l| so far, each behind "[" and before "]". */
static enum tri_err take_all(struct cli_connect_lines *l, char *out)
{
    struct cli_connect_message m;
    enum tri_err err = TRI_OK;
    while ((err = cli_connect_lines_next(l, &m)) == TRI_OK) {
        const size_t len = strlen(out);
        out[len] = '[';
        memcpy(out + len + 1, m.data, m.len);
        memcpy(out + len + 1 + m.len, "]", 2);
    }
    return err;
}

static const struct {
    const char *text, *messages;
} lines[] = {
    {"", ""},
    {"one", "[one]"},
    {"one\n", "[one]"},
    {"one\r\n", "[one]"},
    {"one\ntwo\n", "[one][two]"},
    {"one\ntwo", "[one][two]"},
    {"\n\n", "[][]"},
    {"\r\n\r", "[][]"},
    {"a\rb\n", "[a\rb]"},
    {"\xc3\xa4\n\xe2\x82\xac\n", "[\xc3\xa4][\xe2\x82\xac]"},
};

static void lines_are_messages_wherever_they_are_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const size_t len = strlen(lines[i].text);
        for (size_t step = 1; step <= len + 1; step++) {
            int ends[2];
            assert_int_equal(pipe(ends), 0);
            struct cli_connect_lines l;
            cli_connect_lines_init(&l, ends[0], false);
            char got[64] = "";
            for (size_t at = 0; at < len; at += step) {
                const size_t part = len - at < step ? len - at : step;
                assert_int_equal(write(ends[1], lines[i].text + at, part), (ssize_t)part);
                assert_int_equal(cli_connect_lines_read(&l), TRI_OK);
                assert_int_equal(take_all(&l, got), TRI_AGAIN);
            }
            (void)close(ends[1]);
            assert_int_equal(cli_connect_lines_read(&l), TRI_OK);
            assert_true(l.has_ended);
            assert_int_equal(take_all(&l, got), TRI_ERR_NOT_FOUND);
            assert_string_equal(got, lines[i].messages);
            cli_connect_lines_deinit(&l);
            (void)close(ends[0]);
        }
    }
}

static void a_line_that_is_wrong_is_passed_over_and_told(void **state)
{
    (void)state;
    static const struct {
        bool is_hex;
        const char *text;
        enum tri_err err;
    } rows[] = {
        {false, "good\nb\xff\ngood\n", TRI_ERR_UTF8},
        {true, "00\n0\n00\n", TRI_ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        const size_t len = strlen(rows[i].text);
        assert_int_equal(write(ends[1], rows[i].text, len), (ssize_t)len);
        struct cli_connect_lines l;
        struct cli_connect_message m;
        cli_connect_lines_init(&l, ends[0], rows[i].is_hex);
        assert_int_equal(cli_connect_lines_read(&l), TRI_OK);
        assert_int_equal(cli_connect_lines_next(&l, &m), TRI_OK);
        assert_int_equal(cli_connect_lines_next(&l, &m), rows[i].err);
        assert_int_equal(l.number, 2);
        assert_int_equal(cli_connect_lines_next(&l, &m), TRI_OK);
        assert_int_equal(cli_connect_lines_next(&l, &m), TRI_AGAIN);
        cli_connect_lines_deinit(&l);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
}

static void a_line_over_the_limit_is_refused(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    char *block = malloc(1u << 20);
    assert_non_null(block);
    memset(block, 'x', 1u << 20);
    for (int i = 0; i < 17; i++) {
        assert_int_equal(fwrite(block, 1, 1u << 20, file), 1u << 20);
    }
    free(block);
    assert_int_equal(fflush(file), 0);
    rewind(file);
    struct cli_connect_lines l;
    struct cli_connect_message m;
    cli_connect_lines_init(&l, fileno(file), false);
    enum tri_err err = TRI_OK;
    while ((err = cli_connect_lines_read(&l)) == TRI_OK) {
        assert_int_equal(cli_connect_lines_next(&l, &m), TRI_AGAIN);
        assert_true(l.to < CLI_CONNECT_LINE_MAX * 2);
    }
    assert_int_equal(err, TRI_ERR_LIMIT);
    cli_connect_lines_deinit(&l);
    (void)fclose(file);
}

static void hexadecimal_is_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tri_err err;
        size_t len;
        const char *bytes;
    } rows[] = {
        {"", TRI_OK, 0, ""},
        {"00", TRI_OK, 1, "\0"},
        {"DEADbeef", TRI_OK, 4, "\xde\xad\xbe\xef"},
        {" 00 ff\t7f ", TRI_OK, 3, "\x00\xff\x7f"},
        {"0", TRI_ERR_INVALID, 0, NULL},
        {"0 0", TRI_ERR_INVALID, 0, NULL},
        {"000", TRI_ERR_INVALID, 0, NULL},
        {"0g", TRI_ERR_INVALID, 0, NULL},
        {"0x00", TRI_ERR_INVALID, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        struct cli_connect_message m;
        assert_int_equal(cli_connect_message_of(text, strlen(text), true, &m), rows[i].err);
        if (rows[i].err == TRI_OK) {
            assert_int_equal(m.type, TRI_BINARY);
            assert_int_equal(m.len, rows[i].len);
            assert_memory_equal(m.data, rows[i].bytes, rows[i].len);
        }
    }
}

static void text_has_to_be_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {
        {"", true},
        {"a\tb\x01\x7f", true},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", true},
        {"\x80", false},
        {"\xc3", false},
        {"\xc3(", false},
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xe2\x82", false},
        {"\xf0\x8f\xbf\xbf", false},
        {"\xf4\x90\x80\x80", false},
        {"\xf5\x80\x80\x80", false},
        {"\xf0\x9f\x98(", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        struct cli_connect_message m;
        assert_int_equal(cli_connect_message_of(text, strlen(text), false, &m),
                         rows[i].is_good ? TRI_OK : TRI_ERR_UTF8);
    }
}

static void what_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct cli_connect_lines l;
    cli_connect_lines_init(&l, -1, false);
    assert_int_equal(cli_connect_lines_read(&l), TRI_ERR_IO);
    cli_connect_lines_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_messages_wherever_they_are_split),
        cmocka_unit_test(a_line_that_is_wrong_is_passed_over_and_told),
        cmocka_unit_test(a_line_over_the_limit_is_refused),
        cmocka_unit_test(hexadecimal_is_bytes),
        cmocka_unit_test(text_has_to_be_utf8),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
