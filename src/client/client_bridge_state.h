/*
 * The inside of the bridge, shared by the files that make it up:
 *
 *   client_bridge         its making, its stop, and its part of the client's turn
 *   client_bridge_local   the port, and the connections of local programs, each an h1 server's
 *   client_bridge_socket  a handshake that crosses, and the splice that it becomes
 *   client_bridge_far     connections to the server, and who is asked on which
 *
 * Nobody else includes this.
 *
 * A handshake waits in |waiting| until a connection has room for it, is then a call of it, in |asked|,
 * and with the answer either gone or a splice.
 */
#ifndef TRI_CLIENT_BRIDGE_STATE_H
#define TRI_CLIENT_BRIDGE_STATE_H

#include "client_bridge.h"
#include "client_call.h"
#include "client_instance.h"
#include "client_splice.h"
#include "http_exchange.h"
#include "net_tcp.h"

struct tri_client_bridge {
    struct tri_client *client; /* borrowed */
    const struct tri_alloc *alloc;
    char *url; /* owned */
    unsigned http;
    bool h3_first;
    struct tri_field *more; /* owned, as its bytes are */
    size_t more_len;
    void (*on_note)(void *user, const char *text, bool is_error);
    void (*on_stopped)(void *user);
    void *user;
    char address[TRI_ADDR_TEXT_MAX];

    /* client_bridge_local.c */
    struct tri_tcp_listener *listener; /* NULL: no more are taken */
    struct tri_list locals;            /* connections */
    struct tri_list dirty;             /* of them, to be flushed */
    struct tri_heap deadlines;         /* of them */
    size_t locals_len;                 /* those that net has not given up yet */

    /* client_bridge_socket.c */
    struct tri_list waiting, asked; /* handshakes */
    size_t waiting_len;
    struct tri_list splices;
    struct tri_timeout_list halves; /* splices of which one side has ended */

    /* client_bridge_far.c */
    struct tri_list fars;
    size_t fars_len;
    size_t opening_len; /* of them, not up yet */
    bool is_single;     /* a connection carries one socket: HTTP/1.1 */

    bool is_stopping, is_stopped;
    uint64_t cut_ns; /* when what has not stopped is cut; UINT64_MAX: never */
};

/* A handshake that crosses. */
struct tri_client_bridge_socket {
    struct tri_client_call call; /* once it is asked */
    struct tri_client_bridge *bridge;
    struct tri_exchange *exchange;
    struct tri_slice path; /* of the exchange's head, as the fields are */
    struct tri_list node;  /* in bridge->waiting, or ->asked */
    size_t fields_len;
    struct tri_field fields[];
};

/* Tells |format| as printf does. */
void tri_client_bridge_note(const struct tri_client_bridge *b, bool is_error, const char *format,
                            ...) __attribute__((format(printf, 3, 4)));

/* ---- client_bridge_local.c */

/* Opens the port; b->address gets its real name. As tri_tcp_listen. */
TRI_MUST_USE enum tri_err tri_client_bridge_listen(struct tri_client_bridge *b,
                                                   struct tri_addr *addr);
void tri_client_bridge_flush_locals(struct tri_client_bridge *b, uint64_t now_ns);
void tri_client_bridge_expire_locals(struct tri_client_bridge *b, uint64_t now_ns);
void tri_client_bridge_shut_locals(struct tri_client_bridge *b, uint64_t now_ns); /* politely */
void tri_client_bridge_cut_locals(struct tri_client_bridge *b);

/* ---- client_bridge_socket.c */

/* What the local connections' requests come to; |user| is the bridge. */
void tri_client_bridge_take_request(struct tri_client_bridge *b, struct tri_exchange *x,
                                    const struct tri_request_head *head);
void tri_client_bridge_take_cancel(struct tri_exchange *x);

/* Those that wait, or all of them, are answered with what |why| means as a status. */
void tri_client_bridge_fail_waiting(struct tri_client_bridge *b, const struct tri_failure *why);
void tri_client_bridge_fail_asked(struct tri_client_bridge *b, const struct tri_failure *why);

/* |s| is off bridge->waiting: it is asked on |conn|. */
void tri_client_bridge_ask(struct tri_client_bridge_socket *s, struct tri_client_conn *conn);

void tri_client_bridge_end_splices(struct tri_client_bridge *b);
void tri_client_bridge_expire_splices(struct tri_client_bridge *b, uint64_t now_ns);

/* ---- client_bridge_far.c */

/* Asks what waits where there is room, and opens connections for what is left. */
void tri_client_bridge_pump(struct tri_client_bridge *b);
void tri_client_bridge_close_fars(struct tri_client_bridge *b); /* politely */
void tri_client_bridge_cut_fars(struct tri_client_bridge *b);

#endif
