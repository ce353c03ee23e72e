/* An opening handshake from the client's side: what may be asked, and which answers keep to it. */
#include "http_offer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#define SHARED TRI_DEFLATE_SHARED
#define OWN TRI_DEFLATE_DEDICATED
#define OFF TRI_DEFLATE_OFF
#define BITS 12u

/* ---------------------------------------------------------------------------------- the offer */

static void assert_field(const struct tri_field *field, const char *name, const char *value)
{
    assert_true(tri_slice_equal(field->name, tri_slice_of_string(name)));
    assert_true(tri_slice_equal(field->value, tri_slice_of_string(value)));
}

static void the_version_is_always_told_and_the_rest_where_it_is_wanted(void **state)
{
    (void)state;
    struct tri_field fields[TRI_OFFER_OWN_FIELDS_MAX];
    const struct tri_offer none = {.subprotocols = ""};
    assert_int_equal(tri_offer_fields(&none, fields), 1);
    assert_field(&fields[0], "sec-websocket-version", "13");

    const struct tri_offer shared = {.subprotocols = "chat, superchat", .deflate = SHARED};
    assert_int_equal(tri_offer_fields(&shared, fields), 3);
    assert_field(&fields[1], "sec-websocket-protocol", "chat, superchat");
    assert_field(&fields[2], "sec-websocket-extensions",
                 "permessage-deflate; client_no_context_takeover; server_no_context_takeover");

    const struct tri_offer own = {.deflate = OWN};
    assert_int_equal(tri_offer_fields(&own, fields), 2);
    assert_field(&fields[1], "sec-websocket-extensions",
                 "permessage-deflate; client_max_window_bits");
}

/* ------------------------------------------------------------------- what a program may ask with */

