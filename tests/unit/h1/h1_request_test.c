#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_reader.h"
#include "h1_request.h"
#include "http_upgrade.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define HEAD                                                                                       \
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"                     \
    "Connection: Upgrade\r\nSec-WebSocket-Key: " KEY "\r\norigin: http://example.com\r\n\r\n"

static const struct tri_field origin = {.name = TRI_SLICE("origin"),
                                        .value = TRI_SLICE("http://example.com")};
static const struct tri_call_request request = {.authority = TRI_SLICE("server.example.com"),
                                                .path = TRI_SLICE("/chat"),
                                                .fields = &origin,
                                                .fields_len = 1};

static void a_request_is_that_of_RFC_6455_section_1_2(void **state)
{
    (void)state;
    struct tri_buf out;
    tri_buf_init(&out, tri_alloc_heap(), 1000);
    assert_int_equal(tri_h1_request_write(&request, TRI_SLICE(KEY), &out), TRI_OK);
    assert_true(tri_slice_equal(tri_buf_peek(&out), TRI_SLICE(HEAD)));
    tri_buf_deinit(&out);
}

static void our_own_reader_takes_it_for_a_handshake(void **state)
{
    (void)state;
    struct tri_h1_reader reader;
    tri_h1_reader_init(&reader, tri_alloc_heap());
    size_t used;
    assert_int_equal(tri_h1_reader_feed(&reader, (const uint8_t *)HEAD, sizeof HEAD - 1, &used),
                     TRI_OK);
    struct tri_slice key;
    assert_int_equal(tri_upgrade_normalise(&reader.head.request, &key), TRI_OK);
    assert_true(tri_slice_equal(key, TRI_SLICE(KEY)));
    tri_h1_reader_deinit(&reader);
}

static void a_head_above_the_limit_is_not_written_whole(void **state)
{
    (void)state;
    for (size_t max = 1; max <= sizeof HEAD - 1; max++) {
        struct tri_buf out;
        tri_buf_init(&out, tri_alloc_heap(), max);
        assert_int_equal(tri_h1_request_write(&request, TRI_SLICE(KEY), &out),
                         max < sizeof HEAD - 1 ? TRI_ERR_LIMIT : TRI_OK);
        tri_buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_that_of_RFC_6455_section_1_2),
        cmocka_unit_test(our_own_reader_takes_it_for_a_handshake),
        cmocka_unit_test(a_head_above_the_limit_is_not_written_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
