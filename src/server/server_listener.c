/* See server_listener.h. */
#include "server_listener.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A port that TCP got may be taken on UDP; another try gets another port. */
#define PORT_TRIES 16

/* A day: RFC 7838 section 3.1 has the same as default. */
#define ALT_SVC_SECONDS 86400

/* Too many files are open, or memory is short: clients wait, and the operator should know. */
static void take_stall(void *owner, int error)
{
    const struct tri_tcp_port *port = owner;
    const struct tri_listener *l = TRI_CONTAINER_OF(owner, struct tri_listener, tcp_port);
    char text[128];
    TRI_LOG(tri_hub_log(port->hub), WARN, "accept.stall", TRI_KV_S("address", l->text),
            TRI_KV_S("cause", strerror_r(error, text, sizeof text)));
}

static enum tri_err listen_tcp(struct tri_listener *l, struct tri_hub *hub,
                               const struct tri_tls_context *tls)
{
    l->tcp_port.hub = hub;
    l->tcp_port.alt_svc = l->alt_svc;
    l->tcp_port.extended_connect = l->extended_connect;
    const struct tri_tcp_accept accept = {
        .on_accept = tri_tcp_conn_accept,
        .owner = &l->tcp_port,
        .tls = tls,
        .handshake_timeout_ms = tri_hub_config(hub)->limits.handshake_timeout_ms,
        .on_stall = take_stall,
    };
    enum tri_err err = tri_tcp_listen(&l->tcp, hub->loop, &l->addr, &accept);
    if (err != TRI_OK) {
        l->tcp = NULL;
    }
    return err;
}

static enum tri_err open_once(struct tri_listener *l, struct tri_hub *hub, int *number)
{
    const struct tri_shared *shared = hub->shared;
    enum tri_err err = TRI_OK;
    if (tri_shared_has_tcp(shared)) {
        err = listen_tcp(l, hub, &shared->tcp_tls);
    }
    if (err == TRI_OK && tri_shared_has_quic(shared)) {
        err = tri_h3_port_open(&l->h3, hub, &l->addr, l->extended_connect);
    }
    *number = errno; /* before a close changes it */
    if (err != TRI_OK) {
        tri_listener_close(l);
    }
    return err;
}

enum tri_err tri_listener_open(struct tri_listener *l, struct tri_hub *hub,
                               const struct tri_listen_port *port, int *number)
{
    assert(l && hub && port->addr.len > 0);
    const bool extended_connect =
        port->has_extended_connect ? port->extended_connect : tri_hub_config(hub)->extended_connect;
    enum tri_err err = TRI_ERR_INUSE;
    for (int i = 0; i < PORT_TRIES && err == TRI_ERR_INUSE; i++) {
        *l = (struct tri_listener){
            .addr = port->addr, .extended_connect = extended_connect, .h3 = {.hub = hub}};
        err = open_once(l, hub, number);
        if (tri_addr_port(&port->addr) != 0) {
            break;
        }
    }
    tri_addr_format(&l->addr, l->text);
    if (err == TRI_OK && tri_shared_has_quic(hub->shared)) {
        /* RFC 7838 section 3; row N5 */
        (void)snprintf(l->alt_svc, sizeof l->alt_svc, "h3=\":%u\"; ma=%d",
                       (unsigned)tri_addr_port(&l->addr), ALT_SVC_SECONDS);
    }
    return err;
}

enum tri_err tri_listener_open_cleartext(struct tri_listener *l, struct tri_hub *hub,
                                         const struct tri_addr *addr, uint16_t redirect_port,
                                         int *number)
{
    *l = (struct tri_listener){.addr = *addr, .h3 = {.hub = hub}};
    l->tcp_port.cleartext = true;
    l->tcp_port.redirect_port = redirect_port;
    enum tri_err err = listen_tcp(l, hub, NULL);
    *number = errno;
    tri_addr_format(&l->addr, l->text);
    return err;
}

void tri_listener_limits_changed(struct tri_listener *l)
{
    if (l->tcp) {
        const struct tri_limits *limits = &tri_hub_config(l->tcp_port.hub)->limits;
        tri_tcp_listener_handshake_timeout(l->tcp, limits->handshake_timeout_ms);
    }
    if (l->h3.endpoint) {
        tri_h3_endpoint_limits_changed(l->h3.endpoint);
    }
}

void tri_listener_stop(struct tri_listener *l)
{
    tri_tcp_listener_close(l->tcp);
    l->tcp = NULL;
}

void tri_listener_close(struct tri_listener *l)
{
    tri_listener_stop(l);
    tri_h3_port_close(&l->h3);
}
