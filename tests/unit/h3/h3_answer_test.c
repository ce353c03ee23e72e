/* How HTTP/3 spells each answer. Rows E2, U4, U5. */
#include "h3_answer.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static const struct tri_stream_events some_events = {.on_data = NULL};

/* "name: value\n" of each field. */
static const char *spell(const struct tri_response *r)
{
    static char out[1024];
    struct tri_h3_answer a;
    assert_int_equal(tri_h3_answer_init(&a, tri_alloc_heap(), r), TRI_OK);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < a.len; i++) {
        at += (size_t)snprintf(out + at, sizeof out - at, "%.*s: %.*s\n", (int)a.nva[i].namelen,
                               (const char *)a.nva[i].name, (int)a.nva[i].valuelen,
                               (const char *)a.nva[i].value);
    }
    tri_h3_answer_deinit(&a);
    return out;
}

static void E2_a_websocket_is_accepted_with_200_and_no_length(void **state)
{
    (void)state;
    const struct tri_field fields[] = {{TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")}};
    const struct tri_response r = {.answer = TRI_ANSWER_WEBSOCKET,
                                   .fields = fields,
                                   .fields_len = 1,
                                   .content_length = 0,
                                   .events = &some_events};
    assert_string_equal(spell(&r), ":status: 200\nsec-websocket-protocol: chat\n");
}

static void a_plain_answer_goes_as_given_with_its_length(void **state)
{
    (void)state;
    const struct tri_field fields[] = {{TRI_SLICE("content-type"), TRI_SLICE("text/html")},
                                       {TRI_SLICE("etag"), TRI_SLICE("\"1\"")}};
    const struct tri_response r = {.answer = TRI_ANSWER_PLAIN,
                                   .status = 206,
                                   .fields = fields,
                                   .fields_len = 2,
                                   .content_length = UINT64_C(18446744073709551614),
                                   .events = &some_events};
    assert_string_equal(spell(&r), ":status: 206\ncontent-type: text/html\n"
                                   "etag: \"1\"\n"
                                   "content-length: 18446744073709551614\n");
}

static void no_length_is_sent_where_there_is_none(void **state)
{
    (void)state;
    const struct tri_response r = {
        .answer = TRI_ANSWER_PLAIN, .status = 304, .content_length = TRI_LENGTH_NONE};
    assert_string_equal(spell(&r), ":status: 304\n");
}

static void U4_a_missing_upgrade_is_400_with_the_length_that_was_given(void **state)
{
    (void)state;
    struct tri_response r = {
        .answer = TRI_ANSWER_UPGRADE_NEEDED, .content_length = 9, .events = &some_events};
    assert_string_equal(spell(&r), ":status: 400\ncontent-length: 9\n");
    r = (struct tri_response){.answer = TRI_ANSWER_UPGRADE_NEEDED,
                              .content_length = TRI_LENGTH_NONE};
    assert_string_equal(spell(&r), ":status: 400\n");
}

static void U5_a_wrong_version_is_400_with_the_right_one(void **state)
{
    (void)state;
    const struct tri_response r = {.answer = TRI_ANSWER_VERSION_NEEDED, .content_length = 0};
    assert_string_equal(spell(&r), ":status: 400\ncontent-length: 0\nsec-websocket-version: 13\n");
}

static void memory_may_be_short(void **state)
{
    (void)state;
    struct test_alloc alloc;
    test_alloc_init(&alloc);
    alloc.fail_at = 1;
    struct tri_h3_answer a;
    const struct tri_response r = {.answer = TRI_ANSWER_PLAIN, .status = 200};
    assert_int_equal(tri_h3_answer_init(&a, &alloc.alloc, &r), TRI_ERR_NOMEM);
    assert_int_equal(alloc.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E2_a_websocket_is_accepted_with_200_and_no_length),
        cmocka_unit_test(a_plain_answer_goes_as_given_with_its_length),
        cmocka_unit_test(no_length_is_sent_where_there_is_none),
        cmocka_unit_test(U4_a_missing_upgrade_is_400_with_the_length_that_was_given),
        cmocka_unit_test(U5_a_wrong_version_is_400_with_the_right_one),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
