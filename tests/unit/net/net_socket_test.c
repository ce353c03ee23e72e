/* Opening and binding sockets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_socket.h"

#include <errno.h>
#include <fcntl.h>

static void a_socket_does_not_block_and_is_not_inherited(void **state)
{
    (void)state;
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    static const int families[] = {AF_INET, AF_INET6};
    for (int i = 0; i < 4; i++) {
        int fd = -1;
        assert_int_equal(tri_socket_open(&fd, families[i / 2], types[i % 2]), TRI_OK);
        assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        int v6_only = 0;
        socklen_t len = sizeof v6_only;
        if (families[i / 2] == AF_INET6) {
            assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &len), 0);
            assert_int_equal(v6_only, 1);
        }
        tri_socket_close(fd);
    }
}

static void bind_tells_the_real_port_and_a_used_one(void **state)
{
    (void)state;
    int first = -1;
    int second = -1;
    struct tri_addr addr;
    assert_int_equal(tri_addr_parse(&addr, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(tri_socket_open(&first, AF_INET, SOCK_DGRAM), TRI_OK);
    assert_int_equal(tri_socket_open(&second, AF_INET, SOCK_DGRAM), TRI_OK);
    assert_int_equal(tri_socket_bind(first, &addr), TRI_OK);
    assert_int_not_equal(tri_addr_port(&addr), 0);
    struct tri_addr same = addr;
    assert_int_equal(tri_socket_bind(second, &same), TRI_ERR_INUSE);
    assert_true(tri_addr_equal(&same, &addr));
    tri_socket_close(first);
    tri_socket_close(second);
}

static void bind_tells_an_address_of_another_machine(void **state)
{
    (void)state;
    int fd = -1;
    struct tri_addr addr;
    assert_int_equal(tri_addr_parse(&addr, "192.0.2.1:0"), TRI_OK);
    assert_int_equal(tri_socket_open(&fd, AF_INET, SOCK_STREAM), TRI_OK);
    assert_int_equal(tri_socket_bind(fd, &addr), TRI_ERR_IO);
    assert_int_equal(errno, EADDRNOTAVAIL);
    tri_socket_close(fd);
    assert_int_equal(errno, EADDRNOTAVAIL); /* closing keeps it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_does_not_block_and_is_not_inherited),
        cmocka_unit_test(bind_tells_the_real_port_and_a_used_one),
        cmocka_unit_test(bind_tells_an_address_of_another_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
