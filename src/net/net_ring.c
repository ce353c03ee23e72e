/* See net_ring.h. */
#include "net_ring.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>

struct tri_ring {
    struct io_uring uring;
    struct tri_loop *loop;
    uv_idle_t hurry;                       /* libuv has something to do: it shall not block */
    struct tri_ring_op uv_events;          /* libuv's own poll of everything else */
    struct io_uring_buf_ring *free_blocks; /* the kernel takes from it; then the blocks follow */
    uint8_t *blocks;
    size_t out; /* operations the kernel has */
};

#define FREE_BLOCKS_BYTES (TRI_RING_BLOCKS_LEN * sizeof(struct io_uring_buf))
#define MEMORY_BYTES (FREE_BLOCKS_BYTES + TRI_RING_BLOCKS_LEN * TRI_RING_BLOCK_BYTES)

/* ---- completions */

static void give_back(struct tri_ring *r, unsigned block)
{
    io_uring_buf_ring_add(r->free_blocks, r->blocks + block * TRI_RING_BLOCK_BYTES,
                          TRI_RING_BLOCK_BYTES, (unsigned short)block,
                          io_uring_buf_ring_mask(TRI_RING_BLOCKS_LEN), 0);
    io_uring_buf_ring_advance(r->free_blocks, 1);
}

/* The entry is given back first: its operation may queue the next one, or be gone afterwards. */
static void settle(struct tri_ring *r, struct io_uring_cqe *entry)
{
    const struct io_uring_cqe done = *entry;
    io_uring_cqe_seen(&r->uring, entry);
    struct tri_ring_op *op = io_uring_cqe_get_data(&done);
    if (!(done.flags & IORING_CQE_F_MORE)) {
        op->is_out = false;
        r->out--;
    }
    const unsigned block = done.flags >> IORING_CQE_BUFFER_SHIFT;
    const bool has_block = done.flags & IORING_CQE_F_BUFFER;
    op->on_done(op, done.res, has_block ? r->blocks + block * TRI_RING_BLOCK_BYTES : NULL);
    if (has_block) {
        give_back(r, block);
    }
}

/* Those that are there now: what comes meanwhile is for the next turn. */
static void settle_all(struct tri_ring *r)
{
    struct io_uring_cqe *entry = NULL;
    for (unsigned left = io_uring_cq_ready(&r->uring);
         left > 0 && io_uring_peek_cqe(&r->uring, &entry) == 0; left--) {
        settle(r, entry);
    }
}

/* ---- operations */

static struct io_uring_sqe *next_entry(struct tri_ring *r)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&r->uring);
    if (!entry) {
        (void)io_uring_submit(&r->uring);
        entry = io_uring_get_sqe(&r->uring);
    }
    return entry;
}

static void start(struct tri_ring *r, struct tri_ring_op *op, struct io_uring_sqe *entry)
{
    io_uring_sqe_set_data(entry, op);
    op->is_out = true;
    op->is_cancelled = false;
    r->out++;
}

