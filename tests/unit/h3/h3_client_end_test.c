/* Why a client's connection ended: what its owner is told when a server breaks the rules, or closes. */
#include "h3_client_end.h"

#include "pair_h3.h"

#include <stdlib.h>

/* What a server says on a stream of its own, and the code that the client closes with. */
struct fault_row {
    const char *what;
    const uint8_t *bytes;
    size_t len;
    uint64_t code;
    bool is_new; /* on a new unidirectional stream, not on the control stream */
    bool fin;
};

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static const struct fault_row rows[] = {
    {"a second SETTINGS", BYTES(0x04, 0x00), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"DATA on the control stream", BYTES(0x00, 0x00), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"HEADERS on it", BYTES(0x01, 0x00), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"MAX_PUSH_ID", BYTES(0x0d, 0x01, 0x00), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"CANCEL_PUSH of none", BYTES(0x03, 0x01, 0x00), NGHTTP3_H3_ID_ERROR, false, false},
    {"PRIORITY_UPDATE", BYTES(0x80, 0x0f, 0x07, 0x00, 0x02, 0x00, 'u'), NGHTTP3_H3_FRAME_UNEXPECTED,
     false, false},
    {"GOAWAY that is too long", BYTES(0x07, 0x02, 0x00, 0x00), NGHTTP3_H3_FRAME_ERROR, false,
     false},
    {"GOAWAY of no request", BYTES(0x07, 0x01, 0x01), NGHTTP3_H3_ID_ERROR, false, false},
    {"GOAWAY that grows", BYTES(0x07, 0x01, 0x00, 0x07, 0x01, 0x04), NGHTTP3_H3_ID_ERROR, false,
     false},
    {"a frame of HTTP/2", BYTES(0x06, 0x00), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"the end of the control stream", NULL, 0, NGHTTP3_H3_CLOSED_CRITICAL_STREAM, false, true},
    {"a second control stream", BYTES(0x00, 0x04, 0x00), NGHTTP3_H3_STREAM_CREATION_ERROR, true,
     false},
    /* RFC 9114 section 4.6 says H3_ID_ERROR; nghttp3 this. */
    {"a push stream", BYTES(0x01, 0x00), NGHTTP3_H3_STREAM_CREATION_ERROR, true, false},
    {"a capacity that QPACK was not offered", BYTES(0x02, 0x3f, 0xff, 0xff, 0x7f),
     NGHTTP3_QPACK_ENCODER_STREAM_ERROR, true, false},
    {"an acknowledgement of nothing", BYTES(0x03, 0x80), NGHTTP3_QPACK_DECODER_STREAM_ERROR, true,
     false},
};

static void what_breaks_http_3_ends_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t id;
        struct pair_h3 *p = pair_h3_new_bare(&id);
        if (rows[i].is_new) {
            id = bare_server_h3_open(p->bare, true);
        }
        struct caller *c = pair_h3_ask(p);
        pair_h3_run(p);
        bare_server_h3_write(p->bare, id, rows[i].bytes, rows[i].len, rows[i].fin);
        pair_h3_run(p);
        const struct tri_call_end end = pair_h3_end(p);
        if (!p->bare->is_closed || p->bare->why.error_code != rows[i].code) {
            print_error("%s: %#lx\n", rows[i].what, (unsigned long)p->bare->why.error_code);
        }
        assert_true(p->bare->is_closed);
        assert_int_equal(p->bare->why.type, NGTCP2_CCERR_TYPE_APPLICATION);
        assert_int_equal(p->bare->why.error_code, rows[i].code);
        assert_int_equal(end.fault, TRI_FAULT_PROTOCOL);
        assert_int_equal(end.code, rows[i].code);
        assert_string_equal(end.text, tri_h3_client_code_text(rows[i].code));
        assert_int_equal(c->fails, 1);
        assert_true(p->client->ops->is_done(p->client));
        pair_h3_free(p);
    }
}

static void settings_without_end_are_a_flood(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x00, 0x04, 0x50, 0x01}; /* 4097 bytes of them follow */
    static const struct bare_server_h3_options options = {.alpn = NULL};
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.bare = &options});
    int64_t id = bare_server_h3_open(p->bare, true);
    bare_server_h3_write(p->bare, id, head, sizeof head, false);
    pair_h3_run(p);
    assert_int_equal(p->bare->why.error_code, NGHTTP3_H3_EXCESSIVE_LOAD);
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_PROTOCOL);
    assert_int_equal(p->readies, 0);
    pair_h3_free(p);
}

