/*
 * A TCP connection from inside: what net_tcp.c (its life), net_tcp_dial.c (the beginning of one that we
 * open), net_tcp_recv.c (bytes in), net_tcp_send.c (bytes out) and net_tcp_ring.c (either, by io_uring) share. Private to net.
 *
 *   CONNECTING --> HANDSHAKE --> OPEN --> CLOSING --> LINGER --> DEAD
 *
 *   CONNECTING  dialled, and not answered yet; what was accepted starts in HANDSHAKE
 *   HANDSHAKE   TLS is not up yet; cleartext starts in OPEN
 *   CLOSING     our last bytes leave (a fatal alert too); what arrives is dropped
 *   LINGER      our FIN is sent, the peer's is awaited, bounded
 *   DEAD        the socket is closed; on_closed comes, then the memory goes
 *
 * Any state may go to any later one, never back.
 */
#ifndef TRI_NET_TCP_CONN_H
#define TRI_NET_TCP_CONN_H

#include "net_tcp.h"
#include "net_ring.h"
#include "net_turn.h"

/* Reads a turn, of TRI_LOOP_RECV_BYTES each: then other sockets have theirs. */
#define TRI_TCP_READS_MAX 4

/* Bytes that collect before the socket is tried in the middle of a flush. */
#define TRI_TCP_SEND_BYTES ((size_t)(128 * 1024))

/* Bytes read in one go whose answer does not wait for the turn's end. Below it, messages are few and
 * small, and cheaper together. */
#define TRI_TCP_PROMPT_BYTES ((size_t)(4 * 1024))

/* Bytes pulled a turn, so that a fast reader does not keep the loop. */
#define TRI_TCP_FLUSH_BYTES_MAX ((size_t)(4 * 1024 * 1024))

/* Slices a pull. */
#define TRI_TCP_SLICES_MAX ((size_t)64)

/* For the peer to take a fatal alert: a close with unread input would destroy it on the way. */
#define TRI_TCP_ALERT_LINGER_MS ((uint64_t)1000)

enum tri_tcp_state {
    TRI_TCP_CONNECTING,
    TRI_TCP_HANDSHAKE,
    TRI_TCP_OPEN,
    TRI_TCP_CLOSING,
    TRI_TCP_LINGER,
    TRI_TCP_DEAD,
};

struct tri_tcp {
    uv_poll_t poll;
    struct tri_loop *loop;
    int fd;       /* -1 when DEAD */
    int interest; /* UV_READABLE, UV_WRITABLE, UV_DISCONNECT: what poll waits for */
    enum tri_tcp_state state;
    enum tri_tcp_end end;   /* what on_closed will say, from CLOSING on */
    const char *error_text; /* static */
    bool has_tls;
    bool is_dialled;
    bool full;      /* the socket took less than all: wait for room */
    bool more;      /* the turn's share was pulled: go on in the next one */
    bool held_back; /* the owner wants no more for now; matters while OPEN */
    bool
        hup_seen; /* while held back: the peer's end waits in the socket, poll need not repeat it */
    bool fin_received;
    bool eof_told;
    bool is_closed;        /* on_closed was told; the kernel may still have operations */
    bool wants_ring;       /* if the system has one */
    struct tri_ring *ring; /* the loop's. NULL: poll, recv and send */
    struct tri_ring_op ring_recv, ring_send;
    uint64_t taken_bytes; /* by the socket, so far */
    uint64_t read_bytes;  /* from it */
    uint64_t linger_ms;
    uint64_t handshake_timeout_ms;       /* of one dialled, until it is connected */
    struct tri_tls_stream tls;           /* if has_tls */
    struct tri_buf clear;                /* else: bytes to send */
    struct tri_loop_timer timer;         /* handshake, then linger */
    struct tri_loop_late late;           /* sends what the turn produced */
    const struct tri_tcp_events *events; /* NULL until accepted */
    void *user;
    struct tri_addr remote;
};

/* ---- net_tcp.c, for the listener and for dialling */

/* One of them, or neither: cleartext. */
struct tri_tcp_tls {
    const struct tri_tls_context *server;
    const struct tri_tls_dial *client;
};

/* In HANDSHAKE. Takes |fd| in every case. NULL if memory is short. */
struct tri_tcp *tri_tcp_new(struct tri_loop *loop, int fd, const struct tri_addr *remote,
                            const struct tri_tcp_tls *tls);

/* The owner took it: the handshake starts, bounded; or, in clear, on_ready comes. */
void tri_tcp_start(struct tri_tcp *t, const struct tri_tcp_events *events, void *user,
                   uint64_t handshake_timeout_ms);

/* The owner did not take it: nobody is told. */
void tri_tcp_drop(struct tri_tcp *t);

/* ---- among the files */

void tri_tcp_set_state(struct tri_tcp *t, enum tri_tcp_state state);

/* Closes the socket; on_closed(end) comes from the loop. */
void tri_tcp_finish(struct tri_tcp *t, enum tri_tcp_end end, const char *error_text);
void tri_tcp_reset(struct tri_tcp *t, enum tri_tcp_end end, const char *error_text); /* with RST */

/* The socket failed: what that means depends on how far the connection was. */
void tri_tcp_lose(struct tri_tcp *t, int error);

/* TLS broke: its alert, if any, is sent before the end. */
void tri_tcp_fail_tls(struct tri_tcp *t, enum tri_err err);

/* The owner has not yet room for what the socket has. */
static inline bool tri_tcp_is_held_back(const struct tri_tcp *t)
{
    return t->held_back && t->state == TRI_TCP_OPEN;
}

/* Closed, and told: the memory goes, unless the kernel has operations. */
void tri_tcp_release(struct tri_tcp *t);

/* Waits for what the state wants to know of the socket. */
void tri_tcp_update_interest(struct tri_tcp *t);

/* Static English for an errno. */
const char *tri_tcp_describe(int error);

/* net_tcp_dial.c: in CONNECTING, the socket tells how it went; or nothing came in time. */
void tri_tcp_take_connected(struct tri_tcp *t);
void tri_tcp_expire_dial(struct tri_tcp *t);

/* net_tcp_recv.c: the socket is readable. */
void tri_tcp_recv(struct tri_tcp *t);

/* What a read yielded: bytes, the peer's end (0), or a negative errno. */
void tri_tcp_take_read(struct tri_tcp *t, const uint8_t *data, ssize_t got);

/* |len| bytes were read in one go: an answer to many does not wait for the turn's end. */
void tri_tcp_answer_much(struct tri_tcp *t, size_t len);

/* net_tcp_send.c: bytes that wait for the socket; sending them, and half-closing behind the last.
 * Returns how many bytes the socket took. */
size_t tri_tcp_pending(const struct tri_tcp *t);
size_t tri_tcp_send(struct tri_tcp *t);

/* What a try to send yielded: bytes that the socket took, or a negative errno. */
void tri_tcp_take_sent(struct tri_tcp *t, ssize_t put);

/* net_tcp_ring.c. Whether the ring has the reading in hand (else poll is to), or took the sending.
 * Before the socket is closed, leave it. */
bool tri_tcp_ring_read(struct tri_tcp *t, bool on);
bool tri_tcp_ring_send(struct tri_tcp *t);
void tri_tcp_ring_leave(struct tri_tcp *t);

#endif
