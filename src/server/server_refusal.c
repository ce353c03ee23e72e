/* See server_refusal.h. */
#include "server_refusal.h"

#include <assert.h>

static void log_refusal(const struct tri_log *log, const struct tri_carrier *carrier,
                        enum tri_refused why, int status, struct tri_slice path)
{
    const struct tri_log_field fields[] = {
        TRI_KV_S("http", carrier->http),
        TRI_KV_U("conn", carrier->conn_id),
        TRI_KV_S("remote", carrier->remote),
        TRI_KV_S("reason", tri_refused_name(why)),
        TRI_KV_I("status", status),
        TRI_KV_SLICE("path", path), /* last: left out where it is not known */
    };
    const size_t len = sizeof fields / sizeof fields[0];
    tri_log_event(log, TRI_LOG_INFO, "request.refuse", fields, path.len > 0 ? len : len - 1);
}

void tri_refusal_note(struct tri_link *link, const struct tri_carrier *carrier,
                      enum tri_refused why, int status, struct tri_slice path)
{
    assert((size_t)why < TRI_REFUSED_LEN && link->metrics);
    struct tri_hub *hub = link->hub;
    link->metrics->refused[why]++;
    if (tri_log_wants(tri_hub_log(hub), TRI_LOG_INFO) &&
        tri_log_limit_take(&hub->refusals_logged, TRI_REFUSALS_LOGGED_PER_SECOND,
                           tri_hub_now_ns(hub))) {
        log_refusal(tri_hub_log(hub), carrier, why, status, path);
    }
}

uint64_t tri_refusals_deadline_ns(const struct tri_hub *hub)
{
    return tri_log_limit_deadline_ns(&hub->refusals_logged);
}

void tri_refusals_expire(struct tri_hub *hub, uint64_t now_ns)
{
    const uint64_t left_out = tri_log_limit_tell(&hub->refusals_logged, now_ns);
    if (left_out > 0) {
        TRI_LOG(tri_hub_log(hub), INFO, "request.refuse.more", TRI_KV_U("not_logged", left_out));
    }
}
