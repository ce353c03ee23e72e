/* See client_quic.h and client_link.h. */
#include "client_quic.h"

#include "h3_client.h"
#include "net_udp.h"

#include <assert.h>
#include <errno.h>

struct quic_link {
    struct tri_client_link link; /* first */
    struct tri_client *client;
    struct tri_udp *udp;
    struct tri_addr remote;
    struct tri_client_traffic traffic;
    bool blocked; /* the socket is full: wait for on_writable */
    int refused;  /* the network's word for it that nobody is there; 0: none */
};

static struct quic_link *quic_of(struct tri_client_link *link)
{
    return TRI_CONTAINER_OF(link, struct quic_link, link);
}

static struct tri_client_traffic traffic_of(const struct tri_client_link *link)
{
    return ((const struct quic_link *)link)->traffic;
}

static void save_ticket(struct tri_client_link *link)
{
    struct tri_client *client = quic_of(link)->client;
    if (client->config.resumption) {
        tri_client_tickets_put(&client->tickets, link->conn->url.authority, TRI_HTTP_3,
                               tri_h3_client_take_session(link->adapter));
    }
}

/* How far the handshake is. */
static void progress(struct tri_client_link *link)
{
    struct tri_client_conn *c = link->conn;
    if (c->state != TRI_CLIENT_CONN_OPENING) {
        return;
    }
    if (c->timing.connected_ns == 0 && tri_h3_client_is_answered(link->adapter)) {
        tri_client_conn_connected(c);
    }
    if (c->timing.secured_ns == 0 && tri_h3_client_is_secured(link->adapter)) {
        tri_client_conn_secured(c, tri_h3_client_carrier(link->adapter),
                                tri_h3_client_is_resumed(link->adapter));
    }
}

/* ------------------------------------------------------------------------- what net tells */

static void take_datagram(void *user, const struct tri_addr *local, const struct tri_addr *remote,
                          uint8_t ecn, const uint8_t *data, size_t len)
{
    (void)local;
    (void)remote;
    struct quic_link *q = user;
    q->traffic.bytes_in += len;
    tri_h3_client_recv(q->link.adapter, ecn, data, len, tri_client_turn_ns(q->client));
    progress(&q->link);
    tri_client_conn_mark_dirty(q->link.conn);
}

static void take_writable(void *user)
{
    struct quic_link *q = user;
    (void)tri_client_turn_ns(q->client);
    q->blocked = false;
    tri_client_conn_mark_dirty(q->link.conn);
}

static void take_refused(void *user, int error)
{
    struct quic_link *q = user;
    (void)tri_client_turn_ns(q->client);
    q->refused = error;
    tri_client_conn_mark_dirty(q->link.conn);
}

static const struct tri_udp_events events = {
    .on_datagram = take_datagram,
    .on_writable = take_writable,
    .on_refused = take_refused,
};

/* -------------------------------------------------------------------- what the connection asks */

static void send_runs(struct quic_link *q, uint64_t now_ns)
{
    struct tri_h3_run run;
    while (!q->blocked && tri_h3_client_send(q->link.adapter, &run, now_ns)) {
        q->traffic.bytes_out += run.len;
        const enum tri_err err =
            tri_udp_send(q->udp, &run.local, &run.remote, run.ecn, run.data, run.len, run.segment);
        q->blocked = err == TRI_AGAIN;
    }
}

/* The server is told, as far as the socket takes it now: nobody waits for more. No event of the socket
 * comes afterwards, so that its memory may go at once. */
static void drop(struct tri_client_link *link)
{
    struct quic_link *q = quic_of(link);
    const uint64_t now_ns = q->client->sessions.now_ns;
    tri_h3_client_close(link->adapter, now_ns);
    send_runs(q, now_ns);
    link->adapter->ops->free(link->adapter);
    tri_udp_close(q->udp);
    tri_alloc_release(q->client->config.alloc, q);
}

/* RFC 9000 section 21.1.1: it is heard only as long as nobody has answered. */
static bool is_refused(const struct quic_link *q)
{
    return q->refused != 0 && !tri_h3_client_is_answered(q->link.adapter);
}

