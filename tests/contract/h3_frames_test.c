/*
 * A client that does not keep to HTTP/3, QPACK or QUIC: each fault ends what it must, with its code,
 * and nothing else. After an error of a stream, a WebSocket on the same connection still echoes;
 * after one of the connection, a WebSocket on another connection of the endpoint does. Rows E3, E4.
 */
#include "bystander_h3.h"
#include "cases_h3.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct scene {
    struct rig_h3 rig;
    struct bystander_h3 bystander;
    struct bare_h3 bare;
    int64_t last; /* the stream of the last act */
    bool has_ended;
};

static struct scene *open_scene(const struct case_h3 *c)
{
    struct scene *s = calloc(1, sizeof *s);
    assert(s);
    bool made = rig_h3_init(&s->rig, &(struct rig_h3_options){.peer = {.is_bare = true}});
    assert(made);
    s->rig.options.peer.is_bare = false;
    bystander_h3_init(&s->bystander, &s->rig);
    s->rig.options.peer.is_bare = true;
    bare_h3_init(&s->bare, &s->rig, !c->is_first);
    return s;
}

static void close_scene(struct scene *s)
{
    bystander_h3_deinit(&s->bystander, &s->rig);
    rig_h3_deinit(&s->rig);
    free(s);
}

/* ---- acts */

static int64_t stream_of(struct scene *s, const struct act_h3 *a)
{
    switch (a->where) {
    case ACT_H3_REQUEST:
        return peer_h3_raw_open(s->rig.peer, false);
    case ACT_H3_UNI:
        return peer_h3_raw_open(s->rig.peer, true);
    case ACT_H3_CONTROL:
        return BARE_H3_CONTROL;
    case ACT_H3_ENCODER:
        return BARE_H3_ENCODER;
    case ACT_H3_DECODER:
        return BARE_H3_DECODER;
    case ACT_H3_SAME:
    case ACT_H3_PACKET:
    case ACT_H3_NONE:
        return s->last;
    }
    return -1;
}

static void write_bytes(struct scene *s, const struct act_h3 *a)
{
    struct peer_h3 *p = s->rig.peer;
    bool fin = a->end == ACT_H3_FIN;
    if (a->fields) {
        uint8_t *head = malloc(BARE_H3_BYTES_MAX);
        assert(head);
        peer_h3_raw_send(p, s->last, head, bare_h3_headers(head, a->fields), fin);
        free(head);
    } else if (a->len > 0 || fin) {
        peer_h3_raw_send(p, s->last, a->bytes, a->len, fin);
    }
}

static void act(struct scene *s, const struct act_h3 *a)
{
    if (a->where == ACT_H3_PACKET) {
        bare_h3_inject(&s->bare, a->bytes, a->len);
        return;
    }
    s->last = stream_of(s, a);
    assert(s->last >= 0);
    write_bytes(s, a);
    s->has_ended = a->end != ACT_H3_OPEN;
    if (a->end == ACT_H3_RESET) {
        rig_h3_flush(&s->rig);
        int rv = ngtcp2_conn_shutdown_stream_write(s->rig.peer->quic, 0, s->last, 0);
        assert(rv == 0);
    }
}

/* ---- outcomes */

static bool has_answer(const struct scene *s, const char *text)
{
    struct tri_slice in = tri_buf_peek(&s->rig.peer->raw_in);
    return memmem(in.data, in.len, text, strlen(text)) != NULL;
}

static void check_quiet(const struct scene *s, size_t requests)
{
    assert_int_equal(s->rig.tenants_len, 2 + requests);
    assert_int_equal(s->rig.peer->raw_resets, 0);
    assert_int_equal(s->rig.cancels, 0);
}

/* What has ended needs no STOP_SENDING: RFC 9000 section 3.5. */
static void check_stream(const struct scene *s, uint64_t code, bool is_reset)
{
    const struct peer_h3 *p = s->rig.peer;
    assert_int_equal(p->raw_stops, s->has_ended ? 0 : 1);
    assert_int_equal(s->has_ended ? code : p->raw_stop_code, code);
    assert_int_equal(p->raw_resets, is_reset ? 1 : 0);
    assert_int_equal(is_reset ? p->raw_reset_code : code, code);
}

static void check_closed(const struct scene *s, ngtcp2_ccerr_type type, uint64_t code)
{
    rig_h3_assert_closed(&s->rig, type, code);
    assert_int_equal(s->rig.closes, 1); /* its own alone */
    assert_int_equal(s->rig.tenants[s->bare.tenant].cause, TRI_STREAM_CONN_LOST);
}

static void check(const struct scene *s, const struct case_h3 *c)
{
    bool ends = c->outcome == CASE_H3_CONNECTION || c->outcome == CASE_H3_TRANSPORT;
    if (!ends && s->rig.peer->closed) {
        fail_msg("the connection ended with 0x%x", (unsigned)s->rig.peer->why.error_code);
    }
    switch (c->outcome) {
    case CASE_H3_IGNORED:
        check_quiet(s, 0);
        assert_int_equal(s->rig.peer->raw_stops, 0);
        return;
    case CASE_H3_SERVED:
        check_quiet(s, 1);
        return;
    case CASE_H3_LARGE:
        check_quiet(s, 0);
        assert_true(has_answer(s, "431"));
        return;
    case CASE_H3_STREAM:
        check_stream(s, c->code, true);
        return;
    case CASE_H3_STOPPED:
        check_stream(s, c->code, false);
        return;
    case CASE_H3_CONNECTION:
        check_closed(s, NGTCP2_CCERR_TYPE_APPLICATION, c->code);
        return;
    case CASE_H3_TRANSPORT:
        check_closed(s, NGTCP2_CCERR_TYPE_TRANSPORT, c->code);
        return;
    }
}

static void run_case(void **state)
{
    const struct case_h3 *c = *state;
    struct scene *s = open_scene(c);
    for (size_t i = 0; i < CASE_H3_ACTS_MAX && c->acts[i].where != ACT_H3_NONE; i++) {
        act(s, &c->acts[i]);
    }
    rig_h3_run(&s->rig);
    check(s, c);
    if (c->outcome != CASE_H3_CONNECTION && c->outcome != CASE_H3_TRANSPORT) {
        bare_h3_assert_echo(&s->bare);
    }
    bystander_h3_assert_echo(&s->bystander, &s->rig);
    close_scene(s);
}

static size_t fill_tests(struct CMUnitTest *tests, struct cases_h3 part)
{
    for (size_t i = 0; i < part.len; i++) {
        const struct case_h3 *c = &part.cases[i];
        tests[i] = (struct CMUnitTest){
            .name = c->name, .test_func = run_case, .initial_state = (void *)(uintptr_t)c};
    }
    return part.len;
}

int main(void)
{
    static struct CMUnitTest tests[400];
    const struct cases_h3 parts[] = {cases_h3_control(), cases_h3_request(), cases_h3_fields(),
                                     cases_h3_qpack(), cases_h3_quic()};
    size_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert(n + parts[i].len <= sizeof tests / sizeof tests[0]);
        n += fill_tests(tests + n, parts[i]);
    }
    assert(n >= 80);
    const int failed = _cmocka_run_group_tests("h3_frames", tests, n, NULL, NULL);
    printf("h3 frames: %zu cases, %d failed\n", n, failed);
    return failed;
}
