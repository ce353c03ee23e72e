/* Listeners on real sockets: one port for TCP and UDP, and what is told when it is taken. */
#include "server_listener.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct rig {
    struct temp_dir dir;
    struct tri_shared shared;
    struct tri_hub hub;
    struct tri_listener listener;
    int number;
};

static void ignore_time(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
}

static void ignore(void *user)
{
    (void)user;
}

static const struct tri_loop_events events = {
    .on_turn_end = ignore_time, .on_deadline = ignore_time, .on_wake = ignore};

static void set_up(struct rig *r, unsigned http)
{
    temp_dir_make(&r->dir);
    assert_int_equal(setenv("XDG_STATE_HOME", r->dir.path, 1), 0);
    struct tri_config *config = tri_config_new();
    assert_non_null(config);
    assert_int_equal(tri_config_http(config, http), TRI_OK);
    assert_int_equal(tri_shared_init(&r->shared, config, (struct tri_sentence){NULL, 0}), TRI_OK);
    tri_config_free(config);
    assert_int_equal(tri_hub_init(&r->hub, &r->shared, &events, r), TRI_OK);
}

static void tear_down(struct rig *r)
{
    tri_listener_close(&r->listener);
    tri_listener_close(&r->listener); /* harmless */
    tri_hub_deinit(&r->hub);
    tri_shared_deinit(&r->shared);
    temp_dir_remove(&r->dir);
}

static enum tri_err open_at(struct rig *r, const char *address)
{
    struct tri_listen_port port = {.has_extended_connect = false};
    assert_int_equal(tri_addr_parse(&port.addr, address), TRI_OK);
    return tri_listener_open(&r->listener, &r->hub, &port, &r->number);
}

/* A socket of ours on a port that the system chose. */
static int take_port(int type, struct tri_addr *addr)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(tri_addr_parse(addr, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(bind(fd, &addr->sa, addr->len), 0);
    assert_int_equal(getsockname(fd, &addr->sa, &addr->len), 0);
    if (type == SOCK_STREAM) {
        assert_int_equal(listen(fd, 1), 0);
    }
    return fd;
}

/* Whether the port of |addr| can still be had. */
static bool is_free(int type, const struct tri_addr *addr)
{
    int fd = socket(addr->sa.sa_family, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    bool got = bind(fd, &addr->sa, addr->len) == 0;
    close(fd);
    return got;
}

static void N1_port_0_is_the_same_port_on_tcp_and_udp(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r, TRI_HTTP_ALL);
        assert_int_equal(open_at(&r, addresses[i]), TRI_OK);
        assert_int_not_equal(tri_addr_port(&r.listener.addr), 0);
        assert_false(is_free(SOCK_STREAM, &r.listener.addr));
        assert_false(is_free(SOCK_DGRAM, &r.listener.addr));
        char expected[TRI_ALT_SVC_MAX];
        (void)snprintf(expected, sizeof expected, "h3=\":%u\"; ma=86400",
                       (unsigned)tri_addr_port(&r.listener.addr));
        assert_string_equal(r.listener.alt_svc, expected);
        assert_ptr_equal(r.listener.tcp_port.alt_svc, r.listener.alt_svc);
        struct tri_addr addr = r.listener.addr;
        tear_down(&r);
        assert_true(is_free(SOCK_DGRAM, &addr));
    }
}

static void only_what_is_offered_is_bound(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, TRI_HTTP_2);
    assert_int_equal(open_at(&r, "127.0.0.1:0"), TRI_OK);
    assert_true(is_free(SOCK_DGRAM, &r.listener.addr));
    assert_string_equal(r.listener.alt_svc, "");
    tear_down(&r);
    set_up(&r, TRI_HTTP_3);
    assert_int_equal(open_at(&r, "127.0.0.1:0"), TRI_OK);
    assert_null(r.listener.tcp);
    assert_false(is_free(SOCK_DGRAM, &r.listener.addr));
    tear_down(&r);
}

static void a_taken_port_is_told_on_tcp_and_on_udp(void **state)
{
    (void)state;
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        set_up(&r, TRI_HTTP_ALL);
        struct tri_addr taken;
        int fd = take_port(types[i], &taken);
        char text[TRI_ADDR_TEXT_MAX];
        tri_addr_format(&taken, text);
        assert_int_equal(open_at(&r, text), TRI_ERR_INUSE);
        assert_string_equal(r.listener.text, text);
        assert_null(r.listener.tcp);
        assert_null(r.listener.h3.udp);
        close(fd);
        assert_int_equal(open_at(&r, text), TRI_OK);
        tear_down(&r);
    }
}

static void an_address_of_another_machine_is_told(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, TRI_HTTP_ALL);
    assert_int_equal(open_at(&r, "203.0.113.1:8443"), TRI_ERR_IO);
    assert_int_equal(r.number, EADDRNOTAVAIL);
    tear_down(&r);
}

static void N4_a_cleartext_port_is_tcp_alone(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, TRI_HTTP_ALL);
    struct tri_addr addr;
    assert_int_equal(tri_addr_parse(&addr, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(tri_listener_open_cleartext(&r.listener, &r.hub, &addr, 8443, &r.number),
                     TRI_OK);
    assert_true(r.listener.tcp_port.cleartext);
    assert_int_equal(r.listener.tcp_port.redirect_port, 8443);
    assert_false(is_free(SOCK_STREAM, &r.listener.addr));
    assert_true(is_free(SOCK_DGRAM, &r.listener.addr));
    assert_string_equal(r.listener.alt_svc, "");
    tear_down(&r);
}

static void E1_a_port_offers_extended_connect_as_it_says_itself_or_as_all_do(void **state)
{
    (void)state;
    static const struct {
        bool all, has_own, own, offered;
    } rows[] = {
        {true, false, false, true},
        {false, false, true, false},
        {true, true, false, false},
        {false, true, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig r;
        set_up(&r, TRI_HTTP_ALL);
        r.shared.config.extended_connect = rows[i].all;
        struct tri_listen_port port = {.has_extended_connect = rows[i].has_own,
                                       .extended_connect = rows[i].own};
        assert_int_equal(tri_addr_parse(&port.addr, "127.0.0.1:0"), TRI_OK);
        assert_int_equal(tri_listener_open(&r.listener, &r.hub, &port, &r.number), TRI_OK);
        assert_int_equal(r.listener.tcp_port.extended_connect, rows[i].offered);
        assert_int_equal(r.listener.h3.extended_connect, rows[i].offered);
        tear_down(&r);
    }
}

static void a_stop_gives_back_the_tcp_port_and_keeps_udp(void **state)
{
    (void)state;
    struct rig r;
    set_up(&r, TRI_HTTP_ALL);
    assert_int_equal(open_at(&r, "127.0.0.1:0"), TRI_OK);
    tri_listener_stop(&r.listener);
    assert_true(is_free(SOCK_STREAM, &r.listener.addr));
    assert_false(is_free(SOCK_DGRAM, &r.listener.addr));
    tear_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_port_0_is_the_same_port_on_tcp_and_udp),
        cmocka_unit_test(only_what_is_offered_is_bound),
        cmocka_unit_test(a_taken_port_is_told_on_tcp_and_on_udp),
        cmocka_unit_test(an_address_of_another_machine_is_told),
        cmocka_unit_test(N4_a_cleartext_port_is_tcp_alone),
        cmocka_unit_test(E1_a_port_offers_extended_connect_as_it_says_itself_or_as_all_do),
        cmocka_unit_test(a_stop_gives_back_the_tcp_port_and_keeps_udp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
