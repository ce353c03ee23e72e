/* Dates, entity tags, and when the answer is 304 or 405. */
#include "app_validator.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define SAMPLE ((time_t)784111777) /* the date of RFC 9110's examples */

static void a_date_is_written_as_http_wants_it(void **state)
{
    (void)state;
    char text[TRI_HTTP_DATE_BYTES];
    tri_http_date_format(text, SAMPLE);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    tri_http_date_format(text, 0);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    tri_http_date_format(text, (time_t)253402300800); /* the year 10000 has no form */
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void all_three_forms_of_a_date_are_read(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        time_t when = 0;
        assert_true(tri_http_date_parse(forms[i], &when));
        assert_int_equal(when, SAMPLE);
    }
}

static void what_is_no_date_is_not_read(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "yesterday", "Sun, 06 Nov 1994 08:49:37 GMT and more",
                                       "Sun, 06 Nov 1994 08:49:37", "784111777"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        time_t when;
        assert_false(tri_http_date_parse(rows[i], &when));
    }
}

static void an_entity_tag_is_found_in_a_list(void **state)
{
    (void)state;
    assert_true(tri_etag_list_has("\"a\"", "\"a\""));
    assert_true(tri_etag_list_has("W/\"a\"", "\"a\""));
    assert_true(tri_etag_list_has("\"b\", \"a\"", "\"a\""));
    assert_true(tri_etag_list_has("\"b\",W/\"a\" , \"c\"", "\"a\""));
    assert_true(tri_etag_list_has("\"x, y\", \"a\"", "\"a\""));
    assert_true(tri_etag_list_has("*", "\"a\""));
}

static void another_entity_tag_is_not_found(void **state)
{
    (void)state;
    static const char *const rows[] = {"",      "\"b\"", "a",        "\"a", "\"aa\"",
                                       "\"A\"", ",,",    "\"b\" \"", "W/a", "* *"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(tri_etag_list_has(rows[i], "\"a\""));
    }
}

static bool is_unchanged(const char *none_match, const char *since, time_t modified)
{
    struct tri_request *req = fake_request_new("GET", "/");
    size_t n = 0;
    if (none_match) {
        req->fields[n++] = (struct tri_header){"if-none-match", none_match};
    }
    if (since) {
        req->fields[n++] = (struct tri_header){"if-modified-since", since};
    }
    bool unchanged = tri_validator_is_unchanged(req, "\"a\"", modified);
    fake_request_free(req);
    return unchanged;
}

static void a_condition_decides_between_200_and_304(void **state)
{
    (void)state;
    const char *date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_false(is_unchanged(NULL, NULL, SAMPLE));
    assert_true(is_unchanged("\"a\"", NULL, SAMPLE));
    assert_false(is_unchanged("\"b\"", NULL, SAMPLE));
    assert_true(is_unchanged(NULL, date, SAMPLE));
    assert_true(is_unchanged(NULL, date, SAMPLE - 1));
    assert_false(is_unchanged(NULL, date, SAMPLE + 1));
    assert_false(is_unchanged(NULL, "no date", SAMPLE));
    assert_false(is_unchanged(NULL, date, 0)); /* no date is known */
}

static void an_entity_tag_counts_before_a_date(void **state)
{
    (void)state;
    const char *date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_false(is_unchanged("\"b\"", date, SAMPLE));
    assert_true(is_unchanged("\"a\"", "Thu, 01 Jan 1970 00:00:00 GMT", SAMPLE));
}

static void only_get_and_head_pass(void **state)
{
    (void)state;
    static const char *const others[] = {"POST", "PUT", "DELETE", "OPTIONS", "get", ""};
    struct tri_request *get = fake_request_new("GET", "/");
    struct tri_request *head = fake_request_new("HEAD", "/");
    assert_true(tri_request_only_reads(get));
    assert_true(tri_request_only_reads(head));
    assert_int_equal(get->answers + head->answers, 0);
    fake_request_free(get);
    fake_request_free(head);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct tri_request *req = fake_request_new(others[i], "/");
        assert_false(tri_request_only_reads(req));
        assert_int_equal(req->answers, 1);
        assert_int_equal(req->status, 405);
        assert_string_equal(fake_answer_field(req, "allow"), "GET, HEAD");
        fake_request_free(req);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_written_as_http_wants_it),
        cmocka_unit_test(all_three_forms_of_a_date_are_read),
        cmocka_unit_test(what_is_no_date_is_not_read),
        cmocka_unit_test(an_entity_tag_is_found_in_a_list),
        cmocka_unit_test(another_entity_tag_is_not_found),
        cmocka_unit_test(a_condition_decides_between_200_and_304),
        cmocka_unit_test(an_entity_tag_counts_before_a_date),
        cmocka_unit_test(only_get_and_head_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
