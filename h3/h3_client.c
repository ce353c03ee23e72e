/* See h3_client.h: one connection's life, and its outside. */
#include "h3_client.h"

#include "h3_client_internal.h"
#include "h3_client_quic.h"
#include "h3_drive.h"
#include "h3_stream.h"

#include <assert.h>

static const struct tri_h3_client *look(const struct tri_conn *conn)
{
    return tri_h3_client_of((struct tri_conn *)(uintptr_t)conn);
}

/* ---- what the connection tells of what a server has too */

static void on_wake(void *user)
{
    const struct tri_h3_client *client = user;
    client->config.events->on_wake(client->config.user);
}

static const struct tri_exchange_events exchange_events = {.on_wake = on_wake};

static void on_closed(void *owner, void *user)
{
    (void)owner; /* its end was noted before */
    (void)user;
}

/* ---- life */

static enum tri_err init_shared(struct tri_h3_client *client,
                                const struct tri_h3_client_config *config)
{
    const struct tri_h3_config shared = {
        .alloc = config->call.alloc,
        .limits = config->call.limits,
        .log = config->call.log,
        .random = config->call.random,
        .qlog_dir = config->qlog_dir,
        .events = &exchange_events,
        .on_closed = on_closed,
        .owner = client,
    };
    enum tri_err err = tri_h3_shared_init(&client->shared, &shared);
    client->shared.client = client;
    return err;
}

static enum tri_err open_conn(struct tri_h3_client *client,
                              const struct tri_h3_client_config *config)
{
    client->run = tri_alloc_get(config->call.alloc, TRI_H3_RUN_BYTES_MAX);
    if (!client->run) {
        return TRI_ERR_NOMEM;
    }
    client->conn = tri_h3_conn_new_client(&client->shared, &client->remote);
    if (!client->conn) {
        return TRI_ERR_NOMEM;
    }
    client->conn->carrier.conn_id = config->call.carrier.conn_id;
    WOLFSSL *ssl = tri_tls_client_session(config->tls, config->host, TRI_HTTP_3, config->resume);
    enum tri_err err = tri_h3_client_quic_open(client, ssl, config->resume);
    if (err == TRI_OK) { /* its first packet is due; nobody has to be woken for that */
        tri_list_append(&client->shared.dirty, &client->conn->dirty);
    }
    return err;
}

static void empty_graveyard(struct tri_h3_client *client)
{
    for (struct tri_list *node; (node = tri_list_first(&client->shared.graveyard));) {
        tri_h3_stream_free(TRI_CONTAINER_OF(node, struct tri_h3_stream, node),
                           client->config.alloc);
    }
}

static void free_client(struct tri_conn *conn)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    const struct tri_alloc *alloc = client->config.alloc;
    if (client->conn) {
        tri_h3_conn_drop(client->conn);
        tri_h3_conn_free(client->conn);
    }
    empty_graveyard(client);
    tri_h3_shared_deinit(&client->shared);
    wolfSSL_SESSION_free(client->session);
    tri_alloc_release(alloc, client->run);
    tri_alloc_release(alloc, client);
}

/* ---- time and the end */

/* Each call from outside begins so. What was over at the last one goes now. */
static void begin_step(struct tri_h3_client *client, uint64_t now_ns)
{
    assert(now_ns >= client->shared.now_ns); /* monotonic */
    client->shared.now_ns = now_ns;
    empty_graveyard(client);
}

static uint64_t deadline_ns(const struct tri_conn *conn)
{
    const struct tri_h3_client *client = look(conn);
    return tri_h3_conn_is_live(client->conn) ? client->conn->timer.key_ns : TRI_NEVER_NS;
}

static void expire(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    begin_step(client, now_ns);
    if (deadline_ns(conn) <= now_ns) {
        tri_h3_drive_expire(client->conn);
    }
}

static void shut_down(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    begin_step(client, now_ns);
    tri_h3_drive_shutdown(client->conn);
}

