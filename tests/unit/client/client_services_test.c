/* What Alt-Svc said: which values are understood, for how long, and for how many origins. */
#include "client_services.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000000)

static struct tri_client_url parse(const char *text)
{
    struct tri_client_url url;
    assert_null(tri_client_url_parse(&url, text));
    return url;
}

static void a_field_tells_the_port_of_http_3_on_the_same_host(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        unsigned port; /* 0: it says nothing of use */
        uint64_t seconds;
    } rows[] = {
        {"h3=\":443\"", 443, 86400},
        {"h3=\":8443\"; ma=3600", 8443, 3600},
        {"h3=\":8443\";ma=60;persist=1", 8443, 60},
        {"h3=\":8443\"; persist=\"1\"; ma=\"60\"", 8443, 60},
        {"h3=\"example.com:1\"", 1, 86400},
        {"h3=\"EXAMPLE.com:1\"", 1, 86400},
        {"h2=\":1\", h3=\":2\"", 2, 86400},
        {"h3=\"other.com:1\", h3=\":2\"", 2, 86400},
        {" h3=\":2\" , h2=\":3\"", 2, 86400},
        {"h3=\":2\"; ma=99999999999999999999", 2, 30 * 86400},
        {"", 0, 0},
        {"h3", 0, 0},
        {"h3=443", 0, 0},
        {"h3=\"443\"", 0, 0},
        {"h3=\":\"", 0, 0},
        {"h3=\":0\"", 0, 0},
        {"h3=\":65536\"", 0, 0},
        {"h3=\":99999999999999999999\"", 0, 0},
        {"h3=\":1a\"", 0, 0},
        {"h3=\":1", 0, 0},
        {"h3=\":1\" x", 0, 0},
        {"h3=\":1\"; ma", 0, 0},
        {"h3=\":1\"; ma=", 0, 0},
        {"h3=\":1\"; ma=-1", 0, 0},
        {"h3=\":1\"; ma=0", 0, 0},
        {"H3=\":1\"", 0, 0},
        {"h3-29=\":1\"", 0, 0},
        {"h3=\"other.com:1\"", 0, 0},
        {"clear", 0, 0},
    };
    const struct tri_client_url url = parse("wss://example.com:8443");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_alloc heap;
        test_alloc_init(&heap);
        struct tri_client_services s;
        tri_client_services_init(&s, &heap.alloc);
        tri_client_services_learn(&s, &url, tri_slice_of_string(rows[i].value), 5);
        if (tri_client_services_find(&s, &url, 5) != rows[i].port) {
            fail_msg("%s: %u", rows[i].value, tri_client_services_find(&s, &url, 5));
        }
        const uint64_t until = 5 + rows[i].seconds * SECOND;
        assert_int_equal(tri_client_services_find(&s, &url, until - 1), rows[i].port);
        assert_int_equal(tri_client_services_find(&s, &url, until), 0);
        tri_client_services_deinit(&s);
        assert_int_equal(heap.live, 0);
    }
}

static void an_origin_is_known_by_itself_and_can_be_forgotten(void **state)
{
    (void)state;
    struct tri_client_services s;
    tri_client_services_init(&s, tri_alloc_heap());
    const struct tri_client_url a = parse("wss://a"), b = parse("wss://a:444");
    tri_client_services_learn(&s, &a, TRI_SLICE("h3=\":1\""), 0);
    assert_int_equal(tri_client_services_find(&s, &b, 0), 0);
    tri_client_services_learn(&s, &b, TRI_SLICE("h3=\":2\""), 0);
    tri_client_services_learn(&s, &a, TRI_SLICE("h3=\":3\""), 0);
    assert_int_equal(tri_client_services_find(&s, &a, 0), 3);
    assert_int_equal(tri_client_services_find(&s, &b, 0), 2);
    tri_client_services_learn(&s, &a, TRI_SLICE("clear"), 0);
    assert_int_equal(tri_client_services_find(&s, &a, 0), 0);
    tri_client_services_learn(&s, &b, TRI_SLICE("clear"), 0);
    tri_client_services_learn(&s, &b, TRI_SLICE("clear"), 0);
    assert_int_equal(tri_client_services_find(&s, &b, 0), 0);
    tri_client_services_deinit(&s);
}

static void one_that_was_not_there_is_let_alone_for_a_while(void **state)
{
    (void)state;
    struct tri_client_services s;
    tri_client_services_init(&s, tri_alloc_heap());
    const struct tri_client_url a = parse("wss://a");
    tri_client_services_avoid(&s, &a, 7); /* it was not known: nothing to avoid */
    tri_client_services_learn(&s, &a, TRI_SLICE("h3=\":1\""), 7);
    assert_int_equal(tri_client_services_find(&s, &a, 7), 1);
    tri_client_services_avoid(&s, &a, 7);
    tri_client_services_learn(&s, &a, TRI_SLICE("h3=\":1\""), 8); /* over TCP it is told again */
    assert_int_equal(tri_client_services_find(&s, &a, 8), 0);
    assert_int_equal(tri_client_services_find(&s, &a, 6 + TRI_CLIENT_SERVICE_AVOID_NS), 0);
    assert_int_equal(tri_client_services_find(&s, &a, 7 + TRI_CLIENT_SERVICE_AVOID_NS), 1);
    tri_client_services_deinit(&s);
}

static void of_too_many_origins_the_first_to_end_goes(void **state)
{
    (void)state;
    struct test_alloc heap;
    test_alloc_init(&heap);
    struct tri_client_services s;
    tri_client_services_init(&s, &heap.alloc);
    char text[64];
    for (unsigned i = 0; i <= TRI_CLIENT_SERVICES_MAX; i++) {
        (void)snprintf(text, sizeof text, "wss://host%u", i);
        const struct tri_client_url url = parse(text);
        (void)snprintf(text, sizeof text, "h3=\":1\"; ma=%u", i == 7 ? 5 : 100 + i);
        tri_client_services_learn(&s, &url, tri_slice_of_string(text), 0);
    }
    assert_int_equal(heap.live, TRI_CLIENT_SERVICES_MAX);
    const struct tri_client_url seventh = parse("wss://host7"), first = parse("wss://host0");
    assert_int_equal(tri_client_services_find(&s, &seventh, 0), 0);
    assert_int_equal(tri_client_services_find(&s, &first, 0), 1);
    heap.fail_at = heap.calls + 1;
    tri_client_services_learn(&s, &seventh, TRI_SLICE("h3=\":1\""), 0); /* no memory: no harm */
    assert_int_equal(tri_client_services_find(&s, &seventh, 0), 0);
    tri_client_services_deinit(&s);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_tells_the_port_of_http_3_on_the_same_host),
        cmocka_unit_test(an_origin_is_known_by_itself_and_can_be_forgotten),
        cmocka_unit_test(one_that_was_not_there_is_let_alone_for_a_while),
        cmocka_unit_test(of_too_many_origins_the_first_to_end_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
