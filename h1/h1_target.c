#include "h1_target.h"

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Of reg-name, IP-literal and port; "@" is left out: RFC 9110 section 4.2.4. */
static bool is_authority_byte(uint8_t c)
{
    return is_alnum(c) || (c != '\0' && strchr("-._~%!$&'()*+,;=:[]", c));
}

bool tri_h1_is_authority(struct tri_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_authority_byte(s.data[i])) {
            return false;
        }
    }
    return s.len > 0;
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
