/* See net_resolve.h. What is known here is told by an idle handle, at the loop's next turn. */
#include "net_resolve.h"

#include "net_turn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

struct tri_resolve {
    struct tri_loop *loop;
    struct tri_resolve_query query; /* on_done NULL: it was cancelled */
    uv_getaddrinfo_t request;       /* of a name */
    uv_idle_t idle;                 /* of what is known */
    bool is_known;
    size_t addrs_len;
    struct tri_addr addrs[TRI_RESOLVE_ADDRS_MAX];
    char host[TRI_RESOLVE_HOST_MAX + 1];
};

/* ---- what is known */

static void add(struct tri_resolve *r, struct tri_addr addr)
{
    tri_addr_set_port(&addr, r->query.port);
    for (size_t i = 0; i < r->addrs_len; i++) {
        if (tri_addr_equal(&r->addrs[i], &addr)) {
            return;
        }
    }
    if (r->addrs_len < TRI_RESOLVE_ADDRS_MAX) {
        r->addrs[r->addrs_len++] = addr;
    }
}

static bool add_ipv4(struct tri_resolve *r, const char *text)
{
    struct tri_addr addr = {.len = sizeof addr.in};
    addr.in.sin_family = AF_INET;
    bool is_address = inet_pton(AF_INET, text, &addr.in.sin_addr) == 1;
    if (is_address) {
        add(r, addr);
    }
    return is_address;
}

/* "::1", or "fe80::1%eth0" with the name or number of an interface. */
static bool add_ipv6(struct tri_resolve *r, const char *text)
{
    struct tri_addr addr = {.len = sizeof addr.in6};
    addr.in6.sin6_family = AF_INET6;
    char bytes[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%");
    if (len >= sizeof bytes) {
        return false;
    }
    memcpy(bytes, text, len);
    bytes[len] = '\0';
    bool is_address = inet_pton(AF_INET6, bytes, &addr.in6.sin6_addr) == 1;
    if (is_address && text[len] == '%') {
        addr.in6.sin6_scope_id = if_nametoindex(text + len + 1);
        is_address = addr.in6.sin6_scope_id != 0; /* else the system reads it */
    }
    if (is_address) {
        add(r, addr);
    }
    return is_address;
}

/* RFC 6761 section 6.3: never asked of anybody. IPv4 first, as servers take "localhost" for it. */
static bool add_localhost(struct tri_resolve *r, const char *name)
{
    static const char local[] = ".localhost";
    size_t len = strlen(name);
    len -= len > 1 && name[len - 1] == '.';
    size_t suffix = sizeof local - 1;
    bool is_local = (len == suffix - 1 && strncasecmp(name, local + 1, len) == 0) ||
                    (len > suffix && strncasecmp(name + len - suffix, local, suffix) == 0);
    return is_local && add_ipv4(r, "127.0.0.1") && add_ipv6(r, "::1");
}

/* ---- telling */

static void release(struct tri_resolve *r)
{
    tri_alloc_release(tri_loop_alloc(r->loop), r);
}

static void free_closed(uv_handle_t *idle)
{
    release(idle->data);
}

static void tell(struct tri_resolve *r, const char *error)
{
    struct tri_resolve_query query = r->query;
    r->query.on_done = NULL; /* cancelling it now is an error of the caller's */
    query.on_done(query.user, r->addrs, r->addrs_len, error);
}

static const char *describe(int status)
{
    switch (status) {
    case 0:
    case UV_EAI_NODATA:
    case UV_EAI_NONAME:
    case UV_EAI_ADDRFAMILY:
        return "the name has no address";
    case UV_EAI_AGAIN:
        return "the name server does not answer";
    case UV_EAI_MEMORY:
    case UV_ENOMEM:
        return "memory for looking up the name is short";
    default:
        return "the name cannot be looked up";
    }
}

static void tell_known(uv_idle_t *idle)
{
    struct tri_resolve *r = idle->data;
    tri_loop_begin(r->loop);
    uv_close((uv_handle_t *)idle, free_closed);
    tell(r, r->addrs_len > 0 ? "" : describe(0));
}

static void take_addresses(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct tri_resolve *r = request->data;
    tri_loop_begin(r->loop);
    if (r->query.on_done) {
        for (struct addrinfo *a = found; status == 0 && a; a = a->ai_next) {
            struct tri_addr addr;
            if (tri_addr_from_sockaddr(&addr, a->ai_addr, a->ai_addrlen) == TRI_OK) {
                add(r, addr);
            }
        }
        tell(r, r->addrs_len > 0 ? "" : describe(status));
    }
    uv_freeaddrinfo(found);
    release(r);
}

/* ---- asking */

static enum tri_err start_known(struct tri_resolve *r)
{
    int failed = uv_idle_init(tri_loop_uv(r->loop), &r->idle);
    r->idle.data = r;
    r->is_known = true;
    failed = failed || uv_idle_start(&r->idle, tell_known);
    assert(!failed); /* neither can */
    return TRI_OK;
}

static enum tri_err start_lookup(struct tri_resolve *r)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    r->request.data = r;
    int failed =
        uv_getaddrinfo(tri_loop_uv(r->loop), &r->request, take_addresses, r->host, NULL, &hints);
    if (failed == UV_ENOMEM) {
        release(r);
        return TRI_ERR_NOMEM;
    }
    /* Any other error is of the name's form, which libuv reads: none has such a name. */
    return failed ? start_known(r) : TRI_OK;
}

enum tri_err tri_resolve_start(struct tri_resolve **out, struct tri_loop *loop,
                               const struct tri_resolve_query *query)
{
    assert(out && loop && query && query->host && query->on_done);
    *out = NULL;
    struct tri_resolve *r = tri_alloc_zero(tri_loop_alloc(loop), sizeof *r);
    if (!r) {
        return TRI_ERR_NOMEM;
    }
    r->loop = loop;
    r->query = *query;
    size_t len = strlen(query->host);
    bool is_none = len > TRI_RESOLVE_HOST_MAX;
    memcpy(r->host, query->host, is_none ? 0 : len);
    bool is_known =
        is_none || add_ipv4(r, r->host) || add_ipv6(r, r->host) || add_localhost(r, r->host);
    enum tri_err err = is_known ? start_known(r) : start_lookup(r);
    *out = err ? NULL : r;
    return err;
}

void tri_resolve_cancel(struct tri_resolve *r)
{
    assert(r && r->query.on_done);
    r->query.on_done = NULL;
    if (r->is_known) {
        uv_close((uv_handle_t *)&r->idle, free_closed);
    } else {
        (void)uv_cancel((uv_req_t *)&r->request); /* only before its thread has begun */
    }
}
