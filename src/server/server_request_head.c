/* See server_request_head.h and, for the public functions, trisock.h. */
#include "server_request_head.h"

#include <assert.h>

static size_t strings_bytes(const struct tri_request_head *head)
{
    size_t bytes = head->method.len + 1 + head->authority.len + 1;
    bytes += tri_request_head_path(head).len + 1 + tri_request_head_query(head).len + 1;
    for (size_t i = 0; i < head->fields_len; i++) {
        bytes += head->fields[i].name.len + 1 + head->fields[i].value.len + 1;
    }
    return bytes;
}

/* Copies |s| with a NUL to |*at|, which moves on. */
static const char *put_string(char **at, struct tri_slice s)
{
    char *string = *at;
    if (s.len > 0) {
        memcpy(string, s.data, s.len);
    }
    string[s.len] = '\0';
    *at += s.len + 1;
    return string;
}

static bool is_cookie(const struct tri_field *field)
{
    return tri_slice_equal(field->name, TRI_SLICE("cookie"));
}

/*
 * RFC 9113 section 8.2.3, RFC 9114 section 4.2.1: cookie fields MUST be made one, with "; " between,
 * before a program sees them. The room is there: each further one leaves out its name.
 */
static const char *put_cookies(char **at, const struct tri_request_head *head)
{
    char *string = *at;
    for (size_t i = 0; i < head->fields_len; i++) {
        if (is_cookie(&head->fields[i])) {
            if (*at != string) {
                memcpy(*at - 1, "; ", 2); /* over the NUL of the one before */
                *at += 1;
            }
            (void)put_string(at, head->fields[i].value);
        }
    }
    return string;
}

/* All cookie fields are put where the first one is. */
static void put_fields(struct tri_request *req, char **at, const struct tri_request_head *head)
{
    bool has_cookies = false;
    for (size_t i = 0; i < head->fields_len; i++) {
        const struct tri_field *field = &head->fields[i];
        if (is_cookie(field) && has_cookies) {
            continue;
        }
        struct tri_header *header = &req->fields[req->fields_len++];
        header->name = put_string(at, field->name);
        if (is_cookie(field)) {
            has_cookies = true;
            header->value = put_cookies(at, head);
        } else {
            header->value = put_string(at, field->value);
        }
    }
}

struct tri_request *tri_request_make(struct tri_link *link, struct tri_exchange *x,
                                     const struct tri_request_head *head,
                                     const struct tri_route *route)
{
    size_t fields_bytes = head->fields_len * sizeof(struct tri_header);
    size_t size = sizeof(struct tri_request) + fields_bytes + strings_bytes(head);
    struct tri_request *req = tri_alloc_get(link->hub->shared->alloc, size);
    if (!req) {
        return NULL;
    }
    *req = (struct tri_request){.link = link, .exchange = x, .route = route};
    char *at = (char *)&req->fields[head->fields_len];
    req->method = put_string(&at, head->method);
    req->authority = put_string(&at, head->authority);
    req->path = put_string(&at, tri_request_head_path(head));
    req->query = put_string(&at, tri_request_head_query(head));
    put_fields(req, &at, head);
    assert(at <= (char *)req + size); /* less where cookies were made one */
    x->owner = req;
    return req;
}

struct tri_exchange *tri_request_take_off(struct tri_request *req)
{
    struct tri_exchange *x = req->exchange;
    assert(x->owner == req);
    x->owner = NULL;
    return x;
}

void tri_request_release(struct tri_request *req)
{
    const struct tri_alloc *alloc = req->link->hub->shared->alloc;
    tri_alloc_release(alloc, req->subprotocol);
    tri_alloc_release(alloc, req);
}

/* ------------------------------------------------------------------- what the program reads */

const char *tri_request_method(const struct tri_request *req)
{
    return req->method;
}

const char *tri_request_authority(const struct tri_request *req)
{
    return req->authority;
}

const char *tri_request_path(const struct tri_request *req)
{
    return req->path;
}

const char *tri_request_query(const struct tri_request *req)
{
    return req->query;
}

const char *tri_request_field(const struct tri_request *req, const char *name)
{
    for (size_t i = 0; i < req->fields_len; i++) {
        if (strcmp(req->fields[i].name, name) == 0) {
            return req->fields[i].value;
        }
    }
    return NULL;
}

const struct tri_carrier *tri_request_carrier(const struct tri_request *req)
{
    return req->exchange->carrier;
}
