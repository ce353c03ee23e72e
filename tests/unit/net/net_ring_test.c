/* Connections that go by io_uring, against ones of the same loop that go by poll. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_ring.h"
#include "net_tcp.h"
#include "peer_tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <liburing.h>
#include <string.h>

#define PAIRS_MAX 300
#define GUARD_NS (20 * 1000000000ULL)

struct side {
    struct tri_tcp *tcp;    /* NULL after on_closed */
    struct tri_buf in, out; /* plaintext */
    size_t lent;            /* of |out|, by the last pull */
    bool dials, echoes, ready, eof, orderly, closed;
    enum tri_tcp_end end;
};

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static struct tri_tls_context context;
static struct tri_tls_client trusting;

static struct tri_loop *loop;
static struct tri_tcp_listener *listener;
static struct tri_addr addr;
static struct side diallers[PAIRS_MAX], accepted[PAIRS_MAX];
static size_t pairs_len, accepted_len;
static bool server_echoes, has_ring;
static bool (*is_done)(void); /* asked at each turn's end until it is so; NULL then */

static uint8_t bytes[4 * 1024 * 1024];

/* ---- submissions, with a script: every so many fails for lack of memory */

static unsigned submit_fails_each; /* 0: none */
static unsigned submit_calls;

int scripted_submit(struct io_uring *ring) __asm__("io_uring_submit");
int scripted_wait(struct io_uring *ring, struct io_uring_cqe **entry, unsigned wait_for,
                  struct __kernel_timespec *timeout,
                  sigset_t *mask) __asm__("io_uring_submit_and_wait_timeout");

int scripted_submit(struct io_uring *ring)
{
    submit_calls++;
    if (submit_fails_each > 0 && submit_calls % submit_fails_each == 0) {
        return -EAGAIN;
    }
    int (*submit)(struct io_uring * ring);
    *(void **)&submit = dlsym(RTLD_NEXT, "io_uring_submit");
    return submit(ring);
}

/* It hands over what a failed submission left: the turn whose bytes were lent is over. */
int scripted_wait(struct io_uring *ring, struct io_uring_cqe **entry, unsigned wait_for,
                  struct __kernel_timespec *timeout, sigset_t *mask)
{
    const struct io_uring_sq *sq = &ring->sq;
    for (unsigned at = sq->sqe_tail - io_uring_sq_ready(ring); at != sq->sqe_tail; at++) {
        assert_int_not_equal(sq->sqes[at & sq->ring_mask].opcode, IORING_OP_SEND);
    }
    int (*wait)(struct io_uring *, struct io_uring_cqe **, unsigned, struct __kernel_timespec *,
                sigset_t *);
    *(void **)&wait = dlsym(RTLD_NEXT, "io_uring_submit_and_wait_timeout");
    return wait(ring, entry, wait_for, timeout, mask);
}

/* ---- what the connections do */

static void take_ready(void *user, const char *alpn)
{
    (void)alpn;
    struct side *s = user;
    s->ready = true;
    if (s->dials) {
        tri_tcp_use_ring(s->tcp);
    }
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct side *s = user;
    assert_true(s->ready && !s->closed);
    assert_int_equal(tri_buf_append(s->echoes ? &s->out : &s->in, data, len), TRI_OK);
}

static void take_eof(void *user, bool orderly)
{
    struct side *s = user;
    assert_false(s->eof);
    s->eof = true;
    s->orderly = orderly;
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct side *s = user;
    assert_true(max > 0);
    tri_buf_consume(&s->out, s->lent);
    out[0] = tri_buf_peek(&s->out);
    s->lent = out[0].len;
    return s->lent > 0;
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    struct side *s = user;
    assert_false(s->closed);
    s->closed = true;
    s->end = end;
    s->tcp = NULL;
}

static const struct tri_tcp_events events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
};

