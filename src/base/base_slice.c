/* Slices of field values: case, white space and lists. RFC 9110 section 5.6. */
#include "base_slice.h"

static uint8_t to_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool tri_slice_equal_nocase(struct tri_slice a, struct tri_slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (to_lower(a.data[i]) != to_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct tri_slice tri_slice_trim(struct tri_slice s)
{
    while (s.len > 0 && is_space(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.data[s.len - 1])) {
        s.len--;
    }
    return s;
}

/* Takes what stands before the next comma off the front, and the comma too. */
static struct tri_slice take_until_comma(struct tri_slice *rest)
{
    const uint8_t *comma = memchr(rest->data, ',', rest->len);
    const size_t len = comma ? (size_t)(comma - rest->data) : rest->len;
    const struct tri_slice taken = tri_slice_of(rest->data, len);
    const size_t used = comma ? len + 1 : len;
    rest->data += used;
    rest->len -= used;
    return taken;
}

bool tri_slice_next_element(struct tri_slice *rest, struct tri_slice *element)
{
    while (rest->len > 0) {
        const struct tri_slice found = tri_slice_trim(take_until_comma(rest));
        if (found.len > 0) { /* RFC 9110 section 5.6.1.2: empty elements are ignored */
            *element = found;
            return true;
        }
    }
    return false;
}

bool tri_slice_list_has(struct tri_slice list, struct tri_slice token)
{
    struct tri_slice element;
    while (tri_slice_next_element(&list, &element)) {
        if (tri_slice_equal_nocase(element, token)) {
            return true;
        }
    }
    return false;
}
