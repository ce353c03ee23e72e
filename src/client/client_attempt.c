/* See client_conn.h: the attempts of a connection, one after the other. */
#include "client_conn.h"

#include "client_quic.h"
#include "client_tcp.h"

#include <assert.h>
#include <stdio.h>

const char *tri_client_versions_text(unsigned versions)
{
    static const char *const texts[] = {
        "nothing", "http/1.1",        "h2",        "h2 and http/1.1",
        "h3",      "h3 and http/1.1", "h3 and h2", "h3, h2 and http/1.1",
    };
    assert(versions < sizeof texts / sizeof texts[0]);
    return texts[versions];
}

static bool may_use_tcp(const struct tri_client_conn *c)
{
    return c->tcp_versions != 0;
}

static uint64_t answer_ns(const struct tri_client_conn *c)
{
    uint64_t ms = c->client->config.limits.handshake_timeout_ms;
    if (may_use_tcp(c) && ms > TRI_CLIENT_QUIC_ANSWER_MS) {
        ms = TRI_CLIENT_QUIC_ANSWER_MS;
    }
    return ms * TRI_NS_PER_MS;
}

static void reset(struct tri_client_conn *c, const struct tri_addr *addr)
{
    c->timing.connected_ns = 0;
    c->timing.secured_ns = 0;
    c->timing.settings_ns = 0;
    c->lacks_connect = false;
    c->is_unanswered = false;
    c->is_resumed = false;
    c->fault = (struct tri_client_fault){.fault = TRI_FAULT_LOST};
    c->carrier = (struct tri_carrier){.conn_id = c->carrier.conn_id,
                                      .http = "",
                                      .remote = c->remote,
                                      .tls_version = "",
                                      .tls_cipher = "",
                                      .tls_group = ""};
    tri_addr_format(addr, c->remote);
}

void tri_client_attempt_start(struct tri_client_conn *c, uint64_t now_ns)
{
    assert(c->state == TRI_CLIENT_CONN_OPENING && !c->link && c->addr_at < c->addrs_len);
    struct tri_addr addr = c->addrs[c->addr_at];
    tri_addr_set_port(&addr, c->over_quic ? c->quic_port : c->url.port);
    reset(c, &addr);
    if (c->over_quic) {
        c->phase_deadline_ns = now_ns + answer_ns(c);
        tri_client_quic_start(c, &addr, now_ns);
    } else {
        c->phase_deadline_ns = UINT64_MAX; /* net has the times of TCP and TLS */
        tri_client_tcp_start(c, &addr);
    }
    if (!c->link) {
        tri_client_conn_mark_dirty(c); /* the next one, at the next look */
    }
}

/* HTTP/3 was tried, and there is more: from the first address on. */
static void fall_back_to_tcp(struct tri_client_conn *c)
{
    TRI_LOG(&c->client->config.log, DEBUG, "conn.fallback", TRI_KV_U("conn", c->carrier.conn_id),
            TRI_KV_S("host", c->url.authority), TRI_KV_S("cause", tri_fault_name(c->fault.fault)),
            TRI_KV_S("text", c->fault.text));
    tri_client_services_avoid(&c->client->services, &c->url, c->client->sessions.now_ns);
    c->over_quic = false;
    c->addr_at = 0;
}

/* Whether there is another attempt. */
static bool go_on(struct tri_client_conn *c)
{
    if (c->is_unanswered && c->addr_at + 1 < c->addrs_len) {
        c->addr_at++;
        return true;
    }
    if (c->over_quic && may_use_tcp(c)) {
        fall_back_to_tcp(c);
        return true;
    }
    const bool was_h2 = strcmp(c->carrier.http, "h2") == 0;
    if (c->fault.fault == TRI_FAULT_NO_CONNECT && was_h2 && (c->tcp_versions & TRI_HTTP_1_1)) {
        c->tcp_versions = TRI_HTTP_1_1;
        return true;
    }
    return false;
}

/* Nobody speaks QUIC there: of one that may use nothing else it is the version that is not there. */
static void say_no_h3(struct tri_client_conn *c)
{
    char why[TRI_CLIENT_FAULT_TEXT_MAX / 2];
    (void)snprintf(why, sizeof why, "%.100s", c->fault.text);
    tri_client_fault_set(&c->fault, TRI_FAULT_VERSION,
                         "h3 was asked for, and nobody speaks it there: %s", why);
}

void tri_client_attempt_failed(struct tri_client_conn *c, uint64_t now_ns)
{
    if (go_on(c)) {
        tri_client_attempt_start(c, now_ns);
        return;
    }
    if (c->over_quic && c->is_unanswered) {
        say_no_h3(c);
    }
    tri_client_conn_end(c);
}