static void open_side(struct side *s)
{
    *s = (struct side){0};
    tri_buf_init(&s->in, tri_alloc_heap(), SIZE_MAX / 2);
    tri_buf_init(&s->out, tri_alloc_heap(), SIZE_MAX / 2);
}

static void *accept_one(void *owner, struct tri_tcp *tcp, const struct tri_tcp_events **out)
{
    (void)owner;
    assert_true(accepted_len < PAIRS_MAX);
    struct side *s = &accepted[accepted_len++];
    open_side(s);
    s->tcp = tcp;
    s->echoes = server_echoes;
    *out = &events;
    return s;
}

/* ---- the loop */

static void flush(struct side *s)
{
    if (s->tcp && s->ready) {
        tri_tcp_flush(s->tcp);
    }
}

static void end_turn(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
    has_ring = tri_loop_ring(loop) != NULL;
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        flush(&diallers[i]);
        flush(&accepted[i]);
    }
    if (is_done && (!has_ring || is_done())) {
        is_done = NULL; /* a stop after the run would be one of the next run */
        tri_loop_stop(loop);
    }
}

static void be_late(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
    fail_msg("it did not come to its end");
}

static void wake(void *user)
{
    (void)user;
}

/* Runs until |done|. The test is skipped where the system has no io_uring for us. */
static void run_until(bool (*done)(void))
{
    is_done = done;
    tri_loop_set_deadline(loop, tri_loop_now_ns(loop) + GUARD_NS);
    assert_int_equal(tri_loop_run(loop), TRI_OK);
}

static bool are_ready(void)
{
    for (size_t i = 0; i < pairs_len; i++) {
        if (!diallers[i].ready || !accepted[i].ready) {
            return false;
        }
    }
    return true;
}

static void close_world(void)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        struct side *both[] = {&diallers[i], &accepted[i]};
        for (int k = 0; k < 2; k++) {
            if (both[k]->tcp) {
                tri_tcp_abort(both[k]->tcp);
            }
        }
    }
    tri_tcp_listener_close(listener);
    tri_loop_free(loop);
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        assert_true(!diallers[i].tcp && !accepted[i].tcp);
        tri_buf_deinit(&diallers[i].in);
        tri_buf_deinit(&diallers[i].out);
        tri_buf_deinit(&accepted[i].in);
        tri_buf_deinit(&accepted[i].out);
    }
}

/* |pairs| connections, all ready. False: there is no io_uring here, and nothing to close. */
static bool open_world(size_t pairs, bool has_tls, bool echoes)
{
    static const struct tri_loop_events loop_events = {
        .on_turn_end = end_turn,
        .on_deadline = be_late,
        .on_wake = wake,
    };
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        open_side(&diallers[i]);
        open_side(&accepted[i]);
    }
    pairs_len = pairs;
    accepted_len = 0;
    server_echoes = echoes;
    assert_int_equal(tri_loop_new(&loop, tri_alloc_heap(), &loop_events, NULL), TRI_OK);
    const struct tri_tcp_accept accept = {
        .on_accept = accept_one,
        .tls = has_tls ? &context : NULL,
    };
    assert_int_equal(tri_addr_parse(&addr, "127.0.0.1:0"), TRI_OK);
    assert_int_equal(tri_tcp_listen(&listener, loop, &addr, &accept), TRI_OK);
    const struct tri_tcp_dial dial = {
        .remote = &addr,
        .tls = has_tls ? &trusting : NULL,
        .host = "localhost",
        .versions = TRI_HTTP_2,
    };
    for (size_t i = 0; i < pairs; i++) {
        diallers[i].dials = true;
        assert_int_equal(tri_tcp_dial(&diallers[i].tcp, loop, &dial, &events, &diallers[i]),
                         TRI_OK);
    }
    run_until(are_ready);
    if (!has_ring) {
        close_world();
    }
    return has_ring;
}

/* ---- the tests */

static size_t wanted_len; /* by each dialler */

static bool all_came(void)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (diallers[i].tcp && tri_buf_peek(&diallers[i].in).len < wanted_len) {
            return false;
        }
    }
    return true;
}

