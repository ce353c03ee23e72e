/*
 * UDP over real loopback sockets: addresses, ECN, runs out and in, and what the kernel may refuse
 * (its refusals are scripted: sendmsg is ours below).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_udp.h"
#include "net_udp_socket.h"
#include "test_alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the kernel, with a script: after |sendmsg_passes| calls, |sendmsg_fails| fail with
 * |sendmsg_errno| */

static int sendmsg_passes;
static int sendmsg_fails;
static int sendmsg_errno;
static bool gso_fails; /* only messages that ask for segments fail */
static int sendmsg_calls;

ssize_t scripted_sendmsg(int fd, const struct msghdr *message, int flags) __asm__("sendmsg");

ssize_t scripted_sendmsg(int fd, const struct msghdr *message, int flags)
{
    bool is_gso = false;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
         c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, c)) {
        is_gso = is_gso || (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT);
    }
    sendmsg_calls++;
    if (sendmsg_passes > 0) {
        sendmsg_passes--;
    } else if (sendmsg_fails > 0 && (is_gso || !gso_fails)) {
        sendmsg_fails--;
        errno = sendmsg_errno;
        return -1;
    }
    return syscall(SYS_sendmsg, fd, message, flags);
}

static void script_sendmsg(int fails, int error, bool only_gso)
{
    sendmsg_passes = 0;
    sendmsg_fails = fails;
    sendmsg_errno = error;
    gso_fails = only_gso;
    sendmsg_calls = 0;
}

/* ---- one loop, two sockets, and what came */

#define GOT_MAX 256

struct got {
    struct tri_addr local, remote;
    uint8_t ecn;
    size_t len;
    uint8_t first, last;
};

struct end {
    struct tri_udp *udp;
    struct tri_addr addr;
    struct got got[GOT_MAX];
    size_t got_len;
    int writable;
    int refusals, refusal;
    bool close_at_once; /* in the first on_datagram */
};

static struct tri_loop *loop;
static struct end a, b;

static void ignore_turn(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
}

static void ignore_wake(void *user)
{
    (void)user;
}

static const struct tri_loop_events loop_events = {ignore_turn, ignore_turn, ignore_wake};

static void take_datagram(void *user, const struct tri_addr *local, const struct tri_addr *remote,
                          uint8_t ecn, const uint8_t *data, size_t len)
{
    struct end *e = user;
    assert_true(len > 0);
    assert_true(e->got_len < GOT_MAX);
    e->got[e->got_len++] = (struct got){*local, *remote, ecn, len, data[0], data[len - 1]};
    if (e->close_at_once) {
        tri_udp_close(e->udp);
        e->udp = NULL;
    }
}

static void take_writable(void *user)
{
    struct end *e = user;
    e->writable++;
}

static void take_refusal(void *user, int error)
{
    struct end *e = user;
    e->refusals++;
    e->refusal = error;
    if (e->close_at_once) {
        tri_udp_close(e->udp);
        e->udp = NULL;
    }
}

static const struct tri_udp_events events = {
    .on_datagram = take_datagram,
    .on_writable = take_writable,
    .on_refused = take_refusal,
};

static void open_end(struct end *e, const char *address)
{
    *e = (struct end){0};
    assert_int_equal(tri_addr_parse(&e->addr, address), TRI_OK);
    assert_int_equal(tri_udp_open(&e->udp, loop, &e->addr, &events, e), TRI_OK);
    assert_int_not_equal(tri_addr_port(&e->addr), 0);
}

static void open_ends(const char *address)
{
    assert_int_equal(tri_loop_new(&loop, tri_alloc_heap(), &loop_events, NULL), TRI_OK);
    script_sendmsg(0, 0, false);
    open_end(&a, address);
    open_end(&b, address);
}

static void close_ends(void)
{
    tri_udp_close(a.udp);
    tri_udp_close(b.udp);
    tri_loop_free(loop);
}

/* Steps until |e| has |len| datagrams, and a little longer, so that one too many is seen. */
static void run_until(const struct end *e, size_t len)
{
    for (int i = 0; i < 2000 && e->got_len < len; i++) {
        tri_loop_step(loop);
        usleep(e->got_len < len ? 500 : 0);
    }
    for (int i = 0; i < 3; i++) {
        tri_loop_step(loop);
    }
    assert_int_equal(e->got_len, len);
}

