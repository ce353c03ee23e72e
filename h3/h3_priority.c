/* See h3_priority.h. */
#include "h3_priority.h"

#include "h3_conn.h"

/* What the field must not have, so that its absence can be told. */
#define NO_URGENCY ((uint32_t)NGHTTP3_URGENCY_LEVELS)
#define NO_INCREMENTAL ((uint8_t)2)

/*
 * A socket has no end that a sibling could wait for, so it takes turns whatever its client says; and
 * a download must not hold up sockets of its own urgency, so it does too while there are any.
 */
static bool takes_turns(const struct tri_h3_stream *s, bool is_socket)
{
    return s->priority.is_incremental || is_socket || s->conn->sockets_len > 0;
}

/* From here on nghttp3 does not heed the client's word on the stream. */
static int tell(const struct tri_h3_stream *s, bool is_socket)
{
    const nghttp3_pri pri = {.urgency = s->priority.urgency, .inc = takes_turns(s, is_socket)};
    int rv = nghttp3_conn_set_server_stream_priority(s->conn->http, s->id, &pri);
    return rv == NGHTTP3_ERR_STREAM_NOT_FOUND ? 0 : rv;
}

/* RFC 9218 section 7: what is left out has its default; so has what makes no sense. */
void tri_h3_priority_update(struct tri_h3_stream *s, struct tri_slice value)
{
    nghttp3_pri asked = {.urgency = NGHTTP3_DEFAULT_URGENCY};
    (void)nghttp3_pri_parse_priority(&asked, value.data, value.len);
    tri_priority_ask(&s->priority, asked.urgency, asked.inc);
    s->is_updated = true;
    s->reschedule = true;
    tri_h3_stream_mark(s);
}

static void merge(struct tri_h3_stream *s, const struct tri_response *r)
{
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct tri_slice value = r->fields[i].value;
        nghttp3_pri said = {.urgency = NO_URGENCY, .inc = NO_INCREMENTAL};
        if (tri_slice_equal(r->fields[i].name, TRI_SLICE("priority")) &&
            nghttp3_pri_parse_priority(&said, value.data, value.len) == 0) {
            tri_priority_merge(
                &s->priority, said.urgency == NO_URGENCY ? TRI_PRIORITY_ABSENT : said.urgency,
                said.inc == NO_INCREMENTAL ? TRI_PRIORITY_ABSENT : (uint32_t)said.inc);
        }
    }
}

int tri_h3_priority_open(struct tri_h3_stream *s, const struct tri_response *r)
{
    nghttp3_pri asked;
    /* It has the field, or an update that came before the request; of two the later one counts. */
    if (!s->is_updated && nghttp3_conn_get_stream_priority(s->conn->http, &asked, s->id) == 0) {
        tri_priority_ask(&s->priority, asked.urgency, asked.inc);
    }
    merge(s, r);
    return tell(s, r->answer == TRI_ANSWER_WEBSOCKET);
}

void tri_h3_priority_count(struct tri_h3_stream *s)
{
    struct tri_h3_conn *c = s->conn;
    if (!s->is_websocket || ++c->sockets_len > 1) {
        return;
    }
    for (struct tri_list *at = c->streams.next; at != &c->streams; at = at->next) {
        struct tri_h3_stream *other = TRI_CONTAINER_OF(at, struct tri_h3_stream, node);
        if (other->phase == TRI_H3_BOUND && !other->priority.is_incremental) {
            other->reschedule = true;
            tri_h3_stream_mark(other);
        }
    }
}

int tri_h3_priority_settle(struct tri_h3_stream *s)
{
    /* One that is not answered yet has its turn then. */
    if (s->phase != TRI_H3_BOUND) {
        return 0;
    }
    s->reschedule = false;
    int rv = tell(s, s->is_websocket);
    return rv == 0 ? 0 : tri_h3_conn_http_error(s->conn, rv);
}
