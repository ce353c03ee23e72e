#include "http_handshake.h"

#include "http_origins.h"

#include <assert.h>

static enum tri_verdict refuse_as(struct tri_handshake *out, enum tri_refused why,
                                  enum tri_answer answer, int status, const char *reason)
{
    out->refusal = (struct tri_response){
        .answer = answer, .status = status, .content_length = TRI_LENGTH_NONE};
    out->reason = reason;
    out->refused = why;
    return TRI_VERDICT_REFUSE;
}

static enum tri_verdict refuse(struct tri_handshake *out, enum tri_refused why, int status,
                               const char *reason)
{
    return refuse_as(out, why, TRI_ANSWER_PLAIN, status, reason);
}

static enum tri_verdict refuse_route(struct tri_handshake *out)
{
    return refuse(out, TRI_REFUSED_PATH, 404, "There is nothing here.");
}

static bool is_connect(const struct tri_request_head *head)
{
    return tri_slice_equal(head->method, TRI_SLICE("CONNECT"));
}

/* RFC 6455 section 4.2.1, 4.4: one Sec-WebSocket-Version, 13. */
static bool has_version(const struct tri_request_head *head)
{
    const struct tri_field *version = tri_request_head_field(head, "sec-websocket-version");
    return version && tri_slice_equal(version->value, TRI_SLICE("13")) &&
           tri_request_head_count(head, "sec-websocket-version") == 1;
}

static enum tri_verdict judge_plain(const struct tri_request_head *head,
                                    const struct tri_route *route, struct tri_handshake *out)
{
    if (is_connect(head)) {
        return refuse(out, TRI_REFUSED_PROTOCOL, 501, "This server is no proxy.");
    }
    if (route && route->http) {
        return TRI_VERDICT_PLAIN;
    }
    if (route) {
        return refuse_as(out, TRI_REFUSED_PLAIN, TRI_ANSWER_UPGRADE_NEEDED, 0,
                         "This is a WebSocket endpoint.");
    }
    return refuse_route(out);
}

/* The rest of the opening handshake: RFC 6455 section 4.2.2, points 2 to 4. */
static enum tri_verdict judge_opening(const struct tri_request_head *head,
                                      const struct tri_route *route, struct tri_handshake *out)
{
    if (!has_version(head)) {
        return refuse_as(out, TRI_REFUSED_VERSION, TRI_ANSWER_VERSION_NEEDED, 0,
                         "This server speaks version 13 of the WebSocket protocol.");
    }
    if (tri_deflate_offers_parse(&out->deflate, head) != TRI_OK) {
        return refuse(out, TRI_REFUSED_MALFORMED, 400, "Sec-WebSocket-Extensions is malformed.");
    }
    if (tri_subprotocol_choose(head, route->subprotocols, &out->subprotocol) != TRI_OK) {
        return refuse(out, TRI_REFUSED_MALFORMED, 400, "Sec-WebSocket-Protocol is malformed.");
    }
    if (!tri_origin_is_allowed(head, route->origins)) {
        return refuse(out, TRI_REFUSED_ORIGIN, 403,
                      "Pages of that origin may not open WebSockets here.");
    }
    return TRI_VERDICT_WEBSOCKET;
}

static enum tri_verdict judge_websocket(const struct tri_request_head *head,
                                        const struct tri_route *route, struct tri_handshake *out)
{
    if (route && route->ws) {
        return judge_opening(head, route, out);
    }
    /* RFC 9110 section 7.8: an upgrade may be ignored. An extended CONNECT is no plain request. */
    if (route && route->http && !is_connect(head)) {
        return TRI_VERDICT_PLAIN;
    }
    return refuse_route(out);
}

enum tri_verdict tri_handshake_verdict(const struct tri_request_head *head,
                                       const struct tri_route *route, struct tri_handshake *out)
{
    assert(!route || route->ws || route->http);
    *out = (struct tri_handshake){.reason = "", .subprotocol = TRI_SLICE("")};
    /* RFC 9110 section 7.2, RFC 9113 section 8.3.1, RFC 9114 section 4.3.1 */
    if (head->authority.len == 0) {
        return refuse(out, TRI_REFUSED_MALFORMED, 400, "The request names no host.");
    }
    if (head->protocol.len == 0) {
        return judge_plain(head, route, out);
    }
    /* RFC 9110 section 7.8: protocol names are compared without case. */
    if (tri_slice_equal_nocase(head->protocol, TRI_SLICE("websocket"))) {
        return judge_websocket(head, route, out);
    }
    /* RFC 9220 section 3: an unknown :protocol is answered 501; h2c is one (RFC 9113 3.1). */
    return refuse(out, TRI_REFUSED_PROTOCOL, 501, "That protocol is not spoken here.");
}