/* Datagram i of a run starts and ends with i. */
static size_t fill_run(uint8_t *run, size_t segment, size_t count, size_t last)
{
    for (size_t i = 0; i < count; i++) {
        memset(run + i * segment, (int)i, i + 1 < count ? segment : last);
    }
    return (count - 1) * segment + last;
}

static void assert_run(const struct end *e, size_t from, size_t segment, size_t count, size_t last)
{
    for (size_t i = 0; i < count; i++) {
        const struct got *g = &e->got[from + i];
        assert_int_equal(g->len, i + 1 < count ? segment : last);
        assert_int_equal(g->first, i);
        assert_int_equal(g->last, i);
    }
}

static void carries_datagrams_and_tells_both_addresses(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        open_ends(addresses[i]);
        assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, (const uint8_t *)"hello", 5, 5),
                         TRI_OK);
        run_until(&b, 1);
        assert_int_equal(b.got[0].len, 5);
        assert_int_equal(b.got[0].first, 'h');
        assert_true(tri_addr_equal(&b.got[0].local, &b.addr));
        assert_true(tri_addr_equal(&b.got[0].remote, &a.addr));
        close_ends();
    }
}

static void a_wildcard_socket_knows_and_chooses_its_local_address(void **state)
{
    (void)state;
    open_ends("0.0.0.0:0");
    struct tri_addr to = b.addr;
    to.in.sin_addr.s_addr = htonl(0x7f000002); /* 127.0.0.2 */
    struct tri_addr from = a.addr;
    from.in.sin_addr.s_addr = htonl(0x7f000003);
    assert_int_equal(tri_udp_send(a.udp, &from, &to, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    run_until(&b, 1);
    assert_true(tri_addr_equal(&b.got[0].local, &to));
    assert_true(tri_addr_equal(&b.got[0].remote, &from));
    /* And back the same way. */
    assert_int_equal(
        tri_udp_send(b.udp, &b.got[0].local, &b.got[0].remote, 0, (const uint8_t *)"y", 1, 1),
        TRI_OK);
    run_until(&a, 1);
    assert_true(tri_addr_equal(&a.got[0].remote, &to));
    /* Without a local address the system chooses. */
    assert_int_equal(tri_udp_send(a.udp, NULL, &to, 0, (const uint8_t *)"z", 1, 1), TRI_OK);
    run_until(&b, 2);
    close_ends();
}

static void a_wildcard_socket_knows_its_local_address_on_ipv6(void **state)
{
    (void)state;
    open_ends("[::]:0");
    struct tri_addr to = b.addr;
    to.in6.sin6_addr = in6addr_loopback;
    assert_int_equal(tri_udp_send(a.udp, NULL, &to, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    run_until(&b, 1);
    assert_true(tri_addr_equal(&b.got[0].local, &to));
    close_ends();
}

static void carries_ecn_both_ways(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        open_ends(addresses[i]);
        for (uint8_t ecn = 0; ecn < 4; ecn++) {
            assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, ecn, &ecn, 1, 1), TRI_OK);
            run_until(&b, ecn + 1u);
            assert_int_equal(b.got[ecn].ecn, ecn);
        }
        close_ends();
    }
}

static void a_run_arrives_as_its_datagrams(void **state)
{
    (void)state;
    static const struct {
        size_t segment, count, last;
    } cases[] = {{1200, 10, 1200}, {1200, 10, 1},  {1452, 44, 100},
                 {1, 1, 1},        {1200, 1, 700}, {100, 200, 50}};
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    static uint8_t run[TRI_UDP_RUN_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_ends(addresses[i % 2]);
        size_t len = fill_run(run, cases[i].segment, cases[i].count, cases[i].last);
        assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 2, run, len, cases[i].segment),
                         TRI_OK);
        run_until(&b, cases[i].count);
        assert_run(&b, 0, cases[i].segment, cases[i].count, cases[i].last);
        assert_int_equal(b.got[cases[i].count - 1].ecn, 2);
        close_ends();
    }
}

static void a_run_is_few_system_calls(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    open_ends("127.0.0.1:0");
    if (!a.udp->has_gso) {
        close_ends();
        skip();
    }
    size_t len = fill_run(run, 1200, 50, 1200);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 1200), TRI_OK);
    assert_int_equal(sendmsg_calls, 1);
    run_until(&b, 50);
    /* The kernel takes 64 segments a call. */
    script_sendmsg(0, 0, false);
    len = fill_run(run, 100, 150, 100);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 100), TRI_OK);
    assert_int_equal(sendmsg_calls, 3);
    run_until(&b, 200);
    int joins = 0;
    socklen_t joins_len = sizeof joins;
    if (getsockopt(b.udp->fd, IPPROTO_UDP, UDP_GRO, &joins, &joins_len) == 0) {
        assert_int_equal(joins, 1);
    }
    close_ends();
}

