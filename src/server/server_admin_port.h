/*
 * The admin address: a listener of its own and its connections, HTTP/1.1 in clear. They are not
 * among those that the server counts and limits, they answer during a drain, and a drain does not
 * wait for them: when all else is gone they get a moment to take their last answer.
 *
 *   closed ──open──► OPEN ──finish──► FINISHING ──the last is gone, or is given up──► closed
 */
#ifndef TRI_SERVER_ADMIN_PORT_H
#define TRI_SERVER_ADMIN_PORT_H

#include "base_addr.h"
#include "base_timeout.h"
#include "net_tcp.h"
#include "server_admin.h"

struct tri_admin_port {
    struct tri_hub *hub; /* borrowed */
    struct tri_admin admin;
    struct tri_addr addr; /* with the real port once it is open */
    char text[TRI_ADDR_TEXT_MAX];
    struct tri_tcp_listener *tcp;     /* owned; NULL: not listening */
    struct tri_list conns;            /* every struct admin_conn that is not dead */
    struct tri_list dirty;            /* those to be flushed */
    struct tri_list dead;             /* those whose memory goes with the next flush */
    size_t conns_len;                 /* <= TRI_ADMIN_CONNECTIONS_MAX */
    struct tri_timeout_list timeouts; /* one a connection */
    struct tri_http_metrics metrics;  /* of its own traffic: nobody looks */
    bool is_finishing;
    uint64_t give_up_ns; /* while |is_finishing|: when the last are cut */
};

/* One that is closed. |port| must stay where it is. */
void tri_admin_port_init(struct tri_admin_port *port, struct tri_hub *hub,
                         const struct tri_admin *admin);

/* Binds |addr|. TRI_OK; TRI_ERR_INUSE, TRI_ERR_IO (*number is the errno), TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err tri_admin_port_open(struct tri_admin_port *port,
                                              const struct tri_addr *addr, int *number);

/* Sends what the turn left to send, frees what is gone. */
void tri_admin_port_flush(struct tri_admin_port *port);

static inline bool tri_admin_port_is_dirty(const struct tri_admin_port *port)
{
    return !tri_list_is_empty(&port->dirty);
}

uint64_t tri_admin_port_deadline_ns(const struct tri_admin_port *port); /* UINT64_MAX: none */
void tri_admin_port_expire(struct tri_admin_port *port, uint64_t now_ns);

/* Takes no new connection and ends those that are idle, the others after their answer, or a moment
 * later. Harmless the second time. */
void tri_admin_port_finish(struct tri_admin_port *port, uint64_t now_ns);

/* Cuts what is there; it is gone with the next turn of the loop. */
void tri_admin_port_drop(struct tri_admin_port *port);

/* Whether there is no connection. */
static inline bool tri_admin_port_is_gone(const struct tri_admin_port *port)
{
    return tri_list_is_empty(&port->conns);
}

#endif
