/*
 * io_uring around libuv's poll: the reads and writes of many sockets, a system call for all of
 * them. What is queued in a turn is submitted at its end. The loop then blocks here, where libuv's own
 * poll is one more thing to wait for: the other way round nothing would wake it, since completions
 * come to be when they are waited for (IORING_SETUP_DEFER_TASKRUN). Private to net.
 *
 * It belongs to the thread that first asks for it: a loop that has one stays on that thread.
 */
#ifndef TRI_NET_RING_H
#define TRI_NET_RING_H

#include "base_slice.h"
#include "net_turn.h"

/* Operations queued before they are submitted in the middle of a turn; completions that wait
 * without the kernel keeping a list of its own. */
#define TRI_RING_QUEUE_LEN 256u
#define TRI_RING_DONE_LEN 4096u

/* Memory for what is read, one block a read, shared by all sockets: 4 MiB. A reader that finds none
 * left is told so and starts again. */
#define TRI_RING_BLOCKS_LEN 256u
#define TRI_RING_BLOCK_BYTES ((size_t)(16 * 1024))

/* How long a cancel may wait for an operation that just runs: none of ours does. */
#define TRI_RING_CANCEL_SECONDS 1

struct tri_ring;

/* Embedded by who starts it. */
struct tri_ring_op {
    /* |result|: bytes, or a negative errno. |data|: what was read, borrowed until it returns. With
     * |is_out| false it was the last call, and |op| may go. */
    void (*on_done)(struct tri_ring_op *op, int result, const uint8_t *data);
    bool is_out;       /* the kernel has it: it must stay where it is */
    bool is_cancelled; /* and is to give it back */
    bool is_send;
};

/* NULL if memory is short, or if the system has no io_uring that serves (Linux before 6.1, or it is
 * forbidden). */
struct tri_ring *tri_ring_new(struct tri_loop *l);

/* All operations were cancelled or will end by themselves: waits for them. NULL is fine. */
void tri_ring_free(struct tri_ring *r);

/*
 * Reads |fd| again and again, until the peer's end (0), an error or a cancel: -ENOBUFS and
 * -ECANCELED are no fault of the socket. False: it could not be queued, nothing will be told.
 */
TRI_MUST_USE bool tri_ring_recv(struct tri_ring *r, struct tri_ring_op *op, int fd);

/* One try to send, which never waits: -EAGAIN if the socket is full. |bytes| are borrowed until the
 * turn's end. False: as above. */
TRI_MUST_USE bool tri_ring_send(struct tri_ring *r, struct tri_ring_op *op, int fd,
                                struct tri_slice bytes);

/* |op|, if it is out, ends soon. All that was queued for any socket is with the kernel then, and
 * descriptors may be closed. */
void tri_ring_cancel(struct tri_ring *r, struct tri_ring_op *op);

/* The turn's end: hands over all that was queued, and tells of the sends. NULL is fine. */
void tri_ring_submit(struct tri_ring *r);

/* In place of blocking in libuv: turns, each ended by |end_turn|, until libuv has something to do. With
 * |may_block| false, one turn of what is there. NULL is fine. */
void tri_ring_turns(struct tri_ring *r, bool may_block, void (*end_turn)(struct tri_loop *l));

#endif
