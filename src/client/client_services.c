/* See client_services.h. */
#include "client_services.h"

#include "http_token.h"

#include <assert.h>

#define NS_PER_SECOND UINT64_C(1000000000)

void tri_client_services_init(struct tri_client_services *s, const struct tri_alloc *alloc)
{
    *s = (struct tri_client_services){.alloc = alloc};
}

void tri_client_services_deinit(struct tri_client_services *s)
{
    for (size_t i = 0; i < TRI_CLIENT_SERVICES_MAX; i++) {
        tri_alloc_release(s->alloc, s->all[i].authority);
    }
}

/* --------------------------------------------------------------------------------- the memory */

static struct tri_client_service *find(struct tri_client_services *s, const char *authority)
{
    for (size_t i = 0; i < TRI_CLIENT_SERVICES_MAX; i++) {
        if (s->all[i].authority && strcmp(s->all[i].authority, authority) == 0) {
            return &s->all[i];
        }
    }
    return NULL;
}

/* A free place, else the one that would be free first. */
static struct tri_client_service *find_place(struct tri_client_services *s)
{
    struct tri_client_service *best = &s->all[0];
    for (size_t i = 0; i < TRI_CLIENT_SERVICES_MAX; i++) {
        if (!s->all[i].authority) {
            return &s->all[i];
        }
        if (s->all[i].until_ns < best->until_ns) {
            best = &s->all[i];
        }
    }
    return best;
}

static void drop(struct tri_client_services *s, struct tri_client_service *service)
{
    tri_alloc_release(s->alloc, service->authority);
    *service = (struct tri_client_service){.authority = NULL};
}

static void remember(struct tri_client_services *s, const char *authority, uint16_t port,
                     uint64_t until_ns)
{
    struct tri_client_service *service = find(s, authority);
    if (!service) {
        char *copy = tri_alloc_string(s->alloc, authority, strlen(authority));
        if (!copy) {
            return;
        }
        service = find_place(s);
        drop(s, service);
        service->authority = copy;
    }
    service->port = port;
    service->until_ns = until_ns;
}

/* RFC 7838 section 3: "clear" */
static void forget(struct tri_client_services *s, const struct tri_client_url *url)
{
    struct tri_client_service *service = find(s, url->authority);
    if (service) {
        drop(s, service);
    }
}

void tri_client_services_avoid(struct tri_client_services *s, const struct tri_client_url *url,
                               uint64_t now_ns)
{
    struct tri_client_service *service = find(s, url->authority);
    if (service) {
        service->avoid_until_ns = now_ns + TRI_CLIENT_SERVICE_AVOID_NS;
    }
}

uint16_t tri_client_services_find(const struct tri_client_services *s,
                                  const struct tri_client_url *url, uint64_t now_ns)
{
    for (size_t i = 0; i < TRI_CLIENT_SERVICES_MAX; i++) {
        const struct tri_client_service *service = &s->all[i];
        if (service->authority && service->until_ns > now_ns && service->avoid_until_ns <= now_ns &&
            strcmp(service->authority, url->authority) == 0) {
            return service->port;
        }
    }
    return 0;
}

/* ---------------------------------------------------------------------------------- the field */

/* An alternative while it is read. RFC 7838 section 3 */
struct alternative {
    struct tri_slice protocol;
    struct tri_slice authority; /* without the quotes */
    uint64_t seconds;
};

/* What stands between quotes, without escapes: neither a port nor a host has any. */
static bool take_quoted(struct tri_slice *rest, struct tri_slice *out)
{
    if (!tri_token_take_byte(rest, '"')) {
        return false;
    }
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '"', rest->len) : NULL;
    if (!end) {
        return false;
    }
    *out = tri_slice_of(rest->data, (size_t)(end - rest->data));
    *rest = tri_slice_of(end + 1, rest->len - out->len - 1);
    return true;
}

/* Digits; UINT64_MAX if there is anything else. */
static uint64_t read_number(struct tri_slice digits, uint64_t max)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return UINT64_MAX;
        }
        if (value <= max) {
            value = value * 10 + (uint64_t)(digits.data[i] - '0');
        }
    }
    return digits.len > 0 ? value : UINT64_MAX;
}

/* A parameter, behind its semicolon. Others than "ma" are passed over: RFC 7838 section 3.1. */
static bool take_param(struct tri_slice *rest, struct alternative *out)
{
    tri_token_skip_space(rest);
    const struct tri_slice name = tri_token_take(rest);
    if (name.len == 0 || !tri_token_take_byte(rest, '=')) {
        return false;
    }
    struct tri_slice value = tri_token_take(rest);
    if (value.len == 0 && !take_quoted(rest, &value)) {
        return false;
    }
    if (tri_slice_equal(name, TRI_SLICE("ma"))) {
        const uint64_t seconds = read_number(value, TRI_CLIENT_SERVICE_SECONDS_MAX);
        if (seconds == UINT64_MAX) {
            return false;
        }
        out->seconds =
            seconds < TRI_CLIENT_SERVICE_SECONDS_MAX ? seconds : TRI_CLIENT_SERVICE_SECONDS_MAX;
    }
    return true;
}

static bool take_alternative(struct tri_slice *rest, struct alternative *out)
{
    *out = (struct alternative){.seconds = TRI_CLIENT_SERVICE_SECONDS_DEFAULT};
    out->protocol = tri_token_take(rest);
    if (out->protocol.len == 0 || !tri_token_take_byte(rest, '=') ||
        !take_quoted(rest, &out->authority)) {
        return false;
    }
    tri_token_skip_space(rest);
    while (tri_token_take_byte(rest, ';')) {
        if (!take_param(rest, out)) {
            return false;
        }
        tri_token_skip_space(rest);
    }
    return rest->len == 0 || rest->data[0] == ',';
}

/* ":port", or the host we know before it. 0: it is elsewhere. */
static uint16_t read_port(const struct tri_client_url *url, struct tri_slice authority)
{
    size_t colon = authority.len;
    while (colon > 0 && authority.data[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return 0;
    }
    const struct tri_slice host = tri_slice_of(authority.data, colon - 1);
    if (host.len > 0 && !tri_slice_equal_nocase(host, tri_slice_of_string(url->host))) {
        return 0;
    }
    const uint64_t port =
        read_number(tri_slice_of(authority.data + colon, authority.len - colon), UINT16_MAX);
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

void tri_client_services_learn(struct tri_client_services *s, const struct tri_client_url *url,
                               struct tri_slice value, uint64_t now_ns)
{
    struct alternative next;
    tri_token_skip_space(&value);
    if (tri_slice_equal(tri_slice_trim(value), TRI_SLICE("clear"))) {
        forget(s, url);
        return;
    }
    while (value.len > 0 && take_alternative(&value, &next)) {
        const uint16_t port =
            tri_slice_equal(next.protocol, TRI_SLICE("h3")) ? read_port(url, next.authority) : 0;
        if (port != 0 && next.seconds > 0) {
            remember(s, url->authority, port, now_ns + next.seconds * NS_PER_SECOND);
            return; /* the first that can be used: the server prefers it */
        }
        while (tri_token_take_byte(&value, ',')) {
            tri_token_skip_space(&value);
        }
    }
}