/* EIO: no GSO on that interface, ever. EINVAL: not for this run. */
static void falls_back_to_one_call_a_datagram(void **state)
{
    (void)state;
    static const int errors[] = {EIO, EINVAL};
    static uint8_t run[TRI_UDP_RUN_BYTES];
    for (size_t i = 0; i < 2; i++) {
        open_ends("127.0.0.1:0");
        a.udp->has_gso = true;
        size_t len = fill_run(run, 1000, 8, 10);
        script_sendmsg(1, errors[i], true);
        assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 1000), TRI_OK);
        assert_int_equal(sendmsg_calls, 9);
        run_until(&b, 8);
        assert_run(&b, 0, 1000, 8, 10);
        assert_int_equal(a.udp->has_gso, errors[i] == EINVAL);
        close_ends();
    }
}

static void works_without_gso(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    open_ends("[::1]:0");
    a.udp->has_gso = false;
    size_t len = fill_run(run, 1000, 5, 999);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 1, run, len, 1000), TRI_OK);
    assert_int_equal(sendmsg_calls, 5);
    run_until(&b, 5);
    assert_run(&b, 0, 1000, 5, 999);
    close_ends();
}

static void what_the_network_refuses_counts_as_lost(void **state)
{
    (void)state;
    static const int errors[] = {EMSGSIZE, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EPERM, ENOBUFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        open_ends("127.0.0.1:0");
        a.udp->has_gso = false;
        script_sendmsg(1, errors[i], false);
        assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, (const uint8_t *)"xxyy", 4, 2),
                         TRI_OK);
        run_until(&b, 1); /* the second of the two */
        assert_int_equal(b.got[0].first, 'y');
        close_ends();
    }
}

static void an_interrupted_call_is_repeated(void **state)
{
    (void)state;
    open_ends("127.0.0.1:0");
    script_sendmsg(2, EINTR, false);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    assert_int_equal(sendmsg_calls, 3);
    run_until(&b, 1);
    close_ends();
}

static void a_datagram_larger_than_the_link_is_lost_not_fragmented(void **state)
{
    (void)state;
    static uint8_t large[65507];
    open_ends("127.0.0.1:0");
    int mtu = 0;
    FILE *f = fopen("/sys/class/net/lo/mtu", "r");
    if (!f || fscanf(f, "%d", &mtu) != 1 || mtu > 65507) { /* NOLINT(cert-err34-c) */
        /* The loopback link takes the largest datagram there is: nothing to see here. */
        mtu = 0;
    }
    if (f) {
        (void)fclose(f);
    }
    int discover = 0;
    socklen_t len = sizeof discover;
    assert_int_equal(getsockopt(a.udp->fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, &len), 0);
    assert_int_equal(discover, IP_PMTUDISC_PROBE);
    if (mtu > 0) {
        memset(large, 'l', sizeof large);
        assert_int_equal(
            tri_udp_send(a.udp, &a.addr, &b.addr, 0, large, sizeof large, sizeof large), TRI_OK);
        run_until(&b, 0);
    }
    close_ends();
}

static void a_full_socket_keeps_the_rest_and_sends_it_first(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    open_ends("127.0.0.1:0");
    a.udp->has_gso = false;
    size_t len = fill_run(run, 1000, 6, 500);
    script_sendmsg(1, EAGAIN, false);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 3, run, len, 1000), TRI_AGAIN);
    memset(run, 0xff, sizeof run); /* it was copied */
    assert_int_equal(a.writable, 0);
    run_until(&b, 6);
    assert_run(&b, 0, 1000, 6, 500);
    assert_int_equal(b.got[5].ecn, 3);
    assert_int_equal(a.writable, 1);
    /* And it is usable again. */
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    run_until(&b, 7);
    assert_int_equal(a.writable, 1);
    close_ends();
}

static void what_is_kept_may_be_cut_again(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    open_ends("127.0.0.1:0");
    a.udp->has_gso = false;
    size_t len = fill_run(run, 1000, 6, 500);
    script_sendmsg(1, EAGAIN, false);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 1000), TRI_AGAIN);
    script_sendmsg(1, EAGAIN, false);
    sendmsg_passes = 2;
    run_until(&b, 6);
    assert_run(&b, 0, 1000, 6, 500);
    assert_int_equal(a.writable, 1);
    close_ends();
}

