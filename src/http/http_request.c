#include "http_request.h"

const struct tri_field *tri_request_head_field(const struct tri_request_head *h, const char *name)
{
    const struct tri_slice wanted = tri_slice_of_string(name);
    for (size_t i = 0; i < h->fields_len; i++) {
        if (tri_slice_equal(h->fields[i].name, wanted)) {
            return &h->fields[i];
        }
    }
    return NULL;
}

size_t tri_request_head_count(const struct tri_request_head *h, const char *name)
{
    const struct tri_slice wanted = tri_slice_of_string(name);
    size_t count = 0;
    for (size_t i = 0; i < h->fields_len; i++) {
        if (tri_slice_equal(h->fields[i].name, wanted)) {
            count++;
        }
    }
    return count;
}

bool tri_request_head_has_token(const struct tri_request_head *h, const char *name,
                                struct tri_slice token)
{
    const struct tri_slice wanted = tri_slice_of_string(name);
    for (size_t i = 0; i < h->fields_len; i++) {
        /* RFC 9110 section 5.3: a list may be spread over several fields. */
        if (tri_slice_equal(h->fields[i].name, wanted) &&
            tri_slice_list_has(h->fields[i].value, token)) {
            return true;
        }
    }
    return false;
}

/* How many bytes stand before the "?", or all. */
static size_t find_query(struct tri_slice target)
{
    const uint8_t *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    return mark ? (size_t)(mark - target.data) : target.len;
}

struct tri_slice tri_request_head_path(const struct tri_request_head *h)
{
    return tri_slice_of(h->path.data, find_query(h->path));
}

struct tri_slice tri_request_head_query(const struct tri_request_head *h)
{
    const size_t mark = find_query(h->path);
    if (mark == h->path.len) {
        return TRI_SLICE("");
    }
    return tri_slice_of(h->path.data + mark + 1, h->path.len - mark - 1);
}
