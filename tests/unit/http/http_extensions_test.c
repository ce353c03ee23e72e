/* permessage-deflate in the opening handshake: offers and answers, in one table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http_extensions.h"

#define SHARED TRI_DEFLATE_SHARED
#define DEDICATED TRI_DEFLATE_DEDICATED
#define OFF TRI_DEFLATE_OFF
#define DECLINED ""
#define MALFORMED NULL

/* What SHARED always says. */
#define NEITHER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

struct row {
    const char *offer;
    enum tri_deflate mode; /* wanted */
    unsigned bits;         /* of the configuration; 0: 12 */
    const char *answer;
    enum tri_deflate agreed;
};

static const struct row rows[] = {
    /* nothing of ours */
    {"x-webkit-deflate-frame", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate2", SHARED, 0, DECLINED, OFF},
    {"Permessage-Deflate", SHARED, 0, DECLINED, OFF},
    {"permessage-bzip2; a=1; b; c=\"d\"", DEDICATED, 0, DECLINED, OFF},
    {"permessage-deflate", OFF, 0, DECLINED, OFF},

    /* shared: both ends forget, asked or not */
    {"permessage-deflate", SHARED, 0, NEITHER, SHARED},
    {"permessage-deflate; server_no_context_takeover", SHARED, 0, NEITHER, SHARED},
    {"permessage-deflate; client_no_context_takeover", SHARED, 0, NEITHER, SHARED},
    {"permessage-deflate; client_no_context_takeover; server_no_context_takeover", SHARED, 0,
     NEITHER, SHARED},
    {"permessage-deflate; client_max_window_bits", SHARED, 0, NEITHER, SHARED},
    {"permessage-deflate; client_max_window_bits=10", SHARED, 0, NEITHER, SHARED},
    {"permessage-deflate; server_max_window_bits=9", SHARED, 0,
     NEITHER "; server_max_window_bits=9", SHARED},
    {"permessage-deflate; server_max_window_bits=14", SHARED, 9,
     NEITHER "; server_max_window_bits=14", SHARED},
    {"permessage-deflate; server_max_window_bits=15", SHARED, 0,
     NEITHER "; server_max_window_bits=15", SHARED},

    /* dedicated: windows of the configuration, and less where the client asks for that */
    {"permessage-deflate", DEDICATED, 0, "permessage-deflate; server_max_window_bits=12",
     DEDICATED},
    {"permessage-deflate", DEDICATED, 15, "permessage-deflate", DEDICATED},
    {"permessage-deflate; client_max_window_bits", DEDICATED, 0,
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", DEDICATED},
    {"permessage-deflate; client_max_window_bits", DEDICATED, 15, "permessage-deflate", DEDICATED},
    {"permessage-deflate; client_max_window_bits=15", DEDICATED, 9,
     "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9", DEDICATED},
    {"permessage-deflate; client_max_window_bits=10", DEDICATED, 0,
     "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10", DEDICATED},
    {"permessage-deflate; client_max_window_bits=8", DEDICATED, 15,
     "permessage-deflate; client_max_window_bits=8", DEDICATED},
    {"permessage-deflate; server_max_window_bits=10", DEDICATED, 0,
     "permessage-deflate; server_max_window_bits=10", DEDICATED},
    {"permessage-deflate; server_max_window_bits=14", DEDICATED, 0,
     "permessage-deflate; server_max_window_bits=12", DEDICATED},
    {"permessage-deflate; server_max_window_bits=15", DEDICATED, 15,
     "permessage-deflate; server_max_window_bits=15", DEDICATED},
    {"permessage-deflate; server_no_context_takeover", DEDICATED, 0,
     "permessage-deflate; server_no_context_takeover; server_max_window_bits=12", DEDICATED},
    {"permessage-deflate; client_no_context_takeover", DEDICATED, 0,
     "permessage-deflate; client_no_context_takeover; server_max_window_bits=12", DEDICATED},
    {"permessage-deflate; client_no_context_takeover; client_max_window_bits=9; "
     "server_max_window_bits=13",
     DEDICATED, 15,
     "permessage-deflate; client_no_context_takeover; server_max_window_bits=13; "
     "client_max_window_bits=9",
     DEDICATED},
    /* neither end keeps a context: there is nothing to dedicate */
    {"permessage-deflate; client_no_context_takeover; server_no_context_takeover", DEDICATED, 0,
     NEITHER, SHARED},
    {"permessage-deflate; client_no_context_takeover; server_no_context_takeover; "
     "server_max_window_bits=11; client_max_window_bits=10",
     DEDICATED, 9, NEITHER "; server_max_window_bits=11", SHARED},

    /* the next alternative, where one cannot be served: RFC 7692 section 5 */
    {"permessage-deflate; server_max_window_bits=8", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=8", DEDICATED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=8, permessage-deflate", SHARED, 0, NEITHER,
     SHARED},
    {"permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9",
     DEDICATED, 0, "permessage-deflate; server_max_window_bits=9", DEDICATED},
    {"permessage-deflate; server_max_window_bits=10, permessage-deflate", SHARED, 0,
     NEITHER "; server_max_window_bits=10", SHARED},
    {"permessage-foo, permessage-deflate", SHARED, 0, NEITHER, SHARED},
    {"permessage-deflate; unknown, permessage-deflate; client_no_context_takeover", DEDICATED, 15,
     "permessage-deflate; client_no_context_takeover", DEDICATED},

    /* declined: RFC 7692 section 7.1 */
    {"permessage-deflate; unknown", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; unknown=1", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; Server_No_Context_Takeover", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_no_context_takeover=1", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; client_no_context_takeover=true", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", SHARED, 0,
     DECLINED, OFF},
    {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", SHARED, 0,
     DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", SHARED, 0,
     DECLINED, OFF},
    {"permessage-deflate; client_max_window_bits; client_max_window_bits", SHARED, 0, DECLINED,
     OFF},
    {"permessage-deflate; client_max_window_bits; client_max_window_bits=10", SHARED, 0, DECLINED,
     OFF},
    {"permessage-deflate; server_max_window_bits", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=7", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=16", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=0", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=010", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=09", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=+9", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=9.0", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=100", SHARED, 0, DECLINED, OFF},
    {"permessage-deflate; server_max_window_bits=10000000000000000000010", SHARED, 0, DECLINED,
     OFF},
    {"permessage-deflate; client_max_window_bits=7", DEDICATED, 0, DECLINED, OFF},
    {"permessage-deflate; client_max_window_bits=16", DEDICATED, 0, DECLINED, OFF},
    {"permessage-deflate; client_max_window_bits=ab", DEDICATED, 0, DECLINED, OFF},

    /* other spellings of the same: RFC 6455 section 9.1 */
    {"permessage-deflate;server_max_window_bits=10", SHARED, 0,
     NEITHER "; server_max_window_bits=10", SHARED},
    {"permessage-deflate ;\tserver_max_window_bits = 10 ", SHARED, 0,
     NEITHER "; server_max_window_bits=10", SHARED},
    {"permessage-deflate; server_max_window_bits=\"10\"", SHARED, 0,
     NEITHER "; server_max_window_bits=10", SHARED},
    {"permessage-deflate; server_max_window_bits=\"1\\0\"", SHARED, 0,
     NEITHER "; server_max_window_bits=10", SHARED},
    {", ,permessage-deflate,,", SHARED, 0, NEITHER, SHARED},
    {"", SHARED, 0, DECLINED, OFF},
    {",", SHARED, 0, DECLINED, OFF},
    {"x; y=\"z\" , permessage-deflate", SHARED, 0, NEITHER, SHARED},

    /* no extension list at all */
    {"permessage-deflate;", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; ; server_no_context_takeover", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; server_max_window_bits=", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; =10", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; server_max_window_bits=\"10", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; server_max_window_bits=\"\"", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; server_max_window_bits=\"1 0\"", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; server_max_window_bits=\"10\"0", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate; server_max_window_bits==10", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate server_no_context_takeover", SHARED, 0, MALFORMED, OFF},
    {"\"permessage-deflate\"", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate=1", SHARED, 0, MALFORMED, OFF},
    {"permessage/deflate", SHARED, 0, MALFORMED, OFF},
    {"; permessage-deflate", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate, x y", SHARED, 0, MALFORMED, OFF},
    {"permessage-deflate, x; y=(z)", OFF, 0, MALFORMED, OFF},
};

#define ROWS (sizeof rows / sizeof rows[0])

static struct tri_field extensions(const char *value)
{
    return (struct tri_field){TRI_SLICE("sec-websocket-extensions"), tri_slice_of_string(value)};
}

static enum tri_err parse(const struct tri_field *fields, size_t len,
                          struct tri_deflate_offers *out)
{
    memset(out, 0x5a, sizeof *out);
    const struct tri_request_head head = {.fields = fields, .fields_len = len};
    return tri_deflate_offers_parse(out, &head);
}

/* The number behind |name| in |answer|, or 15. */
static unsigned bits_of(const char *answer, const char *name)
{
    const char *at = strstr(answer, name);
    return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 15;
}

/* The parameters are what the answer says. */
static void check_params(const struct tri_deflate_params *params, const char *answer)
{
    assert_int_equal(params->server_no_context_takeover,
                     strstr(answer, "server_no_context_takeover") != NULL);
    assert_int_equal(params->client_no_context_takeover,
                     strstr(answer, "client_no_context_takeover") != NULL);
    assert_int_equal(params->server_max_window_bits, bits_of(answer, "server_max_window_bits="));
    assert_int_equal(params->client_max_window_bits, bits_of(answer, "client_max_window_bits="));
    assert_int_equal(params->mode == DEDICATED,
                     !params->server_no_context_takeover || !params->client_no_context_takeover);
}

static void check_row(const struct row *row)
{
    const struct tri_field field = extensions(row->offer);
    struct tri_deflate_offers offers;
    const enum tri_err err = parse(&field, 1, &offers);
    if (!row->answer) {
        assert_int_equal(err, TRI_ERR_PROTOCOL);
        return;
    }
    assert_int_equal(err, TRI_OK);
    struct tri_deflate_params params;
    memset(&params, 0x5a, sizeof params);
    tri_deflate_agree(&offers, row->mode, row->bits ? row->bits : 12, &params);
    assert_int_equal(params.mode, row->agreed);
    if (params.mode == OFF) {
        assert_false(params.server_no_context_takeover || params.client_no_context_takeover);
        assert_int_equal(params.server_max_window_bits + params.client_max_window_bits, 0);
        assert_string_equal(row->answer, DECLINED);
        return;
    }
    char answer[TRI_DEFLATE_ANSWER_MAX + 1];
    const size_t len = tri_deflate_answer(&params, answer);
    assert_true(len < TRI_DEFLATE_ANSWER_MAX);
    answer[len] = '\0';
    assert_string_equal(answer, row->answer);
    check_params(&params, answer);
}

static void run_row(void **state)
{
    check_row(*state);
}

static void the_longest_answer_has_room(void **state)
{
    (void)state;
    const struct tri_deflate_params params = {
        .mode = TRI_DEFLATE_SHARED,
        .server_no_context_takeover = true,
        .client_no_context_takeover = true,
        .server_max_window_bits = 10,
        .client_max_window_bits = 10,
    };
    char answer[TRI_DEFLATE_ANSWER_MAX];
    assert_int_equal(tri_deflate_answer(&params, answer),
                     strlen(NEITHER "; server_max_window_bits=10; client_max_window_bits=10"));
}

static void every_field_is_read_in_order(void **state)
{
    (void)state;
    const struct tri_field fields[] = {
        extensions("x, permessage-deflate; server_max_window_bits=9"),
        {TRI_SLICE("sec-websocket-extension"), TRI_SLICE("permessage-deflate")},
        {TRI_SLICE("x-other"), TRI_SLICE("; = ;")},
        extensions("permessage-deflate; client_max_window_bits"),
    };
    struct tri_deflate_offers offers;
    assert_int_equal(parse(fields, 4, &offers), TRI_OK);
    assert_int_equal(offers.len, 2);
    assert_int_equal(offers.offers[0].server_max_window_bits, 9);
    assert_int_equal(offers.offers[0].client_max_window_bits, 0);
    assert_int_equal(offers.offers[1].server_max_window_bits, 0);
    assert_int_equal(offers.offers[1].client_max_window_bits, 15);
    assert_int_equal(parse(fields, 0, &offers), TRI_OK);
    assert_int_equal(offers.len, 0);
    const struct tri_field second_is_bad[] = {extensions("permessage-deflate"), extensions("a=b")};
    assert_int_equal(parse(second_is_bad, 2, &offers), TRI_ERR_PROTOCOL);
}

/* More are read over, and must be well-formed nevertheless. */
static void so_many_alternatives_are_looked_at(void **state)
{
    (void)state;
    char list[1024] = "";
    for (size_t i = 0; i < TRI_DEFLATE_OFFERS_MAX + 2; i++) {
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "permessage-deflate,");
    }
    struct tri_deflate_offers offers;
    const struct tri_field field = extensions(list);
    assert_int_equal(parse(&field, 1, &offers), TRI_OK);
    assert_int_equal(offers.len, TRI_DEFLATE_OFFERS_MAX);
    (void)snprintf(list + strlen(list), sizeof list - strlen(list), "=");
    const struct tri_field longer = extensions(list);
    assert_int_equal(parse(&longer, 1, &offers), TRI_ERR_PROTOCOL);
}

/* No prefix reads past its end (the sanitizer looks), and each has one of two verdicts. */
static void every_offer_may_be_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const size_t whole = strlen(rows[i].offer);
        for (size_t len = 0; len <= whole; len++) {
            uint8_t *cut = malloc(len > 0 ? len : 1);
            assert_non_null(cut);
            memcpy(cut, rows[i].offer, len);
            const struct tri_field field = {TRI_SLICE("sec-websocket-extensions"),
                                            tri_slice_of(cut, len)};
            struct tri_deflate_offers offers;
            const enum tri_err err = parse(&field, 1, &offers);
            assert_true(err == TRI_OK || err == TRI_ERR_PROTOCOL);
            free(cut);
        }
    }
}

int main(void)
{
    struct CMUnitTest table[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        table[i] = (struct CMUnitTest){.name = rows[i].offer[0] ? rows[i].offer : "nothing",
                                       .test_func = run_row,
                                       .initial_state = (void *)(uintptr_t)&rows[i]};
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_answer_has_room),
        cmocka_unit_test(every_field_is_read_in_order),
        cmocka_unit_test(so_many_alternatives_are_looked_at),
        cmocka_unit_test(every_offer_may_be_cut_anywhere),
    };
    const int failed = _cmocka_run_group_tests("offers and answers", table, ROWS, NULL, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
