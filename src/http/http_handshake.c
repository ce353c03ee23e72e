#include "http_handshake.h"

#include <assert.h>

static enum tri_verdict refuse(struct tri_response *refusal, const char **reason, int status,
                               const char *text)
{
    *refusal = (struct tri_response){
        .answer = TRI_ANSWER_PLAIN, .status = status, .content_length = TRI_LENGTH_NONE};
    *reason = text;
    return TRI_VERDICT_REFUSE;
}

static enum tri_verdict refuse_as(struct tri_response *refusal, const char **reason,
                                  enum tri_answer answer, const char *text)
{
    *refusal = (struct tri_response){.answer = answer, .content_length = TRI_LENGTH_NONE};
    *reason = text;
    return TRI_VERDICT_REFUSE;
}

static enum tri_verdict refuse_route(struct tri_response *refusal, const char **reason)
{
    return refuse(refusal, reason, 404, "There is nothing here.");
}

/* A WebSocket is served at exactly its route's path, never below it. */
static bool serves_websocket(const struct tri_request_head *head, const struct tri_route *route)
{
    return route && route->ws &&
           tri_slice_equal(tri_request_head_path(head), tri_slice_of_string(route->path));
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
                                    const struct tri_route *route, struct tri_response *refusal,
                                    const char **reason)
{
    if (is_connect(head)) {
        return refuse(refusal, reason, 501, "This server is no proxy.");
    }
    if (route && route->http) {
        return TRI_VERDICT_PLAIN;
    }
    if (serves_websocket(head, route)) {
        return refuse_as(refusal, reason, TRI_ANSWER_UPGRADE_NEEDED,
                         "This is a WebSocket endpoint.");
    }
    return refuse_route(refusal, reason);
}

static enum tri_verdict judge_websocket(const struct tri_request_head *head,
                                        const struct tri_route *route, struct tri_response *refusal,
                                        const char **reason)
{
    if (serves_websocket(head, route)) {
        if (!has_version(head)) {
            return refuse_as(refusal, reason, TRI_ANSWER_VERSION_NEEDED,
                             "This server speaks version 13 of the WebSocket protocol.");
        }
        return TRI_VERDICT_WEBSOCKET;
    }
    /* RFC 9110 section 7.8: an upgrade may be ignored. An extended CONNECT is no plain request. */
    if (route && route->http && !is_connect(head)) {
        return TRI_VERDICT_PLAIN;
    }
    return refuse_route(refusal, reason);
}

enum tri_verdict tri_handshake_verdict(const struct tri_request_head *head,
                                       const struct tri_route *route, struct tri_response *refusal,
                                       const char **reason)
{
    assert(!route || route->ws || route->http);
    /* RFC 9110 section 7.2, RFC 9113 section 8.3.1, RFC 9114 section 4.3.1 */
    if (head->authority.len == 0) {
        return refuse(refusal, reason, 400, "The request names no host.");
    }
    if (head->protocol.len == 0) {
        return judge_plain(head, route, refusal, reason);
    }
    /* RFC 9110 section 7.8: protocol names are compared without case. */
    if (tri_slice_equal_nocase(head->protocol, TRI_SLICE("websocket"))) {
        return judge_websocket(head, route, refusal, reason);
    }
    /* RFC 9220 section 3: an unknown :protocol is answered 501; h2c is one (RFC 9113 3.1). */
    return refuse(refusal, reason, 501, "That protocol is not spoken here.");
}
