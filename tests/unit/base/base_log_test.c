/* base_log: what both formats share: levels, time, the length of a line. */
#include "base_log.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static char line[TRI_LOG_LINE_MAX];
static enum tri_log_level line_level;
static int lines;

static void keep(void *user, enum tri_log_level level, const char *text)
{
    assert_ptr_equal(user, &lines);
    assert_true(strlen(text) < sizeof line);
    memcpy(line, text, strlen(text) + 1);
    line_level = level;
    lines++;
}

static uint64_t wall_ms;

static uint64_t read_wall(void)
{
    return wall_ms;
}

static struct tri_log make_log(enum tri_log_format format)
{
    lines = 0;
    line[0] = '\0';
    wall_ms = 1795422704123; /* 2026-11-23T08:31:44.123Z */
    return (struct tri_log){.write = keep,
                            .user = &lines,
                            .level = TRI_LOG_INFO,
                            .format = format,
                            .wall_ms = read_wall};
}

static void a_line_has_time_level_event_and_fields(void **state)
{
    (void)state;
    struct tri_log log = make_log(TRI_LOG_TEXT);
    TRI_LOG(&log, INFO, "ws.open", TRI_KV_U("id", 7), TRI_KV_S("http", "h3"));
    assert_string_equal(line, "2026-11-23T08:31:44.123Z info ws.open id=7 http=h3");
    assert_int_equal(line_level, TRI_LOG_INFO);
    log.format = TRI_LOG_JSON;
    TRI_LOG(&log, ERROR, "ws.open", TRI_KV_U("id", 7), TRI_KV_S("http", "h3"));
    assert_string_equal(line, "{\"time\":\"2026-11-23T08:31:44.123Z\",\"level\":\"error\","
                              "\"event\":\"ws.open\",\"id\":7,\"http\":\"h3\"}");
}

static void a_line_without_fields_is_whole(void **state)
{
    (void)state;
    struct tri_log log = make_log(TRI_LOG_TEXT);
    tri_log_event(&log, TRI_LOG_WARN, "server.stop", NULL, 0);
    assert_string_equal(line, "2026-11-23T08:31:44.123Z warn server.stop");
    log.format = TRI_LOG_JSON;
    tri_log_event(&log, TRI_LOG_INFO, "server.stop", NULL, 0);
    assert_string_equal(line, "{\"time\":\"2026-11-23T08:31:44.123Z\",\"level\":\"info\","
                              "\"event\":\"server.stop\"}");
}

static int evaluated;

static uint64_t evaluate(void)
{
    return (uint64_t)++evaluated;
}

static void an_unwanted_level_writes_nothing_and_evaluates_nothing(void **state)
{
    (void)state;
    struct tri_log log = make_log(TRI_LOG_TEXT);
    TRI_LOG(&log, DEBUG, "x.y", TRI_KV_U("n", evaluate()));
    assert_int_equal(lines, 0);
    assert_int_equal(evaluated, 0);
    tri_log_event(&log, TRI_LOG_DEBUG, "x.y", NULL, 0);
    assert_int_equal(lines, 0);
    log.level = TRI_LOG_DEBUG;
    TRI_LOG(&log, DEBUG, "x.y", TRI_KV_U("n", evaluate()));
    assert_int_equal(lines, 1);
    assert_string_equal(line, "2026-11-23T08:31:44.123Z debug x.y n=1");
    log.level = TRI_LOG_ERROR;
    TRI_LOG(&log, WARN, "x.y", TRI_KV_U("n", 1));
    assert_int_equal(lines, 1);
}

static void no_log_and_no_writer_are_fine(void **state)
{
    (void)state;
    const struct tri_log silent = {.level = TRI_LOG_DEBUG};
    tri_log_event(NULL, TRI_LOG_ERROR, "x.y", NULL, 0);
    tri_log_event(&silent, TRI_LOG_ERROR, "x.y", NULL, 0);
    assert_false(tri_log_wants(&silent, TRI_LOG_ERROR));
    assert_false(tri_log_wants(NULL, TRI_LOG_ERROR));
}

