/* See server_early.h. */
#include "server_early.h"

#include "server_hub.h"

static bool is_method(const struct tri_request_head *head, const char *method)
{
    return tri_slice_equal(head->method, tri_slice_of_string(method));
}

static bool has_body(const struct tri_request_head *head)
{
    const struct tri_field *length = tri_request_head_field(head, "content-length");
    return tri_request_head_field(head, "transfer-encoding") ||
           (length && !tri_slice_equal(length->value, TRI_SLICE("0")));
}

/* RFC 8470 section 4: a safe method is not enough, the resource decides. */
static bool is_harmless(const struct tri_request_head *head, const struct tri_route *route)
{
    return route && route->http && route->early && head->protocol.len == 0 && !has_body(head) &&
           (is_method(head, "GET") || is_method(head, "HEAD"));
}

static bool is_websocket(const struct tri_request_head *head)
{
    return tri_slice_equal_nocase(head->protocol, TRI_SLICE("websocket"));
}

bool tri_early_takes(void *user, const struct tri_request_head *head)
{
    const struct tri_link *link = user;
    const struct tri_config *config = tri_hub_config(link->hub);
    if (is_websocket(head)) {
        return config->early_data == TRI_EARLY_DATA_REFUSE; /* taken, to be answered 425 */
    }
    return is_harmless(head, tri_routes_find(&config->routes, tri_request_head_path(head)));
}

bool tri_early_is_too_early(const struct tri_request_head *head, const struct tri_route *route)
{
    /* RFC 8470 section 5.1: any number of such fields with any value means what one with 1 does. */
    bool is_early = head->early || tri_request_head_field(head, "early-data");
    return is_early && !is_harmless(head, route);
}
