/* Socket addresses and their text. No name resolution: hosts are numeric, but for localhost. */
#include "base_addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define PORT_DIGITS_MAX 5u
#define SCOPE_DIGITS_MAX 10u

/* A decimal number of at most |digits_max| digits and at most |max|. No sign, no space. */
static bool parse_decimal(const char *text, size_t digits_max, uint64_t max, uint64_t *out)
{
    const size_t len = strlen(text);
    if (len == 0 || len > digits_max) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    *out = value;
    return value <= max;
}

/* A zone: the number of an interface or its name. RFC 4007 section 11.2 */
static bool parse_scope(const char *text, uint32_t *out)
{
    uint64_t number = 0;
    if (parse_decimal(text, SCOPE_DIGITS_MAX, UINT32_MAX, &number)) {
        *out = (uint32_t)number;
        return true;
    }
    *out = if_nametoindex(text);
    return *out != 0;
}

static bool parse_ipv4(struct tri_addr *out, const char *host, uint16_t port)
{
    struct tri_addr addr = {.len = sizeof addr.in};
    addr.in.sin_family = AF_INET;
    addr.in.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &addr.in.sin_addr) != 1) {
        return false;
    }
    *out = addr;
    return true;
}

/* |host| is changed: it is cut at the zone. */
static bool parse_ipv6(struct tri_addr *out, char *host, uint16_t port)
{
    struct tri_addr addr = {.len = sizeof addr.in6};
    addr.in6.sin6_family = AF_INET6;
    addr.in6.sin6_port = htons(port);
    char *zone = strchr(host, '%');
    if (zone) {
        *zone++ = '\0';
        if (!parse_scope(zone, &addr.in6.sin6_scope_id)) {
            return false;
        }
    }
    if (inet_pton(AF_INET6, host, &addr.in6.sin6_addr) != 1) {
        return false;
    }
    *out = addr;
    return true;
}

enum tri_err tri_addr_parse(struct tri_addr *out, const char *text)
{
    char host[TRI_ADDR_TEXT_MAX];
    const size_t len = strlen(text);
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    if (len >= sizeof host || !colon ||
        !parse_decimal(colon + 1, PORT_DIGITS_MAX, UINT16_MAX, &port)) {
        return TRI_ERR_INVALID;
    }
    const size_t host_len = (size_t)(colon - text);
    memcpy(host, text, host_len);
    host[host_len] = '\0';

    if (strcmp(host, "localhost") == 0) {
        return parse_ipv4(out, "127.0.0.1", (uint16_t)port) ? TRI_OK : TRI_ERR_INVALID;
    }
    if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host[host_len - 1] = '\0';
        return parse_ipv6(out, host + 1, (uint16_t)port) ? TRI_OK : TRI_ERR_INVALID;
    }
    return parse_ipv4(out, host, (uint16_t)port) ? TRI_OK : TRI_ERR_INVALID;
}

static void format_ipv4(char out[TRI_ADDR_TEXT_MAX], const void *bytes, uint16_t port)
{
    char host[INET_ADDRSTRLEN];
    const char *text = inet_ntop(AF_INET, bytes, host, sizeof host);
    assert(text);
    (void)snprintf(out, TRI_ADDR_TEXT_MAX, "%s:%u", text, port);
}

static void format_ipv6(char out[TRI_ADDR_TEXT_MAX], const struct sockaddr_in6 *in6)
{
    char host[INET6_ADDRSTRLEN];
    const char *text = inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
    assert(text);
    const unsigned port = ntohs(in6->sin6_port);
    if (in6->sin6_scope_id != 0) {
        (void)snprintf(out, TRI_ADDR_TEXT_MAX, "[%s%%%u]:%u", text, in6->sin6_scope_id, port);
    } else {
        (void)snprintf(out, TRI_ADDR_TEXT_MAX, "[%s]:%u", text, port);
    }
}

void tri_addr_format(const struct tri_addr *addr, char out[TRI_ADDR_TEXT_MAX])
{
    if (addr->len == 0) {
        out[0] = '\0';
    } else if (addr->sa.sa_family == AF_INET) {
        format_ipv4(out, &addr->in.sin_addr, tri_addr_port(addr));
    } else if (IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr)) {
        format_ipv4(out, &addr->in6.sin6_addr.s6_addr[12], tri_addr_port(addr));
    } else {
        format_ipv6(out, &addr->in6);
    }
}

uint16_t tri_addr_port(const struct tri_addr *addr)
{
    if (addr->len == 0) {
        return 0;
    }
    return ntohs(addr->sa.sa_family == AF_INET ? addr->in.sin_port : addr->in6.sin6_port);
}

void tri_addr_set_port(struct tri_addr *addr, uint16_t port)
{
    assert(addr->len != 0);
    if (addr->sa.sa_family == AF_INET) {
        addr->in.sin_port = htons(port);
    } else {
        addr->in6.sin6_port = htons(port);
    }
}

bool tri_addr_is_loopback(const struct tri_addr *addr)
{
    if (addr->sa.sa_family == AF_INET) {
        return ntohl(addr->in.sin_addr.s_addr) >> 24 == 127;
    }
    return addr->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&addr->in6.sin6_addr);
}

bool tri_addr_equal(const struct tri_addr *a, const struct tri_addr *b)
{
    if (a->len == 0 || b->len == 0) {
        return a->len == b->len;
    }
    if (a->sa.sa_family != b->sa.sa_family || tri_addr_port(a) != tri_addr_port(b)) {
        return false;
    }
    if (a->sa.sa_family == AF_INET) {
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    }
    return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
           memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0;
}

enum tri_err tri_addr_from_sockaddr(struct tri_addr *out, const struct sockaddr *sa, socklen_t len)
{
    /* The family is read by bytes: |sa| may be any buffer that a kernel filled. */
    sa_family_t family;
    if (len < (socklen_t)(offsetof(struct sockaddr, sa_family) + sizeof family)) {
        return TRI_ERR_INVALID;
    }
    memcpy(&family, &sa->sa_family, sizeof family);
    struct tri_addr addr = {.len = 0};
    if (family == AF_INET && len >= (socklen_t)sizeof addr.in) {
        addr.len = sizeof addr.in;
    } else if (family == AF_INET6 && len >= (socklen_t)sizeof addr.in6) {
        addr.len = sizeof addr.in6;
    } else {
        return TRI_ERR_INVALID;
    }
    memcpy(&addr.in6, sa, addr.len); /* the largest of the union */
    *out = addr;
    return TRI_OK;
}
