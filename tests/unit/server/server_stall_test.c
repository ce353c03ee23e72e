/* server_stall: when a peer takes nothing. */
#include "server_stall.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct tri_tcp {
    bool full;
    uint64_t taken_bytes;
};

bool tri_tcp_is_full(const struct tri_tcp *t)
{
    return t->full;
}

uint64_t tri_tcp_taken_bytes(const struct tri_tcp *t)
{
    return t->taken_bytes;
}

#define MS UINT64_C(1000000)

static void a_stall_begins_when_the_socket_is_full_and_lasts(void **state)
{
    (void)state;
    struct tri_stall s;
    struct tri_tcp tcp = {.full = false};
    tri_stall_init(&s);
    tri_stall_watch(&s, &tcp, 1 * MS, 50);
    assert_int_equal(s.deadline_ns, UINT64_MAX);
    tcp.full = true;
    tri_stall_watch(&s, &tcp, 2 * MS, 50);
    assert_int_equal(s.deadline_ns, 52 * MS);
    tri_stall_watch(&s, &tcp, 52 * MS, 50);
    assert_int_equal(s.deadline_ns, 52 * MS);
}

static void it_begins_anew_with_each_byte_and_ends_with_room(void **state)
{
    (void)state;
    struct tri_stall s;
    struct tri_tcp tcp = {.full = true};
    tri_stall_init(&s);
    tri_stall_watch(&s, &tcp, 1 * MS, 50);
    tcp.taken_bytes = 1;
    tri_stall_watch(&s, &tcp, 51 * MS, 50);
    assert_int_equal(s.deadline_ns, 101 * MS);
    tcp.full = false;
    tri_stall_watch(&s, &tcp, 100 * MS, 50);
    assert_int_equal(s.deadline_ns, UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stall_begins_when_the_socket_is_full_and_lasts),
        cmocka_unit_test(it_begins_anew_with_each_byte_and_ends_with_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
