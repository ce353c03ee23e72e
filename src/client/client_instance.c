/* See client_instance.h and trisock.h. */
#include "client_instance.h"

#include "client_conn.h"
#include "client_tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How often a turn's end goes over what is dirty: as in server_worker.c. */
#define FLUSH_ROUNDS 4

/* Turns in which dropped transports are given up by the loop. One is enough. */
#define DROP_TURNS_MAX 1000

uint64_t tri_client_now_ns(void)
{
    return uv_hrtime();
}

uint64_t tri_client_input_ns(struct tri_client *client)
{
    return tri_loop_input_ns(client->loop);
}

struct tri_loop *tri_client_loop(struct tri_client *client)
{
    return client->loop;
}

const struct tri_alloc *tri_client_alloc(const struct tri_client *client)
{
    return client->config.alloc;
}

const struct tri_log *tri_client_log(const struct tri_client *client)
{
    return &client->config.log;
}

/* ------------------------------------------------------------------------------------ the turn */

static bool has_resumed(const struct tri_client *client)
{
    return tri_session_worker_deadline_ns(&client->sessions) == 0;
}

/* Those that are dirty now: what becomes it meanwhile has the next round. */
static void flush_round(struct tri_client *client, uint64_t now_ns)
{
    struct tri_list round;
    tri_list_init(&round);
    for (struct tri_list *at; (at = tri_list_pop(&client->dirty));) {
        tri_list_append(&round, at);
    }
    for (struct tri_list *at; (at = tri_list_pop(&round));) {
        tri_client_conn_turn(TRI_CONTAINER_OF(at, struct tri_client_conn, dirty), now_ns);
    }
}

