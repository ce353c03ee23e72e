/*
 * Every frame of HTTP/2 malformed, in the wrong state, on the wrong stream, over size: the error of
 * RFC 9113 with its scope (section 5.4). What is wrong with one stream leaves a WebSocket on the
 * same connection echoing; what is wrong with the connection ends it, and its GOAWAY says why, while a
 * WebSocket on another connection echoes. Rows E3, E4, E5.
 *
 * Where the RFC leaves a choice the tables quote the sentence.
 */
#include "cases_h2.h"
#include "rig_h2.h"

#include <stdio.h>
#include <stdlib.h>

#define SIBLING 1

static void hold_credit(struct rig_h2 *r, struct tenant *t)
{
    (void)r;
    tenant_accept(t);
    t->hold_credit = true;
}

static void answer_first_alone(struct rig_h2 *r, struct tenant *t)
{
    if (r->tenants_len == 1) {
        tenant_accept(t);
    }
}

static void play(struct rig_h2 *r, const struct step_h2 *step)
{
    static const uint8_t zeros[32 * 1024];
    assert_true(step->payload || step->len <= sizeof zeros);
    const void *payload = step->payload ? (const void *)step->payload : zeros;
    for (unsigned i = 0; i == 0 || i < step->times; i++) {
        struct bytes_h2 in = {.len = 0};
        frames_h2_frame(&in, step->type, step->flags, step->stream_id, payload, step->len);
        rig_h2_bytes(r, &in);
    }
}

static bool is_step(const struct step_h2 *step)
{
    return step->type != 0 || step->flags != 0 || step->stream_id != 0 || step->len != 0;
}

static void play_all(struct rig_h2 *r, const struct case_h2 *c)
{
    if (c->preface) {
        rig_h2_input(r, c->preface, c->preface_len);
        return;
    }
    rig_h2_handshake(r, SIBLING);
    assert_int_equal(rig_h2_status(r, SIBLING), 200);
    for (size_t i = 0; i < CASE_H2_STEPS_MAX && is_step(&c->steps[i]); i++) {
        assert_false(r->conn->ops->is_done(r->conn)); /* only the last step may be wrong */
        play(r, &c->steps[i]);
    }
}

static void assert_sibling_echoes(struct rig_h2 *r)
{
    static const char words[] = "still here";
    struct tenant *t = rig_h2_tenant(r, 0);
    struct bytes_h2 in = {.len = 0};
    t->hold_credit = false;
    frames_h2_data(&in, SIBLING, words, sizeof words, false);
    rig_h2_bytes(r, &in);
    assert_int_equal(r->recv_err, TRI_OK);
    assert_int_equal(t->in_len, sizeof words);
    tenant_room(t, sizeof words);
    tenant_send(t, t->in, t->in_len);
    rig_h2_output(r);
    const struct frame_h2 echo = rig_h2_frame(r, NGHTTP2_DATA, SIBLING, 0);
    assert_int_equal(echo.payload.len, sizeof words);
    assert_memory_equal(echo.payload.data, words, sizeof words);
    assert_int_equal(t->closes, 0);
}

static size_t count_resets(const struct rig_h2 *r)
{
    struct tri_slice rest = tri_slice_of(r->out.data, r->out.len);
    struct frame_h2 frame;
    size_t count = 0;
    while (frames_h2_next(&rest, &frame)) {
        count += frame.type == NGHTTP2_RST_STREAM;
    }
    return count;
}

static void assert_sockets_are_lost(const struct rig_h2 *r)
{
    for (size_t i = 0; i < r->tenants_len; i++) {
        assert_int_equal(r->tenants[i]->closes, r->tenants[i]->bound ? 1 : 0);
    }
}

static void assert_outcome(struct rig_h2 *r, const struct case_h2 *c)
{
    switch (c->outcome) {
    case CASE_H2_FINE:
        assert_int_equal(rig_h2_count(r, NGHTTP2_GOAWAY, 0), 0);
        assert_int_equal(count_resets(r), 0);
        assert_sibling_echoes(r);
        return;
    case CASE_H2_RESET:
        rig_h2_assert_reset(r, c->stream_id, c->code);
        assert_int_equal(count_resets(r), 1);
        assert_sibling_echoes(r);
        return;
    case CASE_H2_ANSWERED:
        assert_int_equal(rig_h2_status(r, c->stream_id), (int)c->code);
        assert_int_equal(rig_h2_count(r, NGHTTP2_GOAWAY, 0), 0);
        assert_sibling_echoes(r);
        return;
    case CASE_H2_GOAWAY:
        rig_h2_assert_goaway(r, c->code);
        assert_int_equal(rig_h2_count(r, NGHTTP2_GOAWAY, 0), 1);
        assert_true(r->conn->ops->is_done(r->conn));
        assert_sockets_are_lost(r);
        return;
    }
}

static void run_case_in(const struct case_h2 *c, size_t piece_max)
{
    struct rig_h2 bystander; /* on a connection of its own */
    struct rig_h2 r;
    rig_h2_init(&bystander);
    rig_h2_handshake(&bystander, SIBLING);
    rig_h2_init(&r);
    r.piece_max = piece_max;
    r.on_request = c->holds_credit ? hold_credit : c->is_waiting ? answer_first_alone : NULL;
    play_all(&r, c);
    assert_outcome(&r, c);
    assert_sibling_echoes(&bystander);
    rig_h2_deinit(&r);
    rig_h2_deinit(&bystander);
}

static void run_case(void **state)
{
    run_case_in(*state, 0);
    run_case_in(*state, 1); /* byte by byte */
}

static size_t count_cases(const struct case_h2 *table)
{
    size_t n = 0;
    for (; table[n].name; n++) {}
    return n;
}

int main(void)
{
    const struct case_h2 *const tables[] = {cases_h2_frames, cases_h2_control, cases_h2_fields};
    struct CMUnitTest tests[400];
    size_t len = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const size_t n = count_cases(tables[i]);
        for (size_t k = 0; k < n && len < sizeof tests / sizeof tests[0]; k++) {
            tests[len++] = (struct CMUnitTest){
                .name = tables[i][k].name,
                .test_func = run_case,
                .initial_state = (void *)(uintptr_t)&tables[i][k],
            };
        }
    }
    assert_true(len >= 120);
    const int failed = _cmocka_run_group_tests("h2_frames", tests, len, NULL, NULL);
    printf("h2 frames: %zu cases, %d failed\n", len, failed);
    return failed;
}
