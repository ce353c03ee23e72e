/* HTTP/3 as a client can break it: errors of a stream stay there, the others end the connection.
 * RFC 9114, RFC 9204, RFC 9220; rows E1, E3, E4. */
#include "rig_h3.h"

#include <stdlib.h>

static void E1_settings_offer_extended_connect(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    assert_true(r->peer->connect_protocol);
    rig_h3_free(r);
}

static void E1_extended_connect_can_be_off(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.no_extended_connect = true});
    assert_false(r->peer->connect_protocol);
    int stream = rig_h3_websocket(r);
    assert_true(rig_h3_seen(r, stream)->reset_seen);
    assert_int_equal(rig_h3_seen(r, stream)->reset_code, NGHTTP3_H3_MESSAGE_ERROR);
    assert_int_equal(r->tenants_len, 0);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* ---- malformed requests: RFC 9114 section 4.1.2 */

#define METHOD(m)                                                                                  \
    {                                                                                              \
        ":method", (m)                                                                             \
    }
#define SCHEME                                                                                     \
    {                                                                                              \
        ":scheme", "https"                                                                         \
    }
#define AUTHORITY                                                                                  \
    {                                                                                              \
        ":authority", "localhost"                                                                  \
    }
#define PATH                                                                                       \
    {                                                                                              \
        ":path", "/echo"                                                                           \
    }
#define PROTOCOL                                                                                   \
    {                                                                                              \
        ":protocol", "websocket"                                                                   \
    }

struct malformed {
    const char *what;
    struct tri_header fields[10];
};

static const struct malformed malformed[] = {
    {"E3: a protocol with GET", {METHOD("GET"), PROTOCOL, SCHEME, AUTHORITY, PATH}},
    {"E3: no path", {METHOD("CONNECT"), PROTOCOL, SCHEME, AUTHORITY}},
    {"E3: no scheme", {METHOD("CONNECT"), PROTOCOL, AUTHORITY, PATH}},
    {"no method", {SCHEME, AUTHORITY, PATH}},
    {"a bare CONNECT with a path", {METHOD("CONNECT"), AUTHORITY, PATH}},
    {"two paths", {METHOD("GET"), SCHEME, AUTHORITY, PATH, PATH}},
    {"an unknown pseudo-field", {METHOD("GET"), SCHEME, AUTHORITY, PATH, {":foo", "x"}}},
    {"a pseudo-field behind the others", {METHOD("GET"), SCHEME, AUTHORITY, {"x", "y"}, PATH}},
    {"E4: connection", {METHOD("GET"), SCHEME, AUTHORITY, PATH, {"connection", "upgrade"}}},
    {"E4: upgrade", {METHOD("GET"), SCHEME, AUTHORITY, PATH, {"upgrade", "websocket"}}},
    {"E4: transfer-encoding",
     {METHOD("GET"), SCHEME, AUTHORITY, PATH, {"transfer-encoding", "chunked"}}},
    {"E4: keep-alive", {METHOD("GET"), SCHEME, AUTHORITY, PATH, {"keep-alive", "timeout=5"}}},
    {"a length that is none", {METHOD("GET"), SCHEME, AUTHORITY, PATH, {"content-length", "x"}}},
};

static void E3_E4_malformed_requests_are_errors_of_their_streams(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int socket = rig_h3_websocket(r);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        print_message("%s\n", malformed[i].what);
        int stream = rig_h3_request(r, malformed[i].fields, false);
        rig_h3_run(r);
        const struct peer_h3_stream *s = rig_h3_seen(r, stream);
        assert_true(s->reset_seen && s->stop_seen);
        assert_int_equal(s->reset_code, NGHTTP3_H3_MESSAGE_ERROR);
        assert_int_equal(s->stop_code, NGHTTP3_H3_MESSAGE_ERROR);
        assert_int_equal(s->status, 0);
    }
    assert_int_equal(r->tenants_len, 1);
    peer_h3_data(r->peer, socket, "on", 2);
    rig_h3_run(r);
    assert_int_equal(rig_h3_tenant(r, 0)->in_len, 2); /* nothing else is disturbed */
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