/* Whoever is told may open another connection, but not end the client. */
static void tell_ends(struct tri_client *client)
{
    while (!tri_list_is_empty(&client->ended)) {
        tri_client_conn_tell_end(
            TRI_CONTAINER_OF(client->ended.next, struct tri_client_conn, node));
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool is_dirty(const struct tri_client *client)
{
    return !tri_list_is_empty(&client->dirty) || !tri_list_is_empty(&client->ended);
}

static uint64_t find_deadline_ns(const struct tri_client *client)
{
    if (is_dirty(client)) {
        return 0;
    }
    const struct tri_heap_node *first = tri_heap_first(&client->deadlines);
    uint64_t deadline_ns = tri_session_worker_deadline_ns(&client->sessions);
    deadline_ns = earlier(deadline_ns, first ? first->key_ns : UINT64_MAX);
    if (client->guest.ops) {
        deadline_ns = earlier(deadline_ns, client->guest.ops->deadline_ns(client->guest.user));
    }
    return earlier(deadline_ns, tri_timeout_list_deadline_ns(&client->answers));
}

static bool flush_guest(struct tri_client *client, uint64_t now_ns)
{
    return client->guest.ops && client->guest.ops->flush(client->guest.user, now_ns);
}

static void end_turn(void *user, uint64_t now_ns)
{
    struct tri_client *client = user;
    client->sessions.now_ns = now_ns;
    if (has_resumed(client)) {
        /* Before the flush, for they may answer, and give credit to their peers. */
        tri_session_worker_expire(&client->sessions, now_ns);
    }
    bool more = true;
    for (int round = 0; round < FLUSH_ROUNDS && more; round++) {
        more = flush_guest(client, now_ns) || !tri_list_is_empty(&client->dirty);
        flush_round(client, now_ns);
    }
    tell_ends(client);
    tri_loop_set_deadline(client->loop, find_deadline_ns(client));
}

static void take_deadline(void *user, uint64_t now_ns)
{
    struct tri_client *client = user;
    tri_session_worker_expire(&client->sessions, now_ns);
    tri_client_calls_expire(client, now_ns);
    for (struct tri_heap_node *first = tri_heap_first(&client->deadlines);
         first && first->key_ns <= now_ns; first = tri_heap_first(&client->deadlines)) {
        tri_client_conn_expire(TRI_CONTAINER_OF(first, struct tri_client_conn, deadline), now_ns);
    }
    if (client->guest.ops) {
        client->guest.ops->expire(client->guest.user, now_ns);
    }
}

static void take_wake(void *user)
{
    struct tri_client *client = user;
    if (atomic_load(&client->stop_asked)) {
        tri_loop_stop(client->loop);
    }
}

static const struct tri_loop_events loop_events = {
    .on_turn_end = end_turn,
    .on_deadline = take_deadline,
    .on_wake = take_wake,
};

/* ---------------------------------------------------------------------------------- the making */

enum tri_err tri_client_need_quic(struct tri_client *client, char error[TRI_TLS_ERROR_MAX])
{
    const struct tri_tls_trust trust = {.ca_file = client->config.ca_file,
                                        .insecure = client->config.insecure};
    return client->quic_tls.ctx ? TRI_OK
                                : tri_tls_client_init(&client->quic_tls, TRI_TLS_QUIC, &trust,
                                                      client->keylog, error);
}

static enum tri_err open_keylog(struct tri_client *client, char error[TRI_TLS_ERROR_MAX])
{
    const char *file = client->config.keylog_file;
    if (!file) {
        return TRI_OK;
    }
    client->keylog = tri_tls_keylog_open(file);
    if (client->keylog) {
        return TRI_OK;
    }
    const int number = errno;
    char text[128];
    const char *why = strerror_r(number, text, sizeof text);
    (void)snprintf(error, TRI_TLS_ERROR_MAX, "the key log %s cannot be written: %s", file, why);
    return number == ENOENT ? TRI_ERR_NOT_FOUND : TRI_ERR_IO;
}

/* What the TLS of every connection needs: the key log and the certificates. */
static enum tri_err init_tls(struct tri_client *client, char error[TRI_TLS_ERROR_MAX])
{
    const struct tri_client_config *config = &client->config;
    const struct tri_tls_trust trust = {.ca_file = config->ca_file, .insecure = config->insecure};
    enum tri_err err = open_keylog(client, error);
    if (err != TRI_OK) {
        return err;
    }
    err = tri_tls_client_init(&client->tcp_tls, TRI_TLS_TCP, &trust, client->keylog, error);
    if (err != TRI_OK) {
        client->tcp_tls.ctx = NULL;
        tri_tls_keylog_close(client->keylog);
    }
    return err;
}

static void deinit_tls(struct tri_client *client)
{
    if (client->quic_tls.ctx) {
        tri_tls_client_deinit(&client->quic_tls);
    }
    tri_tls_client_deinit(&client->tcp_tls);
    tri_tls_keylog_close(client->keylog);
}

static void take_time(void *user)
{
    struct tri_client *client = user;
    void (*on_time)(void *) = client->on_time;
    (void)tri_client_turn_ns(client);
    client->on_time = NULL;
    if (on_time) {
        on_time(client->on_time_user);
    }
}

static enum tri_err init_loop(struct tri_client *client, char error[TRI_TLS_ERROR_MAX])
{
    enum tri_err err = tri_loop_new(&client->loop, client->config.alloc, &loop_events, client);
    if (err != TRI_OK) {
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "no event loop can be made: %s",
                       tri_err_text(err));
        return err;
    }
    err = tri_timer_new(&client->timer, client->loop, take_time, client);
    if (err != TRI_OK) {
        (void)snprintf(error, TRI_TLS_ERROR_MAX, "no timer can be made: %s", tri_err_text(err));
        tri_loop_free(client->loop);
    }
    return err;
}

static void deinit_sessions(struct tri_client *client)
{
    tri_session_worker_deinit(&client->sessions);
    tri_client_random_deinit(&client->masks);
}

static enum tri_err init_sessions(struct tri_client *client, char error[TRI_TLS_ERROR_MAX])
{
    enum tri_err err = tri_client_random_init(&client->masks);
    if (err != TRI_OK) {
        return err;
    }
    err = tri_session_worker_init(&client->sessions, client->config.alloc, &client->config.limits,
                                  &client->masks.random);
    if (err != TRI_OK) {
        tri_client_random_deinit(&client->masks);
        return err;
    }
    err = init_loop(client, error);
    if (err != TRI_OK) {
        deinit_sessions(client);
    }
    return err;
}

static enum tri_err init_parts(struct tri_client *client, const struct tri_client_config *config,
                               char error[TRI_TLS_ERROR_MAX])
{
    tri_cache_init(&client->cache, config->alloc);
    const struct tri_alloc *alloc = &client->cache.alloc;
    tri_client_config_init(&client->config, alloc);
    tri_list_init(&client->conns);
    tri_list_init(&client->dirty);
    tri_list_init(&client->ended);
    tri_list_init(&client->tcp_links);
    tri_heap_init(&client->deadlines, alloc);
    tri_client_tickets_init(&client->tickets, alloc);
    tri_client_services_init(&client->services, alloc);
    enum tri_err err = tri_client_config_copy(&client->config, config);
    tri_timeout_list_init(&client->answers,
                          client->config.limits.request_timeout_ms * TRI_NS_PER_MS);
    if (err == TRI_OK) {
        err = tri_client_config_check_qlog(&client->config, error, TRI_TLS_ERROR_MAX);
    }
    if (err == TRI_OK) {
        err = init_tls(client, error);
    }
    if (err == TRI_OK) {
        err = init_sessions(client, error);
        if (err != TRI_OK) {
            deinit_tls(client);
        }
    }
    if (err != TRI_OK) {
        tri_client_config_deinit(&client->config);
        tri_cache_deinit(&client->cache);
    }
    return err;
}

enum tri_err tri_client_new(struct tri_client **out, const struct tri_client_config *config,
                            char *error, size_t error_max)
{
    assert(out && config);
    *out = NULL;
    char text[TRI_TLS_ERROR_MAX] = "";
    struct tri_client *client = tri_alloc_zero(config->alloc, sizeof *client);
    enum tri_err err = client ? init_parts(client, config, text) : TRI_ERR_NOMEM;
    if (err == TRI_OK) {
        tri_client_ws_host_init(&client->ws_host, client);
        *out = client;
    } else {
        tri_alloc_release(config->alloc, client);
    }
    if (err == TRI_ERR_NOMEM) {
        (void)snprintf(text, sizeof text, "memory is short");
    }
    if (error && error_max > 0) {
        (void)snprintf(error, error_max, "%s", text);
    }
    return err;
}

/* -------------------------------------------------------------------------------------- the end */

static void drop_all(struct tri_client *client)
{
    while (!tri_list_is_empty(&client->conns)) {
        struct tri_client_conn *c =
            TRI_CONTAINER_OF(client->conns.next, struct tri_client_conn, node);
        tri_client_fault_set(&c->fault, TRI_FAULT_NONE, "the program dropped the connection");
        tri_client_conn_end(c);
    }
    tell_ends(client);
}

void tri_client_free(struct tri_client *client)
{
    if (!client) {
        return;
    }
    assert(!tri_loop_is_running(client->loop)); /* by a handler, whose connection would go */
    (void)tri_client_turn_ns(client);
    client->is_ending = true; /* whoever is told of an end cannot open another connection */
    drop_all(client);
    tri_client_timer(client, 0, NULL, NULL); /* whoever set it may be gone by the turns below */
    for (int i = 0; i < DROP_TURNS_MAX && !tri_list_is_empty(&client->tcp_links); i++) {
        tri_client_tcp_cut_all(client);
        tri_loop_step(client->loop);
    }
    assert(tri_list_is_empty(&client->conns) && tri_list_is_empty(&client->tcp_links));
    tri_timer_free(client->timer);
    tri_loop_free(client->loop);
    deinit_sessions(client);
    tri_heap_deinit(&client->deadlines);
    tri_client_tickets_deinit(&client->tickets);
    tri_client_services_deinit(&client->services);
    deinit_tls(client);
    tri_client_config_deinit(&client->config);
    const struct tri_alloc *alloc = client->cache.base;
    tri_cache_deinit(&client->cache);
    tri_alloc_release(alloc, client);
}

/* ---------------------------------------------------------------------------------- the running */

enum tri_err tri_client_run(struct tri_client *client)
{
    enum tri_err err = TRI_OK;
    /* What was called since the last turn may have something to send. */
    tri_loop_set_deadline(client->loop, find_deadline_ns(client));
    if (!atomic_load(&client->stop_asked)) {
        err = tri_loop_run(client->loop);
    }
    atomic_store(&client->stop_asked, false);
    return err;
}

void tri_client_stop(struct tri_client *client)
{
    atomic_store(&client->stop_asked, true);
    tri_loop_wake(client->loop);
}

int tri_client_fd(const struct tri_client *client)
{
    return tri_loop_fd(client->loop);
}

int tri_client_timeout_ms(const struct tri_client *client)
{
    /* What was called since the last turn may have started a timeout: a resume does. */
    tri_loop_set_deadline(client->loop, find_deadline_ns(client));
    const bool is_due = is_dirty(client) || has_resumed(client);
    return is_due ? 0 : tri_loop_timeout_ms(client->loop);
}

enum tri_err tri_client_step(struct tri_client *client)
{
    tri_loop_step(client->loop);
    atomic_store(&client->stop_asked, false);
    return TRI_OK;
}

/* ------------------------------------------------------------------------------------ the timer */

void tri_client_timer(struct tri_client *client, uint64_t delay_ns, void (*on_time)(void *user),
                      void *user)
{
    client->on_time = on_time;
    client->on_time_user = user;
    const uint64_t now_ns = tri_client_now_ns();
    const bool is_far = delay_ns >= UINT64_MAX - now_ns;
    tri_timer_set(client->timer, !on_time || is_far ? UINT64_MAX : now_ns + delay_ns);
}
