/* See client_conn.h: what a connection does at the end of a turn, and when its deadline has come. */
#include "client_conn.h"

#include <assert.h>

/* ------------------------------------------------------------------------------------ the turn */

static void start_closing(struct tri_client_conn *c, uint64_t now_ns)
{
    if (c->state < TRI_CLIENT_CONN_READY) {
        tri_client_fault_set(&c->fault, TRI_FAULT_NONE, "the program closed the connection");
        tri_client_conn_end(c);
        return;
    }
    tri_client_conn_set_state(c, TRI_CLIENT_CONN_CLOSING);
    const uint64_t timeout_ms = c->client->config.limits.close_timeout_ms + TRI_LINGER_MS;
    c->phase_deadline_ns = now_ns + timeout_ms * TRI_NS_PER_MS;
    const struct tri_failure why = {.fault = TRI_FAULT_LOST,
                                    .text = "the program closed the connection"};
    tri_client_calls_fail_asked(c, &why);
    tri_client_calls_fail_waiting(c, &why);
    for (struct tri_list *at = c->sockets.next; at != &c->sockets; at = at->next) {
        enum tri_err err =
            tri_ws_close(TRI_CONTAINER_OF(at, struct tri_ws, node), TRI_CLOSE_GOING_AWAY, NULL);
        assert(err == TRI_OK);
    }
}

/* The adapter wants the end of its transport: in order, or not. */
static void end_by_adapter(struct tri_client_conn *c)
{
    const struct tri_client_link *link = c->link;
    const struct tri_call_end end = link->calls->end(link->adapter);
    const bool is_cut = link->adapter->ops->is_aborted(link->adapter);
    tri_client_fault_of_end(&c->fault, &end, "the connection", c->url.authority);
    if (c->state == TRI_CLIENT_CONN_CLOSING) {
        tri_client_fault_set(&c->fault, TRI_FAULT_NONE, "the program closed the connection");
    }
    if (!is_cut) {
        link->ops->save_ticket(c->link);
        link->ops->finish(c->link);
    }
    if (c->state == TRI_CLIENT_CONN_OPENING) {
        c->is_unanswered = c->timing.connected_ns == 0;
        tri_client_conn_drop_link(c);
        tri_client_attempt_failed(c, c->client->sessions.now_ns);
    } else {
        tri_client_conn_end(c);
    }
}

static void look_for_ticket(struct tri_client_conn *c)
{
    if (c->client->config.resumption && c->state == TRI_CLIENT_CONN_READY &&
        c->ticket_looks < TRI_CLIENT_TICKET_LOOKS) {
        c->ticket_looks++;
        c->link->ops->save_ticket(c->link);
    }
}

/* |c| has a link, and may have none afterwards. */
static void flush(struct tri_client_conn *c, uint64_t now_ns)
{
    if (c->state == TRI_CLIENT_CONN_READY && !tri_list_is_empty(&c->waiting)) {
        tri_client_calls_pump(c);
    }
    if (c->state == TRI_CLIENT_CONN_CLOSING && !c->is_shut && tri_list_is_empty(&c->sockets)) {
        c->is_shut = true;
        c->link->adapter->ops->shutdown(c->link->adapter, now_ns);
    }
    c->link->ops->flush(c->link, now_ns);
    struct tri_conn *adapter = c->link ? c->link->adapter : NULL;
    if (adapter && (adapter->ops->is_aborted(adapter) || adapter->ops->is_done(adapter))) {
        end_by_adapter(c);
    } else if (c->link) {
        look_for_ticket(c);
    }
}

static uint64_t find_deadline_ns(const struct tri_client_conn *c)
{
    const uint64_t link_ns = c->link ? c->link->ops->deadline_ns(c->link) : UINT64_MAX;
    return link_ns < c->phase_deadline_ns ? link_ns : c->phase_deadline_ns;
}