/* RFC 9114 section 4.1.2: more or less content than was announced. */
static void a_wrong_length_is_an_error_of_its_stream(void **state)
{
    (void)state;
    static const struct tri_header fields[] = {
        METHOD("POST"), SCHEME, AUTHORITY, PATH, {"content-length", "3"}, {NULL, NULL}};
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    r->on_request = NULL;
    for (size_t len = 2; len <= 4; len += 2) {
        int stream = rig_h3_request(r, fields, false);
        peer_h3_data(r->peer, stream, "abcd", len);
        peer_h3_fin(r->peer, stream);
        rig_h3_run(r);
        assert_int_equal(rig_h3_seen(r, stream)->reset_code, NGHTTP3_H3_MESSAGE_ERROR);
    }
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void N3_E3_other_protocols_and_bare_connect_are_left_to_the_verdict(void **state)
{
    (void)state;
    static const struct tri_header h2c[] = {
        METHOD("CONNECT"), {":protocol", "h2c"}, SCHEME, AUTHORITY, PATH, {NULL, NULL}};
    static const struct tri_header bare[] = {METHOD("CONNECT"), AUTHORITY, {NULL, NULL}};
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_request(r, h2c, true);
    rig_h3_run(r);
    assert_string_equal(r->last, "CONNECT https localhost /echo h2c\n");
    rig_h3_request(r, bare, true);
    rig_h3_run(r);
    assert_string_equal(r->last, "CONNECT  localhost  \n");
    rig_h3_free(r);
}

static void fields_arrive_as_they_were_sent(void **state)
{
    (void)state;
    static const struct tri_header fields[] = {METHOD("GET"),
                                               SCHEME,
                                               {":authority", "a.example:8443"},
                                               {":path", "/x?y=%20&z"},
                                               {"cookie", "a=b"},
                                               {"cookie", "c=d"},
                                               {"x-empty", ""},
                                               {NULL, NULL}};
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_request(r, fields, true);
    rig_h3_run(r);
    assert_string_equal(r->last, "GET https a.example:8443 /x?y=%20&z \n"
                                 "cookie: a=b\ncookie: c=d\nx-empty: \n");
    rig_h3_free(r);
}

/* ---- errors of the connection */

struct break_in {
    const char *what;
    const char *bytes;
    size_t len;
    uint64_t code;
    bool is_uni, fin;
};

#define BYTES(s) (s), sizeof(s) - 1

static const struct break_in break_ins[] = {
    {"a second control stream", BYTES("\x00\x04\x00"), NGHTTP3_H3_STREAM_CREATION_ERROR, true,
     false},
    {"a second encoder stream", BYTES("\x02"), NGHTTP3_H3_STREAM_CREATION_ERROR, true, false},
    {"a push stream", BYTES("\x01\x00"), NGHTTP3_H3_STREAM_CREATION_ERROR, true, false},
    {"DATA before HEADERS", BYTES("\x00\x01x"), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"SETTINGS on a request stream", BYTES("\x04\x00"), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"a frame cut by the end", BYTES("\x01\x05\x00"), NGHTTP3_H3_FRAME_ERROR, false, true},
    {"a frame of HTTP/2", BYTES("\x06\x00"), NGHTTP3_H3_FRAME_UNEXPECTED, false, false},
    {"a field section that waits for the table", BYTES("\x01\x03\x40\x00\x80"),
     NGHTTP3_QPACK_DECOMPRESSION_FAILED, false, false},
    {"a static entry that is none", BYTES("\x01\x04\x00\x00\xff\x50"),
     NGHTTP3_QPACK_DECOMPRESSION_FAILED, false, false},
};

static void breaches_end_the_connection_with_their_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof break_ins / sizeof break_ins[0]; i++) {
        const struct break_in *b = &break_ins[i];
        print_message("%s\n", b->what);
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
        rig_h3_websocket(r);
        int64_t id = peer_h3_raw_open(r->peer, b->is_uni);
        peer_h3_raw_send(r->peer, id, b->bytes, b->len, b->fin);
        rig_h3_run(r);
        rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, b->code);
        assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_CONN_LOST);
        assert_int_equal(r->closes, 1);
        rig_h3_free(r);
    }
}

