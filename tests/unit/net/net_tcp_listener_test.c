/* Listening and accepting: addresses, floods, refusals, and a system that is short. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tcp_world.h"
#include "test_alloc.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the kernel, with a script */

static int accept_fails, accept_errno;
static int accept_calls;

int scripted_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags) __asm__("accept4");

int scripted_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    accept_calls++;
    if (accept_fails > 0) {
        accept_fails--;
        errno = accept_errno;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

static struct tcp_world w;
static struct tcp_client client;

static void *refuse(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **events)
{
    (void)owner;
    (void)tcp;
    (void)events;
    return NULL;
}

static void open_world(void)
{
    accept_fails = 0;
    accept_calls = 0;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 5000);
}

static void N1_a_used_port_is_told(void **state)
{
    (void)state;
    open_world();
    struct tri_tcp_listener *second;
    struct tri_addr same = w.addr;
    const struct tri_tcp_accept accept = {.on_accept = refuse};
    assert_int_equal(tri_tcp_listen(&second, w.loop, &same, &accept), TRI_ERR_INUSE);
    assert_null(second);
    tri_tcp_listener_close(second); /* NULL is fine */
    tcp_world_close(&w);
}

static void an_address_of_another_machine_is_told(void **state)
{
    (void)state;
    open_world();
    struct tri_tcp_listener *other;
    struct tri_addr addr;
    const struct tri_tcp_accept accept = {.on_accept = refuse};
    assert_int_equal(tri_addr_parse(&addr, "192.0.2.1:0"), TRI_OK);
    assert_int_equal(tri_tcp_listen(&other, w.loop, &addr, &accept), TRI_ERR_IO);
    assert_int_equal(errno, EADDRNOTAVAIL);
    tcp_world_close(&w);
}

static void ipv6_does_not_take_ipv4_too(void **state)
{
    (void)state;
    struct tcp_world v6;
    tcp_world_open(&v6, tri_alloc_heap(), "[::]:0", NULL, 5000);
    open_world();
    struct tri_tcp_listener *v4;
    struct tri_addr addr;
    const struct tri_tcp_accept accept = {.on_accept = refuse};
    assert_int_equal(tri_addr_parse(&addr, "0.0.0.0:0"), TRI_OK);
    tri_addr_set_port(&addr, tri_addr_port(&v6.addr));
    assert_int_equal(tri_tcp_listen(&v4, w.loop, &addr, &accept), TRI_OK);
    tri_tcp_listener_close(v4);
    tcp_world_close(&w);
    tcp_world_close(&v6);
}

/* The side that closes first has the port in TIME_WAIT for a minute. */
static void a_port_can_be_listened_on_again_at_once(void **state)
{
    (void)state;
    open_world();
    struct tri_addr addr = w.addr;
    tcp_client_open(&client, &addr, NULL);
    tcp_world_run_until(&w, &client, &w.conns[0].ready);
    tri_tcp_close(w.conns[0].tcp, 1000);
    tcp_world_run_until(&w, &client, &client.fin);
    tcp_client_close(&client);
    tcp_world_run_until(&w, NULL, &w.conns[0].closed);
    tcp_world_close(&w);
    char text[TRI_ADDR_TEXT_MAX];
    tri_addr_format(&addr, text);
    tcp_world_open(&w, tri_alloc_heap(), text, NULL, 5000);
    tcp_world_close(&w);
}

