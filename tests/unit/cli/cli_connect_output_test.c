/* Output that a reader does not take is kept, in order. */
#include "cli_connect_output.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct cli_connect_output o;
static int ends[2];

static int set_up(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    return pipe(ends) == 0 && cli_connect_output_init(&o, ends[1]) == TRI_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cli_connect_output_deinit(&o);
    (void)close(ends[0]);
    (void)close(ends[1]);
    return 0;
}

static void what_is_printed_is_written(void **state)
{
    (void)state;
    char got[16] = "";
    assert_int_equal(cli_connect_output_write(&o), TRI_OK); /* nothing is fine */
    for (int i = 0; i < 3; i++) {
        assert_true(fprintf(o.stream, "line %d\n", i) > 0);
        assert_int_equal(cli_connect_output_write(&o), TRI_OK);
        assert_int_equal(cli_connect_output_kept(&o), 0);
        assert_int_equal(read(ends[0], got, sizeof got), 7);
        assert_int_equal(got[5], '0' + i);
    }
}

static void what_a_pipe_does_not_take_is_kept_in_order(void **state)
{
    (void)state;
    const size_t numbers = 500000;
    for (size_t i = 0; i < numbers; i++) {
        assert_true(fprintf(o.stream, "%07zu\n", i) == 8);
        if (i % 1000 == 0) {
            const enum tri_err err = cli_connect_output_write(&o);
            assert_true(err == TRI_OK || err == TRI_AGAIN);
        }
    }
    assert_int_equal(cli_connect_output_write(&o), TRI_AGAIN);
    assert_true(cli_connect_output_kept(&o) > CLI_CONNECT_OUTPUT_HIGH);
    size_t seen = 0;
    char line[9] = "";
    while (seen < numbers) {
        assert_int_equal(read(ends[0], line, 8), 8);
        char wanted[24];
        (void)snprintf(wanted, sizeof wanted, "%07zu\n", seen);
        assert_string_equal(line, wanted);
        seen += 1;
        if (seen % 512 == 0) { /* PIPE_BUF bytes */
            const enum tri_err err = cli_connect_output_write(&o);
            assert_true(err == TRI_OK || err == TRI_AGAIN);
        }
    }
    assert_int_equal(cli_connect_output_write(&o), TRI_OK);
    assert_int_equal(cli_connect_output_kept(&o), 0);
}

static void without_a_reader_it_is_dropped_and_told(void **state)
{
    (void)state;
    (void)close(ends[0]);
    assert_true(fputs("text", o.stream) >= 0);
    assert_int_equal(cli_connect_output_write(&o), TRI_ERR_IO);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(cli_connect_output_kept(&o), 0);
    ends[0] = open("/dev/null", O_RDONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_printed_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_pipe_does_not_take_is_kept_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_reader_it_is_dropped_and_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
