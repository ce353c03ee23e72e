/* See scene_h3.h. */
#include "scene_h3.h"

#include "base_limits.h"
#include "base_timeout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void scene_h3_echo(struct scene_h3 *s)
{
    bystander_h3_assert_echo(&s->bystander, &s->rig);
    s->report->echoes++;
}

void scene_h3_echo_beside(struct scene_h3 *s)
{
    bare_h3_assert_echo(&s->bare);
    s->report->echoes_beside++;
}

struct scene_h3 *scene_h3_new(struct attack_report *r)
{
    struct scene_h3 *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->report = r;
    assert_true(rig_h3_init(&s->rig, &(struct rig_h3_options){.lossy = false}));
    bystander_h3_init(&s->bystander, &s->rig);
    scene_h3_echo(s);
    s->level = s->rig.alloc.bytes;
    s->elsewhere = s->rig.elsewhere_bytes;
    return s;
}

struct scene_h3 *scene_h3_new_connected(struct attack_report *r)
{
    struct scene_h3 *s = scene_h3_new(r);
    s->rig.options.peer.is_bare = true;
    bare_h3_init(&s->bare, &s->rig, true);
    scene_h3_echo_beside(s);
    s->elsewhere = s->rig.elsewhere_bytes;
    return s;
}

void scene_h3_drain(struct scene_h3 *s)
{
    struct tri_h3_run run;
    while (tri_h3_endpoint_send(s->rig.endpoint, &run, s->rig.now_ns)) {
        if (tri_addr_equal(&run.remote, &s->bystander.client)) {
            continue; /* lost: it stands aside */
        }
        s->datagrams += (run.len + run.segment - 1) / run.segment;
        s->bytes += run.len;
    }
}

void scene_h3_pass(struct scene_h3 *s, uint64_t ms)
{
    s->rig.now_ns += ms * TRI_NS_PER_MS;
    if (tri_h3_endpoint_deadline_ns(s->rig.endpoint) <= s->rig.now_ns) {
        tri_h3_endpoint_expire(s->rig.endpoint, s->rig.now_ns);
    }
    scene_h3_drain(s);
}

/* The attacker hears nothing of what comes of it. */
void scene_h3_hit(struct scene_h3 *s, const void *frames, size_t len)
{
    bare_h3_inject(&s->bare, frames, len);
    scene_h3_drain(s);
    assert_true(s->rig.alloc.bytes <= s->level + SCENE_H3_CONN_BYTES_MAX);
    if (++s->hits % 32 == 0) {
        scene_h3_echo(s);
    }
}

/* What went to it, also while the rig served the bystander. */
size_t scene_h3_bytes_out(const struct scene_h3 *s)
{
    return s->bytes + s->rig.elsewhere_bytes - s->elsewhere;
}

bool scene_h3_is_stopped(const struct scene_h3 *s)
{
    return s->rig.closes > 0;
}

/* It is stopped with this code: the close is said again to a packet that comes late. */
void scene_h3_assert_stopped(struct scene_h3 *s, uint64_t code)
{
    assert_int_equal(s->rig.closes, 1);
    for (int i = 0; i < 3; i++) {
        bare_h3_inject(&s->bare, "\x01", 1);
    }
    rig_h3_run(&s->rig);
    rig_h3_assert_closed(&s->rig, NGTCP2_CCERR_TYPE_TRANSPORT, code);
    (void)snprintf(s->report->stopped_by, sizeof s->report->stopped_by,
                   "CONNECTION_CLOSE 0x%" PRIx64, code);
}

/* Nothing had to end: a limit kept it small. */
void scene_h3_note(struct scene_h3 *s, const char *what)
{
    (void)snprintf(s->report->stopped_by, sizeof s->report->stopped_by, "%s", what);
}

/* The attacker is gone: nothing is left of it. */
void scene_h3_free(struct scene_h3 *s)
{
    rig_h3_hang_up(&s->rig);
    scene_h3_echo(s);
    bystander_h3_swap(&s->bystander, &s->rig);
    rig_h3_advance(&s->rig, s->rig.limits.idle_timeout_ms + 60 * (uint64_t)1000);
    bystander_h3_swap(&s->bystander, &s->rig);
    scene_h3_echo(s);
    assert_true(s->rig.alloc.bytes <= s->level + SCENE_H3_SLACK_BYTES);
    s->report->before = s->level;
    s->report->after = s->rig.alloc.bytes;
    assert_int_equal(s->rig.closes + 1, s->rig.accepts);
    bystander_h3_deinit(&s->bystander, &s->rig);
    rig_h3_deinit(&s->rig);
    free(s);
}
