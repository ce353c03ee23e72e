/* base_limits: defaults and ranges. */
#include "base_limits.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

struct limit_case {
    enum tri_limit which;
    unsigned size; /* bytes of the member */
    size_t offset;
    uint64_t normal; /* the documented default */
    uint64_t min, max;
};

#define LIMIT(name, member, default_value, least, most)                                            \
    {                                                                                              \
        TRI_LIMIT_##name, sizeof((struct tri_limits *)NULL)->member,                               \
            offsetof(struct tri_limits, member), (default_value), (least), (most)                  \
    }

static const struct limit_case cases[] = {
    LIMIT(MESSAGE_BYTES, message_bytes_max, 16777216, 1, 1073741824),
    LIMIT(QUEUE_BYTES, queue_bytes_max, 1048576, 1024, 1073741824),
    LIMIT(PING_INTERVAL_MS, ping_interval_ms, 30000, 10, 86400000),
    LIMIT(IDLE_TIMEOUT_MS, idle_timeout_ms, 60000, 10, 604800000),
    LIMIT(CLOSE_TIMEOUT_MS, close_timeout_ms, 5000, 10, 600000),
    LIMIT(HANDSHAKE_TIMEOUT_MS, handshake_timeout_ms, 10000, 10, 600000),
    LIMIT(REQUEST_TIMEOUT_MS, request_timeout_ms, 10000, 10, 600000),
    LIMIT(KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms, 60000, 10, 86400000),
    LIMIT(RESPONSE_TIMEOUT_MS, response_timeout_ms, 60000, 10, 600000),
    LIMIT(STREAMS, streams_max, 1000, 1, 65536),
    LIMIT(CONNECTIONS, connections_max, 100000, 1, 10000000),
    LIMIT(CONNECTIONS_ADDRESS, connections_address_max, 10000, 1, 10000000),
    LIMIT(MEMORY_BYTES, memory_bytes_max, 0, 16777216, 1099511627776),
    LIMIT(SOCKETS, sockets_max, 1000, 1, 65536),
    LIMIT(FRAGMENTS, fragments_max, 65536, 1, 1000000),
    LIMIT(HALF_OPEN, half_open_max, 1000, 1, 10000000),
    LIMIT(CONTROL_FRAMES, control_frames_max, 1000, 1, 1000000),
    LIMIT(DEFLATE_BYTES, deflate_bytes_max, 67108864, 1048576, 68719476736),
    LIMIT(DEFLATE_LEAST_BYTES, deflate_bytes_least, 64, 1, 1048576),
    LIMIT(DEFLATE_WINDOW_BITS, deflate_window_bits, 12, 9, 15),
    LIMIT(DEFLATE_LEVEL, deflate_level, 3, 1, 9),
};
#define CASES (sizeof cases / sizeof cases[0])

static uint64_t read_field(const struct tri_limits *limits, const struct limit_case *c)
{
    const char *at = (const char *)limits + c->offset;
    if (c->size == sizeof(uint8_t)) {
        return *(const uint8_t *)at;
    }
    if (c->size == sizeof(uint32_t)) {
        uint32_t v;
        memcpy(&v, at, sizeof v);
        return v;
    }
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* trisock.h says what 0 means of the first three; of the others it is no memory and no length. */
static bool is_zero_fine(const struct limit_case *c)
{
    return c->which == TRI_LIMIT_PING_INTERVAL_MS || c->which == TRI_LIMIT_IDLE_TIMEOUT_MS ||
           c->which == TRI_LIMIT_HALF_OPEN || c->which == TRI_LIMIT_CONTROL_FRAMES ||
           c->which == TRI_LIMIT_DEFLATE_LEAST_BYTES || c->which == TRI_LIMIT_CONNECTIONS_ADDRESS ||
           c->which == TRI_LIMIT_MEMORY_BYTES;
}

static void defaults_are_what_the_header_documents(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    for (size_t i = 0; i < CASES; i++) {
        assert_int_equal(read_field(&limits, &cases[i]), cases[i].normal);
        assert_int_equal(tri_limits_set(&limits, cases[i].which, cases[i].normal), TRI_OK);
    }
}

static void the_ends_of_each_range_are_taken_and_change_one_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct tri_limits limits;
        tri_limits_default(&limits);
        assert_int_equal(tri_limits_set(&limits, cases[i].which, cases[i].min), TRI_OK);
        assert_int_equal(read_field(&limits, &cases[i]), cases[i].min);
        assert_int_equal(tri_limits_set(&limits, cases[i].which, cases[i].max), TRI_OK);
        for (size_t j = 0; j < CASES; j++) {
            assert_int_equal(read_field(&limits, &cases[j]),
                             i == j ? cases[j].max : cases[j].normal);
        }
    }
}

static void beyond_each_range_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct tri_limits limits, before;
    tri_limits_default(&limits);
    before = limits;
    for (size_t i = 0; i < CASES; i++) {
        const struct limit_case *c = &cases[i];
        assert_int_equal(tri_limits_set(&limits, c->which, c->max + 1), TRI_ERR_INVALID);
        assert_int_equal(tri_limits_set(&limits, c->which, UINT64_MAX), TRI_ERR_INVALID);
        if (c->min > 1) {
            assert_int_equal(tri_limits_set(&limits, c->which, c->min - 1), TRI_ERR_INVALID);
        }
    }
    assert_int_equal(tri_limits_set(&limits, (enum tri_limit)CASES, 1), TRI_ERR_INVALID);
    assert_memory_equal(&limits, &before, sizeof limits);
}

static void a_range_can_be_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        const struct tri_limit_range r = tri_limits_range(cases[i].which);
        assert_int_equal(r.min, cases[i].min);
        assert_int_equal(r.max, cases[i].max);
        assert_int_equal(r.is_zero_fine, is_zero_fine(&cases[i]));
    }
}

static void zero_means_never_where_the_header_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct tri_limits limits;
        tri_limits_default(&limits);
        const enum tri_err want = is_zero_fine(&cases[i]) ? TRI_OK : TRI_ERR_INVALID;
        assert_int_equal(tri_limits_set(&limits, cases[i].which, 0), want);
        assert_int_equal(read_field(&limits, &cases[i]),
                         is_zero_fine(&cases[i]) ? 0 : cases[i].normal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_what_the_header_documents),
        cmocka_unit_test(the_ends_of_each_range_are_taken_and_change_one_limit),
        cmocka_unit_test(beyond_each_range_is_refused_and_changes_nothing),
        cmocka_unit_test(a_range_can_be_told),
        cmocka_unit_test(zero_means_never_where_the_header_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
