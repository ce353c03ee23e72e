/* Requests as they arrive: what reaches the handler, and what is refused before it does. */
#include "http_handshake.h"
#include "rig_h2.h"

#define FIELDS_MAX 12

/* A request by hand on stream 1, behind the preface. */
static void request(struct rig_h2 *r, const struct tri_header *fields)
{
    struct bytes_h2 in = {.len = 0};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, fields, false);
    rig_h2_bytes(r, &in);
}

/* A GET on stream |id| still works: nothing else on the connection was disturbed. */
static void assert_alive(struct rig_h2 *r, uint32_t id)
{
    struct bytes_h2 in = {.len = 0};
    frames_h2_headers(&in, id, rig_h2_get_fields, true);
    rig_h2_bytes(r, &in);
    assert_int_equal(r->recv_err, TRI_OK);
    assert_int_equal(rig_h2_status(r, id), 200);
}

static void assert_malformed(const struct tri_header *fields)
{
    struct rig_h2 r;
    rig_h2_init(&r);
    request(&r, fields);
    rig_h2_assert_reset(&r, 1, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(r.tenants_len, 0);
    assert_alive(&r, 3);
    rig_h2_deinit(&r);
}

/* The opening handshake without the field |name|, and with |extra| behind (name NULL: none). */
static void handshake_but(struct tri_header out[FIELDS_MAX], const char *name,
                          struct tri_header extra)
{
    size_t n = 0;
    for (const struct tri_header *h = rig_h2_websocket_fields; h->name; h++) {
        if (strcmp(h->name, name) != 0) {
            out[n++] = *h;
        }
    }
    out[n++] = extra;
    out[n] = (struct tri_header){NULL, NULL};
}

static const struct tri_header no_field = {NULL, NULL};

/* ---- what the handler sees */

static void E2_a_handshake_reaches_the_handler_normalised(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    assert_string_equal((char *)r.last.data, "CONNECT https localhost /echo websocket\n"
                                             "sec-websocket-version: 13\n");
    assert_int_equal(rig_h2_status(&r, 1), 200);
    assert_int_equal(rig_h2_tenant(&r, 0)->exchange->carrier->stream_id, 1);
    assert_int_equal(rig_h2_tenant(&r, 0)->exchange->carrier->conn_id, 7);
    assert_string_equal(rig_h2_tenant(&r, 0)->exchange->stream.ops->name, "h2");
    rig_h2_deinit(&r);
}

static void E2_scheme_http_is_tolerated(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    const struct tri_header fields[] = {
        {":method", "CONNECT"}, {":protocol", "websocket"},      {":scheme", "http"},
        {":path", "/echo"},     {":authority", "localhost:443"}, {NULL, NULL}};
    request(&r, fields);
    assert_string_equal((char *)r.last.data, "CONNECT http localhost:443 /echo websocket\n");
    rig_h2_deinit(&r);
}

static void judge(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    struct tri_handshake handshake;
    enum tri_verdict verdict = tri_handshake_verdict(t->head, NULL, &handshake);
    assert_int_equal(verdict, TRI_VERDICT_REFUSE);
    assert_int_equal(handshake.refusal.answer, TRI_ANSWER_PLAIN);
    tenant_refuse(t, handshake.refusal.status);
}

static void E3_CONNECT_without_protocol_is_answered_501(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = judge;
    const struct tri_header fields[] = {
        {":method", "CONNECT"}, {":authority", "example.org:443"}, {NULL, NULL}};
    request(&r, fields);
    assert_string_equal((char *)r.last.data, "CONNECT  example.org:443  \n");
    assert_int_equal(rig_h2_status(&r, 1), 501);
    rig_h2_deinit(&r);
}

static void N3_protocol_h2c_is_refused(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    r.on_request = judge;
    struct tri_header fields[FIELDS_MAX];
    handshake_but(fields, ":protocol", no_field);
    fields[5] = fields[4]; /* pseudo-fields come first */
    fields[4] = (struct tri_header){":protocol", "h2c"};
    fields[6] = no_field;
    request(&r, fields);
    assert_string_equal((char *)r.last.data, "CONNECT https localhost /echo h2c\n"
                                             "sec-websocket-version: 13\n");
    assert_int_equal(rig_h2_status(&r, 1), 501);
    rig_h2_deinit(&r);
}

/* ---- E3, E4: malformed requests are stream errors */

static void E3_protocol_with_another_method_is_a_stream_error(void **state)
{
    (void)state;
    const struct tri_header fields[] = {{":method", "GET"},   {":protocol", "websocket"},
                                        {":scheme", "https"}, {":authority", "localhost"},
                                        {":path", "/echo"},   {NULL, NULL}};
    assert_malformed(fields);
}

static void E3_extended_CONNECT_without_scheme_path_or_authority_is_a_stream_error(void **state)
{
    (void)state;
    const char *missing[] = {":scheme", ":path", ":authority", ":method"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        struct tri_header fields[FIELDS_MAX];
        handshake_but(fields, missing[i], no_field);
        assert_malformed(fields);
    }
}

static void E4_connection_specific_fields_are_malformed(void **state)
{
    (void)state;
    const struct tri_header bad[] = {
        {"connection", "upgrade"},        {"upgrade", "websocket"},
        {"keep-alive", "timeout=5"},      {"te", "gzip"},
        {"transfer-encoding", "chunked"}, {"proxy-connection", "close"},
        {"connection", "keep-alive"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tri_header fields[FIELDS_MAX];
        handshake_but(fields, "", bad[i]);
        assert_malformed(fields);
    }
}

static void malformed_fields_are_refused_not_dropped(void **state)
{
    (void)state;
    const struct tri_header bad[] = {{"x", "a\rb"},      {"x", "a\nb"},      {"X-Upper", "1"},
                                     {"sp ace", "1"},    {":status", "200"}, {":unknown", "1"},
                                     {"x", " blank"},    {"host", "a@b"},    {"x", "a\x7f"},
                                     {":path", "/late"}, {"", "no name"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tri_header fields[FIELDS_MAX];
        handshake_but(fields, "", bad[i]);
        assert_malformed(fields);
    }
}

static void a_value_with_NUL_is_malformed(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    struct bytes_h2 block = {.len = 0};
    frames_h2_preface(&in);
    for (const struct tri_header *h = rig_h2_get_fields; h->name; h++) {
        frames_h2_field(&block, h->name, strlen(h->name), h->value, strlen(h->value));
    }
    frames_h2_field(&block, "x", 1, "a\0b", 3);
    frames_h2_frame(&in, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1,
                    block.data, block.len);
    bytes_h2_free(&block);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_reset(&r, 1, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(r.tenants_len, 0);
    rig_h2_deinit(&r);
}

/* ---- trailers, other frames */

static void trailers_of_a_request_are_passed_over(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    const struct tri_header trailers[] = {{"x-checksum", "1"}, {NULL, NULL}};
    frames_h2_preface(&in);
    frames_h2_headers(&in, 1, rig_h2_get_fields, false);
    frames_h2_data(&in, 1, "body", 4, false);
    frames_h2_headers(&in, 1, trailers, true);
    rig_h2_bytes(&r, &in);
    assert_string_equal((char *)r.last.data, "GET https localhost / \n");
    assert_int_equal(rig_h2_status(&r, 1), 200);
    assert_int_equal(rig_h2_count(&r, NGHTTP2_RST_STREAM, 1), 0); /* it ended in order */
    assert_alive(&r, 3);
    rig_h2_deinit(&r);
}

static void trailers_on_a_WebSocket_are_a_stream_error(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    const struct tri_header trailers[] = {{"x-checksum", "1"}, {NULL, NULL}};
    frames_h2_headers(&in, 1, trailers, true);
    rig_h2_bytes(&r, &in);
    rig_h2_assert_reset(&r, 1, NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(rig_h2_tenant(&r, 0)->closes, 1);
    assert_int_equal(rig_h2_tenant(&r, 0)->cause, TRI_STREAM_RESET);
    assert_int_equal(rig_h2_tenant(&r, 0)->fins, 0);
    assert_alive(&r, 3);
    rig_h2_deinit(&r);
}

static void frames_of_unknown_type_are_passed_over(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    rig_h2_handshake(&r, 1);
    struct bytes_h2 in = {.len = 0};
    frames_h2_frame(&in, 0xfa, 0xff, 1, "grease", 6);
    frames_h2_frame(&in, 0xfb, 0, 0, NULL, 0);
    frames_h2_data(&in, 1, "on", 2, false);
    rig_h2_bytes(&r, &in);
    assert_int_equal(rig_h2_tenant(&r, 0)->in_len, 2);
    rig_h2_deinit(&r);
}

/* ---- however the bytes are cut */

static void conversation(struct bytes_h2 *in)
{
    frames_h2_preface(in);
    frames_h2_headers(in, 1, rig_h2_websocket_fields, false);
    frames_h2_data(in, 1, "one", 3, false);
    frames_h2_headers(in, 3, rig_h2_get_fields, true);
    frames_h2_data(in, 1, "two", 3, false);
    frames_h2_frame(in, NGHTTP2_PING, 0, 0, "trisock?", 8);
    frames_h2_data(in, 1, "three", 5, true);
}

static void assert_conversation(struct rig_h2 *r)
{
    rig_h2_output(r);
    assert_int_equal(r->recv_err, TRI_OK);
    assert_int_equal(r->tenants_len, 2);
    struct tenant *t = rig_h2_tenant(r, 0);
    assert_int_equal(t->in_len, 11);
    assert_memory_equal(t->in, "onetwothree", 11);
    assert_int_equal(t->fins, 1);
    assert_int_equal(rig_h2_status(r, 1), 200);
    assert_int_equal(rig_h2_status(r, 3), 200);
    assert_int_equal(rig_h2_count(r, NGHTTP2_PING, 0), 1);
}

static void bytes_may_come_one_at_a_time(void **state)
{
    (void)state;
    struct rig_h2 r;
    rig_h2_init(&r);
    struct bytes_h2 in = {.len = 0};
    conversation(&in);
    r.piece_max = 1;
    rig_h2_bytes(&r, &in);
    assert_conversation(&r);
    rig_h2_deinit(&r);
}

static void bytes_may_be_cut_anywhere(void **state)
{
    (void)state;
    struct bytes_h2 in = {.len = 0};
    conversation(&in);
    for (size_t cut = 0; cut <= in.len; cut++) {
        struct rig_h2 r;
        rig_h2_init(&r);
        rig_h2_input(&r, in.data, cut);
        rig_h2_input(&r, in.data + cut, in.len - cut);
        assert_conversation(&r);
        rig_h2_deinit(&r);
    }
    bytes_h2_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E2_a_handshake_reaches_the_handler_normalised),
        cmocka_unit_test(E2_scheme_http_is_tolerated),
        cmocka_unit_test(E3_CONNECT_without_protocol_is_answered_501),
        cmocka_unit_test(N3_protocol_h2c_is_refused),
        cmocka_unit_test(E3_protocol_with_another_method_is_a_stream_error),
        cmocka_unit_test(E3_extended_CONNECT_without_scheme_path_or_authority_is_a_stream_error),
        cmocka_unit_test(E4_connection_specific_fields_are_malformed),
        cmocka_unit_test(malformed_fields_are_refused_not_dropped),
        cmocka_unit_test(a_value_with_NUL_is_malformed),
        cmocka_unit_test(trailers_of_a_request_are_passed_over),
        cmocka_unit_test(trailers_on_a_WebSocket_are_a_stream_error),
        cmocka_unit_test(frames_of_unknown_type_are_passed_over),
        cmocka_unit_test(bytes_may_come_one_at_a_time),
        cmocka_unit_test(bytes_may_be_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
