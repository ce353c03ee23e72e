/* See http_offer.h. */
#include "http_offer.h"

#include "http_token.h"

#include <assert.h>

/* ---------------------------------------------------------------------------------- the offer */

/* Without context in both directions: each message by itself. RFC 7692 section 7.1.1 */
static const char shared_offer[] =
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover";
/* RFC 7692 section 7.1.2.2: only after this may the server make our window smaller. */
static const char dedicated_offer[] = "permessage-deflate; client_max_window_bits";

static const char *choose_extensions(enum tri_deflate mode)
{
    switch (mode) {
    case TRI_DEFLATE_OFF:
        return NULL;
    case TRI_DEFLATE_SHARED:
        return shared_offer;
    case TRI_DEFLATE_DEDICATED:
        return dedicated_offer;
    }
    assert(!"a mode");
    return NULL;
}

size_t tri_offer_fields(const struct tri_offer *offer,
                        struct tri_field out[TRI_OFFER_OWN_FIELDS_MAX])
{
    size_t len = 0;
    /* RFC 6455 section 4.1, point 9 of the client's requirements; RFC 8441 section 5 keeps it. */
    out[len++] = (struct tri_field){TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")};
    if (offer->subprotocols && offer->subprotocols[0] != '\0') {
        out[len++] = (struct tri_field){TRI_SLICE("sec-websocket-protocol"),
                                        tri_slice_of_string(offer->subprotocols)};
    }
    const char *extensions = choose_extensions(offer->deflate);
    if (extensions) {
        out[len++] = (struct tri_field){TRI_SLICE("sec-websocket-extensions"),
                                        tri_slice_of_string(extensions)};
    }
    assert(len <= TRI_OFFER_OWN_FIELDS_MAX);
    return len;
}

/* ------------------------------------------------------------------- what a program may ask with */

const char *tri_offer_check_path(const char *path)
{
    if (!path || path[0] != '/') {
        return "a path starts with \"/\"";
    }
    size_t len = 0;
    for (const char *at = path; *at != '\0'; at++, len++) {
        if (*at <= ' ' || *at >= 0x7f) {
            return "a path holds visible ASCII alone: write other bytes as %xx";
        }
        if (*at == '#') {
            return "a path has no fragment (\"#\"): RFC 6455 section 3";
        }
    }
    return len <= TRI_OFFER_BYTES_MAX ? NULL : "the path is too long";
}

const char *tri_offer_check_value(const char *value)
{
    if (!value) {
        return "a field has no value";
    }
    const struct tri_slice all = tri_slice_of_string(value);
    for (size_t i = 0; i < all.len; i++) {
        if ((all.data[i] < ' ' && all.data[i] != '\t') || all.data[i] == 0x7f) {
            return "the value of a field holds a control character";
        }
    }
    return tri_slice_trim(all).len == all.len ? NULL : "the value of a field has space around it";
}

/* What the handshake is made of, or HTTP/1.1 alone has: nobody else says it. */
static bool is_ours(struct tri_slice name)
{
    static const char *const names[] = {
        "connection",
        "content-length",
        "host",
        "http2-settings",
        "keep-alive",
        "origin",
        "proxy-connection",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (tri_slice_equal(name, tri_slice_of_string(names[i]))) {
            return true;
        }
    }
    return false;
}

static const char *check_name(const char *name)
{
    if (!name || !tri_token_is(tri_slice_of_string(name))) {
        return "the name of a field is no token";
    }
    for (const char *at = name; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z') {
            return "the name of a field is in lower case";
        }
    }
    return is_ours(tri_slice_of_string(name))
               ? "a field is given that the handshake itself is made of"
               : NULL;
}

const char *tri_offer_check_headers(const struct tri_header *headers, size_t headers_len)
{
    if (headers_len > TRI_OFFER_FIELDS_MAX) {
        return "there are too many fields";
    }
    size_t bytes = 0;
    for (size_t i = 0; i < headers_len; i++) {
        const char *text = check_name(headers[i].name);
        text = text ? text : tri_offer_check_value(headers[i].value);
        if (text) {
            return text;
        }
        bytes += strlen(headers[i].name) + strlen(headers[i].value);
    }
    return bytes <= TRI_OFFER_BYTES_MAX ? NULL : "the fields are too long";
}

const char *tri_offer_check_subprotocols(const char *subprotocols)
{
    if (!subprotocols) {
        return NULL;
    }
    if (!tri_subprotocols_are_valid(subprotocols)) {
        return "subprotocols are tokens with commas between them, none twice";
    }
    return strlen(subprotocols) <= TRI_OFFER_BYTES_MAX ? NULL : "the subprotocols are too long";
}

/* ---------------------------------------------------------------------------------- the answer */

/* The only field called |name|; NULL: there is none. False: there are several. */
static bool find_only(const struct tri_call_answer *answer, struct tri_slice name,
                      const struct tri_field **out)
{
    *out = NULL;
    for (size_t i = 0; i < answer->fields_len; i++) {
        if (!tri_slice_equal(answer->fields[i].name, name)) {
            continue;
        }
        if (*out) {
            return false;
        }
        *out = &answer->fields[i];
    }
    return true;
}

