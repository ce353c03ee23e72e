/*
 * A connection to one server, from a URL to its end.
 *
 *   RESOLVING ──addresses──► OPENING ──on_ready──► READY ──close──► CLOSING
 *       │                    │  ▲  │                 │                 │
 *       │                    └──┘  │                 │                 │
 *       └────failure, abort────────┴─────────────────┴─────────────────┴──► ENDED ──on_closed──► gone
 *
 * OPENING goes round once for each attempt: over QUIC first, if that is to be; then over TCP; each with
 * the host's addresses in turn, as long as nobody answers; and over TCP once more with HTTP/1.1 alone
 * where HTTP/2 came without extended CONNECT. What the last attempt failed by is told.
 *
 *   client_conn.c        its beginning and its end, and what links tell
 *   client_conn_turn.c   what it does at the end of a turn, and when a deadline has come
 *   client_attempt.c     which attempt is next, and what a failed one means
 *   client_call.c        calls on it
 */
#ifndef TRI_CLIENT_CONN_H
#define TRI_CLIENT_CONN_H

#include "client_call.h"
#include "client_fault.h"
#include "client_instance.h"
#include "client_link.h"
#include "client_url.h"
#include "net_resolve.h"

/* How long QUIC may stay without any answer where TCP can be tried instead. */
#define TRI_CLIENT_QUIC_ANSWER_MS ((uint64_t)1500)

/* How often a link is asked for a ticket, which comes soon after the handshake if it comes. */
#define TRI_CLIENT_TICKET_LOOKS 16u

enum tri_client_conn_state {
    TRI_CLIENT_CONN_RESOLVING,
    TRI_CLIENT_CONN_OPENING,
    TRI_CLIENT_CONN_READY,
    TRI_CLIENT_CONN_CLOSING,
    TRI_CLIENT_CONN_ENDED,
};

struct tri_client_conn {
    /* What every turn looks at stands together: connections are many, caches small. */
    struct tri_client *client; /* borrowed */
    enum tri_client_conn_state state;
    bool close_asked, abort_asked;
    bool is_shut;                 /* the adapter was asked to end politely */
    bool lacks_connect;           /* on_ready said so: another attempt, or the end */
    struct tri_client_link *link; /* NULL: none now */
    struct tri_list dirty;        /* in client->dirty */
    struct tri_list waiting;      /* struct tri_client_call */
    uint64_t phase_deadline_ns;   /* of what is going on; UINT64_MAX: none */
    struct tri_heap_node deadline;
    unsigned ticket_looks;

    struct tri_client_url url; /* without its path */
    unsigned http;             /* TRI_HTTP_ flags that may be used */
    void (*on_ready)(void *user, struct tri_client_conn *conn);
    void (*on_closed)(void *user, struct tri_client_conn *conn, const struct tri_failure *why);
    void *user;

    struct tri_resolve *resolve; /* while RESOLVING */
    struct tri_addr addrs[TRI_RESOLVE_ADDRS_MAX];
    size_t addrs_len, addr_at;
    bool over_quic;        /* the attempt is; else over TCP */
    uint16_t quic_port;    /* the URL's, or what Alt-Svc said */
    unsigned tcp_versions; /* to offer over TCP */
    bool is_unanswered;    /* the last attempt failed because nobody answered at the address */

    uint64_t asked_ns;
    struct tri_client_timing timing;
    struct tri_client_traffic traffic; /* of the links that are gone */
    struct tri_carrier carrier;
    bool is_resumed;
    struct tri_client_fault fault; /* what the last attempt failed by, or the connection ended by */

    struct tri_list asked;   /* struct tri_client_call */
    size_t waiting_len;      /* <= TRI_CLIENT_WAITING_MAX */
    struct tri_list sockets; /* every struct tri_ws */
    struct tri_list node;    /* in client->conns, then client->ended */
    char remote[TRI_ADDR_TEXT_MAX];
};

/* ---- client_conn_turn.c, for the client */

void tri_client_conn_turn(struct tri_client_conn *c, uint64_t now_ns);   /* at a turn's end */
void tri_client_conn_expire(struct tri_client_conn *c, uint64_t now_ns); /* its deadline has come */

/* ---- client_conn.c */

void tri_client_conn_tell_end(struct tri_client_conn *c); /* on_closed; frees it */

/* Asserts that it goes on in the diagram. */
void tri_client_conn_set_state(struct tri_client_conn *c, enum tri_client_conn_state state);

/* It has no link any more. Harmless if it had none. */
void tri_client_conn_drop_link(struct tri_client_conn *c);

/* Ends it now, with |fault| of its struct. Its sockets and calls are told before this returns. */
void tri_client_conn_end(struct tri_client_conn *c);

/* It is looked at when the turn ends. */
void tri_client_conn_mark_dirty(struct tri_client_conn *c);

/* ---- client_attempt.c */

/* Makes the next link; ends the connection if there is no attempt left. State OPENING. */
void tri_client_attempt_start(struct tri_client_conn *c, uint64_t now_ns);

/* The attempt failed by |c->fault|, and its link is gone: goes on to the next one, or ends. */
void tri_client_attempt_failed(struct tri_client_conn *c, uint64_t now_ns);

/* "HTTP/2 and HTTP/1.1", for sentences. Static memory. */
const char *tri_client_versions_text(unsigned versions);

/* ---- for links */

/* Somebody is there; TLS is up, with the names that |carrier| has. */
void tri_client_conn_connected(struct tri_client_conn *c);
void tri_client_conn_secured(struct tri_client_conn *c, const struct tri_carrier *carrier,
                             bool is_resumed);

/* The link ended by itself, by |c->fault|, and is gone when this was called. |unanswered|: nobody
 * was there. */
void tri_client_conn_lost(struct tri_client_conn *c, bool unanswered);

/* What an adapter is made with. |http|: "h2" ... */
struct tri_call_config tri_client_conn_call_config(struct tri_client_conn *c, const char *http);
struct tri_http_metrics *tri_client_conn_metrics(struct tri_client_conn *c);

/* The adapter takes calls. */
void tri_client_conn_up(struct tri_client_conn *c);

/* ---- client_call.c */

/* What adapters tell; their user is the connection. */
extern const struct tri_call_events tri_client_conn_call_events;

/* Asks what waits, as far as there is room; the others have so long to get some. The state is READY. */
void tri_client_calls_pump(struct tri_client_conn *c);

/* All that wait, or all, fail by |why|. */
void tri_client_calls_fail_waiting(struct tri_client_conn *c, const struct tri_failure *why);
void tri_client_calls_fail_asked(struct tri_client_conn *c, const struct tri_failure *why);

/* The answers' time is up for some. */
void tri_client_calls_expire(struct tri_client *client, uint64_t now_ns);

/* ---- client_ws.c */

void tri_client_ws_host_init(struct tri_ws_host *host, struct tri_client *client);

#endif