static void a_path_is_visible_ascii_from_a_slash_on(void **state)
{
    (void)state;
    static const char *const good[] = {"/", "/echo?a=b&c=%20", "/~!$()*+,;=:@[]{}|\\^`\"<>"};
    static const char *const bad[] = {"",      "echo",      "/a b",        "/a\tb",     "/a\r\nb",
                                      "/\x7f", "/\xc3\xa9", "/a#fragment", "http://x/", "*"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(tri_offer_check_path(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(tri_offer_check_path(bad[i]));
    }
    assert_non_null(tri_offer_check_path(NULL));
}

static void a_path_has_a_longest_length(void **state)
{
    (void)state;
    char *path = malloc(TRI_OFFER_BYTES_MAX + 2);
    assert_non_null(path);
    memset(path, '/', TRI_OFFER_BYTES_MAX + 1);
    path[TRI_OFFER_BYTES_MAX + 1] = '\0';
    assert_non_null(tri_offer_check_path(path));
    path[TRI_OFFER_BYTES_MAX] = '\0';
    assert_null(tri_offer_check_path(path));
    free(path);
}

static void fields_are_what_the_handshake_is_not_made_of(void **state)
{
    (void)state;
    static const struct tri_header good[] = {
        {"authorization", "Bearer x"},
        {"cookie", "a=b; c=d"},
        {"x-a", ""},
        {"x-tab", "a\tb"},
        {"x-utf8", "\xc3\xa9"},
        {"priority", "u=1"},
        {"user-agent", "a/1"},
    };
    static const struct tri_header bad[] = {
        {"", "a"},
        {NULL, "a"},
        {"x", NULL},
        {"a b", "a"},
        {":path", "/"},
        {"X-Upper", "a"},
        {"x", " a"},
        {"x", "a\t"},
        {"x", "a\nb"},
        {"x", "a\x7f"},
        {"connection", "close"},
        {"content-length", "0"},
        {"host", "a"},
        {"http2-settings", "a"},
        {"keep-alive", "a"},
        {"origin", "a"},
        {"proxy-connection", "a"},
        {"sec-websocket-accept", "a"},
        {"sec-websocket-extensions", "a"},
        {"sec-websocket-key", "a"},
        {"sec-websocket-protocol", "a"},
        {"sec-websocket-version", "a"},
        {"te", "trailers"},
        {"trailer", "a"},
        {"transfer-encoding", "chunked"},
        {"upgrade", "a"},
    };
    assert_null(tri_offer_check_headers(good, sizeof good / sizeof good[0]));
    assert_null(tri_offer_check_headers(NULL, 0));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(tri_offer_check_headers(&bad[i], 1));
    }
}

static void fields_have_a_number_and_a_length(void **state)
{
    (void)state;
    struct tri_header many[TRI_OFFER_FIELDS_MAX + 1];
    for (size_t i = 0; i <= TRI_OFFER_FIELDS_MAX; i++) {
        many[i] = (struct tri_header){"x", "y"};
    }
    assert_null(tri_offer_check_headers(many, TRI_OFFER_FIELDS_MAX));
    assert_non_null(tri_offer_check_headers(many, TRI_OFFER_FIELDS_MAX + 1));
    char *value = malloc(TRI_OFFER_BYTES_MAX + 1);
    assert_non_null(value);
    memset(value, 'a', TRI_OFFER_BYTES_MAX);
    value[TRI_OFFER_BYTES_MAX] = '\0';
    many[0].value = value;
    assert_non_null(tri_offer_check_headers(many, 1));
    value[TRI_OFFER_BYTES_MAX - 1] = '\0';
    assert_null(tri_offer_check_headers(many, 1));
    free(value);
}

static void subprotocols_are_tokens_none_twice(void **state)
{
    (void)state;
    assert_null(tri_offer_check_subprotocols(NULL));
    assert_null(tri_offer_check_subprotocols(""));
    assert_null(tri_offer_check_subprotocols("chat, superchat"));
    assert_non_null(tri_offer_check_subprotocols("chat, chat"));
    assert_non_null(tri_offer_check_subprotocols("a b"));
    assert_non_null(tri_offer_check_subprotocols("a,"));
}

/* --------------------------------------------------------------------------------- the answers */

static enum tri_err read_answer(enum tri_deflate mode, const char *subprotocols,
                                const struct tri_field *fields, size_t len,
                                struct tri_offer_answer *out, const char **text)
{
    const struct tri_offer offer = {.subprotocols = subprotocols, .deflate = mode};
    const struct tri_call_answer answer = {
        .is_accepted = true, .status = 200, .fields = fields, .fields_len = len};
    return tri_offer_read_answer(&offer, BITS, &answer, out, text);
}

struct row {
    enum tri_deflate offered;
    const char *answer;
    const char *wrong; /* a part of what is said; NULL: it is fine */
    enum tri_deflate mode;
    bool server_forgets, client_forgets;
    uint8_t server_bits, client_bits;
};

#define D "permessage-deflate"
#define NONE NULL, OFF, false, false, 0, 0

static const struct row rows[] = {
    /* what was not offered */
    {OFF, "", NONE},
    {OFF, D, "not offered", OFF, false, false, 0, 0},
    {SHARED, "x-other", "not offered", OFF, false, false, 0, 0},
    {OWN, "x-other", "not offered", OFF, false, false, 0, 0},
    {OWN, "Permessage-Deflate", "not offered", OFF, false, false, 0, 0},
    /* what is malformed */
    {OWN, "permessage-deflate;", "malformed", OFF, false, false, 0, 0},
    {OWN, "permessage-deflate; =1", "malformed", OFF, false, false, 0, 0},
    {OWN, D "; unknown", "is none", OFF, false, false, 0, 0},
    {OWN, D "; server_max_window_bits", "is none", OFF, false, false, 0, 0},
    {OWN, D "; client_max_window_bits", "is none", OFF, false, false, 0, 0},
    {OWN, D "; client_max_window_bits=16", "is none", OFF, false, false, 0, 0},
    {OWN, D "; server_max_window_bits=7", "is none", OFF, false, false, 0, 0},
    {OWN, D "; server_no_context_takeover=1", "is none", OFF, false, false, 0, 0},
    {OWN, D "; server_no_context_takeover; server_no_context_takeover", "is none", OFF, false,
     false, 0, 0},
    {OWN, D ", " D, "twice", OFF, false, false, 0, 0},
    /* shared: the server has to forget, and sets no window of ours */
    {SHARED, "", NONE},
    {SHARED, D, "server_no_context_takeover", OFF, false, false, 0, 0},
    {SHARED, D "; client_no_context_takeover", "server_no_context_takeover", OFF, false, false, 0,
     0},
    {SHARED, D "; server_no_context_takeover; client_max_window_bits=10", "client_max_window_bits",
     OFF, false, false, 0, 0},
    {SHARED, D "; server_no_context_takeover", NULL, SHARED, true, true, 15, 15},
    {SHARED, D "; client_no_context_takeover; server_no_context_takeover", NULL, SHARED, true, true,
     15, 15},
    {SHARED, D "; server_no_context_takeover; server_max_window_bits=10", NULL, SHARED, true, true,
     10, 15},
    /* dedicated: our window as configured, or smaller */
    {OWN, "", NONE},
    {OWN, D, NULL, OWN, false, false, 15, 12},
    {OWN, D "; client_max_window_bits=15", NULL, OWN, false, false, 15, 12},
    {OWN, D "; client_max_window_bits=\"10\"", NULL, OWN, false, false, 15, 10},
    {OWN, D "; server_max_window_bits=9; client_max_window_bits=9", NULL, OWN, false, false, 9, 9},
    {OWN, D "; server_max_window_bits=8", NULL, OWN, false, false, 9, 12},
    {OWN, D "; client_max_window_bits=8", NULL, OWN, false, true, 15, 8},
    {OWN, D "; server_no_context_takeover", NULL, OWN, true, false, 15, 12},
    {OWN, D "; client_no_context_takeover", NULL, OWN, false, true, 15, 12},
    {OWN, D "; server_no_context_takeover; client_no_context_takeover", NULL, SHARED, true, true,
     15, 12},
};

static void assert_row(const struct row *row)
{
    const struct tri_field field = {TRI_SLICE("sec-websocket-extensions"),
                                    tri_slice_of_string(row->answer)};
    struct tri_offer_answer out;
    const char *text;
    const enum tri_err err = read_answer(row->offered, NULL, &field, 1, &out, &text);
    if (row->wrong) {
        assert_int_equal(err, TRI_ERR_PROTOCOL);
        if (!strstr(text, row->wrong)) {
            fail_msg("%s: \"%s\" does not say \"%s\"", row->answer, text, row->wrong);
        }
        return;
    }
    assert_int_equal(err, TRI_OK);
    assert_int_equal(out.deflate.mode, row->mode);
    assert_int_equal(out.deflate.server_no_context_takeover, row->server_forgets);
    assert_int_equal(out.deflate.client_no_context_takeover, row->client_forgets);
    assert_int_equal(out.deflate.server_max_window_bits, row->server_bits);
    assert_int_equal(out.deflate.client_max_window_bits, row->client_bits);
}

static void an_answer_about_compression_keeps_to_the_offer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_row(&rows[i]);
    }
}

