#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base_limits.h"
#include "h1_response.h"
#include "http_exchange.h"
#include "test_alloc.h"

static void check_head(const struct tri_h1_response *r, const char *want)
{
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_buf out;
    tri_buf_init(&out, &t.alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
    assert_int_equal(tri_h1_response_write(r, &out), TRI_OK);
    const struct tri_slice got = tri_buf_peek(&out);
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.data, want, got.len);
    tri_buf_deinit(&out);
    assert_int_equal(t.live, 0);
}

static void writes_status_fields_and_length(void **state)
{
    (void)state;
    const struct tri_field fields[] = {{TRI_SLICE("etag"), TRI_SLICE("\"x\"")},
                                       {TRI_SLICE("vary"), TRI_SLICE("")}};
    check_head(
        &(struct tri_h1_response){
            .status = 200, .fields = fields, .fields_len = 2, .content_length = 1234567890123},
        "HTTP/1.1 200 OK\r\netag: \"x\"\r\nvary: \r\nContent-Length: 1234567890123\r\n\r\n");
}

static void a_status_without_a_phrase_keeps_its_space(void **state)
{
    (void)state;
    check_head(&(struct tri_h1_response){.status = 599, .content_length = TRI_LENGTH_NONE},
               "HTTP/1.1 599 \r\n\r\n");
}

static void the_last_response_says_so(void **state)
{
    (void)state;
    check_head(&(struct tri_h1_response){.status = 404, .closes = true},
               "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

static void U1_a_switch_of_protocols_has_its_three_fields(void **state)
{
    (void)state;
    const struct tri_field fields[] = {{TRI_SLICE("sec-websocket-protocol"), TRI_SLICE("chat")}};
    check_head(&(struct tri_h1_response){.status = 101,
                                         .fields = fields,
                                         .fields_len = 1,
                                         .content_length = TRI_LENGTH_NONE,
                                         .upgrade = "websocket",
                                         .accept = TRI_SLICE("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")},
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
               "sec-websocket-protocol: chat\r\n\r\n");
}

static void U5_a_refused_version_names_the_right_one(void **state)
{
    (void)state;
    check_head(
        &(struct tri_h1_response){
            .status = 426, .upgrade = "websocket", .tells_version = true, .closes = true},
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
        "Connection: close, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Content-Length: 0\r\n\r\n");
}

static void a_head_over_its_limit_is_refused(void **state)
{
    (void)state;
    static uint8_t value[TRI_RESPONSE_HEAD_BYTES_MAX];
    memset(value, 'x', sizeof value);
    const struct tri_field fields[] = {{TRI_SLICE("x"), tri_slice_of(value, sizeof value)}};
    const struct tri_h1_response r = {.status = 200, .fields = fields, .fields_len = 1};
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_buf out;
    tri_buf_init(&out, &t.alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
    assert_int_equal(tri_h1_response_write(&r, &out), TRI_ERR_LIMIT);
    tri_buf_deinit(&out);
    assert_int_equal(t.live, 0);
}

static void each_failed_allocation_is_reported(void **state)
{
    (void)state;
    static uint8_t value[2000];
    memset(value, 'x', sizeof value);
    const struct tri_field fields[] = {{TRI_SLICE("x"), tri_slice_of(value, sizeof value)}};
    const struct tri_h1_response r = {.status = 200, .fields = fields, .fields_len = 1};
    for (size_t n = 1; n <= 2; n++) {
        struct test_alloc t;
        test_alloc_init(&t);
        t.fail_at = n;
        struct tri_buf out;
        tri_buf_init(&out, &t.alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
        assert_int_equal(tri_h1_response_write(&r, &out), TRI_ERR_NOMEM);
        tri_buf_deinit(&out);
        assert_int_equal(t.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_status_fields_and_length),
        cmocka_unit_test(a_status_without_a_phrase_keeps_its_space),
        cmocka_unit_test(the_last_response_says_so),
        cmocka_unit_test(U1_a_switch_of_protocols_has_its_three_fields),
        cmocka_unit_test(U5_a_refused_version_names_the_right_one),
        cmocka_unit_test(a_head_over_its_limit_is_refused),
        cmocka_unit_test(each_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
