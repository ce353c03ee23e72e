#include "client_bridge_fields.h"

#include "http_token.h"

/* RFC 9110 section 7.6.1, and what frames a body: there is none. */
static const char *const of_one_hop[] = {
    "connection", "keep-alive",        "proxy-connection", "te", "trailer",
    "upgrade",    "transfer-encoding", "content-length",   NULL,
};

static const char *const of_local_requests[] = {
    "host", "expect", "http2-settings", "sec-websocket-key", NULL,
};

static const char *const of_the_server[] = {
    "alt-svc",
    "strict-transport-security",
    "sec-websocket-accept",
    NULL,
};

static bool is_among(struct tri_slice name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (tri_slice_equal(name, tri_slice_of_string(names[i]))) {
            return true;
        }
    }
    return false;
}

/* RFC 9110 section 7.6.1: what Connection names is of one hop too. */
static bool crosses(const struct tri_request_head *head, struct tri_slice name,
                    const char *const *others)
{
    return !is_among(name, of_one_hop) && !is_among(name, others) &&
           !tri_request_head_has_token(head, "connection", name);
}

static bool has_field(const struct tri_field *fields, size_t len, struct tri_slice name)
{
    for (size_t i = 0; i < len; i++) {
        if (tri_slice_equal(fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

size_t tri_client_bridge_fields_up(const struct tri_request_head *head,
                                   const struct tri_field *more, size_t more_len,
                                   struct tri_field *out)
{
    size_t len = 0;
    for (size_t i = 0; i < head->fields_len; i++) {
        if (crosses(head, head->fields[i].name, of_local_requests)) {
            out[len++] = head->fields[i];
        }
    }
    const size_t own = len;
    for (size_t i = 0; i < more_len; i++) {
        if (!has_field(out, own, more[i].name)) {
            out[len++] = more[i];
        }
    }
    return len;
}

/* HTTP/2 and HTTP/3 let no such thing through either; here it would end a line. */
static bool is_writable(const struct tri_field *field)
{
    for (size_t i = 0; i < field->value.len; i++) {
        const uint8_t c = field->value.data[i];
        if (c == '\r' || c == '\n' || c == '\0') {
            return false;
        }
    }
    return tri_token_is(field->name);
}

size_t tri_client_bridge_fields_down(const struct tri_field *fields, size_t fields_len,
                                     struct tri_field *out)
{
    const struct tri_request_head head = {.fields = fields, .fields_len = fields_len};
    size_t len = 0;
    for (size_t i = 0; i < fields_len; i++) {
        if (crosses(&head, fields[i].name, of_the_server) && is_writable(&fields[i])) {
            out[len++] = fields[i];
        }
    }
    return len;
}