static void give_up(struct quic_link *q)
{
    struct tri_client_conn *c = q->link.conn;
    tri_client_fault_set(&c->fault, TRI_FAULT_CONNECT, "%s cannot be reached: %s", c->remote,
                         q->refused == ECONNREFUSED ? "nothing listens there"
                                                    : "there is no way there");
    c->traffic.bytes_in += q->traffic.bytes_in;
    c->traffic.bytes_out += q->traffic.bytes_out;
    drop(&q->link);
    c->link = NULL;
    tri_client_conn_lost(c, true);
}

static void flush(struct tri_client_link *link, uint64_t now_ns)
{
    struct quic_link *q = quic_of(link);
    if (is_refused(q)) {
        give_up(q);
    } else {
        send_runs(q, now_ns);
    }
}

static uint64_t deadline_ns(const struct tri_client_link *link)
{
    /* A full socket makes every pacing deadline a past one: on_writable comes first. */
    const struct quic_link *q = (const struct quic_link *)link;
    return q->blocked ? UINT64_MAX : link->adapter->ops->deadline_ns(link->adapter);
}

static void expire(struct tri_client_link *link, uint64_t now_ns)
{
    link->adapter->ops->expire(link->adapter, now_ns);
}

static void finish(struct tri_client_link *link)
{
    (void)link; /* its last words were sent; UDP has no end of its own */
}

static const struct tri_client_link_ops ops = {
    .progress = progress,
    .flush = flush,
    .deadline_ns = deadline_ns,
    .expire = expire,
    .finish = finish,
    .drop = drop,
    .traffic = traffic_of,
    .save_ticket = save_ticket,
};

static enum tri_err make_adapter(struct quic_link *q, struct tri_client_conn *c, uint64_t now_ns)
{
    struct tri_client *client = q->client;
    WOLFSSL_SESSION *resume =
        tri_client_tickets_take(&client->tickets, c->url.authority, TRI_HTTP_3);
    const struct tri_h3_client_config config = {
        .call = tri_client_conn_call_config(c, "h3"),
        .tls = &client->quic_tls,
        .host = c->url.host,
        .resume = resume,
        .qlog_dir = client->config.qlog_dir,
        .local = *tri_udp_local(q->udp),
        .remote = q->remote,
    };
    const enum tri_err err = tri_h3_client_new(&q->link.adapter, &config, now_ns);
    wolfSSL_SESSION_free(resume); /* NULL is fine */
    return err;
}

static enum tri_err open_link(struct quic_link *q, struct tri_client_conn *c, uint64_t now_ns)
{
    enum tri_err err = tri_udp_dial(&q->udp, q->client->loop, &q->remote, &events, q);
    if (err == TRI_OK) {
        err = make_adapter(q, c, now_ns);
        if (err != TRI_OK) {
            tri_udp_close(q->udp);
        }
    }
    return err;
}

void tri_client_quic_start(struct tri_client_conn *c, const struct tri_addr *addr, uint64_t now_ns)
{
    struct tri_client *client = c->client;
    char error[TRI_TLS_ERROR_MAX] = "";
    enum tri_err err = tri_client_need_quic(client, error);
    if (err != TRI_OK) {
        tri_client_fault_set(&c->fault, err == TRI_ERR_NOMEM ? TRI_FAULT_MEMORY : TRI_FAULT_TLS,
                             "TLS for QUIC cannot be set up: %s", error);
        return;
    }
    struct quic_link *q = tri_alloc_zero(client->config.alloc, sizeof *q);
    if (!q) {
        tri_client_fault_set(&c->fault, TRI_FAULT_MEMORY, "memory is short");
        return;
    }
    q->client = client;
    q->remote = *addr;
    q->link = (struct tri_client_link){.ops = &ops, .conn = c, .calls = &tri_h3_client_calls};
    err = open_link(q, c, now_ns);
    if (err != TRI_OK) {
        c->is_unanswered = err == TRI_ERR_IO;
        tri_client_fault_set(&c->fault, err == TRI_ERR_NOMEM ? TRI_FAULT_MEMORY : TRI_FAULT_CONNECT,
                             "no connection to %s can be started: %s", c->remote,
                             tri_err_text(err));
        tri_alloc_release(client->config.alloc, q);
        return;
    }
    c->link = &q->link;
}