static void a_server_may_open_no_bidirectional_stream(void **state)
{
    (void)state;
    int64_t control;
    struct pair_h3 *p = pair_h3_new_bare(&control);
    assert_int_equal(bare_server_h3_open(p->bare, false), -1);
    pair_h3_free(p);
}

static void unknown_streams_and_frames_are_passed_over(void **state)
{
    (void)state;
    static const uint8_t frame[] = {0x21, 0x03, 'a', 'b', 'c'};
    int64_t control;
    struct pair_h3 *p = pair_h3_new_bare(&control);
    for (size_t i = 0; i < 20; i++) { /* more than may be open at once */
        int64_t id = bare_server_h3_open(p->bare, true);
        assert_true(id >= 0);
        bare_server_h3_write(p->bare, id, frame, sizeof frame, true);
        bare_server_h3_write(p->bare, control, frame, sizeof frame, false);
        pair_h3_run(p);
    }
    assert_false(p->bare->is_closed);
    pair_h3_free(p);
}

/* What a server closes with, and what its client says of it. */
struct close_row {
    uint64_t code;
    const char *text;
    enum tri_fault fault;
    bool is_application;
};

static const struct close_row close_rows[] = {
    {NGHTTP3_H3_NO_ERROR, "ended with H3_NO_ERROR", TRI_FAULT_NONE, true},
    {NGHTTP3_H3_EXCESSIVE_LOAD, "ended with H3_EXCESSIVE_LOAD", TRI_FAULT_LOST, true},
    {0x4321, "", TRI_FAULT_LOST, true},
    {NGTCP2_NO_ERROR, "ended with NO_ERROR", TRI_FAULT_NONE, false},
    {NGTCP2_INTERNAL_ERROR, "ended with INTERNAL_ERROR", TRI_FAULT_LOST, false},
    {NGTCP2_CONNECTION_REFUSED, "the server refuses connections", TRI_FAULT_CONNECT, false},
    {NGTCP2_PROTOCOL_VIOLATION, "ended with PROTOCOL_VIOLATION", TRI_FAULT_LOST, false},
    {0x4321, "", TRI_FAULT_LOST, false},
    {0x100 + 40, "the TLS handshake failed", TRI_FAULT_TLS, false},
    {0x100 + 120, "the server does not speak HTTP/3", TRI_FAULT_VERSION, false},
};

static void a_server_that_closes_is_quoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof close_rows / sizeof *close_rows; i++) {
        const struct close_row *row = &close_rows[i];
        int64_t control;
        ngtcp2_ccerr why;
        struct pair_h3 *p = pair_h3_new_bare(&control);
        if (row->is_application) {
            ngtcp2_ccerr_set_application_error(&why, row->code, NULL, 0);
        } else {
            ngtcp2_ccerr_set_transport_error(&why, row->code, NULL, 0);
        }
        bare_server_h3_close(p->bare, &why, p->rig.now_ns);
        pair_h3_run(p);
        assert_true(p->client->ops->is_done(p->client));
        assert_int_equal(pair_h3_end(p).fault, row->fault);
        assert_int_equal(pair_h3_end(p).code, row->code);
        assert_string_equal(pair_h3_end(p).text, row->text);
        pair_h3_free(p);
    }
}

static void a_server_of_other_versions_is_left(void **state)
{
    (void)state;
    static const struct bare_server_h3_options options = {.negotiates = true};
    struct pair_h3 *p = pair_h3_new(&(struct pair_h3_options){.bare = &options});
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_VERSION);
    assert_string_equal(pair_h3_end(p).text, "the server speaks other versions of QUIC");
    pair_h3_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_http_3_ends_the_connection),
        cmocka_unit_test(settings_without_end_are_a_flood),
        cmocka_unit_test(a_server_may_open_no_bidirectional_stream),
        cmocka_unit_test(unknown_streams_and_frames_are_passed_over),
        cmocka_unit_test(a_server_that_closes_is_quoted),
        cmocka_unit_test(a_server_of_other_versions_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
