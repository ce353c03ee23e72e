/* The addresses that a worker listens on. See server_worker.h. */
#include "server_worker.h"

#include <assert.h>
#include <errno.h>

/* The default addresses are wishes: a machine without IPv6 still serves. */
static bool may_skip(const struct tri_worker *w, enum tri_err err, int number)
{
    return tri_hub_config(&w->hub)->listen_len == 0 && err == TRI_ERR_IO &&
           (number == EADDRNOTAVAIL || number == EAFNOSUPPORT);
}

static void log_listen(const struct tri_worker *w, const struct tri_listener *l)
{
    bool cleartext = l->tcp_port.cleartext;
    TRI_LOG(tri_hub_log(&w->hub), INFO, "listen", TRI_KV_S("address", l->text),
            TRI_KV_U("tcp", l->tcp != NULL), TRI_KV_U("udp", l->h3.udp != NULL),
            TRI_KV_U("cleartext", cleartext));
}

static enum tri_err listen_on(struct tri_worker *w, const struct tri_listen_port *port,
                              struct tri_sentence error)
{
    struct tri_listener *l = &w->listeners[w->listeners_len];
    int number = 0;
    enum tri_err err = tri_listener_open(l, &w->hub, port, &number);
    if (err != TRI_OK) {
        tri_sentence_listen(error, err, number, l->text);
        return may_skip(w, err, number) ? TRI_AGAIN : err;
    }
    w->listeners_len++;
    w->tls_listeners_len++;
    log_listen(w, l);
    return TRI_OK;
}

static enum tri_err listen_default(struct tri_worker *w, struct tri_sentence error)
{
    static const char *const addresses[] = {"127.0.0.1:8443", "[::1]:8443"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct tri_listen_port port = {.has_extended_connect = false};
        enum tri_err err = tri_addr_parse(&port.addr, addresses[i]);
        assert(err == TRI_OK);
        err = listen_on(w, &port, error);
        if (err != TRI_OK && err != TRI_AGAIN) {
            return err;
        }
    }
    return w->listeners_len > 0 ? TRI_OK : TRI_ERR_IO;
}

static enum tri_err listen_tls(struct tri_worker *w, struct tri_sentence error)
{
    const struct tri_config *config = tri_hub_config(&w->hub);
    if (config->listen_len == 0) {
        return listen_default(w, error);
    }
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < config->listen_len && err == TRI_OK; i++) {
        err = listen_on(w, &config->listen[i], error);
    }
    return err;
}

static enum tri_err listen_cleartext(struct tri_worker *w, struct tri_sentence error)
{
    const struct tri_config *config = tri_hub_config(&w->hub);
    uint16_t https_port = tri_addr_port(&w->listeners[0].addr);
    for (size_t i = 0; i < config->cleartext_len; i++) {
        const struct tri_cleartext_port *port = &config->cleartext[i];
        struct tri_listener *l = &w->listeners[w->listeners_len];
        uint16_t redirect_port = port->answer == TRI_CLEARTEXT_REDIRECT ? https_port : 0;
        int number = 0;
        enum tri_err err =
            tri_listener_open_cleartext(l, &w->hub, &port->addr, redirect_port, &number);
        if (err != TRI_OK) {
            tri_sentence_listen(error, err, number, l->text);
            return err;
        }
        w->listeners_len++;
        log_listen(w, l);
    }
    return TRI_OK;
}

static enum tri_err listen_admin(struct tri_worker *w, struct tri_sentence error)
{
    const struct tri_addr *addr = &tri_hub_config(&w->hub)->admin;
    if (addr->len == 0) {
        return TRI_OK;
    }
    int number = 0;
    const enum tri_err err = tri_admin_port_open(&w->admin, addr, &number);
    if (err != TRI_OK) {
        tri_sentence_listen(error, err, number, w->admin.text);
        return err;
    }
    TRI_LOG(tri_hub_log(&w->hub), INFO, "listen", TRI_KV_S("address", w->admin.text),
            TRI_KV_U("admin", 1));
    return TRI_OK;
}

enum tri_err tri_worker_listen(struct tri_worker *w, struct tri_sentence error)
{
    enum tri_err err = listen_tls(w, error);
    if (err == TRI_OK) {
        err = listen_cleartext(w, error);
    }
    if (err == TRI_OK) {
        err = listen_admin(w, error);
    }
    return err;
}
