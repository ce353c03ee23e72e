/* See server_reply.h. */
#include "server_reply.h"

#include "http_body.h"
#include "server_fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* RFC 9110 section 8.6, 15.3.5, 15.4.5: no content, and no length of it, with these. */
static bool has_no_content(const struct tri_reply *reply)
{
    return reply->answer == TRI_ANSWER_PLAIN && (reply->status == 204 || reply->status == 304);
}

static uint64_t content_length(const struct tri_reply *reply)
{
    if (has_no_content(reply)) {
        return TRI_LENGTH_NONE;
    }
    if (reply->answer == TRI_ANSWER_PLAIN && reply->status == 205) {
        return 0; /* RFC 9110 section 15.3.6: content MUST NOT be generated */
    }
    return reply->source ? reply->source->length : reply->body.len;
}

static bool sends_body(const struct tri_reply *reply)
{
    return !reply->head_only && !has_no_content(reply) && content_length(reply) > 0;
}

static void close_source(const struct tri_body *source)
{
    if (source && source->close) {
        source->close(source->user);
    }
}

static bool is_status(const struct tri_reply *reply)
{
    return reply->answer != TRI_ANSWER_PLAIN || (reply->status >= 200 && reply->status <= 599);
}

/* Makes the body that the reply needs; *out is NULL where it needs none. */
static enum tri_err make_body(struct tri_http_body **out, const struct tri_link *link,
                              struct tri_exchange *x, const struct tri_reply *reply)
{
    *out = NULL;
    if (!sends_body(reply)) {
        return TRI_OK;
    }
    const struct tri_alloc *alloc = link->hub->shared->alloc;
    const enum tri_err err =
        reply->source
            ? tri_http_body_new_source(out, alloc, &x->stream, reply->source)
            : tri_http_body_new_copy(out, alloc, &x->stream, reply->body.data, reply->body.len);
    if (err == TRI_OK) {
        (void)tri_hub_now_ns(link->hub);
        tri_http_body_watch(*out, &link->hub->bodies);
    }
    return err;
}

static enum tri_err respond(struct tri_exchange *x, const struct tri_reply *reply,
                            const struct tri_fields *fields, struct tri_http_body *body)
{
    const struct tri_response response = {
        .answer = reply->answer,
        .status = reply->status,
        .fields = fields->list,
        .fields_len = fields->len,
        .content_length = content_length(reply),
        .events = body ? &tri_http_body_stream_events : NULL,
        .session = body,
    };
    enum tri_err err = x->ops->respond(x, &response);
    if (err != TRI_OK && body) {
        tri_http_body_discard(body);
    }
    return err;
}

/* The last resort: needs no memory of ours. */
static void respond_broken(const struct tri_link *link, struct tri_exchange *x)
{
    const struct tri_reply reply = {.answer = TRI_ANSWER_PLAIN, .status = 500};
    struct tri_fields fields = {.len = 0};
    tri_fields_add_own(&fields, link);
    if (respond(x, &reply, &fields, NULL) != TRI_OK) {
        TRI_LOG(tri_hub_log(link->hub), WARN, "memory.short", TRI_KV_S("for", "response"),
                TRI_KV_U("conn", x->carrier->conn_id), TRI_KV_I("stream", x->carrier->stream_id));
    }
}

enum tri_err tri_reply_send(struct tri_link *link, struct tri_exchange *x,
                            const struct tri_reply *reply)
{
    assert(reply->answer != TRI_ANSWER_WEBSOCKET);
    assert(x->ops && x->carrier && !x->stream.events);
    struct tri_fields fields = {.len = 0};
    struct tri_http_body *body = NULL;
    enum tri_err err = is_status(reply) ? TRI_OK : TRI_ERR_INVALID;
    if (err == TRI_OK) {
        err = tri_fields_add_headers(&fields, reply->headers, reply->headers_len);
    }
    if (err == TRI_OK) {
        err = make_body(&body, link, x, reply);
    }
    if (err != TRI_OK) {
        close_source(reply->source);
        respond_broken(link, x);
        return err;
    }
    tri_fields_add_own(&fields, link);
    if (!body) {
        close_source(reply->source);
    }
    return respond(x, reply, &fields, body);
}

uint64_t tri_replies_deadline_ns(const struct tri_hub *hub)
{
    return tri_http_bodies_deadline_ns(&hub->bodies);
}

void tri_replies_expire(struct tri_hub *hub, uint64_t now_ns)
{
    for (struct tri_stream *stream; (stream = tri_http_bodies_expire(&hub->bodies, now_ns));) {
        /* It is the stream of an exchange, which it comes first in. */
        const struct tri_exchange *x = TRI_CONTAINER_OF(stream, struct tri_exchange, stream);
        hub->metrics.responses_unread++;
        TRI_LOG(tri_hub_log(hub), INFO, "response.unread", TRI_KV_S("http", x->carrier->http),
                TRI_KV_U("conn", x->carrier->conn_id), TRI_KV_I("stream", x->carrier->stream_id),
                TRI_KV_S("remote", x->carrier->remote));
    }
}

#define SECOND_NS (1000 * TRI_NS_PER_MS)

/* When somebody may have closed a socket, and given its memory back. */
#define MEMORY_RETRY_SECONDS UINT64_C(5)

/* RFC 9110 section 10.2.3: when this server is gone at the latest, another may be in its place. */
static void write_retry_after(char *out, size_t max, struct tri_hub *hub)
{
    const uint64_t now_ns = tri_hub_now_ns(hub);
    const uint64_t left_ns = hub->gone_ns > now_ns ? hub->gone_ns - now_ns : 0;
    const uint64_t seconds = hub->stopping ? left_ns / SECOND_NS + 1 : MEMORY_RETRY_SECONDS;
    (void)snprintf(out, max, "%" PRIu64, seconds);
}

/* Whether what is refused now with 503 may be there later. */
static bool is_for_now(const struct tri_hub *hub)
{
    return hub->stopping || !tri_budget_takes_requests(&hub->shared->budget);
}

void tri_reply_refuse(struct tri_link *link, struct tri_exchange *x,
                      const struct tri_refusal *refusal)
{
    assert(refusal->answer != TRI_ANSWER_PLAIN ||
           (refusal->status >= 400 && refusal->status <= 599));
    char line[256];
    int len = snprintf(line, sizeof line, "%s\n", refusal->text);
    bool fits = len > 0 && (size_t)len < sizeof line;
    char seconds[24];
    const struct tri_header headers[] = {{"content-type", "text/plain; charset=utf-8"},
                                         {"retry-after", seconds}};
    const bool may_retry = refusal->status == 503 && is_for_now(link->hub);
    if (may_retry) {
        write_retry_after(seconds, sizeof seconds, link->hub);
    }
    const struct tri_reply reply = {
        .answer = refusal->answer,
        .status = refusal->status,
        .headers = headers,
        .headers_len = may_retry ? 2 : 1,
        .body = tri_slice_of_string(fits ? line : refusal->text),
        .head_only = refusal->head_only,
    };
    (void)tri_reply_send(link, x, &reply);
}
