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

enum tri_err tri_ws_send(struct tri_ws *ws, enum tri_type type, const void *data, size_t len)
{
    if (ws->broken != TRI_OK) {
        return ws->broken;
    }
    if (ws->room == 0) {
        return TRI_ERR_FULL;
    }
    ws->room--;
    ws->sent_messages++;
    ws->sent_bytes += len;
    size_t used = strlen(ws->sent);
    if (used + len + 64 < sizeof ws->sent) {
        (void)snprintf(ws->sent + used, sizeof ws->sent - used, "%c%zu:%.*s;",
                       type == TRI_TEXT ? 'T' : 'B', len, (int)len, (const char *)data);
    }
    return TRI_OK;
}

enum tri_err tri_ws_close(struct tri_ws *ws, uint16_t code, const char *reason)
{
    size_t used = strlen(ws->sent);
    (void)snprintf(ws->sent + used, sizeof ws->sent - used, "close(%u %s);", code,
                   reason ? reason : "");
    ws->broken = TRI_ERR_CLOSED;
    return TRI_OK;
}

uint64_t tri_ws_id(const struct tri_ws *ws)
{
    return ws->id;
}

const struct tri_carrier *tri_ws_carrier(const struct tri_ws *ws)
{
    return &ws->carrier;
}
