/* Subprotocols: what is chosen, what is malformed, what a program may list. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_extensions.h"

#define MALFORMED NULL

static const struct {
    const char *ours;
    const char *fields[2]; /* NULL: none */
    const char *chosen;    /* "": none; MALFORMED */
} rows[] = {
    {"chat, superchat", {NULL, NULL}, ""},
    {"chat, superchat", {"chat", NULL}, "chat"},
    {"chat, superchat", {"superchat", NULL}, "superchat"},
    {"chat, superchat", {"superchat, chat", NULL}, "superchat"}, /* the client's order */
    {"chat, superchat", {"other , chat", NULL}, "chat"},
    {"chat, superchat", {"other", "chat"}, "chat"},
    {"chat, superchat", {"superchat", "chat"}, "superchat"},
    {"chat, superchat", {"other", NULL}, ""},
    {"chat, superchat", {"chat2,cha,hat", NULL}, ""},
    {"chat", {"Chat", NULL}, ""}, /* case counts: RFC 6455 section 1.9 */
    {"chat", {",, chat ,", NULL}, "chat"},
    {"chat", {"", NULL}, ""},
    {"chat", {",", NULL}, ""},
    {"chat", {"chat, chat", NULL}, "chat"},
    {NULL, {"chat", NULL}, ""},
    {"", {"chat", NULL}, ""},
    {"v1.chat.example", {"v1.chat.example", NULL}, "v1.chat.example"},
    {"chat", {"chat chat", NULL}, MALFORMED},
    {"chat", {"chat, \"x\"", NULL}, MALFORMED},
    {"chat", {"chat, a/b", NULL}, MALFORMED},
    {"chat", {"chat", "a=b"}, MALFORMED},
    {"chat", {"a;b, chat", NULL}, MALFORMED},
    {NULL, {"a b", NULL}, MALFORMED},
};

static void the_first_that_the_client_names_and_we_have_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_field fields[4] = {{TRI_SLICE("host"), TRI_SLICE("chat")}};
        size_t len = 1;
        for (size_t f = 0; f < 2 && rows[i].fields[f]; f++) {
            fields[len++] = (struct tri_field){TRI_SLICE("sec-websocket-protocol"),
                                               tri_slice_of_string(rows[i].fields[f])};
        }
        fields[len++] = (struct tri_field){TRI_SLICE("x-other"), TRI_SLICE("a b")};
        const struct tri_request_head head = {.fields = fields, .fields_len = len};
        struct tri_slice chosen = TRI_SLICE("unset");
        const enum tri_err err = tri_subprotocol_choose(&head, rows[i].ours, &chosen);
        assert_int_equal(err, rows[i].chosen == MALFORMED ? TRI_ERR_PROTOCOL : TRI_OK);
        const char *want = rows[i].chosen ? rows[i].chosen : "";
        assert_true(tri_slice_equal(chosen, tri_slice_of_string(want)));
        /* It outlives the request. */
        const char *at = (const char *)chosen.data;
        assert_true(chosen.len == 0 ||
                    (at >= rows[i].ours && at < rows[i].ours + strlen(rows[i].ours)));
    }
}

static void a_list_of_ours_holds_different_tokens(void **state)
{
    (void)state;
    static const char *const good[] = {"", "chat", "chat,superchat", "chat , Chat", "a.b, a.b.c"};
    static const char *const bad[] = {" ",        ",",          "chat,",      "chat,,b", "a b",
                                      "\"chat\"", "chat, chat", "a, b, c, b", "a/b",     "a;b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tri_subprotocols_are_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tri_subprotocols_are_valid(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_the_client_names_and_we_have_is_chosen),
        cmocka_unit_test(a_list_of_ours_holds_different_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
