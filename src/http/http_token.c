#include "http_token.h"

static bool is_token_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void advance(struct tri_slice *rest, size_t len)
{
    rest->data += len;
    rest->len -= len;
}

static size_t token_len(struct tri_slice s)
{
    size_t len = 0;
    while (len < s.len && is_token_byte(s.data[len])) {
        len++;
    }
    return len;
}

bool tri_token_is(struct tri_slice s)
{
    return s.len > 0 && token_len(s) == s.len;
}

void tri_token_skip_space(struct tri_slice *rest)
{
    while (rest->len > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t')) {
        advance(rest, 1);
    }
}

bool tri_token_take_byte(struct tri_slice *rest, char byte)
{
    if (rest->len == 0 || rest->data[0] != (uint8_t)byte) {
        return false;
    }
    advance(rest, 1);
    return true;
}

struct tri_slice tri_token_take(struct tri_slice *rest)
{
    const struct tri_slice token = tri_slice_of(rest->data, token_len(*rest));
    if (token.len > 0) {
        advance(rest, token.len);
    }
    return token;
}

static void put(struct tri_token_text *out, uint8_t c)
{
    if (out->len < TRI_TOKEN_TEXT_MAX) {
        out->start[out->len] = (char)c;
    }
    out->len++;
}

/* Behind the opening quote. A token may hold no space, so no quoted one may. */
static bool take_quoted(struct tri_slice *rest, struct tri_token_text *out)
{
    while (!tri_token_take_byte(rest, '"')) {
        (void)tri_token_take_byte(rest, '\\');
        if (rest->len == 0 || !is_token_byte(rest->data[0])) {
            return false;
        }
        put(out, rest->data[0]);
        advance(rest, 1);
    }
    return out->len > 0;
}

bool tri_token_take_value(struct tri_slice *rest, struct tri_token_text *out)
{
    *out = (struct tri_token_text){.len = 0};
    if (tri_token_take_byte(rest, '"')) {
        return take_quoted(rest, out);
    }
    const struct tri_slice token = tri_token_take(rest);
    for (size_t i = 0; i < token.len; i++) {
        put(out, token.data[i]);
    }
    return token.len > 0;
}

bool tri_token_is_written_list(const char *list, bool (*is_element)(struct tri_slice element))
{
    struct tri_slice rest = tri_slice_of_string(list);
    bool more = rest.len > 0;
    while (more) {
        const uint8_t *comma = rest.len > 0 ? memchr(rest.data, ',', rest.len) : NULL;
        const size_t len = comma ? (size_t)(comma - rest.data) : rest.len;
        if (!is_element(tri_slice_trim(tri_slice_of(rest.data, len)))) {
            return false;
        }
        more = comma != NULL;
        advance(&rest, more ? len + 1 : len);
    }
    return true;
}
