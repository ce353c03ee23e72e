/*
 * Streams past the guard to nghttp3: whatever their pieces, the same comes of them, and kinds that
 * never come whole end in a limit. Rows E3, E4.
 */
#include "h3_input.h"

#include "bystander_h3.h"
#include "bare_h3.h"

#include <assert.h>
#include <stdlib.h>

#define TRAILERS "\x01\x06\x00\x00\x21x\x01y"

struct scene {
    struct rig_h3 rig;
    struct bystander_h3 bystander;
    struct bare_h3 bare;
};

static struct scene *open_scene(void)
{
    struct scene *s = calloc(1, sizeof *s);
    assert(s);
    bool made = rig_h3_init(&s->rig, &(struct rig_h3_options){.peer = {.is_bare = true}});
    assert(made);
    s->rig.options.peer.is_bare = false;
    bystander_h3_init(&s->bystander, &s->rig);
    s->rig.options.peer.is_bare = true;
    bare_h3_init(&s->bare, &s->rig, true);
    return s;
}

static void close_scene(struct scene *s)
{
    bystander_h3_assert_echo(&s->bystander, &s->rig);
    bystander_h3_deinit(&s->bystander, &s->rig);
    rig_h3_deinit(&s->rig);
    free(s);
}

/* A stream that is written in pieces of |size|, each in a packet of its own. */
static void write_in_pieces(struct scene *s, const char *data, size_t len, size_t size)
{
    const int64_t id = peer_h3_raw_open(s->rig.peer, false);
    for (size_t at = 0; at < len; at += size) {
        const size_t n = len - at < size ? len - at : size;
        peer_h3_raw_send(s->rig.peer, id, data + at, n, at + n == len);
        rig_h3_run(&s->rig);
    }
}

static void a_request_in_pieces_is_served(void **state)
{
    (void)state;
    static const char request[] =
        "\x40\x40\x00\x21\x03xyz\x40\x01\x40\x08\x00\x00\xd1\xd7\xc1\x50\x01"
        "a\x00\x02hi" TRAILERS "\x21\x00";
    for (size_t size = 1; size < sizeof request; size++) {
        struct scene *s = open_scene();
        const size_t before = s->rig.tenants_len;
        write_in_pieces(s, request, sizeof request - 1, size);
        assert_int_equal(s->rig.tenants_len, before + 1);
        assert_int_equal(s->rig.peer->raw_resets, 0);
        assert_false(s->rig.peer->closed);
        bare_h3_assert_echo(&s->bare);
        close_scene(s);
    }
}

static void a_bad_field_in_pieces_is_an_error_of_its_stream(void **state)
{
    (void)state;
    static const char request[] = "\x01\x0d\x00\x00\xd1\xd7\xc1\x50\x01"
                                  "a\x21x\x02\x00y\x00\x02hi" TRAILERS;
    for (size_t size = 1; size < sizeof request; size++) {
        struct scene *s = open_scene();
        const size_t before = s->rig.tenants_len;
        write_in_pieces(s, request, sizeof request - 1, size);
        assert_int_equal(s->rig.tenants_len, before);
        assert_int_equal(s->rig.peer->raw_resets, 1);
        assert_int_equal(s->rig.peer->raw_reset_code, NGHTTP3_H3_MESSAGE_ERROR);
        bare_h3_assert_echo(&s->bare);
        close_scene(s);
    }
}

/* The limit: TRI_H3_GUARD_KINDS_MAX. */
static void kinds_that_do_not_end_end_the_connection(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    for (size_t i = 0; i <= TRI_H3_GUARD_KINDS_MAX; i++) {
        bare_h3_assert_echo(&s->bare);
        peer_h3_raw_send(s->rig.peer, peer_h3_raw_open(s->rig.peer, true), "\x40", 1, false);
        rig_h3_run(&s->rig);
    }
    rig_h3_assert_closed(&s->rig, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_EXCESSIVE_LOAD);
    close_scene(s);
}

/* RFC 9114 section 6.2: as many as one likes, one after the other. */
static void kinds_that_are_given_up_leave_nothing(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    for (size_t i = 0; i < 50; i++) {
        const int64_t id = peer_h3_raw_open(s->rig.peer, true);
        assert_true(id > 0);
        peer_h3_raw_send(s->rig.peer, id, "\xc0\x00", 2, i % 2 == 0);
        rig_h3_run(&s->rig);
        int rv = i % 2 ? ngtcp2_conn_shutdown_stream_write(s->rig.peer->quic, 0, id, 0) : 0;
        assert_int_equal(rv, 0);
        rig_h3_run(&s->rig);
    }
    bare_h3_assert_echo(&s->bare);
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_in_pieces_is_served),
        cmocka_unit_test(a_bad_field_in_pieces_is_an_error_of_its_stream),
        cmocka_unit_test(kinds_that_do_not_end_end_the_connection),
        cmocka_unit_test(kinds_that_are_given_up_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
