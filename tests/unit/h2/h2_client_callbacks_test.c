/* A hostile server: frames by hand, and what becomes of the connection. */
#include "h2_client_callbacks.h"

#include "base_timeout.h"
#include "call_rig_h2.h"

static void settings_of(struct bytes_h2 *out, uint16_t id, uint32_t value)
{
    struct bytes_h2 entry = {.len = 0};
    call_rig_h2_setting(&entry, id, value);
    frames_h2_frame(out, NGHTTP2_SETTINGS, 0, 0, entry.data, entry.len);
    bytes_h2_free(&entry);
}

/* A connection with one call out, on stream 1. */
static struct call_h2 *ask(struct call_rig_h2 *r)
{
    call_rig_h2_init(r);
    call_rig_h2_settings(r);
    struct call_h2 *one = call_rig_h2_open(r);
    call_rig_h2_output(r);
    return one;
}

static void assert_ended(struct call_rig_h2 *r, uint32_t code)
{
    assert_true(call_rig_h2_is_done(r));
    assert_int_equal(call_rig_h2_goaway(r), code);
    const struct tri_call_end end = call_rig_h2_end(r);
    assert_int_equal(end.fault, TRI_FAULT_PROTOCOL);
    assert_int_equal(end.code, 0); /* none came */
    assert_string_equal(end.text, nghttp2_http2_strerror(code));
    assert_int_equal(call_rig_h2_room(r), 0);
    assert_int_equal(r->conn->ops->deadline_ns(r->conn), TRI_NEVER_NS);
}

/* ---- what comes first */

static void what_is_not_HTTP2_ends_the_connection_before_it_is_ready(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        "\x15\x03\x03 is how an alert of TLS begins",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t piece = 0; piece < 3; piece++) {
            struct call_rig_h2 r;
            call_rig_h2_init(&r);
            r.piece_max = piece;
            call_rig_h2_input(&r, rows[i], strlen(rows[i]));
            assert_int_equal(r.readies, 0);
            assert_true(call_rig_h2_is_done(&r));
            assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_PROTOCOL);
            call_rig_h2_deinit(&r);
        }
    }
}

static void a_frame_before_SETTINGS_ends_the_connection(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(r.readies, 0);
    assert_ended(&r, NGHTTP2_PROTOCOL_ERROR);
    call_rig_h2_deinit(&r);
}

static void SETTINGS_that_a_server_must_not_send_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        uint16_t id;
        uint32_t value, code;
    } rows[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 1, NGHTTP2_PROTOCOL_ERROR}, /* RFC 9113 section 6.5.2 */
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 2, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x80000000, NGHTTP2_FLOW_CONTROL_ERROR},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16383, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, 16777216, NGHTTP2_PROTOCOL_ERROR},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 2, NGHTTP2_PROTOCOL_ERROR},
        /* RFC 8441 section 3: what was 1 stays so */
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 0, NGHTTP2_PROTOCOL_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call_rig_h2 r;
        const struct call_h2 *one = ask(&r);
        struct bytes_h2 in = {.len = 0};
        settings_of(&in, rows[i].id, rows[i].value);
        call_rig_h2_bytes(&r, &in);
        assert_ended(&r, rows[i].code);
        assert_int_equal(one->fails, 1);
        assert_int_equal(one->end.fault, TRI_FAULT_PROTOCOL);
        assert_int_equal(r.readies, 1);
        call_rig_h2_deinit(&r);
    }
}

