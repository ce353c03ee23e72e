/* What `trisock connect` prints of messages, failures and ends. */
#include "cli_connect_print.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct cli_connect_options options;
static struct cli_connect_print print;
static char *out_text, *err_text;
static size_t out_len, err_len;

static void begin(bool is_terminal)
{
    print = (struct cli_connect_print){.options = &options, .is_terminal = is_terminal};
    print.out = open_memstream(&out_text, &out_len);
    print.err = open_memstream(&err_text, &err_len);
    assert_true(print.out && print.err);
}

static void expect(const char *out, size_t len, const char *err)
{
    (void)fclose(print.out);
    (void)fclose(print.err);
    assert_int_equal(out_len, len);
    assert_memory_equal(out_text, out, len);
    assert_string_equal(err_text, err);
    free(out_text);
    free(err_text);
}

#define EXPECT(out, err) expect(out, sizeof(out) - 1, err)

static void message(enum tri_type type, const char *data, size_t len)
{
    cli_connect_print_message(&print, type, (const uint8_t *)data, len);
}

static void text_is_printed_as_it_is_into_a_file(void **state)
{
    (void)state;
    options = (struct cli_connect_options){.url = "wss://x/"};
    begin(false);
    message(TRI_TEXT, "a\x1b[2J\0b", 7);
    message(TRI_TEXT, "", 0);
    EXPECT("a\x1b[2J\0b\n\n", "");
}

static void a_terminal_gets_no_control_characters_of_others(void **state)
{
    (void)state;
    begin(true);
    message(TRI_TEXT, "a\x1b[2J\tb\nc\r\x7f\xc2\x9b\x31m\xc3\xa4\xc2", 18);
    EXPECT("a?[2J\tb\nc???1m\xc3\xa4\xc2\n", "");
}

static void binary_is_hexadecimal_or_raw(void **state)
{
    (void)state;
    options = (struct cli_connect_options){.url = "wss://x/"};
    begin(true);
    message(TRI_BINARY, "\x00\xff\n", 3);
    EXPECT("00ff0a\n", "");
    options.raw = true;
    begin(false);
    message(TRI_BINARY, "\x00\xff\n", 3);
    EXPECT("\x00\xff\n", "");
}

static void json_holds_any_message(void **state)
{
    (void)state;
    options = (struct cli_connect_options){.url = "wss://x/", .json = true};
    begin(true);
    message(TRI_TEXT, "a\"\n\0\x1b", 5);
    message(TRI_BINARY, "\xff\x00", 2);
    EXPECT("{\"event\":\"message\",\"type\":\"text\",\"data\":\"a\\\"\\n\\u0000\\u001B\"}\n"
           "{\"event\":\"message\",\"type\":\"binary\",\"hex\":\"ff00\"}\n",
           "");
}

static void a_failure_is_a_sentence_and_an_event(void **state)
{
    (void)state;
    const struct tri_failure why = {
        .fault = TRI_FAULT_STATUS, .status = 403, .text = "refused\x1b with 403"};
    options = (struct cli_connect_options){.url = "wss://x/", .json = true};
    begin(false);
    cli_connect_print_failure(&print, &why);
    EXPECT("{\"event\":\"error\",\"fault\":\"status\",\"status\":403,\"text\":\"refused? with "
           "403\"}\n",
           "trisock: refused? with 403\n");
    options.json = false;
    begin(false);
    cli_connect_print_error(&print, "line %d is bad", 7);
    EXPECT("", "trisock: line 7 is bad\n");
}

static void the_end_is_told_to_who_asks(void **state)
{
    (void)state;
    const struct tri_ws_end end = {.code = 4001,
                                   .reason = "no \xff more",
                                   .clean = true,
                                   .messages_in = 1,
                                   .messages_out = 2,
                                   .bytes_in = 3,
                                   .bytes_out = 4,
                                   .duration_ms = 5};
    options = (struct cli_connect_options){.url = "wss://x/"};
    begin(false);
    cli_connect_print_close(&print, &end);
    EXPECT("", "");
    options.verbose = true;
    begin(false);
    cli_connect_print_close(&print, &end);
    EXPECT("", "* closed: 4001 no ? more\n* messages: 1 in, 2 out; bytes: 3 in, 4 out\n");
    options = (struct cli_connect_options){.url = "wss://x/", .json = true};
    begin(false);
    cli_connect_print_close(&print, &end);
    EXPECT("{\"event\":\"close\",\"code\":4001,\"reason\":\"no ? more\",\"clean\":true,"
           "\"messages_in\":1,\"messages_out\":2,\"bytes_in\":3,\"bytes_out\":4,"
           "\"duration_ms\":5}\n",
           "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_printed_as_it_is_into_a_file),
        cmocka_unit_test(a_terminal_gets_no_control_characters_of_others),
        cmocka_unit_test(binary_is_hexadecimal_or_raw),
        cmocka_unit_test(json_holds_any_message),
        cmocka_unit_test(a_failure_is_a_sentence_and_an_event),
        cmocka_unit_test(the_end_is_told_to_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
