/* See app_push.h. */
#include "app_push.h"

#include <stdlib.h>
#include <string.h>

/* The |user| of a socket is its message, a struct tri_payload. */

/* Digits up to the end or "&". False: it is no size that is served. */
static bool read_size(const char *text, size_t *out)
{
    size_t len = strcspn(text, "&");
    size_t value = 0;
    if (len == 0 || len > 7 || strspn(text, "0123456789") != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        value = value * 10 + (size_t)(text[i] - '0');
    }
    *out = value;
    return value >= TRI_PUSH_BYTES_MIN && value <= TRI_PUSH_BYTES_MAX;
}

/* The size that |query| asks for, of its first "size"; others are passed over. */
static bool size_of(const char *query, size_t *out)
{
    static const char name[] = "size=";
    *out = TRI_PUSH_BYTES_DEFAULT;
    while (*query) {
        if (strncmp(query, name, sizeof name - 1) == 0) {
            return read_size(query + sizeof name - 1, out);
        }
        query += strcspn(query, "&");
        query += *query == '&';
    }
    return true;
}

static struct tri_payload *make_message(size_t size)
{
    uint8_t *data = malloc(size);
    if (!data) {
        return NULL;
    }
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)('a' + i % 26);
    }
    struct tri_payload *message = tri_payload_new(TRI_BINARY, data, size);
    free(data);
    return message;
}

static void on_request(void *user, struct tri_request *req)
{
    (void)user;
    size_t size = 0;
    if (!size_of(tri_request_query(req), &size)) {
        tri_request_refuse(req, 400, "size is a number of bytes from 16 to 1048576.");
        return;
    }
    struct tri_payload *message = make_message(size);
    if (!message) {
        tri_request_refuse(req, 503, "The server is short of memory. Try again later.");
        return;
    }
    if (tri_request_accept(req, message) != TRI_OK) {
        tri_payload_free(message); /* it was answered, and no callback follows */
    }
}

/* Until the queue is full: then on_drain follows. */
static void push(void *user, struct tri_ws *ws)
{
    enum tri_err err = TRI_OK;
    while (err == TRI_OK) {
        err = tri_ws_send_payload(ws, user);
    }
    if (err == TRI_ERR_NOMEM) {
        (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, "short of memory");
    }
}

static void on_open(void *user, struct tri_ws *ws)
{
    tri_ws_slow(ws, TRI_SLOW_WAIT); /* whatever its route says: to be full is what it waits for */
    push(user, ws);
}

static void on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    tri_payload_free(user);
}

const struct tri_ws_handler tri_push_handler = {
    .on_request = on_request,
    .on_open = on_open,
    .on_drain = push,
    .on_close = on_close,
};