/* RFC 6455 section 4.1: a subprotocol that was not offered MUST fail the connection. */
static const char *read_subprotocol(const struct tri_offer *offer,
                                    const struct tri_call_answer *answer, struct tri_slice *out)
{
    const struct tri_field *field;
    *out = tri_slice_of(NULL, 0);
    if (!find_only(answer, TRI_SLICE("sec-websocket-protocol"), &field)) {
        return "the server chose several subprotocols";
    }
    if (!field) {
        return NULL;
    }
    struct tri_slice rest = tri_slice_of_string(offer->subprotocols ? offer->subprotocols : "");
    struct tri_slice element;
    while (tri_slice_next_element(&rest, &element)) {
        if (tri_slice_equal(element, field->value)) {
            *out = element;
            return NULL;
        }
    }
    return "the server chose a subprotocol that was not offered";
}

/* RFC 7692 section 7.1: which parameters an answer to our two offers may and must have. */
static const char *check_params(enum tri_deflate mode, const struct tri_extension *e)
{
    if (!e->is_valid || e->has_bare_bits) {
        return "the server answered permessage-deflate with a parameter that is none";
    }
    if (mode == TRI_DEFLATE_SHARED && !e->deflate.server_no_context_takeover) {
        return "the server did not agree to server_no_context_takeover, which was offered";
    }
    if (mode == TRI_DEFLATE_SHARED && e->deflate.client_max_window_bits != 0) {
        return "the server set client_max_window_bits, which was not offered";
    }
    return NULL;
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* What the answer means for a session. What we do not keep, nobody can ask us to. */
static void apply_params(enum tri_deflate mode, unsigned window_bits,
                         const struct tri_deflate_offer *said, struct tri_deflate_params *out)
{
    const unsigned client_bits =
        said->client_max_window_bits ? said->client_max_window_bits : TRI_DEFLATE_BITS_MAX;
    const unsigned server_bits =
        said->server_max_window_bits ? said->server_max_window_bits : TRI_DEFLATE_BITS_MAX;
    *out = (struct tri_deflate_params){
        .server_no_context_takeover = said->server_no_context_takeover,
        /* zlib has no window of 8 bits to compress with: then nothing is compressed. */
        .client_no_context_takeover = mode == TRI_DEFLATE_SHARED ||
                                      said->client_no_context_takeover ||
                                      client_bits < TRI_DEFLATE_BITS_MIN,
        /* A larger window than theirs decompresses as well. */
        .server_max_window_bits =
            (uint8_t)(server_bits < TRI_DEFLATE_BITS_MIN ? TRI_DEFLATE_BITS_MIN : server_bits),
        .client_max_window_bits =
            (uint8_t)(mode == TRI_DEFLATE_SHARED ? client_bits : smaller(client_bits, window_bits)),
    };
    const bool keeps = !out->server_no_context_takeover || !out->client_no_context_takeover;
    out->mode = keeps ? TRI_DEFLATE_DEDICATED : TRI_DEFLATE_SHARED;
}

/* RFC 6455 section 4.1: an extension that was not offered MUST fail the connection; so MUST, by RFC
 * 7692 section 5, parameters that do not fit the offer. */
static const char *read_extensions(struct tri_slice field, enum tri_deflate mode,
                                   unsigned window_bits, struct tri_deflate_params *out)
{
    struct tri_extension next;
    enum tri_err err;
    while ((err = tri_extension_next(&field, &next)) == TRI_OK) {
        if (!next.is_deflate || mode == TRI_DEFLATE_OFF) {
            return "the server chose an extension that was not offered";
        }
        if (out->mode != TRI_DEFLATE_OFF) {
            return "the server chose permessage-deflate twice";
        }
        const char *text = check_params(mode, &next);
        if (text) {
            return text;
        }
        apply_params(mode, window_bits, &next.deflate, out);
    }
    return err == TRI_ERR_NOT_FOUND ? NULL : "the server's Sec-WebSocket-Extensions is malformed";
}

static const char *read_deflate(const struct tri_offer *offer, unsigned window_bits,
                                const struct tri_call_answer *answer,
                                struct tri_deflate_params *out)
{
    *out = (struct tri_deflate_params){.mode = TRI_DEFLATE_OFF};
    for (size_t i = 0; i < answer->fields_len; i++) {
        const struct tri_field *field = &answer->fields[i];
        if (!tri_slice_equal(field->name, TRI_SLICE("sec-websocket-extensions"))) {
            continue;
        }
        const char *text = read_extensions(field->value, offer->deflate, window_bits, out);
        if (text) {
            return text;
        }
    }
    return NULL;
}

enum tri_err tri_offer_read_answer(const struct tri_offer *offer, unsigned window_bits,
                                   const struct tri_call_answer *answer,
                                   struct tri_offer_answer *out, const char **text)
{
    assert(answer->is_accepted);
    assert(window_bits >= TRI_DEFLATE_BITS_MIN && window_bits <= TRI_DEFLATE_BITS_MAX);
    *text = read_subprotocol(offer, answer, &out->subprotocol);
    if (!*text) {
        *text = read_deflate(offer, window_bits, answer, &out->deflate);
    }
    return *text ? TRI_ERR_PROTOCOL : TRI_OK;
}
