/* See app_echo.h. */
#include "app_echo.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct echo_socket {
    const struct tri_echo *echo;
    struct tri_fragment *kept; /* waits for room, its bytes behind it; NULL: none, not paused */
};

static bool is_whole(const struct tri_fragment *piece)
{
    return piece->first && piece->last;
}

static struct tri_fragment *copy_piece(const struct tri_fragment *piece)
{
    struct tri_fragment *copy = malloc(sizeof *copy + piece->len);
    if (!copy) {
        return NULL;
    }
    uint8_t *data = (uint8_t *)(copy + 1);
    if (piece->len > 0) {
        memcpy(data, piece->data, piece->len);
    }
    *copy = *piece;
    copy->data = data;
    return copy;
}

/* Under TRI_ERR_FULL it may be called again with the same |piece|, which knows what was done. */
static enum tri_err send_piece(struct tri_ws *ws, struct tri_fragment *piece)
{
    if (is_whole(piece)) {
        return tri_ws_send(ws, piece->type, piece->data, piece->len);
    }
    enum tri_err err = piece->first ? tri_ws_send_begin(ws, piece->type) : TRI_OK;
    if (err == TRI_OK) {
        piece->first = false;
        err = piece->len > 0 ? tri_ws_send_append(ws, piece->data, piece->len) : TRI_OK;
    }
    return err == TRI_OK && piece->last ? tri_ws_send_end(ws) : err;
}

static bool keep_piece(struct echo_socket *s, struct tri_ws *ws, const struct tri_fragment *piece)
{
    assert(!s->kept); /* nothing comes from a socket that is paused */
    s->kept = copy_piece(piece);
    if (s->kept) {
        tri_ws_pause(ws);
    }
    return s->kept;
}

/* An echo may not lose what it has no memory for. */
static void give_up(struct tri_ws *ws)
{
    (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, "short of memory");
}

/* Whether a piece that found no room waits. Otherwise it was dropped, or the socket closes. */
static bool does_wait(const struct echo_socket *s, const struct tri_fragment *piece)
{
    switch (s->echo->slow) {
    case TRI_SLOW_WAIT:
        return true;
    case TRI_SLOW_DROP:
        return !is_whole(piece); /* half a message cannot be dropped */
    case TRI_SLOW_CLOSE:
        return false;
    }
    return false;
}

static void echo_piece(struct echo_socket *s, struct tri_ws *ws, struct tri_fragment *piece)
{
    enum tri_err err = send_piece(ws, piece);
    if (err == TRI_OK || err == TRI_ERR_CLOSED) {
        return;
    }
    bool is_full = err == TRI_ERR_FULL;
    if (is_full && !does_wait(s, piece)) {
        return;
    }
    if (!is_full || !keep_piece(s, ws, piece)) {
        give_up(ws);
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
    struct tri_fragment whole = {type, true, true, data, len};
    echo_piece(user, ws, &whole);
}

void tri_echo_on_fragment(void *user, struct tri_ws *ws, const struct tri_fragment *fragment)
{
    struct tri_fragment piece = *fragment;
    echo_piece(user, ws, &piece);
}

void tri_echo_on_drain(void *user, struct tri_ws *ws)
{
    struct echo_socket *s = user;
    if (!s->kept) {
        return;
    }
    enum tri_err err = send_piece(ws, s->kept);
    if (err == TRI_ERR_FULL) {
        return; /* on_drain comes again */
    }
    free(s->kept);
    s->kept = NULL;
    if (err == TRI_OK) {
        tri_ws_resume(ws);
    } else if (err != TRI_ERR_CLOSED) {
        give_up(ws);
    }
}

void tri_echo_on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    (void)end;
    struct echo_socket *s = user;
    free(s->kept);
    free(s);
}

const struct tri_ws_handler tri_echo_handler = {
    .on_request = tri_echo_on_request,
    .on_message = tri_echo_on_message,
    .on_drain = tri_echo_on_drain,
    .on_close = tri_echo_on_close,
};
