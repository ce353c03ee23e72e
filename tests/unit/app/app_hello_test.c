/* The greeting says what carries the socket; afterwards it is an echo. */
#include "app_hello.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static const struct tri_carrier carrier = {
    .conn_id = 3,
    .stream_id = 8,
    .http = "h3",
    .remote = "[::1]:50321",
    .tls_version = "TLS 1.3",
    .tls_cipher = "TLS_AES_128_GCM_SHA256",
    .tls_group = "X25519MLKEM768",
};

static const char greeting[] =
    "{\"http\":\"h3\",\"conn\":3,\"stream\":8,\"id\":7,\"tls\":\"TLS 1.3\","
    "\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"group\":\"X25519MLKEM768\"}";

static void the_greeting_is_json_with_the_carrier(void **state)
{
    (void)state;
    char text[TRI_HELLO_BYTES_MAX];
    assert_int_equal(tri_hello_write(text, &carrier, 7), strlen(greeting));
    assert_string_equal(text, greeting);
}

static void a_greeting_that_does_not_fit_is_none(void **state)
{
    (void)state;
    char name[TRI_HELLO_BYTES_MAX];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    struct tri_carrier long_carrier = carrier;
    long_carrier.tls_cipher = name;
    char text[TRI_HELLO_BYTES_MAX];
    assert_int_equal(tri_hello_write(text, &long_carrier, 7), 0);
}

static void a_socket_is_greeted_and_then_echoes(void **state)
{
    (void)state;
    struct tri_echo echo = {0};
    struct tri_request *req = fake_request_new("GET", "/hello");
    struct tri_ws ws = {.carrier = carrier, .id = 7, .room = 10};
    tri_hello_handler.on_request(&echo, req);
    tri_hello_handler.on_open(req->user, &ws);
    tri_hello_handler.on_message(req->user, &ws, TRI_BINARY, (const uint8_t *)"xy", 2);
    assert_non_null(strstr(ws.sent, greeting));
    assert_string_equal(strchr(ws.sent, ';'), ";B2:xy;");
    assert_int_equal(ws.sent[0], 'T');
    const struct tri_ws_end end = {.code = 1000, .reason = ""};
    tri_hello_handler.on_close(req->user, &ws, &end);
    fake_request_free(req);
}

static void a_socket_that_cannot_be_greeted_is_closed(void **state)
{
    (void)state;
    struct tri_ws ws = {.carrier = carrier, .broken = TRI_ERR_NOMEM};
    tri_hello_handler.on_open(NULL, &ws);
    assert_string_equal(ws.sent, "close(1011 no greeting);");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_is_json_with_the_carrier),
        cmocka_unit_test(a_greeting_that_does_not_fit_is_none),
        cmocka_unit_test(a_socket_is_greeted_and_then_echoes),
        cmocka_unit_test(a_socket_that_cannot_be_greeted_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
