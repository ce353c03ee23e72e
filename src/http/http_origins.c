#include "http_origins.h"

#include "http_token.h"

bool tri_origin_is_allowed(const struct tri_request_head *head, const char *origins)
{
    const struct tri_field *origin = tri_request_head_field(head, "origin");
    if (!origins || origins[0] == '\0' || !origin) {
        return true;
    }
    /* Scheme and host are compared without case, and a port has none: RFC 6454 section 4. */
    return tri_request_head_count(head, "origin") == 1 &&
           tri_slice_list_has(tri_slice_of_string(origins), origin->value);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* RFC 3986 section 3.1. Its length; 0: none. */
static size_t scheme_len(struct tri_slice s)
{
    size_t len = 0;
    while (len < s.len && (is_letter(s.data[len]) ||
                           (len > 0 && (is_digit(s.data[len]) || memchr("+-.", s.data[len], 3))))) {
        len++;
    }
    return len;
}

/* A name or an IPv4 address, or an IPv6 address in brackets. Its length; 0: none. */
static size_t host_len(struct tri_slice s)
{
    const bool bracketed = s.len > 0 && s.data[0] == '[';
    size_t len = bracketed ? 1 : 0;
    while (len < s.len && (is_letter(s.data[len]) || is_digit(s.data[len]) ||
                           memchr(bracketed ? ":." : "-._", s.data[len], bracketed ? 2 : 3))) {
        len++;
    }
    if (!bracketed) {
        return len;
    }
    return len > 2 && len < s.len && s.data[len] == ']' ? len + 1 : 0;
}

/* "" or ":" and up to five digits. */
static bool is_port(struct tri_slice s)
{
    if (s.len == 0) {
        return true;
    }
    for (size_t i = 1; i < s.len; i++) {
        if (!is_digit(s.data[i])) {
            return false;
        }
    }
    return s.data[0] == ':' && s.len >= 2 && s.len <= 6;
}

static struct tri_slice behind(struct tri_slice s, size_t len)
{
    return tri_slice_of(s.data + len, s.len - len);
}

static bool is_origin(struct tri_slice s)
{
    static const char mark[] = "://";
    if (tri_slice_equal(s, TRI_SLICE("null"))) {
        return true;
    }
    const size_t scheme = scheme_len(s);
    const struct tri_slice rest = scheme > 0 ? behind(s, scheme) : TRI_SLICE("");
    if (rest.len < 3 || memcmp(rest.data, mark, 3) != 0) {
        return false;
    }
    const struct tri_slice authority = behind(rest, 3);
    const size_t host = host_len(authority);
    return host > 0 && is_port(behind(authority, host));
}

bool tri_origins_are_valid(const char *list)
{
    return tri_token_is_written_list(list, is_origin);
}
