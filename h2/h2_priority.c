/* See h2_priority.h. */
#include "h2_priority.h"

/* What the field must not have, so that its absence can be told. */
#define NO_URGENCY ((uint32_t)NGHTTP2_EXTPRI_URGENCY_LEVELS)
#define NO_INCREMENTAL 2

/* From here on the engine does not heed the client's word on the stream. */
static void change(struct tri_h2_conn *c, int32_t stream_id, uint32_t urgency, bool is_incremental)
{
    const nghttp2_extpri priority = {.urgency = urgency, .inc = is_incremental};
    int rv = nghttp2_session_change_extpri_stream_priority(c->session, stream_id, &priority, 1);
    if (rv == NGHTTP2_ERR_NOMEM) { /* the stream may have fallen off the schedule */
        tri_h2_core_fail_engine(c, rv);
    }
}

/*
 * A socket has no end that a sibling could wait for, so it takes turns whatever its client says; and
 * a download must not hold up sockets of its own urgency, so it does too while there are any.
 */
static bool takes_turns(const struct tri_h2_stream *s)
{
    return s->priority.is_incremental || s->conn->sockets_len > 0;
}

void tri_h2_priority_update(struct tri_h2_conn *c, const nghttp2_ext_priority_update *update)
{
    if (update->stream_id == 0) { /* RFC 9218 section 7.1; the engine does not look */
        tri_h2_core_terminate(c, NGHTTP2_PROTOCOL_ERROR);
        return;
    }
    /* Section 7: what is left out has its default; so has what makes no sense. */
    nghttp2_extpri asked = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY};
    (void)nghttp2_extpri_parse_priority(&asked, update->field_value, update->field_value_len);
    struct tri_h2_stream *s = nghttp2_session_get_stream_user_data(c->session, update->stream_id);
    if (!s || !s->is_scheduled) {
        change(c, update->stream_id, asked.urgency, asked.inc);
        return;
    }
    tri_priority_ask(&s->priority, asked.urgency, asked.inc);
    change(c, s->id, s->priority.urgency, takes_turns(s));
}

void tri_h2_priority_keep(struct tri_h2_stream *s)
{
    nghttp2_extpri asked = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY};
    int rv = nghttp2_session_get_extpri_stream_priority(s->conn->session, &asked, s->id);
    if (rv == 0 && (asked.urgency != NGHTTP2_EXTPRI_DEFAULT_URGENCY || asked.inc)) {
        change(s->conn, s->id, asked.urgency, asked.inc);
    }
}

void tri_h2_priority_merge(struct tri_h2_stream *s, const struct tri_response *r)
{
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct tri_slice value = r->fields[i].value;
        nghttp2_extpri said = {.urgency = NO_URGENCY, .inc = NO_INCREMENTAL};
        if (tri_slice_equal(r->fields[i].name, TRI_SLICE("priority")) &&
            nghttp2_extpri_parse_priority(&said, value.data, value.len) == 0) {
            tri_priority_merge(
                &s->priority, said.urgency == NO_URGENCY ? TRI_PRIORITY_ABSENT : said.urgency,
                said.inc == NO_INCREMENTAL ? TRI_PRIORITY_ABSENT : (uint32_t)said.inc);
        }
    }
}

/* The first socket of the connection: from now on everybody takes turns. */
static void reschedule_all(struct tri_h2_conn *c)
{
    for (struct tri_list *at = c->open.next; at != &c->open; at = at->next) {
        const struct tri_h2_stream *s = tri_h2_stream_of_node(at);
        if (s->is_scheduled && !s->priority.is_incremental) {
            change(c, s->id, s->priority.urgency, takes_turns(s));
        }
    }
}

/* The engine has the field, or what PRIORITY_UPDATE said. */
static void schedule(struct tri_h2_stream *s)
{
    nghttp2_extpri asked = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY};
    s->is_scheduled = true;
    if (nghttp2_session_get_extpri_stream_priority(s->conn->session, &asked, s->id) == 0) {
        tri_priority_ask(&s->priority, asked.urgency, asked.inc);
    }
    if (s->is_websocket && s->conn->sockets_len == 1) {
        reschedule_all(s->conn);
    }
}

void tri_h2_priority_drive(struct tri_h2_stream *s)
{
    if (!s->is_scheduled) {
        schedule(s);
    }
    s->wants_priority = false;
    change(s->conn, s->id, s->priority.urgency, takes_turns(s));
}
