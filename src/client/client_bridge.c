#include "client_bridge_state.h"

#include "client_url.h"
#include "http_offer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define NOTE_MAX 512

void tri_client_bridge_note(const struct tri_client_bridge *b, bool is_error, const char *format,
                            ...)
{
    if (!b->on_note) {
        return;
    }
    char text[NOTE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    b->on_note(b->user, text, is_error);
}

/* ---- its part of the client's turn */

static void tell_stopped(struct tri_client_bridge *b)
{
    if (b->is_stopping && !b->is_stopped && b->locals_len == 0 && b->fars_len == 0) {
        b->is_stopped = true;
        b->cut_ns = UINT64_MAX;
        b->on_stopped(b->user);
    }
}

static bool flush(void *user, uint64_t now_ns)
{
    struct tri_client_bridge *b = user;
    tri_client_bridge_flush_locals(b, now_ns);
    tell_stopped(b);
    return !tri_list_is_empty(&b->dirty);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t find_deadline_ns(const void *user)
{
    const struct tri_client_bridge *b = user;
    const bool is_over = b->is_stopping && b->locals_len == 0 && b->fars_len == 0;
    if (!tri_list_is_empty(&b->dirty) || (is_over && !b->is_stopped)) {
        return 0;
    }
    const struct tri_heap_node *first = tri_heap_first(&b->deadlines);
    return earlier(earlier(first ? first->key_ns : UINT64_MAX, b->cut_ns),
                   tri_timeout_list_deadline_ns(&b->halves));
}

static void expire(void *user, uint64_t now_ns)
{
    struct tri_client_bridge *b = user;
    tri_client_bridge_expire_locals(b, now_ns);
    tri_client_bridge_expire_splices(b, now_ns);
    if (b->cut_ns <= now_ns) {
        tri_client_bridge_cut(b);
    }
}

static const struct tri_client_guest_ops guest_ops = {
    .flush = flush, .deadline_ns = find_deadline_ns, .expire = expire};

/* ---- its making */

static void release(struct tri_client_bridge *b)
{
    for (size_t i = 0; i < b->more_len; i++) {
        tri_alloc_release(b->alloc, (void *)(uintptr_t)b->more[i].name.data);
        tri_alloc_release(b->alloc, (void *)(uintptr_t)b->more[i].value.data);
    }
    tri_alloc_release(b->alloc, b->more);
    tri_alloc_release(b->alloc, b->url);
    tri_heap_deinit(&b->deadlines);
    tri_alloc_release(b->alloc, b);
}

static enum tri_err copy_string(const struct tri_alloc *alloc, const char *text,
                                struct tri_slice *out)
{
    const size_t len = strlen(text);
    const char *copy = tri_alloc_string(alloc, text, len);
    *out = tri_slice_of(copy, len);
    return copy ? TRI_OK : TRI_ERR_NOMEM;
}

static enum tri_err copy_setup(struct tri_client_bridge *b,
                               const struct tri_client_bridge_setup *setup)
{
    b->http = setup->http;
    b->h3_first = setup->h3_first;
    b->on_note = setup->on_note;
    b->on_stopped = setup->on_stopped;
    b->user = setup->user;
    b->url = tri_alloc_string(b->alloc, setup->url, strlen(setup->url));
    b->more = tri_alloc_zero(b->alloc, (setup->headers_len + 1) * sizeof *b->more);
    if (!b->url || !b->more) {
        return TRI_ERR_NOMEM;
    }
    b->more_len = setup->headers_len;
    enum tri_err err = TRI_OK;
    for (size_t i = 0; err == TRI_OK && i < b->more_len; i++) {
        err = copy_string(b->alloc, setup->headers[i].name, &b->more[i].name);
        if (err == TRI_OK) {
            err = copy_string(b->alloc, setup->headers[i].value, &b->more[i].value);
        }
    }
    return err;
}

static struct tri_client_bridge *make(struct tri_client *client)
{
    struct tri_client_bridge *b = tri_alloc_zero(client->config.alloc, sizeof *b);
    if (b) {
        b->client = client;
        b->alloc = client->config.alloc;
        b->cut_ns = UINT64_MAX;
        tri_list_init(&b->locals);
        tri_list_init(&b->dirty);
        tri_list_init(&b->waiting);
        tri_list_init(&b->asked);
        tri_list_init(&b->splices);
        tri_list_init(&b->fars);
        tri_heap_init(&b->deadlines, b->alloc);
        tri_timeout_list_init(&b->halves, client->config.limits.close_timeout_ms * TRI_NS_PER_MS);
    }
    return b;
}

/* NULL, or what is wrong with it. */
static const char *check_setup(const struct tri_client_bridge_setup *setup, struct tri_addr *addr)
{
    struct tri_client_url url;
    const char *wrong = tri_client_url_parse(&url, setup->url);
    wrong = wrong ? wrong : tri_offer_check_headers(setup->headers, setup->headers_len);
    if (wrong) {
        return wrong;
    }
    if (tri_addr_parse(addr, setup->listen) != TRI_OK) {
        return "the address to listen on is not one such as 127.0.0.1:8080";
    }
    /* Whoever reaches the port speaks to the server in our name, and unencrypted to us. */
    return tri_addr_is_loopback(addr) ? NULL
                                      : "the address to listen on is not of loopback (127.0.0.1, "
                                        "::1), and what the bridge takes is not encrypted";
}

static void write_error(char *error, size_t error_max, const char *text)
{
    if (error && error_max > 0) {
        (void)snprintf(error, error_max, "%s", text);
    }
}

static const char *describe(enum tri_err err)
{
    if (err == TRI_ERR_NOMEM) {
        return "memory is short";
    }
    return err == TRI_ERR_INUSE ? "the address to listen on is in use" : strerror(errno);
}

enum tri_err tri_client_bridge_new(struct tri_client_bridge **out, struct tri_client *client,
                                   const struct tri_client_bridge_setup *setup, char *error,
                                   size_t error_max)
{
    assert(out && client && setup->listen && setup->url && setup->on_stopped);
    assert(!client->guest.ops);
    *out = NULL;
    struct tri_addr addr;
    const char *wrong = check_setup(setup, &addr);
    if (wrong) {
        write_error(error, error_max, wrong);
        return TRI_ERR_INVALID;
    }
    struct tri_client_bridge *b = make(client);
    enum tri_err err = b ? copy_setup(b, setup) : TRI_ERR_NOMEM;
    if (err == TRI_OK) {
        err = tri_client_bridge_listen(b, &addr);
    }
    if (err != TRI_OK) {
        write_error(error, error_max, describe(err));
        if (b) {
            release(b);
        }
        return err;
    }
    client->guest = (struct tri_client_guest){.ops = &guest_ops, .user = b};
    *out = b;
    return TRI_OK;
}

const char *tri_client_bridge_address(const struct tri_client_bridge *b)
{
    return b->address;
}

/* ---- its end */

static void stop_taking(struct tri_client_bridge *b)
{
    static const struct tri_failure why = {.fault = TRI_FAULT_STREAMS,
                                           .text = "the bridge is stopping"};
    b->is_stopping = true;
    tri_tcp_listener_close(b->listener);
    b->listener = NULL;
    tri_client_bridge_fail_waiting(b, &why);
    tri_client_bridge_fail_asked(b, &why);
}

void tri_client_bridge_stop(struct tri_client_bridge *b)
{
    if (b->is_stopping) {
        return;
    }
    const uint64_t now_ns = tri_client_turn_ns(b->client);
    stop_taking(b);
    tri_client_bridge_end_splices(b);
    tri_client_bridge_shut_locals(b, now_ns);
    tri_client_bridge_close_fars(b);
    b->cut_ns = now_ns + b->client->config.limits.close_timeout_ms * TRI_NS_PER_MS;
}

void tri_client_bridge_cut(struct tri_client_bridge *b)
{
    if (!b->is_stopping) {
        stop_taking(b);
    }
    b->cut_ns = UINT64_MAX;
    tri_client_bridge_cut_locals(b);
    tri_client_bridge_cut_fars(b);
}

void tri_client_bridge_free(struct tri_client_bridge *b)
{
    if (b) {
        assert(b->is_stopped && tri_list_is_empty(&b->splices));
        b->client->guest = (struct tri_client_guest){.ops = NULL};
        release(b);
    }
}
