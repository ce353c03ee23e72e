#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_upgrade.h"

#define SAMPLE_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define FIELDS_MAX 8

struct request {
    const char *method;
    struct tri_header fields[FIELDS_MAX];
};

/* Normalises |r|; the protocol is in *head, whose fields are not to be looked at afterwards. */
static enum tri_err normalise(const struct request *r, struct tri_request_head *head,
                              struct tri_slice *key)
{
    struct tri_field fields[FIELDS_MAX];
    size_t len = 0;
    while (len < FIELDS_MAX && r->fields[len].name) {
        fields[len].name = tri_slice_of_string(r->fields[len].name);
        fields[len].value = tri_slice_of_string(r->fields[len].value);
        len++;
    }
    *head = (struct tri_request_head){
        .method = tri_slice_of_string(r->method), .fields = fields, .fields_len = len};
    const enum tri_err err = tri_upgrade_normalise(head, key);
    head->fields = NULL;
    head->fields_len = 0;
    return err;
}

static void check_accepted(const struct request *r)
{
    struct tri_request_head head;
    struct tri_slice key;
    assert_int_equal(normalise(r, &head, &key), TRI_OK);
    assert_true(tri_slice_equal(head.protocol, TRI_SLICE("websocket")));
    assert_int_equal(key.len, 24);
}

static void check_ignored(const struct request *r)
{
    struct tri_request_head head;
    struct tri_slice key;
    assert_int_equal(normalise(r, &head, &key), TRI_OK);
    assert_int_equal(head.protocol.len, 0);
    assert_int_equal(key.len, 0);
}

static void check_refused(const struct request *r)
{
    struct tri_request_head head;
    struct tri_slice key;
    assert_int_equal(normalise(r, &head, &key), TRI_ERR_PROTOCOL);
}

static struct request with(const char *upgrade, const char *connection, const char *key)
{
    return (struct request){.method = "GET",
                            .fields = {{"host", "localhost"},
                                       {"upgrade", upgrade},
                                       {"connection", connection},
                                       {"sec-websocket-key", key}}};
}

static void U1_normalises_a_correct_opening_handshake(void **state)
{
    (void)state;
    const struct request r = with("websocket", "Upgrade", SAMPLE_KEY);
    check_accepted(&r);
}

static void U2_finds_websocket_among_other_upgrade_tokens(void **state)
{
    (void)state;
    static const char *const lists[] = {"WebSocket", "h2c, websocket", "websocket,h2c",
                                        "TLS/1.2, HTTP/2.0,WEBSOCKET", ", ,websocket ,"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct request r = with(lists[i], "Upgrade", SAMPLE_KEY);
        check_accepted(&r);
    }
}

static void U2_finds_upgrade_among_other_connection_options(void **state)
{
    (void)state;
    static const char *const lists[] = {"keep-alive, Upgrade", "UPGRADE", "upgrade,keep-alive",
                                        "foo ,\tupgrade , bar"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct request r = with("websocket", lists[i], SAMPLE_KEY);
        check_accepted(&r);
    }
}

static void U2_finds_tokens_in_repeated_fields(void **state)
{
    (void)state;
    const struct request r = {.method = "GET",
                              .fields = {{"upgrade", "h2c"},
                                         {"connection", "keep-alive"},
                                         {"upgrade", "websocket"},
                                         {"connection", "Upgrade"},
                                         {"sec-websocket-key", SAMPLE_KEY}}};
    check_accepted(&r);
}

static void U2_ignores_an_upgrade_without_the_connection_option(void **state)
{
    (void)state;
    static const char *const lists[] = {"keep-alive", "", "upgrades", "up grade", "close"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct request r = with("websocket", lists[i], SAMPLE_KEY);
        check_ignored(&r);
    }
    const struct request none = {
        .method = "GET", .fields = {{"upgrade", "websocket"}, {"sec-websocket-key", SAMPLE_KEY}}};
    check_ignored(&none);
}

static void U3_N3_passes_over_all_other_tokens(void **state)
{
    (void)state;
    static const char *const lists[] = {"h2c", "TLS/1.2, HTTP/1.1", "websockets", "web socket",
                                        "",    "websocket/13",      "h2c, h2c"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct request r = with(lists[i], "Upgrade, HTTP2-Settings", SAMPLE_KEY);
        check_ignored(&r);
    }
}

