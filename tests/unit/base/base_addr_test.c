/* base_addr: socket addresses and their text. */
#include "base_addr.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

static void text_forms_survive_the_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "127.0.0.1:80",
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "[::1]:8443",
        "[::]:443",
        "[2001:db8::ff00:42:8329]:1",
        "[fe80::1%7]:9",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tri_addr addr;
        char text[TRI_ADDR_TEXT_MAX];
        assert_int_equal(tri_addr_parse(&addr, texts[i]), TRI_OK);
        tri_addr_format(&addr, text);
        assert_string_equal(text, texts[i]);
    }
}

static void localhost_means_the_ipv4_loopback(void **state)
{
    (void)state;
    struct tri_addr addr;
    char text[TRI_ADDR_TEXT_MAX];
    assert_int_equal(tri_addr_parse(&addr, "localhost:8443"), TRI_OK);
    tri_addr_format(&addr, text);
    assert_string_equal(text, "127.0.0.1:8443");
}

static void a_mapped_address_is_written_as_ipv4(void **state)
{
    (void)state;
    struct tri_addr addr;
    char text[TRI_ADDR_TEXT_MAX];
    assert_int_equal(tri_addr_parse(&addr, "[::ffff:192.0.2.7]:81"), TRI_OK);
    assert_int_equal(addr.sa.sa_family, AF_INET6);
    tri_addr_format(&addr, text);
    assert_string_equal(text, "192.0.2.7:81");
}

static void a_zone_may_be_the_name_of_an_interface(void **state)
{
    (void)state;
    struct tri_addr addr;
    assert_int_equal(tri_addr_parse(&addr, "[fe80::1%lo]:9"), TRI_OK);
    assert_int_not_equal(addr.in6.sin6_scope_id, 0);
}

static void what_is_no_address_is_refused_and_nothing_written(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ":",
        ":80",
        "80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:000080",
        "127.0.0.1:+80",
        "127.0.0.1:-1",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        "127.0.0.1:8o",
        "127.0.0.256:80",
        "127.1:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[127.0.0.1]:80",
        "[::1%]:80",
        "[::1%no-such-interface]:80",
        "[::1%4294967296]:80",
        "example.com:80",
        "LOCALHOST:80",
        "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%42949672950000000000000000]:65535",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tri_addr addr;
        memset(&addr, 0x55, sizeof addr);
        struct tri_addr before = addr;
        assert_int_equal(tri_addr_parse(&addr, texts[i]), TRI_ERR_INVALID);
        assert_memory_equal(&addr, &before, sizeof addr);
    }
}

static void no_address_has_no_text_and_no_port(void **state)
{
    (void)state;
    struct tri_addr none = {.len = 0};
    char text[TRI_ADDR_TEXT_MAX] = "x";
    tri_addr_format(&none, text);
    assert_string_equal(text, "");
    assert_int_equal(tri_addr_port(&none), 0);
    assert_true(tri_addr_equal(&none, &none));
}

static void the_port_can_be_read_and_set(void **state)
{
    (void)state;
    static const char *const texts[] = {"127.0.0.1:1", "[::1]:1"};
    for (size_t i = 0; i < 2; i++) {
        struct tri_addr addr;
        assert_int_equal(tri_addr_parse(&addr, texts[i]), TRI_OK);
        assert_int_equal(tri_addr_port(&addr), 1);
        tri_addr_set_port(&addr, 50321);
        assert_int_equal(tri_addr_port(&addr), 50321);
    }
}

static void addresses_are_equal_only_in_all_parts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "127.0.0.1:1", "127.0.0.2:1", "127.0.0.1:2",   "[::1]:1",
        "[::2]:1",     "[::1]:2",     "[fe80::1%1]:1", "[fe80::1%2]:1",
    };
    enum { LEN = sizeof texts / sizeof texts[0] };
    const struct tri_addr none = {.len = 0};
    for (size_t i = 0; i < LEN; i++) {
        struct tri_addr a, b;
        assert_int_equal(tri_addr_parse(&a, texts[i]), TRI_OK);
        assert_false(tri_addr_equal(&a, &none));
        for (size_t j = 0; j < LEN; j++) {
            assert_int_equal(tri_addr_parse(&b, texts[j]), TRI_OK);
            assert_int_equal(tri_addr_equal(&a, &b), i == j);
        }
    }
}

static void a_kernel_address_is_copied_if_its_family_is_known(void **state)
{
    (void)state;
    struct sockaddr_storage storage = {.ss_family = AF_INET6};
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
    struct tri_addr addr;
    char text[TRI_ADDR_TEXT_MAX];
    in6->sin6_port = htons(7);
    in6->sin6_addr = in6addr_loopback;
    const struct sockaddr *sa = (const struct sockaddr *)&storage;
    assert_int_equal(tri_addr_from_sockaddr(&addr, sa, sizeof storage), TRI_OK);
    tri_addr_format(&addr, text);
    assert_string_equal(text, "[::1]:7");
    assert_int_equal(addr.len, sizeof *in6);
    assert_int_equal(tri_addr_from_sockaddr(&addr, sa, sizeof *in6 - 1), TRI_ERR_INVALID);
    assert_int_equal(tri_addr_from_sockaddr(&addr, sa, 0), TRI_ERR_INVALID);

    storage.ss_family = AF_INET;
    assert_int_equal(tri_addr_from_sockaddr(&addr, sa, sizeof(struct sockaddr_in)), TRI_OK);
    assert_int_equal(tri_addr_port(&addr), 7);
    assert_int_equal(tri_addr_from_sockaddr(&addr, sa, 4), TRI_ERR_INVALID);
    storage.ss_family = AF_UNIX;
    assert_int_equal(tri_addr_from_sockaddr(&addr, sa, sizeof storage), TRI_ERR_INVALID);
}

static void loopback_is_what_only_this_machine_reaches(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_loopback;
    } rows[] = {
        {"127.0.0.1:1", true},  {"127.255.255.254:0", true}, {"localhost:1", true},
        {"[::1]:1", true},      {"0.0.0.0:1", false},        {"126.255.255.255:1", false},
        {"128.0.0.1:1", false}, {"1.0.0.127:1", false},      {"[::]:1", false},
        {"[::2]:1", false},     {"[fe80::1]:1", false},      {"[::ffff:127.0.0.1]:1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_addr addr;
        assert_int_equal(tri_addr_parse(&addr, rows[i].text), TRI_OK);
        assert_int_equal(tri_addr_is_loopback(&addr), rows[i].is_loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_what_only_this_machine_reaches),
        cmocka_unit_test(text_forms_survive_the_round_trip),
        cmocka_unit_test(localhost_means_the_ipv4_loopback),
        cmocka_unit_test(a_mapped_address_is_written_as_ipv4),
        cmocka_unit_test(a_zone_may_be_the_name_of_an_interface),
        cmocka_unit_test(what_is_no_address_is_refused_and_nothing_written),
        cmocka_unit_test(no_address_has_no_text_and_no_port),
        cmocka_unit_test(the_port_can_be_read_and_set),
        cmocka_unit_test(addresses_are_equal_only_in_all_parts),
        cmocka_unit_test(a_kernel_address_is_copied_if_its_family_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