static void an_extension_in_a_second_field_counts_too(void **state)
{
    (void)state;
    const struct tri_field fields[] = {
        {TRI_SLICE("sec-websocket-extensions"), TRI_SLICE(D)},
        {TRI_SLICE("sec-websocket-extensions"), TRI_SLICE(D)},
    };
    struct tri_offer_answer out;
    const char *text;
    assert_int_equal(read_answer(OWN, NULL, fields, 2, &out, &text), TRI_ERR_PROTOCOL);
    assert_non_null(strstr(text, "twice"));
}

static void a_subprotocol_is_one_of_those_that_were_offered(void **state)
{
    (void)state;
    static const struct {
        const char *offer, *answer, *chosen; /* chosen NULL: it is wrong */
    } table[] = {
        {"chat, superchat", "superchat", "superchat"},
        {"chat", "chat", "chat"},
        {"chat", "Chat", NULL},
        {"chat, superchat", "chat, superchat", NULL},
        {"chat", "", NULL},
        {"chat", "other", NULL},
        {NULL, "chat", NULL},
        {"", "chat", NULL},
    };
    struct tri_offer_answer out;
    const char *text;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct tri_field field = {TRI_SLICE("sec-websocket-protocol"),
                                        tri_slice_of_string(table[i].answer)};
        const enum tri_err err = read_answer(OFF, table[i].offer, &field, 1, &out, &text);
        assert_int_equal(err, table[i].chosen ? TRI_OK : TRI_ERR_PROTOCOL);
        if (table[i].chosen) {
            assert_true(tri_slice_equal(out.subprotocol, tri_slice_of_string(table[i].chosen)));
        } else {
            assert_non_null(strstr(text, "subprotocol"));
        }
    }
    assert_int_equal(read_answer(OFF, "chat", NULL, 0, &out, &text), TRI_OK);
    assert_int_equal(out.subprotocol.len, 0);
    const struct tri_field two[] = {
        {TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")},
        {TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")},
    };
    assert_int_equal(read_answer(OFF, "chat", two, 2, &out, &text), TRI_ERR_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_is_always_told_and_the_rest_where_it_is_wanted),
        cmocka_unit_test(a_path_is_visible_ascii_from_a_slash_on),
        cmocka_unit_test(a_path_has_a_longest_length),
        cmocka_unit_test(fields_are_what_the_handshake_is_not_made_of),
        cmocka_unit_test(fields_have_a_number_and_a_length),
        cmocka_unit_test(subprotocols_are_tokens_none_twice),
        cmocka_unit_test(an_answer_about_compression_keeps_to_the_offer),
        cmocka_unit_test(an_extension_in_a_second_field_counts_too),
        cmocka_unit_test(a_subprotocol_is_one_of_those_that_were_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
