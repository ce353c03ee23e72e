/* Sec-WebSocket-Protocol: RFC 6455 sections 4.1, 4.2.2 and 11.3.4. See http_extensions.h. */
#include "http_extensions.h"
#include "http_token.h"

/* The element of |ours| that is |name|, case and all (RFC 6455 section 1.9); empty: none. */
static struct tri_slice find_ours(const char *ours, struct tri_slice name)
{
    struct tri_slice rest = tri_slice_of_string(ours ? ours : "");
    struct tri_slice element;
    while (tri_slice_next_element(&rest, &element)) {
        if (tri_slice_equal(element, name)) {
            return element;
        }
    }
    return TRI_SLICE("");
}

/* Goes over one field to its end, also when the choice is made: it may be malformed further on. */
static enum tri_err choose_of(struct tri_slice field, const char *ours, struct tri_slice *chosen)
{
    struct tri_slice name;
    while (tri_slice_next_element(&field, &name)) {
        if (!tri_token_is(name)) {
            return TRI_ERR_PROTOCOL;
        }
        if (chosen->len == 0) {
            *chosen = find_ours(ours, name);
        }
    }
    return TRI_OK;
}

enum tri_err tri_subprotocol_choose(const struct tri_request_head *head, const char *ours,
                                    struct tri_slice *out)
{
    *out = TRI_SLICE("");
    for (size_t i = 0; i < head->fields_len; i++) {
        const struct tri_field *field = &head->fields[i];
        if (tri_slice_equal(field->name, TRI_SLICE("sec-websocket-protocol")) &&
            choose_of(field->value, ours, out) != TRI_OK) {
            *out = TRI_SLICE("");
            return TRI_ERR_PROTOCOL;
        }
    }
    return TRI_OK;
}

static bool has_twice(struct tri_slice list)
{
    struct tri_slice element, other;
    while (tri_slice_next_element(&list, &element)) {
        struct tri_slice rest = list;
        while (tri_slice_next_element(&rest, &other)) {
            if (tri_slice_equal(element, other)) {
                return true;
            }
        }
    }
    return false;
}

bool tri_subprotocols_are_valid(const char *list)
{
    return tri_token_is_written_list(list, tri_token_is) && !has_twice(tri_slice_of_string(list));
}