static void assert_whole(const struct side *s)
{
    assert_true(tri_slice_equal(tri_buf_peek(&s->in), tri_slice_of(bytes, wanted_len)));
}

static void bytes_come_back_as_they_were_sent(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 4096, 4097, 70000, sizeof bytes};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        if (!open_world(3, i % 2 == 0, true)) {
            skip();
        }
        wanted_len = sizes[i / 2];
        for (int k = 0; k < 3; k++) {
            assert_int_equal(tri_buf_append(&diallers[k].out, bytes, wanted_len), TRI_OK);
        }
        run_until(all_came);
        for (int k = 0; k < 3; k++) {
            assert_whole(&diallers[k]);
        }
        close_world();
    }
}

/* More than a submission queue holds, in one turn, again and again. */
static void many_at_once(void **state)
{
    (void)state;
    if (!open_world(PAIRS_MAX, false, true)) {
        skip();
    }
    for (wanted_len = 10; wanted_len <= 200; wanted_len += 10) {
        for (int i = 0; i < PAIRS_MAX; i++) {
            assert_int_equal(tri_buf_append(&diallers[i].out, bytes + wanted_len - 10, 10), TRI_OK);
        }
        run_until(all_came);
    }
    wanted_len = 200;
    for (int i = 0; i < PAIRS_MAX; i++) {
        assert_whole(&diallers[i]);
    }
    close_world();
}

/* What waits in the sockets is many times what there are blocks for. */
static void reads_go_on_when_blocks_run_out(void **state)
{
    (void)state;
    if (!open_world(PAIRS_MAX, false, false)) {
        skip();
    }
    wanted_len = 64 * 1024;
    assert_true(wanted_len * PAIRS_MAX > 4 * TRI_RING_BLOCKS_LEN * TRI_RING_BLOCK_BYTES);
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        assert_int_equal(tri_buf_append(&accepted[i].out, bytes, wanted_len), TRI_OK);
    }
    run_until(all_came);
    for (int i = 0; i < PAIRS_MAX; i++) {
        assert_whole(&diallers[i]);
    }
    close_world();
}

static bool some_came(void)
{
    return tri_buf_peek(&diallers[0].in).len > 0;
}

static int turns_left;

static bool turns_passed(void)
{
    tri_loop_wake(loop); /* there is a next one */
    return turns_left-- == 0;
}

static void who_wants_no_more_gets_no_more(void **state)
{
    (void)state;
    if (!open_world(1, true, false)) {
        skip();
    }
    wanted_len = sizeof bytes;
    assert_int_equal(tri_buf_append(&accepted[0].out, bytes, wanted_len), TRI_OK);
    run_until(some_came);
    tri_tcp_read(diallers[0].tcp, false);
    turns_left = 3;
    run_until(turns_passed);
    size_t before = tri_buf_peek(&diallers[0].in).len;
    turns_left = 50;
    run_until(turns_passed);
    assert_int_equal(tri_buf_peek(&diallers[0].in).len, before);
    assert_true(before < wanted_len);
    tri_tcp_read(diallers[0].tcp, true);
    run_until(all_came);
    assert_whole(&diallers[0]);
    close_world();
}

static bool dialler_saw_the_end(void)
{
    return diallers[0].eof;
}

static bool both_are_closed(void)
{
    return diallers[0].closed && accepted[0].closed;
}

static void an_end_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        if (!open_world(1, i == 0, false)) {
            skip();
        }
        wanted_len = 1000;
        assert_int_equal(tri_buf_append(&accepted[0].out, bytes, wanted_len), TRI_OK);
        run_until(all_came);
        tri_tcp_close(accepted[0].tcp, 5000);
        run_until(dialler_saw_the_end);
        assert_true(diallers[0].orderly);
        tri_tcp_close(diallers[0].tcp, 5000);
        run_until(both_are_closed);
        assert_int_equal(diallers[0].end, TRI_TCP_CLOSED);
        assert_int_equal(accepted[0].end, TRI_TCP_CLOSED);
        close_world();
    }
}

