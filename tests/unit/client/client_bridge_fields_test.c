#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client_bridge_fields.h"

#define FIELDS_MAX 16
#define TEXT_MAX 512

#define F(n, v)                                                                                    \
    {                                                                                              \
        .name = TRI_SLICE(n), .value = TRI_SLICE(v)                                                \
    }

/* "name=value;" ... */
static const char *join(char out[TEXT_MAX], const struct tri_field *fields, size_t len)
{
    out[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        const size_t at = strlen(out);
        snprintf(out + at, TEXT_MAX - at, "%.*s=%.*s;", (int)fields[i].name.len,
                 (const char *)fields[i].name.data, (int)fields[i].value.len,
                 (const char *)fields[i].value.data);
    }
    return out;
}

static void what_a_program_asks_goes_up_but_for_what_is_of_one_hop(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {
        F("host", "127.0.0.1:8080"),
        F("connection", "Upgrade, X-Hop"),
        F("upgrade", "websocket"),
        F("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        F("sec-websocket-version", "13"),
        F("sec-websocket-protocol", "chat"),
        F("sec-websocket-extensions", "permessage-deflate"),
        F("x-hop", "1"),
        F("te", "trailers"),
        F("content-length", "0"),
        F("origin", "https://a"),
        F("cookie", "a=b"),
        F("authorization", "Basic eA=="),
        F("user-agent", "ws"),
    };
    const struct tri_request_head head = {.fields = fields,
                                          .fields_len = sizeof fields / sizeof *fields};
    struct tri_field out[FIELDS_MAX];
    char text[TEXT_MAX];
    assert_string_equal(join(text, out, tri_client_bridge_fields_up(&head, NULL, 0, out)),
                        "sec-websocket-version=13;sec-websocket-protocol=chat;"
                        "sec-websocket-extensions=permessage-deflate;origin=https://a;cookie=a=b;"
                        "authorization=Basic eA==;user-agent=ws;");
}

static void fields_of_the_command_are_added_where_the_program_has_none(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {F("origin", "https://a")};
    static const struct tri_field more[] = {F("origin", "https://b"), F("x", "1"), F("x", "2")};
    const struct tri_request_head head = {.fields = fields, .fields_len = 1};
    struct tri_field out[FIELDS_MAX];
    char text[TEXT_MAX];
    assert_string_equal(join(text, out, tri_client_bridge_fields_up(&head, more, 3, out)),
                        "origin=https://a;x=1;x=2;");
}

static void what_the_server_answers_comes_down_but_for_what_is_of_its_address(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {
        F("upgrade", "websocket"),
        F("connection", "Upgrade, X-Hop"),
        F("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        F("sec-websocket-protocol", "chat"),
        F("sec-websocket-extensions", "permessage-deflate"),
        F("set-cookie", "a=b"),
        F("set-cookie", "c=d"),
        F("alt-svc", "h3=\":443\""),
        F("strict-transport-security", "max-age=1"),
        F("content-length", "12"),
        F("transfer-encoding", "chunked"),
        F("x-hop", "1"),
        F("server", "x"),
    };
    struct tri_field out[FIELDS_MAX];
    char text[TEXT_MAX];
    const size_t len = tri_client_bridge_fields_down(fields, sizeof fields / sizeof *fields, out);
    assert_string_equal(join(text, out, len),
                        "sec-websocket-protocol=chat;sec-websocket-extensions=permessage-deflate;"
                        "set-cookie=a=b;set-cookie=c=d;server=x;");
}

static void what_would_break_a_head_does_not_come_down(void **state)
{
    (void)state;
    static const struct tri_field fields[] = {
        F("a", "b\r\nc: d"), F("a", "b\nc"), F("a", "\0"), F("a b", "c"), F("", "c"), F("a", "\tb"),
    };
    struct tri_field out[FIELDS_MAX];
    char text[TEXT_MAX];
    const size_t len = tri_client_bridge_fields_down(fields, sizeof fields / sizeof *fields, out);
    assert_string_equal(join(text, out, len), "a=\tb;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_program_asks_goes_up_but_for_what_is_of_one_hop),
        cmocka_unit_test(fields_of_the_command_are_added_where_the_program_has_none),
        cmocka_unit_test(what_the_server_answers_comes_down_but_for_what_is_of_its_address),
        cmocka_unit_test(what_would_break_a_head_does_not_come_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
