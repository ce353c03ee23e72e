/*
 * A call on a client's connection: an opening handshake that waits for room, is asked, and is
 * answered. What a WebSocket of the program (client_ws.h) and a bridged one are made of: each embeds
 * a struct tri_client_call and, once it is answered, puts a tenant of its own on the stream.
 *
 *   WAITING ──room──► ASKED ──answer──► forgotten: on_answer
 *      │ ◄──refused───────┤
 *      └────────────────┴──end, timeout──► forgotten: on_fail
 *
 * What the server refuses without having looked at it is asked once more on the same connection, if
 * that takes calls still (RFC 9113 section 8.7, RFC 9114 section 4.1.1).
 *
 * Events come from the loop, never during the functions below.
 */
#ifndef TRI_CLIENT_CALL_H
#define TRI_CLIENT_CALL_H

#include "base_list.h"
#include "base_timeout.h"
#include "http_call.h"

/* Opens of one connection that wait for it to be up, or for room on it. */
#define TRI_CLIENT_WAITING_MAX ((size_t)65536)

struct tri_client_call;

struct tri_client_call_events {
    /* It is asked now: fill |path|, |fields| and |fields_len|, which are borrowed until one of the
     * other two. |out|->authority is the connection's. */
    void (*on_ask)(struct tri_client_call *call, struct tri_call_request *out);
    /*
     * The final answer, of any status. If it is accepted, bind |stream|->stream.events and .session
     * before this returns, and the stream is the tenant's, with one on_closed; or leave them NULL,
     * and the stream is reset. The call is forgotten: it may be freed.
     */
    void (*on_answer)(struct tri_client_call *call, struct tri_call *stream,
                      const struct tri_call_answer *answer);
    /* No answer. Forgotten too. |why| is borrowed for the call. */
    void (*on_fail)(struct tri_client_call *call, const struct tri_failure *why);
};

/* Fields private, but for |events| to be set before it is opened. */
struct tri_client_call {
    const struct tri_client_call_events *events;
    struct tri_client_conn *conn;
    struct tri_call *asked;     /* NULL while it waits */
    bool was_refused;           /* unlooked at, and it is asked once more */
    struct tri_list node;       /* in conn->waiting, or conn->asked */
    struct tri_timeout timeout; /* for room while the connection is up, then for the answer */
};

/*
 * Opens |call|, which must stay where it is until it is forgotten. It is asked at the end of a turn,
 * after those that were opened before.
 *
 * TRI_OK; TRI_ERR_LIMIT: HTTP/1.1, which has its socket, or TRI_CLIENT_WAITING_MAX wait;
 * TRI_ERR_CLOSED: the connection is ending, or the server takes no more on it (GOAWAY).
 */
TRI_MUST_USE enum tri_err tri_client_call_open(struct tri_client_conn *conn,
                                               struct tri_client_call *call);

/* Gives it up: no event comes, and it may be freed. Not within its own events. */
void tri_client_call_cancel(struct tri_client_call *call);

/*
 * For whoever has a tenant on the stream of an accepted call: how its connection is, in struct
 * tri_client_conn of trisock.h: tri_client_conn_carrier and so on. When tri_client_conn_close is
 * called, calls without an answer fail, and the connection ends when its streams have; whoever has
 * one ends it by itself (see tri_client_conn_is_closing), and after TRI_LIMIT_CLOSE_TIMEOUT_MS what
 * is left is cut.
 */
bool tri_client_conn_is_closing(const struct tri_client_conn *conn);

/* The loop of |client|, for listeners and timers of who belongs to it. A turn's end flushes every
 * connection that something happened to, whoever caused it. */
struct tri_loop *tri_client_loop(struct tri_client *client);
const struct tri_alloc *tri_client_alloc(const struct tri_client *client);
const struct tri_log *tri_client_log(const struct tri_client *client);

#endif
