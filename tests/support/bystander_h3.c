#include "bystander_h3.h"

#include <assert.h>

#define ECHO_BYTES_MAX ((size_t)4096) /* of all echoes together */

void bystander_h3_swap(struct bystander_h3 *b, struct rig_h3 *r)
{
    struct peer_h3 *peer = r->peer;
    struct tri_addr client = r->client;
    r->peer = b->peer;
    r->client = b->client;
    b->peer = peer;
    b->client = client;
    b->is_in = !b->is_in;
}

void bystander_h3_init(struct bystander_h3 *b, struct rig_h3 *r)
{
    assert(!r->peer);
    *b = (struct bystander_h3){.client = r->client, .tenant = r->tenants_len};
    tri_addr_set_port(&b->client, 40000);
    r->any_client = true;
    bystander_h3_swap(b, r);
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    b->stream = rig_h3_websocket(r);
    tenant_room(rig_h3_tenant(r, b->tenant), ECHO_BYTES_MAX);
    bystander_h3_swap(b, r);
    bystander_h3_assert_echo(b, r);
}

void bystander_h3_deinit(struct bystander_h3 *b, struct rig_h3 *r)
{
    if (b->is_in) {
        bystander_h3_swap(b, r);
    }
    peer_h3_free(b->peer);
}

void bystander_h3_assert_echo(struct bystander_h3 *b, struct rig_h3 *r)
{
    bystander_h3_swap(b, r);
    struct tenant *t = rig_h3_tenant(r, b->tenant);
    b->echoes++;
    peer_h3_data(r->peer, b->stream, "echo", 4);
    rig_h3_run(r);
    assert_int_equal(t->in_len, 4 * b->echoes);
    tenant_send(t, "echo", 4);
    rig_h3_run(r);
    assert_int_equal(tri_buf_peek(&rig_h3_seen(r, b->stream)->body).len, 4 * b->echoes);
    bystander_h3_swap(b, r);
}
