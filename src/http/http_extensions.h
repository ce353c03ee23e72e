/*
 * Sec-WebSocket-Extensions and Sec-WebSocket-Protocol: what a client offers, and what is agreed.
 * RFC 6455 sections 4.2, 9.1 and 11.3; RFC 7692 sections 5 and 7.1. Decided once for all three HTTPs.
 */
#ifndef TRI_HTTP_EXTENSIONS_H
#define TRI_HTTP_EXTENSIONS_H

#include "http_request.h"
#include "ws_deflate.h"

/* One alternative of permessage-deflate that a client offers. */
struct tri_deflate_offer {
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    uint8_t server_max_window_bits; /* 8..15; 0: not asked for */
    uint8_t client_max_window_bits; /* 8..15 (15 where it came without a value); 0: not offered */
};

/* One element of the field, as a client or a server says it. */
struct tri_extension {
    struct tri_deflate_offer deflate; /* its parameters, if |is_valid| */
    bool is_deflate;                  /* it is called permessage-deflate */
    bool is_valid;                    /* and all of its parameters are known, once, and good */
    bool has_bare_bits;               /* client_max_window_bits came without a value */
};

/*
 * Takes the next one off the front of |*rest|, the value of a field. TRI_OK; TRI_ERR_NOT_FOUND: none
 * is left; TRI_ERR_PROTOCOL: it is not in the form of RFC 6455 section 9.1.
 */
TRI_MUST_USE enum tri_err tri_extension_next(struct tri_slice *rest, struct tri_extension *out);

/* Those that are valid, in the client's order of preference. */
struct tri_deflate_offers {
    struct tri_deflate_offer offers[TRI_DEFLATE_OFFERS_MAX];
    size_t len;
};

/*
 * Reads every field sec-websocket-extensions of |head|. An alternative with an unknown, repeated or
 * bad parameter is left out (RFC 7692 section 5.1: declined), as is any other extension.
 *
 * TRI_OK; TRI_ERR_PROTOCOL if a field is not in the form of RFC 6455 section 9.1.
 */
TRI_MUST_USE enum tri_err tri_deflate_offers_parse(struct tri_deflate_offers *out,
                                                   const struct tri_request_head *head);

/*
 * What we answer: the first alternative that we can serve; |out| all zero (mode OFF) if there is
 * none. |mode| is what the route wants: SHARED needs no context takeover in both directions, and
 * may ask for that unasked; DEDICATED limits both windows to |window_bits| where the offer lets it.
 * A server_max_window_bits of 8 is declined: zlib cannot compress for it.
 */
void tri_deflate_agree(const struct tri_deflate_offers *offers, enum tri_deflate mode,
                       unsigned window_bits, struct tri_deflate_params *out);

/* Room for the longest answer. */
#define TRI_DEFLATE_ANSWER_MAX 160u

/*
 * The value of the response's sec-websocket-extensions for |params| (mode not OFF), and its length.
 * client_max_window_bits is told where it is below 15, which only an offer of it allows.
 */
size_t tri_deflate_answer(const struct tri_deflate_params *params,
                          char out[TRI_DEFLATE_ANSWER_MAX]);

/*
 * The first of the subprotocols that |head| names, in its order, that is in |ours| ("a, b"; may be
 * NULL or ""), as a slice of |ours|; empty if there is none in common.
 *
 * TRI_OK; TRI_ERR_PROTOCOL if a field is no list of tokens.
 */
TRI_MUST_USE enum tri_err tri_subprotocol_choose(const struct tri_request_head *head,
                                                 const char *ours, struct tri_slice *out);

/* Whether |list| is "" or tokens with commas between them, none twice. */
bool tri_subprotocols_are_valid(const char *list);

#endif
