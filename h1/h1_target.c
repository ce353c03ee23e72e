#include "h1_target.h"

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* reg-name, RFC 3986 section 3.2.2, but not empty: RFC 9110 section 4.2.1. It covers IPv4. */
static bool is_name(struct tri_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t c = s.data[i];
        if (c == '%' && (s.len - i < 3 || !is_hex(s.data[i + 1]) || !is_hex(s.data[i + 2]))) {
            return false;
        }
        if (!is_alnum(c) && (c == '\0' || !strchr("-._~%!$&'()*+,;=", c))) {
            return false;
        }
    }
    return s.len > 0;
}

/* IP-literal: what may stand in one. Whether it is an address is nobody's question here, and
 * versions of IP to come (RFC 3986, IPvFuture) have not come. */
static bool is_literal(struct tri_slice s)
{
    if (s.len < 4 || s.data[0] != '[' || s.data[s.len - 1] != ']') {
        return false;
    }
    size_t colons = 0;
    for (size_t i = 1; i + 1 < s.len; i++) {
        if (!is_hex(s.data[i]) && s.data[i] != ':' && s.data[i] != '.') {
            return false;
        }
        colons += s.data[i] == ':' ? 1 : 0;
    }
    return colons >= 2;
}

/* Takes ":" and digits, which may be none, off the end, if they are there. */
static void drop_port(struct tri_slice *s)
{
    size_t len = s->len;
    while (len > 0 && is_digit(s->data[len - 1])) {
        len--;
    }
    if (len > 0 && s->data[len - 1] == ':') {
        s->len = len - 1;
    }
}

bool tri_h1_is_authority(struct tri_slice s)
{
    drop_port(&s); /* "[::1]" ends in no digit, and a colon left over is of no name */
    return s.len > 0 && s.data[0] == '[' ? is_literal(s) : is_name(s);
}

/* No space, no control, nothing beyond ASCII, and no fragment. */
static bool is_target(struct tri_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] <= ' ' || s.data[i] > '~' || s.data[i] == '#') {
            return false;
        }
    }
    return s.len > 0;
}

static bool take_prefix(struct tri_slice *s, struct tri_slice prefix)
{
    if (s->len < prefix.len || !tri_slice_equal_nocase(tri_slice_of(s->data, prefix.len), prefix)) {
        return false;
    }
    s->data += prefix.len;
    s->len -= prefix.len;
    return true;
}

/* absolute-form, RFC 9112 section 3.2.2 */
static bool parse_absolute(struct tri_request_head *head, struct tri_slice target)
{
    if (take_prefix(&target, TRI_SLICE("https://"))) {
        head->scheme = TRI_SLICE("https");
    } else if (take_prefix(&target, TRI_SLICE("http://"))) {
        head->scheme = TRI_SLICE("http");
    } else {
        return false;
    }
    const uint8_t *slash = target.len > 0 ? memchr(target.data, '/', target.len) : NULL;
    const size_t len = slash ? (size_t)(slash - target.data) : target.len;
    head->authority = tri_slice_of(target.data, len);
    /* RFC 9110 section 4.2.3: an empty path is "/". One that begins with "?" is nobody's need. */
    head->path = slash ? tri_slice_of(slash, target.len - len) : TRI_SLICE("/");
    return tri_h1_is_authority(head->authority);
}

bool tri_h1_target_parse(struct tri_request_head *head, struct tri_slice target)
{
    if (!is_target(target)) {
        return false;
    }
    head->path = target;
    if (target.data[0] == '/') {
        return true;
    }
    if (tri_slice_equal(target, TRI_SLICE("*"))) {
        return tri_slice_equal(head->method, TRI_SLICE("OPTIONS")); /* RFC 9112 section 3.2.4 */
    }
    return parse_absolute(head, target);
}
