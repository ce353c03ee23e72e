/* See server_gate.h. */
#include "server_gate.h"

#include "base_timeout.h"
#include "server_hub.h"

#define LOG_INTERVAL_NS (1000 * TRI_NS_PER_MS)

void tri_gate_init(struct tri_gate *gate, const struct tri_alloc *alloc)
{
    *gate = (struct tri_gate){.peers = {.len = 0}};
    tri_peers_init(&gate->peers, alloc, tri_random_system());
}

void tri_gate_deinit(struct tri_gate *gate)
{
    tri_peers_deinit(&gate->peers);
}

static void refuse(struct tri_hub *hub, enum tri_conn_refused why, const struct tri_addr *remote)
{
    hub->metrics.conns_refused[why]++;
    hub->gate.refused[why].untold++;
    const uint64_t now_ns = tri_hub_now_ns(hub);
    if (now_ns < hub->gate.refused[why].next_log_ns) {
        return;
    }
    char text[TRI_ADDR_TEXT_MAX];
    tri_addr_format(remote, text);
    TRI_LOG(tri_hub_log(hub), WARN, "conn.refuse", TRI_KV_S("reason", tri_conn_refused_name(why)),
            TRI_KV_U("refused", hub->gate.refused[why].untold), TRI_KV_S("remote", text));
    hub->gate.refused[why].untold = 0;
    hub->gate.refused[why].next_log_ns = now_ns + LOG_INTERVAL_NS;
}

uint64_t tri_gate_enter(struct tri_hub *hub, const struct tri_addr *remote)
{
    if (!tri_budget_takes_conns(&hub->shared->budget)) {
        refuse(hub, TRI_CONN_REFUSED_MEMORY, remote);
        return 0;
    }
    const uint64_t id = tri_shared_conn_open(hub->shared);
    if (id == 0) {
        refuse(hub, TRI_CONN_REFUSED_LIMIT, remote);
    }
    return id;
}

bool tri_gate_admit(struct tri_hub *hub, const struct tri_addr *remote, struct tri_peer **out)
{
    const uint32_t max = tri_hub_config(hub)->limits.connections_address_max;
    const enum tri_err err = tri_peers_enter(&hub->gate.peers, remote, max, out);
    if (err == TRI_ERR_LIMIT) {
        refuse(hub, TRI_CONN_REFUSED_ADDRESS, remote);
    }
    return err == TRI_OK;
}

void tri_gate_leave(struct tri_hub *hub, struct tri_peer *peer)
{
    tri_peers_leave(&hub->gate.peers, peer);
    tri_shared_conn_close(hub->shared);
}
