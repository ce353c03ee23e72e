/* See fake_api.h. */
#include "fake_api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tri_request *fake_request_new(const char *method, const char *path)
{
    struct tri_request *req = calloc(1, sizeof *req);
    assert(req);
    req->method = method;
    req->path = path;
    return req;
}

void fake_request_free(struct tri_request *req)
{
    free(req);
}

const char *fake_answer_field(const struct tri_request *req, const char *name)
{
    static char value[512];
    size_t name_len = strlen(name);
    for (const char *line = req->head; *line; line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, name_len) == 0 && line[name_len] == ':') {
            const char *at = line + name_len + 2;
            (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\n"), at);
            return value;
        }
    }
    return NULL;
}

const char *fake_answer_text(struct tri_request *req)
{
    assert(req->body_len < sizeof req->body);
    req->body[req->body_len] = '\0';
    return (const char *)req->body;
}

/* ------------------------------------------------------------------------------------ requests */

const char *tri_request_method(const struct tri_request *req)
{
    return req->method ? req->method : "GET";
}

const char *tri_request_authority(const struct tri_request *req)
{
    return req->authority ? req->authority : "localhost";
}

const struct tri_carrier *tri_request_carrier(const struct tri_request *req)
{
    return &req->carrier;
}

const char *tri_request_path(const struct tri_request *req)
{
    return req->path ? req->path : "/";
}

const char *tri_request_query(const struct tri_request *req)
{
    return req->query ? req->query : "";
}

const char *tri_request_field(const struct tri_request *req, const char *name)
{
    for (size_t i = 0; i < FAKE_FIELDS_MAX && req->fields[i].name; i++) {
        if (strcmp(req->fields[i].name, name) == 0) {
            return req->fields[i].value;
        }
    }
    return NULL;
}

static void answer(struct tri_request *req, int status, const struct tri_header *headers,
                   size_t headers_len)
{
    req->answers++;
    req->status = status;
    size_t len = 0;
    for (size_t i = 0; i < headers_len; i++) {
        len += (size_t)snprintf(req->head + len, sizeof req->head - len, "%s: %s\n",
                                headers[i].name, headers[i].value);
        assert(len < sizeof req->head);
    }
}

enum tri_err tri_request_accept(struct tri_request *req, void *user)
{
    answer(req, req->accept_result == TRI_OK ? 101 : 503, NULL, 0);
    req->user = user;
    return req->accept_result;
}

void tri_request_refuse(struct tri_request *req, int status, const char *reason)
{
    const struct tri_header type = {"content-type", "text/plain"};
    (void)tri_request_reply(req, status, &type, 1, reason, strlen(reason));
}

static bool is_head(const struct tri_request *req)
{
    return strcmp(tri_request_method(req), "HEAD") == 0;
}

enum tri_err tri_request_reply(struct tri_request *req, int status,
                               const struct tri_header *headers, size_t headers_len,
                               const void *body, size_t body_len)
{
    answer(req, status, headers, headers_len);
    assert(body_len <= sizeof req->body);
    if (body_len > 0 && !is_head(req)) {
        memcpy(req->body, body, body_len);
        req->body_len = body_len;
    }
    return TRI_OK;
}

static void read_body(struct tri_request *req, const struct tri_body *body)
{
    size_t read_max = req->read_max ? req->read_max : 16384;
    while (req->body_len < body->length && req->body_len < sizeof req->body) {
        size_t left = (size_t)body->length - req->body_len;
        size_t max = left < read_max ? left : read_max;
        size_t len = 0;
        if (body->read(body->user, req->body + req->body_len, max, &len) != TRI_OK || len == 0) {
            req->body_failed = true;
            return;
        }
        assert(len <= max);
        req->body_len += len;
    }
}

enum tri_err tri_request_reply_body(struct tri_request *req, int status,
                                    const struct tri_header *headers, size_t headers_len,
                                    const struct tri_body *body)
{
    answer(req, status, headers, headers_len);
    if (!is_head(req)) {
        read_body(req, body);
    }
    if (body->close) {
        body->close(body->user);
    }
    return TRI_OK;
}

/* ------------------------------------------------------------------------------------- sockets */

static void write_down(struct tri_ws *ws, const char *text)
{
    size_t used = strlen(ws->sent);
    (void)snprintf(ws->sent + used, sizeof ws->sent - used, "%s", text);
}

static char letter_of(enum tri_type type)
{
    return type == TRI_TEXT ? 'T' : 'B';
}

static void write_bytes(struct tri_ws *ws, enum tri_type type, char mark, const void *data,
                        size_t len)
{
    size_t used = strlen(ws->sent);
    if (used + len + 64 < sizeof ws->sent) {
        (void)snprintf(ws->sent + used, sizeof ws->sent - used, "%c%zu%c%.*s;", letter_of(type),
                       len, mark, (int)len, (const char *)data);
    }
}