/* One step forward. */
static void step(struct tri_client_conn *c, uint64_t now_ns)
{
    if (c->abort_asked) {
        tri_client_fault_set(&c->fault, TRI_FAULT_NONE, "the program dropped the connection");
        tri_client_conn_end(c);
    } else if (c->close_asked && c->state < TRI_CLIENT_CONN_CLOSING) {
        start_closing(c, now_ns);
    } else if (c->state == TRI_CLIENT_CONN_RESOLVING && !c->resolve) {
        if (c->addrs_len == 0) {
            tri_client_conn_end(c);
            return;
        }
        tri_client_conn_set_state(c, TRI_CLIENT_CONN_OPENING);
        tri_client_attempt_start(c, now_ns);
    } else if (c->state == TRI_CLIENT_CONN_OPENING && c->lacks_connect) {
        c->lacks_connect = false;
        tri_client_conn_drop_link(c);
        tri_client_fault_set(&c->fault, TRI_FAULT_NO_CONNECT,
                             "the server did not send SETTINGS_ENABLE_CONNECT_PROTOCOL: WebSocket "
                             "over %s is off there",
                             c->carrier.http);
        tri_client_attempt_failed(c, now_ns);
    } else if (c->state == TRI_CLIENT_CONN_OPENING && !c->link) {
        tri_client_attempt_failed(c, now_ns);
    } else if (c->state >= TRI_CLIENT_CONN_READY && !c->link) {
        tri_client_conn_end(c);
    }
}

void tri_client_conn_turn(struct tri_client_conn *c, uint64_t now_ns)
{
    assert(c->state != TRI_CLIENT_CONN_ENDED);
    step(c, now_ns);
    if (c->state != TRI_CLIENT_CONN_ENDED && c->link) {
        flush(c, now_ns);
    }
    if (c->state != TRI_CLIENT_CONN_ENDED) {
        tri_heap_set(&c->client->deadlines, &c->deadline, find_deadline_ns(c));
    }
}

/* --------------------------------------------------------------------------------- its deadline */

static void expire_phase(struct tri_client_conn *c)
{
    const unsigned ms = (unsigned)c->client->config.limits.handshake_timeout_ms;
    c->phase_deadline_ns = UINT64_MAX;
    switch (c->state) {
    case TRI_CLIENT_CONN_RESOLVING:
        tri_client_fault_set(&c->fault, TRI_FAULT_RESOLVE,
                             "the address of %s was not found within %u ms", c->url.host, ms);
        tri_client_conn_end(c);
        break;
    case TRI_CLIENT_CONN_OPENING:
        tri_client_conn_drop_link(c);
        c->is_unanswered = c->timing.connected_ns == 0;
        tri_client_fault_set(&c->fault, TRI_FAULT_TIMEOUT, "%s within %u ms",
                             c->timing.connected_ns == 0 ? "nobody answered"
                             : c->timing.secured_ns == 0 ? "the handshake was not complete"
                                                         : "the server's SETTINGS did not come",
                             ms);
        tri_client_conn_mark_dirty(c);
        break;
    case TRI_CLIENT_CONN_CLOSING:
        tri_client_fault_set(&c->fault, TRI_FAULT_NONE, "the program closed the connection");
        tri_client_conn_end(c);
        break;
    case TRI_CLIENT_CONN_READY:
    case TRI_CLIENT_CONN_ENDED:
        assert(!"no phase has an end in this state");
        break;
    }
}

void tri_client_conn_expire(struct tri_client_conn *c, uint64_t now_ns)
{
    /* The turn's end sets the next one; till then it must not be found again. */
    tri_heap_set(&c->client->deadlines, &c->deadline, UINT64_MAX);
    if (c->link && c->link->ops->deadline_ns(c->link) <= now_ns) {
        c->link->ops->expire(c->link, now_ns);
    }
    if (c->phase_deadline_ns <= now_ns) {
        expire_phase(c);
    }
    tri_client_conn_mark_dirty(c);
}