static void U3_a_post_with_a_body_and_another_token_is_plain(void **state)
{
    (void)state;
    const struct request r = {
        .method = "POST",
        .fields = {{"upgrade", "h2c"}, {"connection", "upgrade"}, {"content-length", "5"}}};
    check_ignored(&r);
}

static void U5_refuses_every_malformed_key(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQ=a",
        "dGhlIHNhbXBsZSBub25jZQa=",
        "dGhlIHNhbXBsZSBub25jZQab",
        "dGhlIHNhbXBs SBub25jZQ==",
        "dGhlIHNhbXBs-SBub25jZQ==",
        "dGhlIHNhbXBs_SBub25jZQ==",
        "=GhlIHNhbXBsZSBub25jZQ==",
        "SGVsbG8sIHdvcmxkIQ==",
        "dGhlIHNhbXBsZSBub25jZSBhbmQ=",
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct request r = with("websocket", "Upgrade", keys[i]);
        check_refused(&r);
    }
}

static void U5_refuses_a_missing_or_repeated_key(void **state)
{
    (void)state;
    const struct request missing = {
        .method = "GET", .fields = {{"upgrade", "websocket"}, {"connection", "upgrade"}}};
    check_refused(&missing);
    struct request repeated = with("websocket", "Upgrade", SAMPLE_KEY);
    repeated.fields[4] = (struct tri_header){"sec-websocket-key", SAMPLE_KEY};
    check_refused(&repeated);
}

static void U5_refuses_every_method_but_GET(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "HEAD", "CONNECT", "OPTIONS", "get", "GETS", "G"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct request r = with("websocket", "Upgrade", SAMPLE_KEY);
        r.method = methods[i];
        check_refused(&r);
    }
}

static void U7_refuses_a_body_on_an_upgrade_request(void **state)
{
    (void)state;
    struct request r = with("websocket", "Upgrade", SAMPLE_KEY);
    r.fields[4] = (struct tri_header){"content-length", "1"};
    check_refused(&r);
    r.fields[4] = (struct tri_header){"transfer-encoding", "chunked"};
    check_refused(&r);
    r.fields[4] = (struct tri_header){"content-length", "0"};
    check_accepted(&r);
}

static void U1_the_sample_key_gives_the_sample_accept_value(void **state)
{
    (void)state;
    static const struct {
        const char *key, *accept;
    } cases[] = {
        {SAMPLE_KEY, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
        {"x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="},
    };
    for (size_t i = 0; i < 2; i++) {
        char accept[TRI_ACCEPT_LEN];
        tri_upgrade_accept(tri_slice_of_string(cases[i].key), accept);
        assert_memory_equal(accept, cases[i].accept, TRI_ACCEPT_LEN);
    }
}

static void a_key_is_made_of_16_bytes_and_is_one_that_is_taken(void **state)
{
    (void)state;
    char key[TRI_KEY_LEN];
    tri_upgrade_key((const uint8_t *)"the sample nonce", key); /* RFC 6455 section 1.3 */
    assert_memory_equal(key, "dGhlIHNhbXBsZSBub25jZQ==", TRI_KEY_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(U1_normalises_a_correct_opening_handshake),
        cmocka_unit_test(U1_the_sample_key_gives_the_sample_accept_value),
        cmocka_unit_test(a_key_is_made_of_16_bytes_and_is_one_that_is_taken),
        cmocka_unit_test(U2_finds_websocket_among_other_upgrade_tokens),
        cmocka_unit_test(U2_finds_upgrade_among_other_connection_options),
        cmocka_unit_test(U2_finds_tokens_in_repeated_fields),
        cmocka_unit_test(U2_ignores_an_upgrade_without_the_connection_option),
        cmocka_unit_test(U3_N3_passes_over_all_other_tokens),
        cmocka_unit_test(U3_a_post_with_a_body_and_another_token_is_plain),
        cmocka_unit_test(U5_refuses_every_malformed_key),
        cmocka_unit_test(U5_refuses_a_missing_or_repeated_key),
        cmocka_unit_test(U5_refuses_every_method_but_GET),
        cmocka_unit_test(U7_refuses_a_body_on_an_upgrade_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