/* It need not wait for late packets: its owner closes the socket. RFC 9000 section 10.2. */
static bool is_done(const struct tri_conn *conn)
{
    const struct tri_h3_conn *c = look(conn)->conn;
    return !tri_h3_conn_is_live(c) && !c->close_due;
}

static bool wants_read(const struct tri_conn *conn)
{
    (void)conn;
    return true;
}

static bool is_aborted(const struct tri_conn *conn)
{
    (void)conn;
    return false;
}

static const struct tri_conn_ops conn_ops = {
    .wants_read = wants_read,
    .deadline_ns = deadline_ns,
    .expire = expire,
    .shutdown = shut_down,
    .is_done = is_done,
    .is_aborted = is_aborted,
    .free = free_client,
};

enum tri_err tri_h3_client_new(struct tri_conn **out, const struct tri_h3_client_config *config,
                               uint64_t now_ns)
{
    assert(config->call.events && config->call.random && config->tls && config->host);
    const struct tri_alloc *alloc = config->call.alloc;
    struct tri_h3_client *client = tri_alloc_zero(alloc, sizeof *client);
    if (!client) {
        return TRI_ERR_NOMEM;
    }
    client->base.ops = &conn_ops;
    client->config = config->call;
    client->local = config->local;
    client->remote = config->remote;
    client->end.text = "";
    if (init_shared(client, config) != TRI_OK) {
        tri_alloc_release(alloc, client);
        return TRI_ERR_NOMEM;
    }
    client->shared.now_ns = now_ns;
    if (open_conn(client, config) != TRI_OK) {
        free_client(&client->base);
        return TRI_ERR_NOMEM;
    }
    *out = &client->base;
    return TRI_OK;
}

/* ---- datagrams */

void tri_h3_client_recv(struct tri_conn *conn, uint8_t ecn, const uint8_t *data, size_t len,
                        uint64_t now_ns)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    begin_step(client, now_ns);
    if (len == 0 || !tri_h3_conn_is_live(client->conn)) {
        return;
    }
    const ngtcp2_path path = {
        .local = {.addr = &client->local.sa, .addrlen = client->local.len},
        .remote = {.addr = &client->remote.sa, .addrlen = client->remote.len}};
    client->is_answered = true;
    tri_h3_drive_recv(client->conn, &path, ecn, data, len);
}

bool tri_h3_client_send(struct tri_conn *conn, struct tri_h3_run *run, uint64_t now_ns)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    begin_step(client, now_ns);
    struct tri_h3_conn *c = client->conn;
    if (!tri_list_is_linked(&c->dirty)) {
        return false;
    }
    tri_list_remove(&c->dirty);
    bool has_run = tri_h3_drive_send(c, client->run, run);
    if (has_run && tri_h3_conn_is_live(c) && !tri_list_is_linked(&c->dirty)) {
        tri_list_append(&client->shared.dirty, &c->dirty);
    }
    return has_run;
}

void tri_h3_client_close(struct tri_conn *conn, uint64_t now_ns)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    begin_step(client, now_ns);
    if (tri_h3_conn_is_live(client->conn)) {
        tri_h3_drive_close(client->conn);
    }
}

/* ---- how far it is */

bool tri_h3_client_is_answered(const struct tri_conn *conn)
{
    return look(conn)->is_answered;
}

bool tri_h3_client_is_secured(const struct tri_conn *conn)
{
    return look(conn)->conn->is_confirmed;
}

bool tri_h3_client_is_resumed(const struct tri_conn *conn)
{
    return look(conn)->is_resumed;
}

const struct tri_carrier *tri_h3_client_carrier(const struct tri_conn *conn)
{
    return &look(conn)->conn->carrier;
}

WOLFSSL_SESSION *tri_h3_client_take_session(struct tri_conn *conn)
{
    struct tri_h3_client *client = tri_h3_client_of(conn);
    WOLFSSL_SESSION *session = client->session;
    client->session = NULL;
    return session;
}