static void numbers_of_both_signs_are_written_whole(void **state)
{
    (void)state;
    struct tri_log log = make_log(TRI_LOG_TEXT);
    TRI_LOG(&log, INFO, "n", TRI_KV_U("u", UINT64_MAX), TRI_KV_I("i", INT64_MIN), TRI_KV_I("z", 0));
    assert_string_equal(
        line, "2026-11-23T08:31:44.123Z info n u=18446744073709551615 i=-9223372036854775808 z=0");
}

/* The huge field is there whole, or not at all, and then what follows it fits. */
static void check_cut_line(enum tri_log_format format, size_t len)
{
    assert_true(strlen(line) <= TRI_LOG_LINE_MAX - 1);
    const char *at = strstr(line, "huge");
    if (at) {
        assert_int_equal(strspn(strchr(at, 'x'), "x"), len);
    } else {
        assert_non_null(strstr(line, format == TRI_LOG_JSON ? "\"b\":2" : " b=2"));
    }
    assert_non_null(strstr(line, format == TRI_LOG_JSON ? "\"a\":1" : " a=1"));
    assert_true(format == TRI_LOG_TEXT || line[strlen(line) - 1] == '}');
}

static void a_field_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    static uint8_t huge[2 * TRI_LOG_LINE_MAX];
    memset(huge, 'x', sizeof huge);
    for (int format = TRI_LOG_TEXT; format <= TRI_LOG_JSON; format++) {
        struct tri_log log = make_log((enum tri_log_format)format);
        for (size_t len = TRI_LOG_LINE_MAX - 200; len < TRI_LOG_LINE_MAX + 10; len++) {
            const struct tri_log_field fields[] = {
                TRI_KV_U("a", 1), TRI_KV_SLICE("huge", tri_slice_of(huge, len)), TRI_KV_U("b", 2)};
            tri_log_event(&log, TRI_LOG_INFO, "x.y", fields, 3);
            check_cut_line(log.format, len);
        }
        assert_null(strstr(line, "huge"));
        assert_int_equal(lines, 210);
    }
}

static void without_a_clock_the_system_s_is_read(void **state)
{
    (void)state;
    struct tri_log log = make_log(TRI_LOG_TEXT);
    log.wall_ms = NULL;
    TRI_LOG(&log, INFO, "x.y", TRI_KV_U("a", 1));
    assert_int_equal(strspn(line, "0123456789-:.TZ"), 24);
    assert_true(strncmp(line, "2026-01-01", 10) > 0);
}

static void times_at_the_edges_are_written(void **state)
{
    (void)state;
    struct tri_log log = make_log(TRI_LOG_TEXT);
    wall_ms = 0;
    tri_log_event(&log, TRI_LOG_INFO, "x", NULL, 0);
    assert_string_equal(line, "1970-01-01T00:00:00.000Z info x");
    wall_ms = 951782399999; /* a leap day's last millisecond */
    tri_log_event(&log, TRI_LOG_INFO, "x", NULL, 0);
    assert_string_equal(line, "2000-02-28T23:59:59.999Z info x");
    wall_ms = UINT64_MAX;
    tri_log_event(&log, TRI_LOG_INFO, "x", NULL, 0);
    assert_non_null(strstr(line, "Z info x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_fields),
        cmocka_unit_test(a_line_without_fields_is_whole),
        cmocka_unit_test(an_unwanted_level_writes_nothing_and_evaluates_nothing),
        cmocka_unit_test(no_log_and_no_writer_are_fine),
        cmocka_unit_test(numbers_of_both_signs_are_written_whole),
        cmocka_unit_test(a_field_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(without_a_clock_the_system_s_is_read),
        cmocka_unit_test(times_at_the_edges_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
