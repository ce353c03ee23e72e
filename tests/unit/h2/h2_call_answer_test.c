/* Answers to calls, and ends of them, as a server of any kind may write them. */
#include "h2_call.h"

#include "call_rig_h2.h"

#include <stdlib.h>

/* ---- answers by hand */

/* A connection with one call out, on stream 1. */
static struct call_h2 *ask(struct call_rig_h2 *r)
{
    call_rig_h2_init(r);
    call_rig_h2_settings(r);
    assert_int_equal(r->readies, 1);
    struct call_h2 *one = call_rig_h2_open(r);
    call_rig_h2_output(r);
    return one;
}

static void interim_answers_are_passed_over_up_to_a_limit(void **state)
{
    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        struct call_rig_h2 r;
        struct call_h2 *one = ask(&r);
        for (unsigned i = 0; i < TRI_H2_INTERIMS_MAX + over; i++) {
            call_rig_h2_answer(&r, 1, i % 2 ? "100" : "103", false);
        }
        if (over) {
            assert_int_equal(one->end.fault, TRI_FAULT_PROTOCOL);
            assert_int_equal(call_rig_h2_reset(&r, 1), NGHTTP2_ENHANCE_YOUR_CALM);
        } else {
            assert_int_equal(one->answers + one->fails, 0);
            call_rig_h2_answer(&r, 1, "200", false);
            assert_true(one->is_accepted);
        }
        assert_int_equal(call_rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
        call_rig_h2_deinit(&r);
    }
}

static void the_fields_of_an_interim_answer_are_not_those_of_the_final_one(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    const struct call_h2 *one = ask(&r);
    const struct tri_header early[] = {{":status", "103"}, {"link", "</a>"}, {NULL, NULL}};
    const struct tri_header final[] = {
        {":status", "200"}, {"sec-websocket-protocol", "chat"}, {NULL, NULL}};
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, 1, early, false);
    frames_h2_headers(&in, 1, final, false);
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(one->fields.len, strlen("sec-websocket-protocol: chat\n"));
    assert_memory_equal(one->fields.data, "sec-websocket-protocol: chat\n", one->fields.len);
    call_rig_h2_deinit(&r);
}

static void bytes_right_behind_the_answer_reach_the_tenant(void **state)
{
    (void)state;
    for (size_t piece = 0; piece < 40; piece++) {
        struct call_rig_h2 r;
        const struct call_h2 *one = ask(&r);
        r.piece_max = piece;
        const struct tri_header fields[] = {{":status", "200"}, {NULL, NULL}};
        struct bytes_h2 in = {.len = 0};
        frames_h2_headers(&in, 1, fields, false);
        frames_h2_data(&in, 1, "at once", 7, true);
        call_rig_h2_bytes(&r, &in);
        assert_int_equal(one->tenant.in_len, 7);
        assert_memory_equal(one->tenant.in, "at once", 7);
        assert_int_equal(one->tenant.fins, 1);
        call_rig_h2_deinit(&r);
    }
}

static void an_answer_may_end_the_stream_at_once(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct call_h2 *one = ask(&r);
    call_rig_h2_answer(&r, 1, "200", true);
    assert_true(one->is_accepted);
    assert_int_equal(one->tenant.fins, 1);
    tenant_end(&one->tenant);
    call_rig_h2_output(&r);
    assert_int_equal(one->tenant.cause, TRI_STREAM_FINISHED);
    call_rig_h2_deinit(&r);
}

/* |count| fields of |len| bytes of value, in as many frames as it takes. */
static void give_fields(struct call_rig_h2 *r, size_t count, size_t len)
{
    struct bytes_h2 block = {.len = 0};
    char *value = malloc(len + 1);
    assert_non_null(value);
    memset(value, 'v', len);
    frames_h2_field(&block, ":status", 7, "200", 3);
    for (size_t i = 0; i < count; i++) {
        frames_h2_field(&block, "x-f", 3, value, len);
    }
    free(value);
    struct bytes_h2 in = {.len = 0};
    for (size_t at = 0; at < block.len; at += 16384) {
        const size_t part = block.len - at < 16384 ? block.len - at : 16384;
        const uint8_t flags = at + part == block.len ? NGHTTP2_FLAG_END_HEADERS : 0;
        frames_h2_frame(&in, at == 0 ? NGHTTP2_HEADERS : NGHTTP2_CONTINUATION, flags, 1,
                        block.data + at, part);
    }
    bytes_h2_free(&block);
    call_rig_h2_bytes(r, &in);
}