/* Fails the n-th call of each try: the rest is cut at every point. */
static void a_full_socket_loses_nothing_wherever_it_stops(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    for (size_t stop = 0; stop < 6; stop++) {
        open_ends("127.0.0.1:0");
        a.udp->has_gso = false;
        size_t len = fill_run(run, 1000, 6, 500);
        struct tri_udp_run first = {&a.addr, &b.addr, 0, run, stop * 1000, 1000};
        assert_int_equal(tri_udp_send_run(a.udp, &first), TRI_OK);
        script_sendmsg(2, EWOULDBLOCK, false); /* again while it is kept */
        assert_int_equal(
            tri_udp_send(a.udp, &a.addr, &b.addr, 0, run + stop * 1000, len - stop * 1000, 1000),
            TRI_AGAIN);
        run_until(&b, 6);
        assert_run(&b, 0, 1000, 6, 500);
        assert_int_equal(a.writable, 1);
        close_ends();
    }
}

static void closing_inside_a_callback_stops_the_rest(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    open_ends("127.0.0.1:0");
    b.close_at_once = true;
    size_t len = fill_run(run, 1000, 10, 1000);
    assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 1000), TRI_OK);
    run_until(&b, 1);
    assert_null(b.udp);
    close_ends();
}

static void a_turn_takes_a_bounded_number(void **state)
{
    (void)state;
    open_ends("127.0.0.1:0");
    size_t most = (size_t)TRI_UDP_BATCH * TRI_UDP_BATCHES_MAX;
    /* Each with its own system call and size, so that the kernel joins none of them. */
    for (size_t i = 0; i < most + 10; i++) {
        uint8_t data[300] = {(uint8_t)i};
        assert_int_equal(
            tri_udp_send(a.udp, &a.addr, &b.addr, (uint8_t)(i & 3), data, 1 + i, sizeof data),
            TRI_OK);
    }
    usleep(2000);
    tri_loop_step(loop);
    assert_in_range(b.got_len, 1, most);
    run_until(&b, most + 10);
    close_ends();
}

static void N1_a_used_port_is_told(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        open_ends(addresses[i]);
        struct tri_udp *second;
        struct tri_addr same = a.addr;
        assert_int_equal(tri_udp_open(&second, loop, &same, &events, NULL), TRI_ERR_INUSE);
        assert_null(second);
        close_ends();
    }
}

static void an_address_of_another_machine_is_told(void **state)
{
    (void)state;
    open_ends("127.0.0.1:0");
    struct tri_udp *other;
    struct tri_addr addr;
    assert_int_equal(tri_addr_parse(&addr, "192.0.2.1:0"), TRI_OK);
    assert_int_equal(tri_udp_open(&other, loop, &addr, &events, NULL), TRI_ERR_IO);
    assert_int_equal(errno, EADDRNOTAVAIL);
    close_ends();
    tri_udp_close(NULL);
}

/* The same port in both families: each listens on what is written, no more. */
static void ipv6_does_not_take_ipv4_too(void **state)
{
    (void)state;
    open_ends("[::]:0");
    struct end v4 = {0};
    assert_int_equal(tri_addr_parse(&v4.addr, "0.0.0.0:0"), TRI_OK);
    tri_addr_set_port(&v4.addr, tri_addr_port(&a.addr));
    assert_int_equal(tri_udp_open(&v4.udp, loop, &v4.addr, &events, &v4), TRI_OK);
    tri_udp_close(v4.udp);
    close_ends();
}

static void open_survives_each_failing_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        test_alloc_init(&memory);
        struct tri_loop *own;
        assert_int_equal(tri_loop_new(&own, &memory.alloc, &loop_events, NULL), TRI_OK);
        memory.fail_at = memory.calls + n;
        struct tri_udp *udp;
        struct tri_addr addr;
        assert_int_equal(tri_addr_parse(&addr, "127.0.0.1:0"), TRI_OK);
        enum tri_err err = tri_udp_open(&udp, own, &addr, &events, NULL);
        failed = test_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        tri_udp_close(udp);
        tri_loop_free(own);
        assert_int_equal(memory.live, 0);
    }
}

/* ---- sockets that dial */

