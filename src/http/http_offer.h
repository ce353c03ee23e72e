/*
 * An opening handshake from the client's side, the same over all three HTTPs: what a program may put
 * into it, what is offered, and whether the answer keeps to that. RFC 6455 sections 4.1, 9.1 and
 * 11.3, RFC 7692 sections 5.1 and 7.1. What is spelled differently by each HTTP (the key, Upgrade,
 * the status) is its adapter's.
 */
#ifndef TRI_HTTP_OFFER_H
#define TRI_HTTP_OFFER_H

#include "http_call.h"
#include "http_extensions.h"

/* Fields that a program may give with one handshake, and names, values and path of these together:
 * what servers take as a request head. */
#define TRI_OFFER_FIELDS_MAX ((size_t)32)
#define TRI_OFFER_BYTES_MAX ((size_t)(12 * 1024))

struct tri_offer {
    const char *subprotocols; /* "chat, superchat"; NULL or "": none */
    enum tri_deflate deflate;
};

/* Fields of an offer: version, protocol, extensions. */
#define TRI_OFFER_OWN_FIELDS_MAX ((size_t)3)

/* Fills |out|, returns how many. Values are static, or the offer's own. */
size_t tri_offer_fields(const struct tri_offer *offer,
                        struct tri_field out[TRI_OFFER_OWN_FIELDS_MAX]);

/*
 * Whether a program may ask with these: NULL, or a static English sentence about what is wrong. A
 * path starts with "/" and holds visible ASCII without "#"; the name of a field is a token in lower
 * case and none of those that the handshake is made of; a value holds no control character, nor space
 * around it.
 */
const char *tri_offer_check_path(const char *path);
const char *tri_offer_check_headers(const struct tri_header *headers, size_t headers_len);
const char *tri_offer_check_value(const char *value); /* of Origin, too */
const char *tri_offer_check_subprotocols(const char *subprotocols);

/* What was agreed. */
struct tri_offer_answer {
    struct tri_slice subprotocol;      /* in the offer's list; empty: none */
    struct tri_deflate_params deflate; /* for a session in the client's role */
};

/*
 * Reads an accepting answer. |window_bits| is how large a window we compress with, at most.
 *
 * TRI_OK; TRI_ERR_PROTOCOL: it breaks RFC 6455 or RFC 7692, and |*text| is a static English sentence
 * that says how: the handshake has failed.
 */
TRI_MUST_USE enum tri_err tri_offer_read_answer(const struct tri_offer *offer, unsigned window_bits,
                                                const struct tri_call_answer *answer,
                                                struct tri_offer_answer *out, const char **text);

#endif