/* The socket closes although the kernel was reading from it. */
static void an_abort_reaches_the_other_side(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        if (!open_world(1, i % 2 == 0, false)) {
            skip();
        }
        tri_tcp_abort(i / 2 == 0 ? diallers[0].tcp : accepted[0].tcp);
        run_until(both_are_closed);
        assert_int_equal(diallers[0].end, TRI_TCP_LOST);
        assert_int_equal(accepted[0].end, TRI_TCP_LOST);
        close_world();
    }
}

static void nothing_to_do(uv_idle_t *idle)
{
    (void)idle;
}

/* libuv wants each turn at once: then nothing blocks, and what came is taken all the same. */
static void a_busy_loop_starves_nobody(void **state)
{
    (void)state;
    if (!open_world(3, true, true)) {
        skip();
    }
    uv_idle_t idle;
    assert_int_equal(uv_idle_init(tri_loop_uv(loop), &idle), 0);
    assert_int_equal(uv_idle_start(&idle, nothing_to_do), 0);
    wanted_len = 70000;
    for (int k = 0; k < 3; k++) {
        assert_int_equal(tri_buf_append(&diallers[k].out, bytes, wanted_len), TRI_OK);
    }
    run_until(all_came);
    for (int k = 0; k < 3; k++) {
        assert_whole(&diallers[k]);
    }
    uv_close((uv_handle_t *)&idle, NULL);
    close_world();
}

/* What was to be sent is lent for a turn: an entry that the kernel did not take then forgets it. */
static void a_failed_submission_keeps_no_bytes(void **state)
{
    (void)state;
    if (!open_world(20, true, true)) {
        skip();
    }
    submit_fails_each = 3;
    for (wanted_len = 1000; wanted_len <= 20000; wanted_len += 1000) {
        for (int k = 0; k < 20; k++) {
            assert_int_equal(tri_buf_append(&diallers[k].out, bytes + wanted_len - 1000, 1000),
                             TRI_OK);
        }
        run_until(all_came);
    }
    submit_fails_each = 0;
    wanted_len = 20000;
    for (int k = 0; k < 20; k++) {
        assert_whole(&diallers[k]);
    }
    close_world();
}

/* A loop that a host steps has no poll that would see it. */
static void a_loop_in_steps_has_none(void **state)
{
    (void)state;
    static const struct tri_loop_events none = {
        .on_turn_end = be_late,
        .on_deadline = be_late,
        .on_wake = wake,
    };
    assert_int_equal(tri_loop_new(&loop, tri_alloc_heap(), &none, NULL), TRI_OK);
    assert_null(tri_loop_ring(loop));
    tri_loop_free(loop);
}

static int set_up(void **state)
{
    (void)state;
    char error[TRI_TLS_ERROR_MAX];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 13 + (i >> 9));
    }
    peer_tls_files_make(&files);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error), TRI_OK);
    assert_int_equal(
        tri_tls_context_init(&context, TRI_TLS_TCP, &identity, TRI_HTTP_2, NULL, error), TRI_OK);
    const struct tri_tls_trust trust = {.ca_file = files.cert};
    assert_int_equal(tri_tls_client_init(&trusting, TRI_TLS_TCP, &trust, NULL, error), TRI_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tri_tls_client_deinit(&trusting);
    tri_tls_context_deinit(&context);
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_as_they_were_sent),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(reads_go_on_when_blocks_run_out),
        cmocka_unit_test(who_wants_no_more_gets_no_more),
        cmocka_unit_test(an_end_in_order),
        cmocka_unit_test(an_abort_reaches_the_other_side),
        cmocka_unit_test(a_busy_loop_starves_nobody),
        cmocka_unit_test(a_failed_submission_keeps_no_bytes),
        cmocka_unit_test(a_loop_in_steps_has_none),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