static void the_same_breaches_in_single_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof break_ins / sizeof break_ins[0]; i++) {
        const struct break_in *b = &break_ins[i];
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
        int64_t id = peer_h3_raw_open(r->peer, b->is_uni);
        for (size_t at = 0; at < b->len && !r->peer->closed; at++) {
            peer_h3_raw_send(r->peer, id, b->bytes + at, 1, b->fin && at + 1 == b->len);
            rig_h3_run(r);
        }
        rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, b->code);
        rig_h3_free(r);
    }
}

static void a_stream_of_unknown_kind_is_not_read(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int64_t id = peer_h3_raw_open(r->peer, true);
    peer_h3_raw_send(r->peer, id, "\x21grease", 7, false);
    rig_h3_run(r);
    assert_int_equal(r->peer->raw_stops, 1);
    assert_int_equal(r->peer->raw_stop_code, NGHTTP3_H3_STREAM_CREATION_ERROR);
    rig_h3_assert_alive(r);
    rig_h3_free(r);
}

static void an_unknown_frame_is_passed_over(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    int64_t id = peer_h3_raw_open(r->peer, false);
    /* 0x21, then a GET of / for https://a by static entries and one literal */
    static const char bytes[] = "\x21\x03xyz\x01\x08\x00\x00\xd1\xd7\xc1\x50\x01"
                                "a";
    peer_h3_raw_send(r->peer, id, bytes, sizeof bytes - 1, true);
    rig_h3_run(r);
    assert_string_equal(r->last, "GET https a / \n");
    rig_h3_free(r);
}

/* RFC 9114 section 6.2.1 */
static void closing_a_critical_stream_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    peer_h3_raw_send(r->peer, 2, NULL, 0, true); /* its control stream */
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_CLOSED_CRITICAL_STREAM);
    rig_h3_free(r);
}

static void resetting_a_critical_stream_ends_the_connection(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    assert_int_equal(ngtcp2_conn_shutdown_stream_write(r->peer->quic, 0, 6, 0), 0);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_CLOSED_CRITICAL_STREAM);
    rig_h3_free(r);
}

static void stopping_one_of_our_critical_streams_ends_the_connection(void **state)
{
    (void)state;
    for (int64_t id = 3; id <= 11; id += 4) {
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
        assert_int_equal(ngtcp2_conn_shutdown_stream_read(r->peer->quic, 0, id, 0), 0);
        rig_h3_run(r);
        rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_CLOSED_CRITICAL_STREAM);
        rig_h3_free(r);
    }
}

/* RFC 9114 section 6.2 */
static void a_client_that_allows_too_few_streams_is_refused(void **state)
{
    (void)state;
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.peer = {.uni_streams = 2}}));
    rig_h3_dial(r);
    assert_true(r->peer->closed);
    assert_false(r->peer->settings_seen);
    assert_int_equal(r->closes, 1);
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E1_settings_offer_extended_connect),
        cmocka_unit_test(E1_extended_connect_can_be_off),
        cmocka_unit_test(E3_E4_malformed_requests_are_errors_of_their_streams),
        cmocka_unit_test(a_wrong_length_is_an_error_of_its_stream),
        cmocka_unit_test(N3_E3_other_protocols_and_bare_connect_are_left_to_the_verdict),
        cmocka_unit_test(fields_arrive_as_they_were_sent),
        cmocka_unit_test(breaches_end_the_connection_with_their_codes),
        cmocka_unit_test(the_same_breaches_in_single_bytes),
        cmocka_unit_test(a_stream_of_unknown_kind_is_not_read),
        cmocka_unit_test(an_unknown_frame_is_passed_over),
        cmocka_unit_test(closing_a_critical_stream_ends_the_connection),
        cmocka_unit_test(resetting_a_critical_stream_ends_the_connection),
        cmocka_unit_test(stopping_one_of_our_critical_streams_ends_the_connection),
        cmocka_unit_test(a_client_that_allows_too_few_streams_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
