/* See app_echo.h. */
#include "app_echo.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A message that waits for room. */
struct kept {
    struct kept *next;
    enum tri_type type;
    size_t len;
    uint8_t data[];
};

struct echo_socket {
    struct tri_echo *echo;
    struct kept *first, *last; /* in order; NULL: none */
    size_t kept_bytes;         /* of them all */
};

/* What a message costs while it is kept: an empty one is not free. */
static size_t cost(size_t len)
{
    return sizeof(struct kept) + len;
}

static bool keep(struct echo_socket *s, enum tri_type type, const uint8_t *data, size_t len)
{
    assert(!s->first == !s->last && s->kept_bytes <= s->echo->kept_bytes);
    if (cost(len) > TRI_ECHO_SOCKET_BYTES_MAX - s->kept_bytes ||
        cost(len) > TRI_ECHO_TOTAL_BYTES_MAX - s->echo->kept_bytes) {
        return false;
    }
    struct kept *kept = malloc(sizeof *kept + len);
    if (!kept) {
        return false;
    }
    *kept = (struct kept){.type = type, .len = len};
    if (len > 0) {
        memcpy(kept->data, data, len);
    }
    if (s->last) {
        s->last->next = kept;
    } else {
        s->first = kept;
    }
    s->last = kept;
    s->kept_bytes += cost(len);
    s->echo->kept_bytes += cost(len);
    return true;
}

static void drop_first(struct echo_socket *s)
{
    struct kept *kept = s->first;
    assert(s->kept_bytes >= cost(kept->len) && s->echo->kept_bytes >= cost(kept->len));
    s->first = kept->next;
    if (!s->first) {
        s->last = NULL;
    }
    s->kept_bytes -= cost(kept->len);
    s->echo->kept_bytes -= cost(kept->len);
    free(kept);
}

static void drop_all(struct echo_socket *s)
{
    while (s->first) {
        drop_first(s);
    }
}

void tri_echo_on_request(void *user, struct tri_request *req)
{
    struct echo_socket *s = malloc(sizeof *s);
    if (!s) {
        tri_request_refuse(req, 503, "The server is short of memory. Try again later.");
        return;
    }
    assert(user);
    *s = (struct echo_socket){.echo = user};
    if (tri_request_accept(req, s) != TRI_OK) {
        free(s); /* it was answered, and no callback follows */
    }
}

void tri_echo_on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len)
{
    struct echo_socket *s = user;
    enum tri_err err = s->first ? TRI_ERR_FULL : tri_ws_send(ws, type, data, len);
    if (err == TRI_OK || err == TRI_ERR_CLOSED) {
        return;
    }
    if (err == TRI_ERR_FULL && keep(s, type, data, len)) {
        return;
    }
    drop_all(s);
    (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, "slow consumer");
}

void tri_echo_on_drain(void *user, struct tri_ws *ws)
{
    struct echo_socket *s = user;
    while (s->first) {
        enum tri_err err = tri_ws_send(ws, s->first->type, s->first->data, s->first->len);
        if (err == TRI_ERR_FULL) {
            return; /* on_drain comes again */
        }
        if (err != TRI_OK) {
            drop_all(s);
            (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, "slow consumer");
            return;
        }
        drop_first(s);
    }
}

void tri_echo_on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    struct echo_socket *s = user;
    drop_all(s);
    free(s);
}

const struct tri_ws_handler tri_echo_handler = {
    .on_request = tri_echo_on_request,
    .on_message = tri_echo_on_message,
    .on_drain = tri_echo_on_drain,
    .on_close = tri_echo_on_close,
};
