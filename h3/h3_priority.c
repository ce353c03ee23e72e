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
static bool takes_turns(const struct tri_h3_stream *s)
{
    return s->priority.is_incremental || s->is_websocket || s->conn->sockets_len > 0;
}

void tri_h3_priority_apply(struct tri_h3_stream *s)
{
    const bool is_scheduled = tri_h3_schedule_has(&s->turn);
    tri_h3_schedule_remove(&s->turn);
    s->turn.urgency = s->priority.urgency;
    s->turn.is_incremental = takes_turns(s);
    if (is_scheduled) {
        tri_h3_schedule_add(&s->conn->schedule, &s->turn);
    }
}

/* RFC 9218 section 7: what is left out has its default; so has what makes no sense. */
void tri_h3_priority_update(struct tri_h3_stream *s, struct tri_slice value)
{
    nghttp3_pri asked = {.urgency = NGHTTP3_DEFAULT_URGENCY};
    (void)nghttp3_pri_parse_priority(&asked, value.data, value.len);
    tri_priority_ask(&s->priority, asked.urgency, asked.inc);
    s->is_updated = true;
    tri_h3_priority_apply(s);
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

void tri_h3_priority_open(struct tri_h3_stream *s, const struct tri_response *r)
{
    nghttp3_pri asked;
    /* It has the field, or an update that came before the request; of two the later one counts. */
    if (!s->is_updated && nghttp3_conn_get_stream_priority(s->conn->http, &asked, s->id) == 0) {
        tri_priority_ask(&s->priority, asked.urgency, asked.inc);
    }
    merge(s, r);
    tri_h3_priority_apply(s);
}

void tri_h3_priority_count(struct tri_h3_stream *s)
{
    struct tri_h3_conn *c = s->conn;
    if (!s->is_websocket) {
        return;
    }
    tri_h3_priority_apply(s);
    if (++c->sockets_len > 1) {
        return;
    }
    for (struct tri_list *at = c->streams.next; at != &c->streams; at = at->next) {
        tri_h3_priority_apply(TRI_CONTAINER_OF(at, struct tri_h3_stream, node));
    }
}
