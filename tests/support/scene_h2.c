#include "scene_h2.h"

/* All that a tenant ever sends in one test. */
#define TENANT_BYTES ((size_t)(64 * 1024))

void scene_h2_assert_echoes(struct rig_h2 *r)
{
    static const char words[] = "echo";
    struct tenant *t = rig_h2_tenant(r, 0);
    struct bytes_h2 in = {.len = 0};
    const size_t in_before = t->in_len;
    const size_t frames_before = rig_h2_count(r, NGHTTP2_DATA, 1);
    frames_h2_data(&in, 1, words, sizeof words, false);
    rig_h2_bytes(r, &in);
    assert_int_equal(t->in_len, in_before + sizeof words);
    tenant_send(t, t->in + in_before, sizeof words);
    rig_h2_output(r);
    const struct frame_h2 frame = rig_h2_frame(r, NGHTTP2_DATA, 1, frames_before);
    assert_int_equal(frame.payload.len, sizeof words);
    assert_memory_equal(frame.payload.data, words, sizeof words);
}

void scene_h2_init_with(struct scene_h2 *s, const struct tri_limits *limits)
{
    rig_h2_init_with(&s->attacker, limits, true);
    rig_h2_init(&s->bystander);
    rig_h2_handshake(&s->attacker, 1);
    rig_h2_handshake(&s->bystander, 1);
    tenant_room(rig_h2_tenant(&s->attacker, 0), TENANT_BYTES);
    tenant_room(rig_h2_tenant(&s->bystander, 0), TENANT_BYTES);
    s->bytes_before = s->attacker.alloc.bytes;
    test_alloc_restart_peak(&s->attacker.alloc);
}

void scene_h2_init(struct scene_h2 *s)
{
    struct tri_limits limits;
    tri_limits_default(&limits);
    scene_h2_init_with(s, &limits);
}

void scene_h2_deinit(struct scene_h2 *s)
{
    scene_h2_assert_echoes(&s->bystander);
    assert_true(s->attacker.alloc.bytes_peak < s->bytes_before + SCENE_H2_PEAK_BYTES_MAX);
    rig_h2_deinit(&s->attacker);
    rig_h2_deinit(&s->bystander);
}

bool scene_h2_is_done(struct rig_h2 *r)
{
    return r->conn->ops->is_done(r->conn);
}
