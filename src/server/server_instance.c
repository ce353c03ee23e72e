/* The public server: see trisock.h. */
#include "server_instance.h"

#include "server_reload.h"

#include "server_metrics.h"

#include <assert.h>

static enum tri_err init_server(struct tri_server *server, const struct tri_config *config,
                                struct tri_sentence sentence)
{
    enum tri_err err = tri_shared_init(&server->shared, config, sentence);
    if (err != TRI_OK) {
        return err;
    }
    err = tri_worker_init(&server->worker, &server->shared, sentence);
    if (err != TRI_OK) {
        tri_shared_deinit(&server->shared);
    }
    return err;
}

enum tri_err tri_server_new(struct tri_server **out, const struct tri_config *config, char *error,
                            size_t error_max)
{
    assert(out && config);
    *out = NULL;
    struct tri_sentence sentence;
    sentence.out = error;
    sentence.max = error_max;
    tri_sentence_write(sentence, "%s", "");
    struct tri_server *server = tri_alloc_get(config->alloc, sizeof *server);
    if (!server) {
        tri_sentence_write(sentence, "memory is short");
        return TRI_ERR_NOMEM;
    }
    enum tri_err err = init_server(server, config, sentence);
    if (err != TRI_OK) {
        tri_alloc_release(config->alloc, server);
        return err;
    }
    *out = server;
    return TRI_OK;
}

void tri_server_free(struct tri_server *server)
{
    if (server) {
        const struct tri_alloc *alloc = server->shared.cache.base;
        tri_worker_deinit(&server->worker);
        tri_shared_deinit(&server->shared);
        tri_alloc_release(alloc, server);
    }
}

enum tri_err tri_server_run(struct tri_server *server)
{
    return tri_worker_run(&server->worker);
}

int tri_server_fd(const struct tri_server *server)
{
    return tri_loop_fd(server->worker.hub.loop);
}

int tri_server_timeout_ms(const struct tri_server *server)
{
    return tri_worker_timeout_ms(&server->worker);
}

enum tri_err tri_server_step(struct tri_server *server, bool *running)
{
    tri_worker_step(&server->worker);
    *running = server->worker.state != TRI_WORKER_STOPPED;
    return TRI_OK;
}

void tri_server_stop(struct tri_server *server)
{
    tri_worker_ask_stop(&server->worker);
}

void tri_server_drain(struct tri_server *server, uint64_t over_ms)
{
    tri_worker_ask_drain(&server->worker, over_ms);
}

enum tri_err tri_server_reload(struct tri_server *server, char *error, size_t error_max)
{
    return tri_shared_reload(&server->shared, (struct tri_sentence){error, error_max});
}

enum tri_err tri_server_reconfigure(struct tri_server *server, const struct tri_config *config,
                                    char *error, size_t error_max)
{
    tri_sentence_write((struct tri_sentence){error, error_max}, "%s", "");
    return tri_reload_apply(&server->worker, config, (struct tri_sentence){error, error_max});
}

void tri_server_ask_reload(struct tri_server *server)
{
    tri_worker_ask_reload(&server->worker);
}

uint64_t tri_server_gauge(const struct tri_server *server, enum tri_gauge gauge)
{
    const struct tri_hub *hub = &server->worker.hub;
    switch (gauge) {
    case TRI_GAUGE_CONNECTIONS:
        return atomic_load(&server->shared.conns_open);
    case TRI_GAUGE_SOCKETS:
        return hub->sockets_len;
    case TRI_GAUGE_DEFLATE_BYTES:
        return hub->sessions.deflate.held_bytes;
    case TRI_GAUGE_MEMORY_BYTES:
        return server->shared.budget.bytes;
    }
    assert(!"a gauge");
    return 0;
}

void tri_server_metrics(const struct tri_server *server,
                        void (*write)(void *user, const char *text, size_t len), void *user)
{
    const struct tri_metrics_view view = tri_metrics_view(&server->worker);
    tri_metrics_write(&view, (struct tri_metrics_sink){.write = write, .user = user});
}

const char *tri_server_address(const struct tri_server *server, size_t index)
{
    const struct tri_worker *w = &server->worker;
    return index < w->tls_listeners_len ? w->listeners[index].text : NULL;
}

const char *tri_server_cleartext_address(const struct tri_server *server, size_t index)
{
    const struct tri_worker *w = &server->worker;
    size_t cleartext_len = w->listeners_len - w->tls_listeners_len;
    return index < cleartext_len ? w->listeners[w->tls_listeners_len + index].text : NULL;
}

const char *tri_server_admin_address(const struct tri_server *server)
{
    const struct tri_worker *w = &server->worker;
    return tri_hub_config(&w->hub)->admin.len > 0 ? w->admin.text : NULL;
}

const char *tri_server_spki_pin(const struct tri_server *server)
{
    return server->shared.spki_pin;
}

const char *tri_server_made_certificate(const struct tri_server *server)
{
    return server->shared.made_certificate;
}
