/*
 * struct tri_ws: a WebSocket as the program sees it, whichever end of the connection it is. A
 * session and its handler; what carries it is known for the log only.
 *
 *   socket_ws_api.c      what a program calls on it
 *   socket_ws_events.c   its making, and what its session tells it
 *   socket_ws_log.c      its lines in the log
 *
 * Server and client each own theirs: they agree with the peer, make it, bind its session to the
 * stream, and have a hook for its end.
 */
#ifndef TRI_SOCKET_WS_H
#define TRI_SOCKET_WS_H

#include "base_alloc.h"
#include "base_list.h"
#include "base_log.h"
#include "base_metrics.h"
#include "net_loop.h"
#include "ws_session.h"

/* What all sockets of one thread share. Outlives them. */
struct tri_ws_host {
    const struct tri_alloc *alloc;
    const struct tri_log *log;
    struct tri_session_worker *sessions;
    struct tri_loop *loop; /* tells |sessions| the time between two turns */
    /* The handler has had its on_close: the owner takes it off its lists. Afterwards it is freed. */
    void (*on_closed)(struct tri_ws *ws);
    /* It was freed, and |owner| was the owner's. May be NULL. */
    void (*on_gone)(void *owner);
};

struct tri_ws {
    struct tri_session *session;
    const struct tri_ws_host *host;    /* borrowed */
    struct tri_http_metrics *metrics;  /* borrowed; of the connection's HTTP version */
    const struct tri_carrier *carrier; /* borrowed: valid as long as the stream */
    const struct tri_ws_handler *handler;
    void *user;           /* the program's */
    void *owner;          /* its connection's; borrowed: that outlives its streams */
    uint64_t id;          /* set by the owner once it is open */
    struct tri_list node; /* in a list of the owner */
    char subprotocol[];   /* NUL-terminated; "": none */
};

/* What one is made from; borrowed for the call, but for what the struct above keeps. */
struct tri_ws_setup {
    enum tri_session_role role;
    struct tri_stream *stream;
    struct tri_http_metrics *metrics;
    const struct tri_carrier *carrier;
    const struct tri_ws_handler *handler;
    void *user, *owner;
    enum tri_slow slow;
    struct tri_deflate_params deflate;
    struct tri_slice subprotocol; /* agreed; empty: none */
};

/*
 * Makes it with an open session, for the caller to bind to |setup|->stream, which ends both. It is
 * on no list and has no number yet. NULL if memory is short.
 */
struct tri_ws *tri_ws_new(const struct tri_ws_host *host, const struct tri_ws_setup *setup);

/* Frees one that was never bound; nobody is told. */
void tri_ws_discard(struct tri_ws *ws);

/* As much of a path as a log line has room for, besides the rest. */
#define TRI_WS_LOGGED_PATH_MAX ((size_t)512)

/* ws.open and ws.close, level info. |path| is cut at TRI_WS_LOGGED_PATH_MAX. */
void tri_ws_log_open(const struct tri_ws *ws, struct tri_slice path);
void tri_ws_log_close(const struct tri_ws *ws, const struct tri_ws_end *end);

#endif
