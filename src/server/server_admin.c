/* See server_admin.h. */
#include "server_admin.h"

#include "base_buf.h"
#include "server_reply.h"

#include <arpa/inet.h>
#include <assert.h>

/* The counters are some 15 KiB; each more label value is a line or three. */
#define METRICS_BYTES_MAX ((size_t)(256 * 1024))

/* ---------------------------------------------------------------------------- whom it is for */

/* The host without its port, and an IPv6 address without its brackets. */
static struct tri_slice get_host(struct tri_slice authority)
{
    if (authority.len > 0 && authority.data[0] == '[') {
        const uint8_t *end = memchr(authority.data, ']', authority.len);
        const size_t len = end ? (size_t)(end - authority.data) - 1 : 0;
        return tri_slice_of(authority.data + 1, len);
    }
    const uint8_t *colon = authority.len > 0 ? memchr(authority.data, ':', authority.len) : NULL;
    const size_t len = colon ? (size_t)(colon - authority.data) : authority.len;
    return tri_slice_of(authority.data, len);
}

static bool is_address(struct tri_slice host, int family)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[sizeof(struct in6_addr)];
    if (host.len == 0 || host.len >= sizeof text || memchr(host.data, '\0', host.len)) {
        return false;
    }
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(family, text, address) == 1;
}

/* Whoever controls a name may let it point to this machine; nobody can do that with an address. */
static bool is_own_host(struct tri_slice authority)
{
    const struct tri_slice host = get_host(authority);
    const bool is_bracketed = authority.len > 0 && authority.data[0] == '[';
    if (is_bracketed) {
        return is_address(host, AF_INET6);
    }
    return tri_slice_equal_nocase(host, TRI_SLICE("localhost")) || is_address(host, AF_INET);
}

/* Fetch metadata and CORS: a browser sends one of them with each request that a page makes. */
static bool is_from_page(const struct tri_request_head *head)
{
    return tri_request_head_field(head, "origin") || tri_request_head_field(head, "sec-fetch-site");
}

/* -------------------------------------------------------------------------------- the answers */

struct question {
    struct tri_admin_link *link;
    struct tri_exchange *x;
    const struct tri_request_head *head;
};

/* Nothing of it is kept by a cache, or shown as anything but text. */
static void answer(const struct question *q, int status, const char *type, struct tri_slice body)
{
    const struct tri_header headers[] = {
        {"content-type", type},
        {"cache-control", "no-store"},
        {"x-content-type-options", "nosniff"},
    };
    const struct tri_reply reply = {
        .answer = TRI_ANSWER_PLAIN,
        .status = status,
        .headers = headers,
        .headers_len = sizeof headers / sizeof headers[0],
        .body = body,
        .head_only = tri_slice_equal(q->head->method, TRI_SLICE("HEAD")),
    };
    /* Without memory for it 500 was answered, or the connection is cut. */
    (void)tri_reply_send(&q->link->link, q->x, &reply);
}

static void say(const struct question *q, int status, const char *text)
{
    answer(q, status, "text/plain; charset=utf-8", tri_slice_of_string(text));
}

struct page {
    struct tri_buf text;
    enum tri_err err;
};

static void add_text(void *user, const char *text, size_t len)
{
    struct page *p = user;
    if (p->err == TRI_OK) {
        p->err = tri_buf_append(&p->text, text, len);
    }
}

static void show_metrics(const struct question *q)
{
    const struct tri_admin *admin = q->link->admin;
    const struct tri_metrics_view view = admin->view(admin->owner);
    struct page page = {.err = TRI_OK};
    tri_buf_init(&page.text, q->link->link.hub->shared->alloc, METRICS_BYTES_MAX);
    tri_metrics_write(&view, (struct tri_metrics_sink){.write = add_text, .user = &page});
    assert(page.err != TRI_ERR_LIMIT);
    if (page.err == TRI_OK) {
        answer(q, 200, TRI_METRICS_TYPE, tri_buf_peek(&page.text));
    } else {
        say(q, 503, "The server is short of memory.\n");
    }
    tri_buf_deinit(&page.text);
}

static void show_health(const struct question *q)
{
    say(q, 200, "ok\n");
}

static void show_readiness(const struct question *q)
{
    if (q->link->link.hub->stopping) {
        say(q, 503, "draining\n");
    } else {
        say(q, 200, "ready\n");
    }
}

static void start_drain(const struct question *q)
{
    if (is_from_page(q->head)) {
        say(q, 403, "Pages may not ask for this.\n");
        return;
    }
    const struct tri_admin *admin = q->link->admin;
    TRI_LOG(tri_hub_log(q->link->link.hub), INFO, "admin.drain",
            TRI_KV_S("remote", q->x->carrier->remote));
    admin->drain(admin->owner);
    say(q, 202, "draining\n");
}

/* --------------------------------------------------------------------------------- the routes */

struct route {
    const char *path;
    bool is_order; /* POST; else GET and HEAD */
    void (*take)(const struct question *q);
};

static const struct route routes[] = {
    {"/metrics", false, show_metrics},
    {"/healthz", false, show_health},
    {"/readyz", false, show_readiness},
    {"/drain", true, start_drain},
};

static const struct route *find_route(struct tri_slice path)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (tri_slice_equal(path, tri_slice_of_string(routes[i].path))) {
            return &routes[i];
        }
    }
    return NULL;
}

static bool takes_method(const struct route *route, struct tri_slice method)
{
    if (route->is_order) {
        return tri_slice_equal(method, TRI_SLICE("POST"));
    }
    return tri_slice_equal(method, TRI_SLICE("GET")) || tri_slice_equal(method, TRI_SLICE("HEAD"));
}

/* RFC 9110 section 15.5.6: Allow MUST come with it. */
static void refuse_method(const struct question *q, const struct route *route)
{
    static const char text[] = "Not with this method.\n";
    const struct tri_header headers[] = {
        {"content-type", "text/plain; charset=utf-8"},
        {"allow", route->is_order ? "POST" : "GET, HEAD"},
    };
    const struct tri_reply reply = {
        .answer = TRI_ANSWER_PLAIN,
        .status = 405,
        .headers = headers,
        .headers_len = sizeof headers / sizeof headers[0],
        .body = tri_slice_of_string(text),
        .head_only = tri_slice_equal(q->head->method, TRI_SLICE("HEAD")),
    };
    (void)tri_reply_send(&q->link->link, q->x, &reply);
}

/* An upgrade is ignored, as RFC 9110 section 7.8 allows: only the request is answered. */
static void take_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    const struct question q = {.link = user, .x = x, .head = head};
    x->owner = NULL;
    (void)tri_hub_now_ns(q.link->link.hub);
    const struct route *route = find_route(tri_request_head_path(head));
    if (!is_own_host(head->authority)) {
        say(&q, 421, "Ask by address, or for localhost.\n");
    } else if (!route) {
        say(&q, 404, "There is nothing here.\n");
    } else if (!takes_method(route, head->method)) {
        refuse_method(&q, route);
    } else {
        route->take(&q);
    }
}

/* Every request is answered at once. */
static void cancel_request(void *user, struct tri_exchange *x)
{
    (void)user;
    (void)x;
    assert(!"no request waits");
}

static void wake_connection(void *user)
{
    struct tri_admin_link *link = user;
    link->link.wake(&link->link);
}

const struct tri_exchange_events tri_admin_exchange_events = {
    .on_request = take_request,
    .on_cancel = cancel_request,
    .on_wake = wake_connection,
};