static void a_connection_that_the_owner_refuses_is_reset(void **state)
{
    (void)state;
    open_world();
    w.refuse = true;
    tcp_client_open(&client, &w.addr, NULL);
    tcp_world_run_until(&w, &client, &client.reset);
    assert_int_equal(w.conns_len, 0);
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static void a_listener_may_close_inside_on_accept(void **state)
{
    (void)state;
    open_world();
    w.close_listener = true;
    w.on_data = ACT_ECHO;
    tcp_client_open(&client, &w.addr, NULL);
    struct tcp_client second;
    tcp_client_open(&second, &w.addr, NULL); /* waits in the backlog, and goes with it */
    tcp_world_run_until(&w, &client, &w.conns[0].ready);
    tcp_client_send(&client, "still here", 10);
    tcp_world_run_until_len(&w, &client, &client.in, 10);
    assert_int_equal(w.conns_len, 1);
    assert_int_equal(accept_calls, 1);
    tcp_world_run_until(&w, &second, &second.reset);
    tcp_client_close(&second);
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static void accepts_a_bounded_number_a_turn(void **state)
{
    (void)state;
    static struct tcp_client many[80];
    open_world();
    for (size_t i = 0; i < 80; i++) {
        tcp_client_open(&many[i], &w.addr, NULL);
    }
    tcp_world_step(&w, NULL);
    assert_int_equal(w.conns_len, 64);
    tcp_world_step(&w, NULL);
    assert_int_equal(w.conns_len, 80);
    for (size_t i = 0; i < 80; i++) {
        assert_true(w.conns[i].ready);
        tcp_client_close(&many[i]);
    }
    tcp_world_close(&w);
}

static void waits_when_there_are_no_descriptors_and_goes_on_later(void **state)
{
    (void)state;
    static const int errors[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        open_world();
        accept_fails = 1000000;
        accept_errno = errors[i];
        tcp_client_open(&client, &w.addr, NULL);
        uint64_t start_ns = uv_hrtime();
        tcp_world_run_ms(&w, &client, 20);
        uint64_t tries =
            (uv_hrtime() - start_ns) / 100000000 + 1; /* one each 100 ms: no spinning */
        assert_in_range(accept_calls, 1, tries);
        assert_int_equal(w.stalls, accept_calls);
        assert_int_equal(w.stall_error, errors[i]);
        accept_fails = 0;
        tcp_world_run_until(&w, &client, &w.conns[0].ready);
        tcp_client_close(&client);
        tcp_world_close(&w);
    }
}

static void closing_while_it_waits_is_fine(void **state)
{
    (void)state;
    open_world();
    accept_fails = 1;
    accept_errno = EMFILE;
    tcp_client_open(&client, &w.addr, NULL);
    tcp_world_run_ms(&w, &client, 5);
    assert_int_equal(w.stalls, 1);
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static void a_connection_that_is_gone_already_does_not_hold_up_the_next(void **state)
{
    (void)state;
    open_world();
    accept_fails = 3;
    accept_errno = ECONNABORTED;
    tcp_client_open(&client, &w.addr, NULL);
    tcp_world_step(&w, &client);
    assert_int_equal(w.conns_len, 1);
    assert_int_equal(w.stalls, 0);
    tcp_client_close(&client);
    tcp_world_close(&w);
}

static void listen_survives_each_failing_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        test_alloc_init(&memory);
        memory.fail_at = n;
        enum tri_err err = tcp_world_try_open(&w, &memory.alloc, "127.0.0.1:0", NULL, 1000);
        failed = test_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (!err) {
            tcp_world_close(&w);
        }
        assert_int_equal(memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_a_used_port_is_told),
        cmocka_unit_test(an_address_of_another_machine_is_told),
        cmocka_unit_test(ipv6_does_not_take_ipv4_too),
        cmocka_unit_test(a_port_can_be_listened_on_again_at_once),
        cmocka_unit_test(a_connection_that_the_owner_refuses_is_reset),
        cmocka_unit_test(a_listener_may_close_inside_on_accept),
        cmocka_unit_test(accepts_a_bounded_number_a_turn),
        cmocka_unit_test(waits_when_there_are_no_descriptors_and_goes_on_later),
        cmocka_unit_test(closing_while_it_waits_is_fine),
        cmocka_unit_test(a_connection_that_is_gone_already_does_not_hold_up_the_next),
        cmocka_unit_test(listen_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
