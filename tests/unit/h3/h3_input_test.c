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

static void leave_unanswered(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    (void)t;
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

/* ---- frames of a socket, which nghttp3 does not get */

static struct tenant *socket_of(struct scene *s)
{
    return rig_h3_tenant(&s->rig, s->bare.tenant);
}

/* Of the shortest and of longer spellings, one that is empty, and some of a kind that nobody knows. */
static void frames_of_a_socket_in_pieces_are_its_bytes(void **state)
{
    (void)state;
    static const char frames[] = "\x00\x02he"
                                 "\x40\x00\x40\x01l"
                                 "\x00\x00"
                                 "\x21\x03xyz"
                                 "\x80\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x02lo"
                                 "\x40\x40\x00";
    for (size_t size = 1; size < sizeof frames; size++) {
        struct scene *s = open_scene();
        struct tenant *t = socket_of(s);
        const size_t before = t->in_len;
        for (size_t at = 0; at < sizeof frames - 1; at += size) {
            const size_t left = sizeof frames - 1 - at;
            peer_h3_raw_send(s->rig.peer, s->bare.socket, frames + at, left < size ? left : size,
                             false);
            rig_h3_run(&s->rig);
        }
        assert_int_equal(t->in_len, before + 5);
        assert_memory_equal(t->in + before, "hello", 5);
        peer_h3_raw_send(s->rig.peer, s->bare.socket, "", 0, true);
        rig_h3_run(&s->rig);
        assert_int_equal(t->fins, 1);
        close_scene(s);
    }
}

/* A frame that began before the socket was one is nghttp3's to the end, and no byte is lost. */
static void a_frame_that_began_before_the_answer_is_whole(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    uint8_t *bytes = malloc(BARE_H3_BYTES_MAX);
    assert_non_null(bytes);
    s->rig.on_request = leave_unanswered;
    const int64_t id = peer_h3_raw_open(s->rig.peer, false);
    peer_h3_raw_send(s->rig.peer, id, bytes, bare_h3_headers(bytes, rig_h3_websocket_fields),
                     false);
    peer_h3_raw_send(s->rig.peer, id, "\x00\x05he", 4, false);
    rig_h3_run(&s->rig);
    struct tenant *t = rig_h3_tenant(&s->rig, s->rig.tenants_len - 1);
    tenant_accept(t);
    rig_h3_run(&s->rig);
    assert_int_equal(t->in_len, 2);
    peer_h3_raw_send(s->rig.peer, id, "llo\x00\x01 \x00\x05wo", 10, false);
    rig_h3_run(&s->rig);
    peer_h3_raw_send(s->rig.peer, id, "rld", 3, true);
    rig_h3_run(&s->rig);
    assert_int_equal(t->in_len, 11);
    assert_memory_equal(t->in, "hello world", 11);
    assert_int_equal(t->fins, 1);
    free(bytes);
    close_scene(s);
}

/* More than the window: what is not the tenant's is credited too. */
static void unknown_frames_on_a_socket_use_up_no_window(void **state)
{
    (void)state;
    enum { PAYLOAD = 16000 };
    struct scene *s = open_scene();
    uint8_t *frame = calloc(1, PAYLOAD + 3);
    assert_non_null(frame);
    memcpy(frame, "\x21\x7e\x80", 3);
    assert_int_equal(0x3e80, PAYLOAD);
    for (size_t sent = 0; sent < 3 * (size_t)TRI_STREAM_WINDOW_BYTES; sent += PAYLOAD) {
        peer_h3_raw_send(s->rig.peer, s->bare.socket, frame, PAYLOAD + 3, false);
        rig_h3_run(&s->rig);
    }
    bare_h3_assert_echo(&s->bare);
    free(frame);
    close_scene(s);
}

/* RFC 9114 section 10.5 */
static void unknown_frames_on_a_socket_without_end_end_the_connection(void **state)
{
    (void)state;
    struct scene *s = open_scene();
    size_t frames = 0;
    while (!s->rig.peer->closed && frames < 5000) {
        peer_h3_raw_send(s->rig.peer, s->bare.socket, "\x21\x00", 2, false);
        frames++;
        if (frames % 100 == 0) {
            rig_h3_run(&s->rig);
        }
    }
    assert_in_range(frames, 1000, 1300);
    rig_h3_assert_closed(&s->rig, NGTCP2_CCERR_TYPE_APPLICATION, NGHTTP3_H3_EXCESSIVE_LOAD);
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_in_pieces_is_served),
        cmocka_unit_test(a_bad_field_in_pieces_is_an_error_of_its_stream),
        cmocka_unit_test(kinds_that_do_not_end_end_the_connection),
        cmocka_unit_test(kinds_that_are_given_up_leave_nothing),
        cmocka_unit_test(frames_of_a_socket_in_pieces_are_its_bytes),
        cmocka_unit_test(a_frame_that_began_before_the_answer_is_whole),
        cmocka_unit_test(unknown_frames_on_a_socket_use_up_no_window),
        cmocka_unit_test(unknown_frames_on_a_socket_without_end_end_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
