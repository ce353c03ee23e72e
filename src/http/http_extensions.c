/* permessage-deflate in the opening handshake. The other field is in http_subprotocols.c. */
#include "http_extensions.h"

#include "http_token.h"

#include <assert.h>
#include <stdio.h>

/* ---------------------------------------------------------------------------------- the offers */

/* RFC 7692 section 7.1.2: 8 to 15, without a leading zero. 0: it is not. */
static uint8_t read_bits(const struct tri_token_text *value)
{
    const char *at = value->start;
    if (value->len == 1 && (at[0] == '8' || at[0] == '9')) {
        return (uint8_t)(at[0] - '0');
    }
    if (value->len == 2 && at[0] == '1' && at[1] >= '0' && at[1] <= '5') {
        return (uint8_t)(10 + at[1] - '0');
    }
    return 0;
}

/* |value| is NULL where none came. False: declined. RFC 7692 section 7.1 */
static bool apply_flag(bool *flag, const struct tri_token_text *value)
{
    if (*flag || value) {
        return false; /* twice, or it must have no value */
    }
    *flag = true;
    return true;
}

static bool apply_bits(uint8_t *bits, const struct tri_token_text *value, uint8_t unsaid)
{
    const uint8_t read = value ? read_bits(value) : unsaid;
    if (*bits != 0 || read == 0) {
        return false;
    }
    *bits = read;
    return true;
}

static bool apply_param(struct tri_deflate_offer *offer, struct tri_slice name,
                        const struct tri_token_text *value)
{
    if (tri_slice_equal(name, TRI_SLICE("server_no_context_takeover"))) {
        return apply_flag(&offer->server_no_context_takeover, value);
    }
    if (tri_slice_equal(name, TRI_SLICE("client_no_context_takeover"))) {
        return apply_flag(&offer->client_no_context_takeover, value);
    }
    if (tri_slice_equal(name, TRI_SLICE("server_max_window_bits"))) {
        return apply_bits(&offer->server_max_window_bits, value, 0);
    }
    if (tri_slice_equal(name, TRI_SLICE("client_max_window_bits"))) {
        return apply_bits(&offer->client_max_window_bits, value, TRI_DEFLATE_BITS_MAX);
    }
    return false;
}

/* extension-param, behind its semicolon. False: malformed. RFC 6455 section 9.1 */
static bool read_param(struct tri_slice *rest, struct tri_extension *r)
{
    tri_token_skip_space(rest);
    const struct tri_slice name = tri_token_take(rest);
    if (name.len == 0) {
        return false;
    }
    tri_token_skip_space(rest);
    struct tri_token_text value;
    const bool has_value = tri_token_take_byte(rest, '=');
    if (has_value) {
        tri_token_skip_space(rest);
        if (!tri_token_take_value(rest, &value)) {
            return false;
        }
        tri_token_skip_space(rest);
    }
    r->is_valid = r->is_valid && apply_param(&r->deflate, name, has_value ? &value : NULL);
    r->has_bare_bits = r->has_bare_bits ||
                       (!has_value && tri_slice_equal(name, TRI_SLICE("client_max_window_bits")));
    return true;
}

/* extension, with space around it. False: malformed. */
static bool read_extension(struct tri_slice *rest, struct tri_extension *r)
{
    const struct tri_slice name = tri_token_take(rest);
    if (name.len == 0) {
        return false;
    }
    r->is_deflate = tri_slice_equal(name, TRI_SLICE("permessage-deflate"));
    r->is_valid = r->is_deflate;
    tri_token_skip_space(rest);
    while (tri_token_take_byte(rest, ';')) {
        if (!read_param(rest, r)) {
            return false;
        }
    }
    return true;
}

/* Past commas and space: RFC 9110 section 5.6.1.2 wants empty elements to be ignored. */
static void skip_separators(struct tri_slice *rest)
{
    do {
        tri_token_skip_space(rest);
    } while (tri_token_take_byte(rest, ','));
}

enum tri_err tri_extension_next(struct tri_slice *rest, struct tri_extension *out)
{
    *out = (struct tri_extension){.is_valid = false};
    skip_separators(rest);
    if (rest->len == 0) {
        return TRI_ERR_NOT_FOUND;
    }
    if (!read_extension(rest, out) || (rest->len > 0 && rest->data[0] != ',')) {
        return TRI_ERR_PROTOCOL;
    }
    return TRI_OK;
}

static bool read_field(struct tri_slice rest, struct tri_deflate_offers *out)
{
    struct tri_extension next;
    enum tri_err err;
    while ((err = tri_extension_next(&rest, &next)) == TRI_OK) {
        if (next.is_valid && out->len < TRI_DEFLATE_OFFERS_MAX) {
            out->offers[out->len++] = next.deflate;
        }
    }
    return err == TRI_ERR_NOT_FOUND;
}

