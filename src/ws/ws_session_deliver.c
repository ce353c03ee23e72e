/*
 * Messages to their owner, whole or piece by piece: UTF-8, the buffer of a whole message, and its
 * limit. RFC 6455 sections 6.2 and 8.1. Where the bytes come from is not known here.
 */
#include "ws_session_internal.h"

#include <assert.h>

size_t tri_session_deliver_room(const struct tri_session *s)
{
    const size_t max = s->worker->limits->message_bytes_max;
    const size_t held = tri_buf_peek(&s->reading->message).len;
    /* A reload may have set the limit below what it has. */
    return held < max ? max - held : 0;
}

static void fail_text(struct tri_session *s)
{
    tri_session_fail(s, TRI_CLOSE_BAD_DATA, "text is not UTF-8"); /* RFC 6455 section 8.1 */
}

/* Whether |data|, the next bytes of the message, and its end if it is |last|, are good text. */
static bool check_text(struct tri_session *s, struct tri_slice data, bool last)
{
    struct tri_reading *r = s->reading;
    if (r->type != TRI_TEXT) {
        return true;
    }
    return tri_utf8_feed(&r->utf8, data.data, data.len) &&
           (!last || tri_utf8_is_complete(&r->utf8));
}

/* The message is over as far as reading goes; its owner is told next. */
static void close_message(struct tri_session *s)
{
    struct tri_reading *r = s->reading;
    r->fragments = 0;
    r->is_compressed = false;
    r->is_begun = false;
    s->messages_in++;
}

static void deliver_whole(struct tri_session *s, struct tri_slice data)
{
    assert(s->state == TRI_SESSION_OPEN);
    s->bytes_in += data.len;
    close_message(s);
    if (s->events->on_message) {
        const uint8_t *bytes = data.data ? data.data : s->worker->scratch; /* never NULL */
        s->events->on_message(s->owner, s->reading->type, bytes, data.len);
    }
}

static void deliver_piece(struct tri_session *s, struct tri_slice data, bool last)
{
    assert(s->state == TRI_SESSION_OPEN);
    struct tri_reading *r = s->reading;
    const struct tri_fragment piece = {
        .type = r->type,
        .first = !r->is_begun,
        .last = last,
        .data = data.data ? data.data : s->worker->scratch,
        .len = data.len,
    };
    s->bytes_in += data.len;
    r->is_begun = true;
    if (last) {
        close_message(s);
    }
    s->events->on_fragment(s->owner, &piece);
}

/* Ours for the call: the owner may close the session, which drops what the reader has. */
static void deliver_buffered(struct tri_session *s)
{
    struct tri_buf *kept = &s->reading->message;
    struct tri_buf message = *kept;
    tri_buf_init(kept, message.alloc, message.max);
    deliver_whole(s, tri_buf_peek(&message));
    tri_buf_deinit(&message);
}

static void fail_append(struct tri_session *s, enum tri_err err)
{
    if (err == TRI_ERR_LIMIT) {
        tri_session_fail(s, TRI_CLOSE_TOO_BIG, "message too big");
    } else {
        tri_session_fail(s, TRI_CLOSE_INTERNAL_ERROR, "out of memory");
    }
}

uint8_t *tri_session_deliver_reserve(struct tri_session *s, size_t len)
{
    struct tri_buf *message = &s->reading->message;
    if (!tri_session_check_memory(s, message, len)) {
        return NULL;
    }
    enum tri_err err = TRI_OK;
    uint8_t *room = tri_buf_reserve(message, len, &err);
    if (!room) {
        fail_append(s, err);
    }
    return room;
}

static bool append(struct tri_session *s, struct tri_slice data)
{
    uint8_t *room = tri_session_deliver_reserve(s, data.len);
    if (room) {
        memcpy(room, data.data, data.len);
        tri_buf_commit(&s->reading->message, data.len);
    }
    return room != NULL;
}

void tri_session_deliver(struct tri_session *s, struct tri_slice data, bool last)
{
    struct tri_reading *r = s->reading;
    if (!check_text(s, data, last)) {
        fail_text(s);
    } else if (tri_session_takes_pieces(s)) {
        if (data.len > 0 || last) {
            deliver_piece(s, data, last);
        }
    } else if (data.len > tri_session_deliver_room(s)) {
        fail_append(s, TRI_ERR_LIMIT);
    } else if (last && tri_buf_peek(&r->message).len == 0) {
        deliver_whole(s, data);
    } else if ((data.len == 0 || append(s, data)) && last) {
        deliver_buffered(s);
    }
}

void tri_session_deliver_reserved(struct tri_session *s, struct tri_slice data, bool last)
{
    tri_buf_commit(&s->reading->message, data.len);
    if (!check_text(s, data, last)) {
        fail_text(s);
    } else if (last) {
        deliver_buffered(s);
    }
}
