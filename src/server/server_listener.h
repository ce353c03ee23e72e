/*
 * One address that a worker listens on: TCP with TLS and UDP with QUIC on the same port (row N1),
 * or TCP in clear, where everything is refused (row N4).
 */
#ifndef TRI_SERVER_LISTENER_H
#define TRI_SERVER_LISTENER_H

#include "server_h3.h"
#include "server_tcp_conn.h"

#define TRI_ALT_SVC_MAX 32 /* "h3=\":65535\"; ma=86400" */

struct tri_listener {
    struct tri_addr addr; /* with the real port once it is open */
    char text[TRI_ADDR_TEXT_MAX];
    char alt_svc[TRI_ALT_SVC_MAX];
    bool extended_connect;
    struct tri_tcp_port tcp_port;
    struct tri_tcp_listener *tcp; /* owned; NULL: not listening on TCP */
    struct tri_h3_port h3;        /* closed unless HTTP/3 is offered here */
};

/*
 * Binds the address of |port|; port 0 takes one that is free on TCP and UDP. |l| must stay where it is. TRI_OK;
 * TRI_ERR_INUSE, TRI_ERR_IO (*number is the errno), TRI_ERR_NOMEM: |l| is then closed.
 */
TRI_MUST_USE enum tri_err tri_listener_open(struct tri_listener *l, struct tri_hub *hub,
                                            const struct tri_listen_port *port, int *number);

/* The same for a cleartext port. redirect_port 0: 426. */
TRI_MUST_USE enum tri_err tri_listener_open_cleartext(struct tri_listener *l, struct tri_hub *hub,
                                                      const struct tri_addr *addr,
                                                      uint16_t redirect_port, int *number);

/* The limits have changed: hands that on to who keeps more of them than a pointer. Harmless when
 * closed. */
void tri_listener_limits_changed(struct tri_listener *l);

/* Takes no new TCP connection; the UDP socket goes on, for those that are open. */
void tri_listener_stop(struct tri_listener *l);

/* Closes both. TCP connections are not the listener's. */
void tri_listener_close(struct tri_listener *l);

#endif