static void an_answer_s_head_has_limits_of_fields_and_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t count, len;
        bool is_fine;
        uint32_t code;
    } rows[] = {
        {TRI_REQUEST_FIELDS_MAX, 10, true, 0},
        {TRI_REQUEST_FIELDS_MAX + 1, 10, false, NGHTTP2_CANCEL},
        {1, TRI_REQUEST_HEAD_BYTES_MAX - 3 - 4000, true, 0},
        {4, TRI_REQUEST_HEAD_BYTES_MAX / 4, false, NGHTTP2_CANCEL},
        {20, 4000, false, NGHTTP2_ENHANCE_YOUR_CALM}, /* past what is looked at */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call_rig_h2 r;
        const struct call_h2 *one = ask(&r);
        give_fields(&r, rows[i].count, rows[i].len);
        assert_int_equal(one->answers, rows[i].is_fine);
        assert_int_equal(one->fails, !rows[i].is_fine);
        if (!rows[i].is_fine) {
            assert_int_equal(one->end.fault, TRI_FAULT_HANDSHAKE);
            assert_int_equal(call_rig_h2_count(&r, NGHTTP2_RST_STREAM, 1), 1);
            assert_int_equal(call_rig_h2_reset(&r, 1), rows[i].code);
        }
        assert_int_equal(call_rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
        call_rig_h2_deinit(&r);
    }
}

