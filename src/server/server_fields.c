/* See server_fields.h. */
#include "server_fields.h"

#include <assert.h>
#include <time.h>

/* RFC 9110 section 5.6.2, without the upper-case letters. */
static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* RFC 9110 section 5.5: visible bytes, SP, HTAB and obs-text. */
static bool is_value_byte(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool is_token(struct tri_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_byte(name.data[i])) {
            return false;
        }
    }
    return name.len > 0;
}

static bool is_value(struct tri_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (!is_value_byte(value.data[i])) {
            return false;
        }
    }
    return tri_slice_trim(value).len == value.len;
}

/* What the adapters spell, each in its own way: RFC 9113 section 8.2.2, RFC 9114 section 4.2. */
static bool is_reserved(struct tri_slice name)
{
    static const char *const names[] = {
        "connection", "content-length", "keep-alive",        "proxy-connection",
        "te",         "trailer",        "transfer-encoding", "upgrade",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (tri_slice_equal(name, tri_slice_of_string(names[i]))) {
            return true;
        }
    }
    return false;
}

static void add_field(struct tri_fields *f, struct tri_slice name, struct tri_slice value)
{
    assert(f->len < sizeof f->list / sizeof f->list[0]);
    f->list[f->len++] = (struct tri_field){.name = name, .value = value};
}

enum tri_err tri_fields_add_headers(struct tri_fields *f, const struct tri_header *headers,
                                    size_t headers_len)
{
    if (headers_len > TRI_RESPONSE_FIELDS_MAX - f->len) {
        return TRI_ERR_INVALID;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < headers_len; i++) {
        if (!headers[i].name || !headers[i].value) {
            return TRI_ERR_INVALID;
        }
        struct tri_slice name = tri_slice_of_string(headers[i].name);
        struct tri_slice value = tri_slice_of_string(headers[i].value);
        bytes += name.len + value.len;
        if (!is_token(name) || is_reserved(name) || !is_value(value) ||
            bytes > TRI_RESPONSE_FIELDS_BYTES_MAX) {
            return TRI_ERR_INVALID;
        }
        add_field(f, name, value);
    }
    return TRI_OK;
}

static bool has_field(const struct tri_fields *f, struct tri_slice name)
{
    for (size_t i = 0; i < f->len; i++) {
        if (tri_slice_equal(f->list[i].name, name)) {
            return true;
        }
    }
    return false;
}

void tri_fields_add_own(struct tri_fields *f, const struct tri_link *link)
{
    if (!has_field(f, TRI_SLICE("server"))) {
        add_field(f, TRI_SLICE("server"), TRI_SLICE("trisock"));
    }
    if (!has_field(f, TRI_SLICE("date"))) {
        /* RFC 9110 section 6.6.1: an origin server with a clock MUST generate it. */
        add_field(f, TRI_SLICE("date"), tri_date_text(&link->hub->date, time(NULL)));
    }
    if (link->alt_svc[0] != '\0' && !has_field(f, TRI_SLICE("alt-svc"))) {
        add_field(f, TRI_SLICE("alt-svc"), tri_slice_of_string(link->alt_svc));
    }
}