static void readiness_is_told_once_and_more_room_as_it_comes(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_init(&r);
    assert_int_equal(call_rig_h2_room(&r), 0);
    struct bytes_h2 in = {.len = 0};
    struct bytes_h2 entries = {.len = 0};
    call_rig_h2_setting(&entries, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
    call_rig_h2_setting(&entries, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0);
    frames_h2_frame(&in, NGHTTP2_SETTINGS, 0, 0, entries.data, entries.len);
    bytes_h2_free(&entries);
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(r.readies, 1);
    assert_true(r.connect);
    assert_int_equal(call_rig_h2_room(&r), 0);
    assert_int_equal(r.rooms, 0);
    settings_of(&in, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2);
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(r.rooms, 1);
    (void)call_rig_h2_open(&r);
    (void)call_rig_h2_open(&r);
    settings_of(&in, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                1); /* one has to wait in the engine */
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(call_rig_h2_room(&r), 0);
    assert_int_equal(r.readies, 1);
    call_rig_h2_deinit(&r);
}

static void without_a_limit_there_is_room_for_each_id(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_init(&r);
    call_rig_h2_settings(&r);
    assert_int_equal(call_rig_h2_room(&r), 1 << 30);
    (void)call_rig_h2_open(&r);
    assert_int_equal(call_rig_h2_room(&r), (1 << 30) - 1);
    call_rig_h2_deinit(&r);
}

/* ---- frames that end the connection */

static void a_frame_that_a_server_must_not_send_ends_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        uint8_t type, flags;
        uint32_t stream_id;
        size_t len;
        const char *payload;
        uint32_t code;
    } rows[] = {
        {"a push: RFC 9113 section 8.4", NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, 1, 5,
         "\0\0\0\2\x82", NGHTTP2_PROTOCOL_ERROR},
        {"PRIORITY_UPDATE: RFC 9218 section 7.1", NGHTTP2_PRIORITY_UPDATE, 0, 0, 7, "\0\0\0\1u=1",
         NGHTTP2_PROTOCOL_ERROR},
        {"DATA before the answer", NGHTTP2_DATA, 0, 1, 1, "x", NGHTTP2_PROTOCOL_ERROR},
        {"DATA on an idle stream", NGHTTP2_DATA, 0, 3, 1, "x", NGHTTP2_PROTOCOL_ERROR},
        {"DATA on stream 0", NGHTTP2_DATA, 0, 0, 1, "x", NGHTTP2_PROTOCOL_ERROR},
        {"an answer to nobody", NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 3, 1, "\x88",
         NGHTTP2_PROTOCOL_ERROR},
        {"a stream of the server's", NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2, 1, "\x88",
         NGHTTP2_PROTOCOL_ERROR},
        {"a broken field block", NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, 2, "\xff\xff",
         NGHTTP2_COMPRESSION_ERROR},
        {"CONTINUATION of nothing", NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, 1, "\x88",
         NGHTTP2_PROTOCOL_ERROR},
        {"RST_STREAM of an idle stream", NGHTTP2_RST_STREAM, 0, 3, 4, "\0\0\0\0",
         NGHTTP2_PROTOCOL_ERROR},
        {"a short RST_STREAM", NGHTTP2_RST_STREAM, 0, 1, 3, "\0\0\0", NGHTTP2_FRAME_SIZE_ERROR},
        {"a short PING", NGHTTP2_PING, 0, 0, 7, "1234567", NGHTTP2_FRAME_SIZE_ERROR},
        {"half a setting", NGHTTP2_SETTINGS, 0, 0, 5, "\0\4\0\0\0", NGHTTP2_FRAME_SIZE_ERROR},
        {"an ACK too many", NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, 0, "", NGHTTP2_PROTOCOL_ERROR},
        {"GOAWAY above what is there", NGHTTP2_GOAWAY, 0, 0, 8, "\0\0\0\2\0\0\0\0",
         NGHTTP2_PROTOCOL_ERROR},
        {"no increment", NGHTTP2_WINDOW_UPDATE, 0, 0, 4, "\0\0\0\0", NGHTTP2_PROTOCOL_ERROR},
        {"a window past its end", NGHTTP2_WINDOW_UPDATE, 0, 0, 4, "\x7f\xff\xff\xff",
         NGHTTP2_FLOW_CONTROL_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call_rig_h2 r;
        const struct call_h2 *one = ask(&r);
        r.piece_max = i % 3;
        struct bytes_h2 in = {.len = 0};
        frames_h2_frame(&in, rows[i].type, rows[i].flags, rows[i].stream_id, rows[i].payload,
                        rows[i].len);
        call_rig_h2_bytes(&r, &in);
        if (call_rig_h2_goaway(&r) != rows[i].code || !call_rig_h2_is_done(&r)) {
            print_error("%s\n", rows[i].why);
        }
        assert_ended(&r, rows[i].code);
        assert_int_equal(one->fails, 1);
        assert_int_equal(one->end.fault, TRI_FAULT_PROTOCOL);
        call_rig_h2_deinit(&r);
    }
}

