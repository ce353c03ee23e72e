/*
 * A loop with one TCP listener whose connections echo or do what a test says, and a client beside
 * it, plain or with TLS, all on real loopback sockets in one thread: nothing moves but in
 * tcp_world_run.
 */
#ifndef TRI_TESTS_TCP_WORLD_H
#define TRI_TESTS_TCP_WORLD_H

#include "net_tcp.h"
#include "peer_tls.h"

#define TCP_WORLD_CONNS_MAX 96

struct tcp_world;

/* A connection as its owner sees it. */
struct tcp_conn {
    struct tcp_world *world;
    struct tri_tcp *tcp; /* NULL after on_closed */
    struct tri_buf in;   /* plaintext received */
    struct tri_buf out;  /* plaintext to send; pulled in pieces of |piece| bytes */
    size_t pulled;       /* bytes lent by the last pull */
    size_t pulled_total;
    bool dirty;
    bool ended; /* by the owner: no event but on_closed may come */
    bool ready, eof, orderly, closed;
    char alpn[16];
    enum tri_tcp_end end;
    char error_text[64];
};

enum tcp_world_act { ACT_NONE, ACT_ECHO, ACT_CLOSE, ACT_ABORT, ACT_HOLD_BACK };

struct tcp_world {
    const struct tri_alloc *alloc;
    struct tri_loop *loop;
    struct tri_tcp_listener *listener;
    struct tri_addr addr;
    struct tcp_conn conns[TCP_WORLD_CONNS_MAX];
    size_t conns_len;
    enum tcp_world_act on_accept, on_ready, on_data, on_eof, in_pull;
    bool refuse;         /* on_accept drops */
    bool close_listener; /* in on_accept */
    size_t piece;        /* bytes a slice; 0: all */
    uint64_t linger_ms;
    int turns;
    int stalls, stall_error;
};

/* Listens on |address|; |tls| may be NULL. Fails the test if it cannot. */
void tcp_world_open(struct tcp_world *w, const struct tri_alloc *alloc, const char *address,
                    const struct tri_tls_context *tls, uint64_t handshake_timeout_ms);
/* The same; TRI_ERR_NOMEM if memory was short, and then there is nothing to close. */
enum tri_err tcp_world_try_open(struct tcp_world *w, const struct tri_alloc *alloc,
                                const char *address, const struct tri_tls_context *tls,
                                uint64_t handshake_timeout_ms);
/* Aborts what is open, and frees all; every accepted connection has had its on_closed then. */
void tcp_world_close(struct tcp_world *w);

/* Queues bytes to send on |c| and marks it. */
void tcp_conn_send(struct tcp_conn *c, const void *data, size_t len);

/* A client. */
struct tcp_client {
    struct peer_tls tls;
    struct tri_buf in;  /* plaintext received */
    struct tri_buf out; /* bytes for the socket */
    int fd;             /* -1 when closed */
    bool has_tls;
    bool paused; /* reads nothing */
    bool fin;    /* the server's FIN came */
    bool reset;  /* or its RST */
};

/* Connects; |tls| may be NULL. */
void tcp_client_open(struct tcp_client *c, const struct tri_addr *to,
                     const struct peer_tls_options *tls);
void tcp_client_send(struct tcp_client *c, const void *data, size_t len);
void tcp_client_close(struct tcp_client *c); /* the socket, if it is open, and memory */

/* Moves everything once. |c| may be NULL. */
void tcp_world_step(struct tcp_world *w, struct tcp_client *c);

/* Steps until |*flag| or |*len| reaches what is wanted; fails the test after some seconds. */
void tcp_world_run_until(struct tcp_world *w, struct tcp_client *c, const bool *flag);
void tcp_world_run_until_len(struct tcp_world *w, struct tcp_client *c, const struct tri_buf *buf,
                             size_t len);
/* Steps for |ms|. */
void tcp_world_run_ms(struct tcp_world *w, struct tcp_client *c, unsigned ms);

#endif
