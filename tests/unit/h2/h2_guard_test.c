/* What the heads of frames alone tell: RFC 9113 sections 4.2, 5.1, 6. Rows E3, E4. */
#include "h2_guard.h"

#include <nghttp2/nghttp2.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define EH NGHTTP2_FLAG_END_HEADERS
#define ES NGHTTP2_FLAG_END_STREAM
#define PAD NGHTTP2_FLAG_PADDED
#define PRI NGHTTP2_FLAG_PRIORITY

static uint32_t judge(struct tri_h2_guard *g, uint8_t type, uint8_t flags, uint32_t stream_id)
{
    const struct tri_h2_frame_head head = {
        .length = 10, .type = type, .flags = flags, .stream_id = stream_id};
    return tri_h2_guard_judge(g, &head);
}

static uint32_t judge_length(uint8_t type, uint8_t flags, uint32_t length)
{
    struct tri_h2_guard g = {.highest = 0};
    const struct tri_h2_frame_head head = {
        .length = length, .type = type, .flags = flags, .stream_id = 1};
    return tri_h2_guard_judge(&g, &head);
}

static void open_stream(struct tri_h2_guard *g, uint32_t id)
{
    assert_int_equal(judge(g, NGHTTP2_HEADERS, EH, id), NGHTTP2_NO_ERROR);
}

static void a_frame_holds_what_its_flags_promise(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, flags;
        uint32_t least;
    } rows[] = {
        {NGHTTP2_HEADERS, EH, 0},       {NGHTTP2_HEADERS, EH | PAD, 1},
        {NGHTTP2_HEADERS, EH | PRI, 5}, {NGHTTP2_HEADERS, EH | PAD | PRI, 6},
        {NGHTTP2_DATA, 0, 0},           {NGHTTP2_DATA, PAD, 1},
        {NGHTTP2_DATA, PAD | PRI, 1}, /* no such flag */
        {NGHTTP2_PING, 0xff, 0},      /* the engine's */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(judge_length(rows[i].type, rows[i].flags, rows[i].least),
                         NGHTTP2_NO_ERROR);
        if (rows[i].least > 0) {
            assert_int_equal(judge_length(rows[i].type, rows[i].flags, rows[i].least - 1),
                             NGHTTP2_FRAME_SIZE_ERROR);
        }
    }
}

static void a_stream_whose_end_the_peer_has_sent_takes_no_more(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, flags;
    } last_words[] = {{NGHTTP2_DATA, ES}, {NGHTTP2_HEADERS, EH | ES}, {NGHTTP2_RST_STREAM, 0}};
    for (size_t i = 0; i < 3; i++) {
        struct tri_h2_guard g = {.highest = 0};
        open_stream(&g, 1);
        assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 1), NGHTTP2_NO_ERROR);
        assert_int_equal(judge(&g, last_words[i].type, last_words[i].flags, 1), NGHTTP2_NO_ERROR);
        assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 1), NGHTTP2_STREAM_CLOSED);
        assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH, 1), NGHTTP2_STREAM_CLOSED);
        assert_int_equal(judge(&g, NGHTTP2_RST_STREAM, 0, 1), NGHTTP2_NO_ERROR);
        assert_int_equal(judge(&g, NGHTTP2_WINDOW_UPDATE, 0, 1), NGHTTP2_NO_ERROR);
        assert_int_equal(judge(&g, NGHTTP2_PRIORITY, 0, 1), NGHTTP2_NO_ERROR);
    }
}

static void an_id_that_was_passed_over_is_closed(void **state)
{
    (void)state;
    struct tri_h2_guard g = {.highest = 0};
    open_stream(&g, 7);
    assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH, 5), NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 5), NGHTTP2_STREAM_CLOSED);
    assert_int_equal(judge(&g, NGHTTP2_RST_STREAM, 0, 5), NGHTTP2_NO_ERROR);
    open_stream(&g, 9);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 7), NGHTTP2_NO_ERROR); /* still open */
}

static void what_is_idle_or_not_the_clients_is_the_engines(void **state)
{
    (void)state;
    struct tri_h2_guard g = {.highest = 0};
    open_stream(&g, 3);
    assert_int_equal(judge(&g, NGHTTP2_DATA, ES, 5), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_RST_STREAM, 0, 5), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH, 0), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH, 2), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 2), NGHTTP2_NO_ERROR);
    open_stream(&g, 5); /* none of it left a mark */
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 5), NGHTTP2_NO_ERROR);
}

static void inside_a_field_block_everything_is_the_engines(void **state)
{
    (void)state;
    struct tri_h2_guard g = {.highest = 0};
    assert_int_equal(judge(&g, NGHTTP2_HEADERS, ES, 1), NGHTTP2_NO_ERROR);
    assert_true(g.is_in_block);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 1), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_CONTINUATION, 0, 1), NGHTTP2_NO_ERROR);
    assert_true(g.is_in_block);
    assert_int_equal(judge(&g, NGHTTP2_CONTINUATION, EH, 1), NGHTTP2_NO_ERROR);
    assert_false(g.is_in_block);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 1), NGHTTP2_STREAM_CLOSED);
}

/* The limit: the last TRI_H2_GUARD_STREAMS in a row, whatever came before. */
static void so_many_streams_are_remembered_and_older_ones_forgiven(void **state)
{
    (void)state;
    struct tri_h2_guard g = {.highest = 0};
    uint32_t id = 1;
    for (unsigned i = 0; i < 1000; i++, id += 2) {
        assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH | ES, id), NGHTTP2_NO_ERROR);
    }
    for (unsigned i = 1; i <= TRI_H2_GUARD_STREAMS; i++) {
        assert_int_equal(judge(&g, NGHTTP2_DATA, 0, id - 2 * i), NGHTTP2_STREAM_CLOSED);
    }
    const uint32_t older = id - 2 * (TRI_H2_GUARD_STREAMS + 1);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, older), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH, older), NGHTTP2_NO_ERROR);
}

static void the_highest_id_there_is_is_remembered(void **state)
{
    (void)state;
    struct tri_h2_guard g = {.highest = 0};
    open_stream(&g, 0x7fffffff);
    assert_int_equal(judge(&g, NGHTTP2_DATA, ES, 0x7fffffff), NGHTTP2_NO_ERROR);
    assert_int_equal(judge(&g, NGHTTP2_DATA, 0, 0x7fffffff), NGHTTP2_STREAM_CLOSED);
    assert_int_equal(judge(&g, NGHTTP2_HEADERS, EH, 0x7ffffffd), NGHTTP2_PROTOCOL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_holds_what_its_flags_promise),
        cmocka_unit_test(a_stream_whose_end_the_peer_has_sent_takes_no_more),
        cmocka_unit_test(an_id_that_was_passed_over_is_closed),
        cmocka_unit_test(what_is_idle_or_not_the_clients_is_the_engines),
        cmocka_unit_test(inside_a_field_block_everything_is_the_engines),
        cmocka_unit_test(so_many_streams_are_remembered_and_older_ones_forgiven),
        cmocka_unit_test(the_highest_id_there_is_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