/* |b| listens, |a| dials it. */
static void open_dialled(const char *address)
{
    assert_int_equal(tri_loop_new(&loop, tri_alloc_heap(), &loop_events, NULL), TRI_OK);
    script_sendmsg(0, 0, false);
    open_end(&b, address);
    a = (struct end){0};
    assert_int_equal(tri_udp_dial(&a.udp, loop, &b.addr, &events, &a), TRI_OK);
    a.addr = *tri_udp_local(a.udp);
}

static void a_dialled_socket_knows_both_its_addresses(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        open_dialled(addresses[i]);
        assert_true(tri_addr_is_loopback(&a.addr));
        assert_int_not_equal(tri_addr_port(&a.addr), 0);
        assert_int_equal(tri_addr_port(tri_udp_local(b.udp)), tri_addr_port(&b.addr));
        assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 1, (const uint8_t *)"hello", 5, 5),
                         TRI_OK);
        run_until(&b, 1);
        assert_true(tri_addr_equal(&b.got[0].remote, &a.addr));
        assert_int_equal(b.got[0].ecn, 1);
        assert_int_equal(tri_udp_send(b.udp, &b.addr, &a.addr, 2, (const uint8_t *)"there", 5, 5),
                         TRI_OK);
        run_until(&a, 1);
        assert_true(tri_addr_equal(&a.got[0].local, &a.addr));
        assert_true(tri_addr_equal(&a.got[0].remote, &b.addr));
        assert_int_equal(a.got[0].ecn, 2);
        assert_int_equal(a.got[0].first, 't');
        close_ends();
    }
}

static void a_dialled_socket_carries_runs(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    open_dialled("127.0.0.1:0");
    size_t len = fill_run(run, 1200, 30, 700);
    assert_int_equal(tri_udp_send(a.udp, NULL, &b.addr, 0, run, len, 1200), TRI_OK);
    run_until(&b, 30);
    assert_run(&b, 0, 1200, 30, 700);
    assert_int_equal(sendmsg_calls, 1);
    assert_int_equal(tri_udp_send(b.udp, &b.addr, &a.addr, 0, run, len, 1200), TRI_OK);
    run_until(&a, 30);
    assert_run(&a, 0, 1200, 30, 700);
    close_ends();
}

static void a_dialled_socket_hears_nobody_else(void **state)
{
    (void)state;
    open_dialled("127.0.0.1:0");
    struct end *stranger = &(struct end){0};
    open_end(stranger, "127.0.0.1:0");
    assert_int_equal(
        tri_udp_send(stranger->udp, &stranger->addr, &a.addr, 0, (const uint8_t *)"x", 1, 1),
        TRI_OK);
    run_until(&a, 0);
    assert_int_equal(stranger->refusals, 0); /* one that listens is not told, whoever it sends to */
    tri_udp_close(stranger->udp);
    close_ends();
}

static void run_until_refused(int refusals)
{
    for (int i = 0; i < 2000 && a.refusals < refusals; i++) {
        tri_loop_step(loop);
        usleep(500);
    }
    assert_int_equal(a.refusals, refusals);
}