static void a_malformed_answer_fails_its_call_alone(void **state)
{
    (void)state;
    static const struct tri_header rows[][4] = {
        {{"x-no", "status"}, {NULL, NULL}},
        {{":status", "101"}, {NULL, NULL}}, /* RFC 9113 section 8.6 */
        {{":status", "20"}, {NULL, NULL}},
        {{":status", "2x0"}, {NULL, NULL}},
        {{":status", "200"}, {":status", "200"}, {NULL, NULL}},
        {{"x-first", "1"}, {":status", "200"}, {NULL, NULL}},
        {{":status", "200"}, {"X-Upper", "1"}, {NULL, NULL}},
        {{":status", "200"}, {"connection", "upgrade"}, {NULL, NULL}},
        {{":status", "200"}, {":path", "/"}, {NULL, NULL}},
        {{":status", "200"}, {"x-bad", "a\nb"}, {NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call_rig_h2 r;
        const struct call_h2 *one = ask(&r);
        struct call_h2 *other = call_rig_h2_open(&r);
        struct bytes_h2 in = {.len = 0};
        frames_h2_headers(&in, 1, rows[i], false);
        call_rig_h2_bytes(&r, &in);
        assert_int_equal(one->fails, 1);
        assert_int_equal(one->end.fault, TRI_FAULT_PROTOCOL);
        assert_string_equal(one->end.text, "PROTOCOL_ERROR");
        assert_int_equal(call_rig_h2_reset(&r, 1), NGHTTP2_PROTOCOL_ERROR);
        call_rig_h2_answer(&r, 3, "200", false);
        assert_true(other->is_accepted);
        call_rig_h2_deinit(&r);
    }
}

static void the_end_of_the_stream_is_no_answer(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    const struct call_h2 *one = ask(&r);
    call_rig_h2_answer(&r, 1, "100", true);
    assert_int_equal(one->fails, 1);
    assert_int_equal(one->end.fault, TRI_FAULT_PROTOCOL);
    call_rig_h2_deinit(&r);
}

static void a_refusal_s_body_without_end_is_cut(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    const struct call_h2 *one = ask(&r);
    call_rig_h2_answer(&r, 1, "404", false);
    assert_int_equal(one->status, 404);
    uint8_t chunk[16384] = {0};
    for (size_t bytes = 0; bytes <= TRI_REQUEST_BODY_BYTES_MAX; bytes += sizeof chunk) {
        struct bytes_h2 in = {.len = 0};
        frames_h2_data(&in, 1, chunk, sizeof chunk, false);
        assert_int_equal(call_rig_h2_count(&r, NGHTTP2_RST_STREAM, 1), 0);
        call_rig_h2_bytes(&r, &in);
    }
    assert_int_equal(call_rig_h2_count(&r, NGHTTP2_RST_STREAM, 1), 1);
    assert_int_equal(call_rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    call_rig_h2_deinit(&r);
}

static void a_refused_stream_that_the_server_keeps_does_not_hold_up_shutdown(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    (void)ask(&r);
    call_rig_h2_answer(&r, 1, "404", false);
    r.conn->ops->shutdown(r.conn, r.now_ns);
    call_rig_h2_output(&r);
    assert_int_equal(call_rig_h2_reset(&r, 1), NGHTTP2_CANCEL);
    assert_int_equal(call_rig_h2_goaway(&r), NGHTTP2_NO_ERROR);
    assert_true(call_rig_h2_is_done(&r));
    call_rig_h2_deinit(&r);
}

/* ---- ends by hand */

static void a_reset_before_the_answer_is_told_with_its_code(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 20; code++) {
        struct call_rig_h2 r;
        const struct call_h2 *one = ask(&r);
        struct bytes_h2 in = {.len = 0};
        frames_h2_number(&in, NGHTTP2_RST_STREAM, 1, code);
        call_rig_h2_bytes(&r, &in);
        assert_int_equal(one->fails, 1);
        assert_int_equal(one->end.fault, TRI_FAULT_LOST);
        assert_int_equal(one->end.code, code);
        assert_int_equal(one->end.is_retryable, code == NGHTTP2_REFUSED_STREAM);
        assert_string_equal(one->end.text, nghttp2_http2_strerror(code));
        assert_false(call_rig_h2_is_done(&r));
        call_rig_h2_deinit(&r);
    }
}

static void GOAWAY_fails_the_calls_above_its_id_and_no_other(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct call_h2 *below = ask(&r);
    struct call_h2 *above = call_rig_h2_open(&r);
    call_rig_h2_output(&r);
    const struct call_h2 *unsent = call_rig_h2_open(&r);
    const uint8_t goaway[8] = {0, 0, 0, 1, 0, 0, 0, NGHTTP2_ENHANCE_YOUR_CALM};
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_GOAWAY, 0, 0, goaway, sizeof goaway);
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(above->fails, 1);
    assert_true(above->end.is_retryable);
    assert_int_equal(above->end.code, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_int_equal(unsent->fails, 1);
    assert_true(unsent->end.is_retryable);
    assert_int_equal(below->fails, 0);
    assert_int_equal(call_rig_h2_room(&r), 0);
    call_rig_h2_answer(&r, 1, "200", false);
    assert_true(below->is_accepted);
    assert_false(call_rig_h2_is_done(&r));
    tenant_abort(&below->tenant);
    call_rig_h2_output(&r);
    assert_true(call_rig_h2_is_done(&r));
    assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_LOST);
    assert_int_equal(call_rig_h2_end(&r).code, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_string_equal(call_rig_h2_end(&r).text, "ENHANCE_YOUR_CALM");
    call_rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interim_answers_are_passed_over_up_to_a_limit),
        cmocka_unit_test(the_fields_of_an_interim_answer_are_not_those_of_the_final_one),
        cmocka_unit_test(bytes_right_behind_the_answer_reach_the_tenant),
        cmocka_unit_test(an_answer_may_end_the_stream_at_once),
        cmocka_unit_test(an_answer_s_head_has_limits_of_fields_and_bytes),
        cmocka_unit_test(a_malformed_answer_fails_its_call_alone),
        cmocka_unit_test(the_end_of_the_stream_is_no_answer),
        cmocka_unit_test(a_refusal_s_body_without_end_is_cut),
        cmocka_unit_test(a_refused_stream_that_the_server_keeps_does_not_hold_up_shutdown),
        cmocka_unit_test(a_reset_before_the_answer_is_told_with_its_code),
        cmocka_unit_test(GOAWAY_fails_the_calls_above_its_id_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