static void a_push_is_an_error_before_our_SETTINGS_are_acknowledged_too(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    settings_of(&in, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
    call_rig_h2_bytes(&r, &in);
    (void)call_rig_h2_open(&r);
    call_rig_h2_output(&r);
    const struct tri_header fields[] = {{":method", "GET"}, {NULL, NULL}};
    frames_h2_headers(&in, 1, fields, false);
    in.data[3] = NGHTTP2_PUSH_PROMISE; /* its promised id is what it may be */
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(r.recv_err, TRI_ERR_PROTOCOL);
    assert_ended(&r, NGHTTP2_PROTOCOL_ERROR);
    call_rig_h2_deinit(&r);
}

static void frames_without_a_meaning_are_passed_over(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct call_h2 *one = ask(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, 0x0a, 0, 0, "\0\5h3=\":443\"", 11); /* ALTSVC: RFC 7838 section 4 */
    frames_h2_frame(&in, 0xfa, 0xff, 1, "grease", 6);
    settings_of(&in, 0x0a0a, 7);
    frames_h2_frame(&in, NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5);
    call_rig_h2_bytes(&r, &in);
    call_rig_h2_answer(&r, 1, "200", false);
    assert_true(one->is_accepted);
    assert_int_equal(call_rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    call_rig_h2_deinit(&r);
}

static void trailers_on_a_WebSocket_are_a_stream_error(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct call_h2 *one = ask(&r);
    call_rig_h2_answer(&r, 1, "200", false);
    const struct tri_header fields[] = {{"x-trailer", "1"}, {NULL, NULL}};
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, 1, fields, true);
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(one->tenant.cause, TRI_STREAM_RESET);
    assert_int_equal(call_rig_h2_reset(&r, 1), NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(call_rig_h2_count(&r, NGHTTP2_GOAWAY, 0), 0);
    call_rig_h2_deinit(&r);
}

/* ---- floods */

static void more_PINGs_than_are_answered_end_the_connection(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    (void)ask(&r);
    struct bytes_h2 in = {.len = 0};
    for (size_t i = 0; i < TRI_H2_ACKS_QUEUED_MAX + 2; i++) {
        frames_h2_frame(&in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    }
    call_rig_h2_bytes(&r, &in);
    assert_int_equal(r.recv_err, TRI_ERR_LIMIT);
    assert_ended(&r, NGHTTP2_ENHANCE_YOUR_CALM);
    call_rig_h2_deinit(&r);
}

static void a_field_block_without_end_ends_the_connection(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    (void)ask(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_HEADERS, 0, 1, "\x88", 1);
    for (size_t i = 0; i < TRI_H2_CONTINUATIONS_MAX + 2; i++) {
        frames_h2_frame(&in, NGHTTP2_CONTINUATION, 0, 1, "", 0);
    }
    call_rig_h2_bytes(&r, &in);
    assert_ended(&r, NGHTTP2_ENHANCE_YOUR_CALM);
    call_rig_h2_deinit(&r);
}

static void frames_without_effect_end_the_connection_when_they_flood(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    struct call_h2 *one = ask(&r);
    call_rig_h2_answer(&r, 1, "200", false);
    for (size_t i = 0; i < TRI_H2_GLITCHES_BURST + 200 && !call_rig_h2_is_done(&r); i++) {
        struct bytes_h2 in = {.len = 0};
        frames_h2_data(&in, 1, "", 0, false);
        call_rig_h2_bytes(&r, &in);
    }
    assert_true(call_rig_h2_is_done(&r));
    assert_int_equal(one->tenant.cause, TRI_STREAM_CONN_LOST);
    assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_PROTOCOL);
    call_rig_h2_deinit(&r);
}

/* ---- time */

static void SETTINGS_that_do_not_come_end_the_connection(void **state)
{
    (void)state;
    for (int is_ready = 0; is_ready < 2; is_ready++) {
        struct call_rig_h2 r;
        call_rig_h2_init(&r);
        if (is_ready) { /* ours are not acknowledged */
            struct bytes_h2 in = {.len = 0};
            settings_of(&in, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
            call_rig_h2_bytes(&r, &in);
            assert_int_equal(r.readies, 1);
        }
        call_rig_h2_pass(&r, r.limits.handshake_timeout_ms - 1);
        assert_false(call_rig_h2_is_done(&r));
        call_rig_h2_pass(&r, 1);
        assert_true(call_rig_h2_is_done(&r));
        assert_int_equal(call_rig_h2_goaway(&r), NGHTTP2_SETTINGS_TIMEOUT);
        assert_int_equal(call_rig_h2_end(&r).fault, TRI_FAULT_TIMEOUT);
        call_rig_h2_deinit(&r);
    }
}

static void an_answer_s_head_that_does_not_end_ends_the_connection(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    const struct call_h2 *one = ask(&r);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, NGHTTP2_HEADERS, 0, 1, "\x88", 1);
    call_rig_h2_bytes(&r, &in);
    call_rig_h2_pass(&r, r.limits.request_timeout_ms - 1);
    assert_int_equal(one->fails, 0);
    call_rig_h2_pass(&r, 1);
    assert_int_equal(one->fails, 1);
    assert_int_equal(one->end.fault, TRI_FAULT_TIMEOUT);
    assert_true(call_rig_h2_is_done(&r));
    call_rig_h2_deinit(&r);
}

static void a_connection_without_calls_is_not_timed(void **state)
{
    (void)state;
    struct call_rig_h2 r;
    call_rig_h2_init(&r);
    call_rig_h2_settings(&r);
    assert_int_equal(r.conn->ops->deadline_ns(r.conn), TRI_NEVER_NS);
    call_rig_h2_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_HTTP2_ends_the_connection_before_it_is_ready),
        cmocka_unit_test(a_frame_before_SETTINGS_ends_the_connection),
        cmocka_unit_test(SETTINGS_that_a_server_must_not_send_end_the_connection),
        cmocka_unit_test(readiness_is_told_once_and_more_room_as_it_comes),
        cmocka_unit_test(without_a_limit_there_is_room_for_each_id),
        cmocka_unit_test(a_frame_that_a_server_must_not_send_ends_the_connection),
        cmocka_unit_test(a_push_is_an_error_before_our_SETTINGS_are_acknowledged_too),
        cmocka_unit_test(frames_without_a_meaning_are_passed_over),
        cmocka_unit_test(trailers_on_a_WebSocket_are_a_stream_error),
        cmocka_unit_test(more_PINGs_than_are_answered_end_the_connection),
        cmocka_unit_test(a_field_block_without_end_ends_the_connection),
        cmocka_unit_test(frames_without_effect_end_the_connection_when_they_flood),
        cmocka_unit_test(SETTINGS_that_do_not_come_end_the_connection),
        cmocka_unit_test(an_answer_s_head_that_does_not_end_ends_the_connection),
        cmocka_unit_test(a_connection_without_calls_is_not_timed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