static void that_nobody_is_there_is_told_to_who_dialled(void **state)
{
    (void)state;
    open_dialled("127.0.0.1:0");
    tri_udp_close(b.udp);
    b.udp = NULL;
    tri_loop_step(loop);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(tri_udp_send(a.udp, NULL, &b.addr, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
        run_until_refused(i);
        assert_int_equal(a.refusal, ECONNREFUSED);
    }
    /* Two in a row: the second call meets the first one's answer, sends all the same, and it is told. */
    assert_int_equal(tri_udp_send(a.udp, NULL, &b.addr, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    usleep(1000);
    assert_int_equal(tri_udp_send(a.udp, NULL, &b.addr, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    run_until_refused(4);
    a.close_at_once = true;
    assert_int_equal(tri_udp_send(a.udp, NULL, &b.addr, 0, (const uint8_t *)"x", 1, 1), TRI_OK);
    run_until_refused(5);
    assert_null(a.udp);
    close_ends();
}

static void no_way_to_an_address_is_an_error_of_the_call(void **state)
{
    (void)state;
    struct tri_addr nowhere;
    assert_int_equal(tri_loop_new(&loop, tri_alloc_heap(), &loop_events, NULL), TRI_OK);
    assert_int_equal(tri_addr_parse(&nowhere, "255.255.255.255:9"), TRI_OK);
    a = (struct end){0};
    b = (struct end){0};
    errno = 0;
    assert_int_equal(tri_udp_dial(&a.udp, loop, &nowhere, &events, &a), TRI_ERR_IO);
    assert_int_not_equal(errno, 0);
    assert_null(a.udp);
    close_ends();
}

static void sockets_share_what_is_large(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    struct test_alloc memory;
    struct tri_udp *many[COUNT];
    struct tri_addr to;
    test_alloc_init(&memory);
    assert_int_equal(tri_loop_new(&loop, &memory.alloc, &loop_events, NULL), TRI_OK);
    assert_int_equal(tri_addr_parse(&to, "127.0.0.1:9"), TRI_OK);
    assert_int_equal(tri_udp_dial(&many[0], loop, &to, &events, &a), TRI_OK);
    size_t before = memory.bytes;
    for (size_t i = 1; i < COUNT; i++) {
        assert_int_equal(tri_udp_dial(&many[i], loop, &to, &events, &a), TRI_OK);
    }
    assert_true(memory.bytes - before < (size_t)(COUNT - 1) * 1024);
    for (size_t i = 0; i < COUNT; i++) {
        tri_udp_close(many[i]);
    }
    tri_loop_free(loop);
    assert_int_equal(memory.live, 0);
}

static void what_is_kept_is_given_back(void **state)
{
    (void)state;
    static uint8_t run[TRI_UDP_RUN_BYTES];
    for (int i = 0; i < 3; i++) { /* sent; closed before; no memory for it */
        struct test_alloc memory;
        test_alloc_init(&memory);
        assert_int_equal(tri_loop_new(&loop, &memory.alloc, &loop_events, NULL), TRI_OK);
        open_end(&a, "127.0.0.1:0");
        open_end(&b, "127.0.0.1:0");
        size_t bytes = memory.bytes;
        size_t len = fill_run(run, 1000, 6, 500);
        script_sendmsg(1, EAGAIN, false);
        memory.fail_at = i == 2 ? memory.calls + 1 : 0;
        enum tri_err err = tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 1000);
        assert_int_equal(err, i == 2 ? TRI_OK : TRI_AGAIN);
        assert_true(i == 2 ? memory.bytes == bytes : memory.bytes >= bytes + len);
        if (i != 1) {
            run_until(&b, i == 2 ? 0 : 6);
            assert_int_equal(a.writable, i == 2 ? 0 : 1);
            assert_int_equal(memory.bytes, bytes);
            assert_int_equal(tri_udp_send(a.udp, &a.addr, &b.addr, 0, run, len, 1000), TRI_OK);
        }
        close_ends();
        assert_int_equal(memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_datagrams_and_tells_both_addresses),
        cmocka_unit_test(a_wildcard_socket_knows_and_chooses_its_local_address),
        cmocka_unit_test(a_wildcard_socket_knows_its_local_address_on_ipv6),
        cmocka_unit_test(carries_ecn_both_ways),
        cmocka_unit_test(a_run_arrives_as_its_datagrams),
        cmocka_unit_test(a_run_is_few_system_calls),
        cmocka_unit_test(falls_back_to_one_call_a_datagram),
        cmocka_unit_test(works_without_gso),
        cmocka_unit_test(what_the_network_refuses_counts_as_lost),
        cmocka_unit_test(an_interrupted_call_is_repeated),
        cmocka_unit_test(a_datagram_larger_than_the_link_is_lost_not_fragmented),
        cmocka_unit_test(a_full_socket_keeps_the_rest_and_sends_it_first),
        cmocka_unit_test(a_full_socket_loses_nothing_wherever_it_stops),
        cmocka_unit_test(what_is_kept_may_be_cut_again),
        cmocka_unit_test(closing_inside_a_callback_stops_the_rest),
        cmocka_unit_test(a_turn_takes_a_bounded_number),
        cmocka_unit_test(N1_a_used_port_is_told),
        cmocka_unit_test(an_address_of_another_machine_is_told),
        cmocka_unit_test(ipv6_does_not_take_ipv4_too),
        cmocka_unit_test(open_survives_each_failing_allocation),
        cmocka_unit_test(a_dialled_socket_knows_both_its_addresses),
        cmocka_unit_test(a_dialled_socket_carries_runs),
        cmocka_unit_test(a_dialled_socket_hears_nobody_else),
        cmocka_unit_test(that_nobody_is_there_is_told_to_who_dialled),
        cmocka_unit_test(no_way_to_an_address_is_an_error_of_the_call),
        cmocka_unit_test(sockets_share_what_is_large),
        cmocka_unit_test(what_is_kept_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