bool tri_ring_recv(struct tri_ring *r, struct tri_ring_op *op, int fd)
{
    assert(r && op && op->on_done && !op->is_out);
    struct io_uring_sqe *entry = next_entry(r);
    if (!entry) {
        return false;
    }
    io_uring_prep_recv_multishot(entry, fd, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = 0;
    op->is_send = false;
    start(r, op, entry);
    return true;
}

bool tri_ring_send(struct tri_ring *r, struct tri_ring_op *op, int fd, struct tri_slice bytes)
{
    assert(r && op && op->on_done && !op->is_out && bytes.len > 0);
    struct io_uring_sqe *entry = next_entry(r);
    if (!entry) {
        return false;
    }
    io_uring_prep_send(entry, fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    op->is_send = true;
    start(r, op, entry);
    return true;
}

/* Bytes are lent for this turn, so that an entry which goes in a later one must not name them: it sends
 * nothing, and its owner hears that the socket took 0. */
static void withdraw_sends(struct tri_ring *r)
{
    const struct io_uring_sq *sq = &r->uring.sq;
    for (unsigned at = sq->sqe_tail - io_uring_sq_ready(&r->uring); at != sq->sqe_tail; at++) {
        struct io_uring_sqe *entry = &sq->sqes[at & sq->ring_mask];
        if (entry->opcode == IORING_OP_SEND) {
            *entry = (struct io_uring_sqe){
                .opcode = IORING_OP_NOP,
                .fd = -1,
                .user_data = entry->user_data,
            };
        }
    }
}

/* What the kernel did not take, for lack of memory, is tried again in the next turn. */
static void hand_over(struct tri_ring *r)
{
    if (io_uring_sq_ready(&r->uring) == 0) {
        return;
    }
    (void)io_uring_submit(&r->uring);
    if (io_uring_sq_ready(&r->uring) > 0) {
        withdraw_sends(r);
        tri_loop_wake(r->loop);
    }
}

void tri_ring_cancel(struct tri_ring *r, struct tri_ring_op *op)
{
    assert(r && op);
    hand_over(r);
    if (!op->is_out || op->is_cancelled) {
        return;
    }
    op->is_cancelled = true;
    struct io_uring_sync_cancel_reg which = {
        .addr = (uint64_t)(uintptr_t)op,
        .fd = -1,
        .timeout = {.tv_sec = TRI_RING_CANCEL_SECONDS},
    };
    (void)io_uring_register_sync_cancel(&r->uring, &which); /* -ENOENT: it just ended */
}

void tri_ring_submit(struct tri_ring *r)
{
    if (!r) {
        return;
    }
    hand_over(r);
    struct io_uring_cqe *entry = NULL;
    while (io_uring_cq_ready(&r->uring) > 0 && io_uring_peek_cqe(&r->uring, &entry) == 0) {
        const struct tri_ring_op *op = io_uring_cqe_get_data(entry);
        if (!op->is_send) {
            break; /* input is for the next turn, and what comes after it */
        }
        settle(r, entry);
    }
}

/* ---- waiting */

static void take_uv_events(struct tri_ring_op *op, int result, const uint8_t *data)
{
    (void)op;
    (void)result;
    (void)data;
}

/* Once libuv has handled its events, this looks anew: what it left is seen at once. */
static void watch_uv(struct tri_ring *r)
{
    struct io_uring_sqe *entry = r->uv_events.is_out ? NULL : next_entry(r);
    if (entry) {
        io_uring_prep_poll_add(entry, uv_backend_fd(tri_loop_uv(r->loop)), POLLIN);
        r->uv_events.is_send = false;
        start(r, &r->uv_events, entry);
    }
}

static void settle_in_turn(struct tri_ring *r)
{
    if (io_uring_cq_ready(&r->uring) > 0) {
        tri_loop_begin(r->loop);
        tri_loop_note_input(r->loop);
        settle_all(r);
    }
}

/* 0: takes what is there; -1: as long as it takes. */
static void wait_ms(struct tri_ring *r, int timeout_ms)
{
    if (timeout_ms == 0) {
        (void)io_uring_get_events(&r->uring);
        settle_in_turn(r);
        return;
    }
    struct io_uring_cqe *entry = NULL;
    struct __kernel_timespec timeout = {
        .tv_sec = timeout_ms / 1000,
        .tv_nsec = timeout_ms % 1000 * 1000000LL,
    };
    (void)io_uring_submit_and_wait_timeout(&r->uring, &entry, 1, timeout_ms < 0 ? NULL : &timeout,
                                           NULL);
    settle_in_turn(r);
}

static void stop_hurry(uv_idle_t *hurry)
{
    uv_idle_stop(hurry);
}

void tri_ring_turns(struct tri_ring *r, bool may_block, void (*end_turn)(struct tri_loop *l))
{
    assert(end_turn);
    if (!r) {
        return;
    }
    uv_loop_t *uv = tri_loop_uv(r->loop);
    uv_idle_stop(&r->hurry);
    bool may_wait;
    do {
        watch_uv(r);
        uv_update_time(uv);
        const int timeout_ms = may_block && r->uv_events.is_out ? uv_backend_timeout(uv) : 0;
        may_wait = timeout_ms != 0;
        wait_ms(r, timeout_ms);
        end_turn(r->loop);
    } while (may_wait && r->uv_events.is_out);
    uv_idle_start(&r->hurry, stop_hurry);
}

/* ---- the beginning and the end */

static bool open_blocks(struct tri_ring *r)
{
    /* The kernel wants whole pages. */
    uint8_t *memory =
        mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    struct io_uring_buf_reg reg = {
        .ring_addr = (uint64_t)(uintptr_t)memory,
        .ring_entries = TRI_RING_BLOCKS_LEN,
    };
    if (io_uring_register_buf_ring(&r->uring, &reg, 0) != 0) {
        munmap(memory, MEMORY_BYTES);
        return false;
    }
    r->free_blocks = (struct io_uring_buf_ring *)(void *)memory;
    r->blocks = memory + FREE_BLOCKS_BYTES;
    io_uring_buf_ring_init(r->free_blocks);
    for (unsigned i = 0; i < TRI_RING_BLOCKS_LEN; i++) {
        give_back(r, i);
    }
    return true;
}

static bool open_uring(struct tri_ring *r)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE |
                 IORING_SETUP_SUBMIT_ALL,
        .cq_entries = TRI_RING_DONE_LEN,
    };
    if (io_uring_queue_init_params(TRI_RING_QUEUE_LEN, &r->uring, &params) != 0) {
        return false;
    }
    if (open_blocks(r)) {
        return true;
    }
    io_uring_queue_exit(&r->uring);
    return false;
}

static void close_uring(struct tri_ring *r)
{
    io_uring_queue_exit(&r->uring);
    munmap(r->free_blocks, MEMORY_BYTES);
}

struct tri_ring *tri_ring_new(struct tri_loop *l)
{
    assert(l);
    struct tri_ring *r = tri_alloc_zero(tri_loop_alloc(l), sizeof *r);
    if (!r) {
        return NULL;
    }
    r->loop = l;
    r->hurry.data = r;
    r->uv_events.on_done = take_uv_events;
    if (!open_uring(r)) {
        tri_alloc_release(tri_loop_alloc(l), r);
        return NULL;
    }
    int failed = uv_idle_init(tri_loop_uv(l), &r->hurry);
    assert(!failed); /* it cannot */
    return r;
}

static void free_closed(uv_handle_t *handle)
{
    struct tri_ring *r = handle->data;
    tri_alloc_release(tri_loop_alloc(r->loop), r);
}

void tri_ring_free(struct tri_ring *r)
{
    if (!r) {
        return;
    }
    tri_ring_cancel(r, &r->uv_events);
    while (r->out > 0) {
        int failed = io_uring_submit_and_wait(&r->uring, 1);
        if (failed < 0 && failed != -EINTR) {
            break;
        }
        settle_all(r);
    }
    close_uring(r);
    uv_close((uv_handle_t *)&r->hurry, free_closed);
}