/* Room for one more message or piece. */
static enum tri_err take_room(struct tri_ws *ws, bool whole)
{
    if (ws->room > 0) {
        ws->room--;
        return TRI_OK;
    }
    if (ws->slow == TRI_SLOW_CLOSE) {
        (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, NULL);
    }
    ws->dropped += whole && ws->slow == TRI_SLOW_DROP;
    return TRI_ERR_FULL;
}

enum tri_err tri_ws_send(struct tri_ws *ws, enum tri_type type, const void *data, size_t len)
{
    if (ws->broken != TRI_OK || ws->sending != 0) {
        return ws->broken != TRI_OK ? ws->broken : TRI_ERR_INVALID;
    }
    enum tri_err err = take_room(ws, true);
    if (err == TRI_OK) {
        ws->sent_messages++;
        ws->sent_bytes += len;
        write_bytes(ws, type, ':', data, len);
    }
    return err;
}

enum tri_err tri_ws_send_begin(struct tri_ws *ws, enum tri_type type)
{
    if (ws->broken != TRI_OK || ws->sending != 0) {
        return ws->broken != TRI_OK ? ws->broken : TRI_ERR_INVALID;
    }
    ws->sending = type;
    return TRI_OK;
}

enum tri_err tri_ws_send_append(struct tri_ws *ws, const void *data, size_t len)
{
    if (ws->broken != TRI_OK || ws->sending == 0) {
        return ws->broken != TRI_OK ? ws->broken : TRI_ERR_INVALID;
    }
    enum tri_err err = take_room(ws, false);
    if (err == TRI_OK) {
        ws->sent_bytes += len;
        write_bytes(ws, ws->sending, '+', data, len);
    }
    return err;
}

enum tri_err tri_ws_send_end(struct tri_ws *ws)
{
    if (ws->broken != TRI_OK || ws->sending == 0) {
        return ws->broken != TRI_OK ? ws->broken : TRI_ERR_INVALID;
    }
    write_down(ws, ws->sending == TRI_TEXT ? "T.;" : "B.;");
    ws->sending = 0;
    ws->sent_messages++;
    return TRI_OK;
}

void tri_ws_slow(struct tri_ws *ws, enum tri_slow policy)
{
    ws->slow = policy;
}

void tri_ws_pause(struct tri_ws *ws)
{
    ws->pauses++;
    ws->paused = true;
    write_down(ws, "pause;");
}

void tri_ws_resume(struct tri_ws *ws)
{
    ws->resumes++;
    ws->paused = false;
    write_down(ws, "resume;");
}

enum tri_err tri_ws_close(struct tri_ws *ws, uint16_t code, const char *reason)
{
    size_t used = strlen(ws->sent);
    (void)snprintf(ws->sent + used, sizeof ws->sent - used, "close(%u %s);", code,
                   reason ? reason : "");
    ws->broken = TRI_ERR_CLOSED;
    return TRI_OK;
}

void tri_ws_abort(struct tri_ws *ws)
{
    write_down(ws, "abort;");
    ws->broken = TRI_ERR_CLOSED;
}

size_t tri_ws_queued_bytes(const struct tri_ws *ws)
{
    return ws->queued_bytes;
}

const char *tri_ws_subprotocol(const struct tri_ws *ws)
{
    return ws->subprotocol ? ws->subprotocol : "";
}

enum tri_deflate tri_ws_deflate(const struct tri_ws *ws)
{
    return ws->deflate;
}

uint64_t tri_ws_id(const struct tri_ws *ws)
{
    return ws->id;
}

const struct tri_carrier *tri_ws_carrier(const struct tri_ws *ws)
{
    return &ws->carrier;
}

/* ------------------------------------------------------------------------------------ payloads */

struct tri_payload {
    size_t holders;
    enum tri_type type;
    size_t len;
    char data[];
};

struct tri_payload *tri_payload_new(enum tri_type type, const void *data, size_t len)
{
    struct tri_payload *payload = malloc(sizeof *payload + len);
    assert(payload);
    *payload = (struct tri_payload){.holders = 1, .type = type, .len = len};
    if (len > 0) {
        memcpy(payload->data, data, len);
    }
    return payload;
}

struct tri_payload *tri_payload_hold(struct tri_payload *payload)
{
    payload->holders++;
    return payload;
}

void tri_payload_free(struct tri_payload *payload)
{
    if (payload && --payload->holders == 0) {
        free(payload);
    }
}

enum tri_err tri_ws_send_payload(struct tri_ws *ws, struct tri_payload *payload)
{
    return tri_ws_send(ws, payload->type, payload->data, payload->len);
}