enum tri_err tri_deflate_offers_parse(struct tri_deflate_offers *out,
                                      const struct tri_request_head *head)
{
    *out = (struct tri_deflate_offers){.len = 0};
    for (size_t i = 0; i < head->fields_len; i++) {
        const struct tri_field *field = &head->fields[i];
        if (tri_slice_equal(field->name, TRI_SLICE("sec-websocket-extensions")) &&
            !read_field(field->value, out)) {
            return TRI_ERR_PROTOCOL;
        }
    }
    return TRI_OK;
}

/* ------------------------------------------------------------------------------- the agreement */

static uint8_t smaller(unsigned a, unsigned b)
{
    return (uint8_t)(a < b ? a : b);
}

/* No context in either direction, whether asked for or not: RFC 7692 section 7.1.1. */
static void agree_shared(const struct tri_deflate_offer *offer, struct tri_deflate_params *out)
{
    const uint8_t asked = offer->server_max_window_bits;
    *out = (struct tri_deflate_params){
        .mode = TRI_DEFLATE_SHARED,
        .server_no_context_takeover = true,
        .client_no_context_takeover = true,
        .server_max_window_bits = asked ? asked : TRI_DEFLATE_BITS_MAX,
        .server_max_window_bits_asked = asked != 0,
        .client_max_window_bits = TRI_DEFLATE_BITS_MAX,
    };
}

/* A server may make its own window smaller unasked; the client's only where it offers that. */
static void agree_dedicated(const struct tri_deflate_offer *offer, unsigned window_bits,
                            struct tri_deflate_params *out)
{
    const uint8_t asked = offer->server_max_window_bits;
    const uint8_t offered = offer->client_max_window_bits;
    *out = (struct tri_deflate_params){
        .mode = TRI_DEFLATE_DEDICATED,
        .server_no_context_takeover = offer->server_no_context_takeover,
        .client_no_context_takeover = offer->client_no_context_takeover,
        .server_max_window_bits = smaller(asked ? asked : TRI_DEFLATE_BITS_MAX, window_bits),
        .server_max_window_bits_asked = asked != 0,
        .client_max_window_bits = offered ? smaller(offered, window_bits) : TRI_DEFLATE_BITS_MAX,
    };
}

static bool can_serve(const struct tri_deflate_offer *offer)
{
    return offer->server_max_window_bits == 0 ||
           offer->server_max_window_bits >= TRI_DEFLATE_BITS_MIN;
}

void tri_deflate_agree(const struct tri_deflate_offers *offers, enum tri_deflate mode,
                       unsigned window_bits, struct tri_deflate_params *out)
{
    assert(window_bits >= TRI_DEFLATE_BITS_MIN && window_bits <= TRI_DEFLATE_BITS_MAX);
    *out = (struct tri_deflate_params){.mode = TRI_DEFLATE_OFF};
    if (mode == TRI_DEFLATE_OFF) {
        return;
    }
    for (size_t i = 0; i < offers->len; i++) {
        const struct tri_deflate_offer *offer = &offers->offers[i];
        if (!can_serve(offer)) {
            continue;
        }
        const bool keeps_context =
            !offer->server_no_context_takeover || !offer->client_no_context_takeover;
        if (mode == TRI_DEFLATE_DEDICATED && keeps_context) {
            agree_dedicated(offer, window_bits, out);
        } else {
            agree_shared(offer, out);
        }
        return;
    }
}

/* ---------------------------------------------------------------------------------- the answer */

static size_t put(char out[TRI_DEFLATE_ANSWER_MAX], size_t at, const char *text)
{
    const int len = snprintf(out + at, TRI_DEFLATE_ANSWER_MAX - at, "%s", text);
    assert(len > 0 && (size_t)len < TRI_DEFLATE_ANSWER_MAX - at);
    return at + (size_t)len;
}

static size_t put_bits(char out[TRI_DEFLATE_ANSWER_MAX], size_t at, const char *name, unsigned bits)
{
    const int len = snprintf(out + at, TRI_DEFLATE_ANSWER_MAX - at, "; %s=%u", name, bits);
    assert(len > 0 && (size_t)len < TRI_DEFLATE_ANSWER_MAX - at);
    return at + (size_t)len;
}

size_t tri_deflate_answer(const struct tri_deflate_params *params, char out[TRI_DEFLATE_ANSWER_MAX])
{
    assert(params->mode != TRI_DEFLATE_OFF);
    size_t at = put(out, 0, "permessage-deflate");
    if (params->server_no_context_takeover) {
        at = put(out, at, "; server_no_context_takeover");
    }
    if (params->client_no_context_takeover) {
        at = put(out, at, "; client_no_context_takeover");
    }
    /* RFC 7692 section 7.1.2.1: an offer of it is accepted by saying it again, at any value. */
    if (params->server_max_window_bits_asked ||
        params->server_max_window_bits < TRI_DEFLATE_BITS_MAX) {
        at = put_bits(out, at, "server_max_window_bits", params->server_max_window_bits);
    }
    if (params->client_max_window_bits < TRI_DEFLATE_BITS_MAX) {
        at = put_bits(out, at, "client_max_window_bits", params->client_max_window_bits);
    }
    return at;
}
