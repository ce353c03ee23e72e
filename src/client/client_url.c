/* See client_url.h. */
#include "client_url.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool has_scheme(struct tri_slice text, struct tri_slice scheme)
{
    return text.len >= scheme.len &&
           tri_slice_equal_nocase(tri_slice_of(text.data, scheme.len), scheme);
}

static struct tri_slice skip(struct tri_slice s, size_t len)
{
    return tri_slice_of(s.data + len, s.len - len);
}

/* How many bytes stand in front of the first of |stops|, or all. */
static size_t span_until(struct tri_slice s, const char *stops)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '\0' && strchr(stops, s.data[i])) {
            return i;
        }
    }
    return s.len;
}

static bool is_host_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static const char *read_host(struct tri_client_url *url, struct tri_slice host, bool is_v6)
{
    struct in6_addr v6;
    if (host.len == 0) {
        return "the URL names no host";
    }
    if (host.len > TRI_RESOLVE_HOST_MAX) {
        return "the URL's host is longer than 253 characters";
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_v6 && !is_host_byte(host.data[i])) {
            return "the URL's host holds a character that no name has";
        }
        url->host[i] = lower(host.data[i]);
    }
    url->host[host.len] = '\0';
    if (is_v6 && inet_pton(AF_INET6, url->host, &v6) != 1) {
        return "what is in the URL's brackets is no IPv6 address";
    }
    return NULL;
}

static const char *read_port(struct tri_client_url *url, struct tri_slice digits)
{
    unsigned port = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return "the URL's port is no number";
        }
        port = port * 10 + (unsigned)(digits.data[i] - '0');
        if (port > UINT16_MAX) {
            return "the URL's port is over 65535";
        }
    }
    if (digits.len == 0) {
        port = TRI_CLIENT_PORT_DEFAULT; /* "host:" says nothing: RFC 3986 section 3.2.3 */
    }
    url->port = (uint16_t)port;
    return port > 0 ? NULL : "the URL's port is 0";
}

static void write_authority(struct tri_client_url *url, bool is_v6)
{
    const char *open = is_v6 ? "[" : "";
    const char *close = is_v6 ? "]" : "";
    if (url->port == TRI_CLIENT_PORT_DEFAULT) {
        (void)snprintf(url->authority, sizeof url->authority, "%s%s%s", open, url->host, close);
    } else {
        (void)snprintf(url->authority, sizeof url->authority, "%s%s%s:%u", open, url->host, close,
                       url->port);
    }
}

/* host, "host:port", "[v6]", "[v6]:port" */
static const char *read_authority(struct tri_client_url *url, struct tri_slice authority)
{
    if (span_until(authority, "@") < authority.len) {
        return "a user or password in the URL is not sent; give them in a field";
    }
    const bool is_v6 = authority.len > 0 && authority.data[0] == '[';
    struct tri_slice rest = is_v6 ? skip(authority, 1) : authority;
    const size_t len = span_until(rest, is_v6 ? "]" : ":");
    if (is_v6 && len == rest.len) {
        return "the URL's host has no closing bracket";
    }
    const char *text = read_host(url, tri_slice_of(rest.data, len), is_v6);
    if (text) {
        return text;
    }
    rest = skip(rest, is_v6 ? len + 1 : len);
    if (rest.len > 0 && rest.data[0] != ':') {
        return "the URL's port is no number";
    }
    text = read_port(url, rest.len > 0 ? skip(rest, 1) : rest);
    if (!text) {
        write_authority(url, is_v6);
    }
    return text;
}

const char *tri_client_url_parse(struct tri_client_url *out, const char *text)
{
    if (!text) {
        return "there is no URL";
    }
    struct tri_slice all = tri_slice_of_string(text);
    if (has_scheme(all, TRI_SLICE("ws://")) || has_scheme(all, TRI_SLICE("http://"))) {
        return "trisock speaks WebSocket over TLS only: use wss://";
    }
    if (!has_scheme(all, TRI_SLICE("wss://"))) {
        return "a URL starts with wss://";
    }
    all = skip(all, strlen("wss://"));
    const size_t len = span_until(all, "/?#");
    struct tri_client_url url;
    const char *wrong = read_authority(&url, tri_slice_of(all.data, len));
    if (!wrong) {
        url.path = skip(all, len);
        *out = url;
    }
    return wrong;
}
