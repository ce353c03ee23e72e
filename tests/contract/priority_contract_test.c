/*
 * Priority, RFC 9218: who of the streams of one connection goes first when it is the bottleneck; the
 * same over HTTP/2 and HTTP/3. HTTP/1.1 has nothing to choose from.
 */
#include "rig_h2.h"
#include "rig_h3.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB ((size_t)(1024 * 1024))

/* How far two streams that share by bytes may be apart at their peer, and how much of a stream may be
 * on its way when another one goes first: a few frames, or a flight of packets. */
#define APART_BYTES_MAX ((size_t)(48 * 1024))

#define STREAMS_MAX 8

struct world {
    const struct wire *wire;
    struct rig_h2 h2;
    struct rig_h3 *h3;
    const struct tri_field *fields; /* of the responses to come */
    size_t fields_len;
    uint64_t length; /* of the plain ones */
};

/* One of the two, small enough a bottleneck that an urgent stream can fill it alone. */
struct wire {
    const char *name;
    void (*open)(struct world *w);
    void (*close)(struct world *w);
    int (*request)(struct world *w, const char *priority, bool is_socket); /* the stream's number */
    struct tenant *(*tenant)(struct world *w, int stream);
    /* PRIORITY_UPDATE, by hand: the clients' libraries know only of streams that they have opened. */
    void (*update)(struct world *w, int stream, const char *value);
    void (*step)(struct world *w);               /* some bytes move */
    size_t (*seen)(struct world *w, int stream); /* bytes at the peer */
};

static struct tri_response response_of(const struct world *w, bool is_socket)
{
    return (struct tri_response){
        .answer = is_socket ? TRI_ANSWER_WEBSOCKET : TRI_ANSWER_PLAIN,
        .status = 200,
        .fields = w->fields,
        .fields_len = w->fields_len,
        .content_length = is_socket ? TRI_LENGTH_NONE : w->length,
    };
}

/* ---- HTTP/2 */

static void reply_h2(struct rig_h2 *r, struct tenant *t)
{
    const struct tri_response response =
        response_of(TRI_CONTAINER_OF(r, struct world, h2), t->head->protocol.len > 0);
    assert_int_equal(rig_h2_reply(t, &response), TRI_OK);
}

static void open_h2(struct world *w)
{
    rig_h2_init(&w->h2);
    w->h2.on_request = reply_h2;
    const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 * MIB};
    assert_int_equal(nghttp2_submit_settings(w->h2.peer.session, NGHTTP2_FLAG_NONE, &window, 1), 0);
    rig_h2_run(&w->h2);
}

static void close_h2(struct world *w)
{
    rig_h2_deinit(&w->h2);
}

static int request_h2(struct world *w, const char *priority, bool is_socket)
{
    const struct tri_header headers[] = {{priority ? "priority" : NULL, priority}, {NULL, NULL}};
    return rig_h2_open(&w->h2, &(struct fixture_request){.protocol = is_socket ? "websocket" : NULL,
                                                         .headers = headers,
                                                         .fin = !is_socket});
}

static struct tenant *tenant_h2(struct world *w, int stream)
{
    return rig_h2_tenant(&w->h2, (size_t)stream);
}

static void to_server_h2(struct rig_h2 *r)
{
    const uint8_t *data;
    for (size_t n; (n = peer_h2_take(&r->peer, &data)) > 0;) {
        assert_int_equal(r->conn->ops->recv(r->conn, data, n, r->now_ns), TRI_OK);
    }
}

static void update_h2(struct world *w, int stream, const char *value)
{
    struct rig_h2 *r = &w->h2;
    uint8_t payload[64] = {0, 0, 0, (uint8_t)(1 + 2 * stream)};
    struct bytes_h2 in = {.len = 0};
    memcpy(payload + 4, value, strlen(value));
    to_server_h2(r); /* so that it comes between two frames of the client's */
    frames_h2_frame(&in, NGHTTP2_PRIORITY_UPDATE, 0, 0, payload, 4 + strlen(value));
    assert_int_equal(r->conn->ops->recv(r->conn, in.data, in.len, r->now_ns), TRI_OK);
    bytes_h2_free(&in);
}

/* One batch of few slices is all that the transport takes. */
static void step_h2(struct world *w)
{
    struct rig_h2 *r = &w->h2;
    struct tri_slice slices[16];
    size_t n = r->conn->ops->send(r->conn, slices, 16, r->now_ns);
    for (size_t i = 0; i < n; i++) {
        peer_h2_feed(&r->peer, slices[i].data, slices[i].len);
    }
    to_server_h2(r);
}

static size_t seen_h2(struct world *w, int stream)
{
    return w->h2.peer.streams[stream]->body.len;
}

/* ---- HTTP/3 */

static struct world *world_of_h3; /* a rig has no user pointer */

static void reply_h3(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    const struct tri_response response = response_of(world_of_h3, t->head->protocol.len > 0);
    assert_int_equal(rig_h3_reply(t, &response), TRI_OK);
}

static void open_h3(struct world *w)
{
    const struct rig_h3_options options = {
        .peer = {.stream_window = 4 * MIB, .conn_window = 32 * 1024}};
    w->h3 = rig_h3_new(&options);
    world_of_h3 = w;
    w->h3->on_request = reply_h3;
}

static void close_h3(struct world *w)
{
    rig_h3_free(w->h3);
}

static int request_h3(struct world *w, const char *priority, bool is_socket)
{
    struct tri_header fields[8];
    size_t n = 0;
    const struct tri_header *from = is_socket ? rig_h3_websocket_fields : rig_h3_get_fields;
    for (; from[n].name; n++) {
        fields[n] = from[n];
    }
    fields[n++] = (struct tri_header){priority ? "priority" : NULL, priority};
    fields[n] = (struct tri_header){NULL, NULL};
    int stream = rig_h3_request(w->h3, fields, !is_socket);
    rig_h3_run(w->h3);
    return stream;
}

static struct tenant *tenant_h3(struct world *w, int stream)
{
    return rig_h3_tenant(w->h3, (size_t)stream);
}

static void update_h3(struct world *w, int stream, const char *value)
{
    uint8_t frame[64] = {
        0x80, 0x0f, 0x07, 0x00, (uint8_t)(1 + strlen(value)), (uint8_t)(4 * stream)};
    assert_true(strlen(value) <= 30 && stream < 16);
    memcpy(frame + 6, value, strlen(value));
    peer_h3_raw_send(w->h3->peer, 2, frame, 6 + strlen(value), false);
    rig_h3_advance(w->h3, 2);
}

static void step_h3(struct world *w)
{
    rig_h3_advance(w->h3, 1);
}

static size_t seen_h3(struct world *w, int stream)
{
    return tri_buf_peek(&rig_h3_seen(w->h3, stream)->body).len;
}

static const struct wire wires[] = {
    {"h2", open_h2, close_h2, request_h2, tenant_h2, update_h2, step_h2, seen_h2},
    {"h3", open_h3, close_h3, request_h3, tenant_h3, update_h3, step_h3, seen_h3},
};

/* ---- what cases are made of */

static int open_socket(struct world *w, const char *priority)
{
    return w->wire->request(w, priority, true);
}

static int open_download(struct world *w, const char *priority)
{
    w->length = MIB;
    return w->wire->request(w, priority, false);
}

static size_t seen(struct world *w, int stream)
{
    return w->wire->seen(w, stream);
}

/* More than the wire takes for a while. */
static void fill(struct world *w, int stream, size_t len)
{
    static const uint8_t zeros[MIB];
    struct tenant *t = w->wire->tenant(w, stream);
    t->slice_max = 64 * 1024;
    tenant_room(t, len);
    for (size_t at = 0; at < len; at += len < MIB ? len : MIB) {
        tenant_send(t, zeros, len < MIB ? len : MIB);
    }
}

static void say(struct world *w, int stream, unsigned urgency)
{
    struct tenant *t = w->wire->tenant(w, stream);
    t->in_op = true; /* no event may come */
    t->exchange->stream.ops->set_urgency(&t->exchange->stream, urgency);
    t->in_op = false;
}

/* Until |stream| has |len| bytes. */
static void step_until(struct world *w, int stream, size_t len)
{
    for (int steps = 0; seen(w, stream) < len; steps++) {
        assert_true(steps < 5000);
        w->wire->step(w);
    }
}

/* From here on |first| goes alone, but for what is on its way, until it has |len| more. */
static void assert_goes_first(struct world *w, int first, int second, size_t len)
{
    const size_t before = seen(w, second);
    step_until(w, first, seen(w, first) + len);
    assert_in_range(seen(w, second) - before, 0, APART_BYTES_MAX);
}

/* From here on they share by bytes, until the first has |len| more. */
static void assert_take_turns(struct world *w, int one, int other, size_t len)
{
    const size_t one_before = seen(w, one);
    const size_t other_before = seen(w, other);
    while (seen(w, one) < one_before + len) {
        w->wire->step(w);
        const size_t a = seen(w, one) - one_before;
        const size_t b = seen(w, other) - other_before;
        assert_in_range(a > b ? a - b : b - a, 0, APART_BYTES_MAX);
    }
}

/* ---- sockets among each other */

static void E8_equal_sockets_share_by_bytes_at_any_moment(struct world *w)
{
    enum { SOCKETS = 5 };
    for (int i = 0; i < SOCKETS; i++) { /* incremental or not: a socket has no end to wait for */
        assert_int_equal(open_socket(w, i % 2 ? "u=3" : "u=3, i"), i);
    }
    for (int i = 0; i < SOCKETS; i++) {
        fill(w, i, MIB);
    }
    while (seen(w, 0) < MIB / 2) {
        w->wire->step(w);
        size_t least = SIZE_MAX;
        size_t most = 0;
        for (int i = 0; i < SOCKETS; i++) {
            least = seen(w, i) < least ? seen(w, i) : least;
            most = seen(w, i) > most ? seen(w, i) : most;
        }
        assert_in_range(most - least, 0, APART_BYTES_MAX);
    }
}

static void E8_a_field_of_the_handshake_sets_the_urgency(struct world *w)
{
    int late = open_socket(w, NULL);
    int soon = open_socket(w, "u=1");
    int last = open_socket(w, "u=7");
    fill(w, last, MIB);
    fill(w, late, MIB);
    fill(w, soon, MIB);
    assert_goes_first(w, soon, late, MIB / 2);
    step_until(w, soon, MIB);
    assert_goes_first(w, late, last, MIB / 2);
    step_until(w, last, MIB);
}

static void E8_PRIORITY_UPDATE_changes_it_in_the_middle(struct world *w)
{
    int one = open_socket(w, NULL);
    int two = open_socket(w, NULL);
    fill(w, one, MIB);
    fill(w, two, MIB);
    step_until(w, one, MIB / 8);
    w->wire->update(w, two, "u=2");
    assert_goes_first(w, two, one, MIB / 8);
    w->wire->update(w, two, "u=5, i");
    assert_goes_first(w, one, two, MIB / 8);
    w->wire->update(w, two, ""); /* what is left out has its default */
    assert_take_turns(w, one, two, MIB / 8);
}

static void E8_the_application_changes_it_in_the_middle(struct world *w)
{
    int one = open_socket(w, NULL);
    int two = open_socket(w, NULL);
    fill(w, one, MIB);
    fill(w, two, MIB);
    step_until(w, one, MIB / 8);
    say(w, two, TRI_URGENCY_FIRST);
    assert_goes_first(w, two, one, MIB / 8);
    say(w, two, TRI_URGENCY_LEAST);
    assert_goes_first(w, one, two, MIB / 8);
    say(w, two, TRI_URGENCY_DEFAULT);
    assert_take_turns(w, one, two, MIB / 8);
}

static void E8_the_application_beats_the_client(struct world *w)
{
    int one = open_socket(w, "u=1");
    int two = open_socket(w, "u=2");
    say(w, two, TRI_URGENCY_FIRST);
    fill(w, one, MIB);
    fill(w, two, MIB);
    assert_goes_first(w, two, one, MIB / 8);
    w->wire->update(w, two, "u=7");
    assert_goes_first(w, two, one, MIB / 8);
    w->wire->update(w, one, "u=0"); /* of a socket of which it has said nothing, it is heard */
    assert_take_turns(w, one, two, MIB / 8);
}

static void E8_an_update_that_came_before_the_request_beats_its_field(struct world *w)
{
    w->wire->update(w, 1, "u=6");
    int one = open_socket(w, NULL);
    int two = open_socket(w, "u=0");
    fill(w, one, MIB);
    fill(w, two, MIB);
    assert_goes_first(w, one, two, MIB / 8);
    w->wire->update(w, two, "u=1");
    assert_goes_first(w, two, one, MIB / 8);
}

/* RFC 9218 section 4: out of range is as if it were not there; and what is no dictionary, too. */
static void E8_an_update_without_sense_is_one_without_content(struct world *w)
{
    static const char *const values[] = {"u=9", "u=-1", "u=x", "u", "=", "i=5", "\xff\xff", "u=0,"};
    int one = open_socket(w, NULL);
    int two = open_socket(w, NULL);
    fill(w, one, 4 * MIB); /* a batch of HTTP/2 is large */
    fill(w, two, 4 * MIB);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        w->wire->update(w, two, "u=1");
        assert_goes_first(w, two, one, MIB / 64);
        w->wire->update(w, two, values[i]);
        assert_take_turns(w, one, two, MIB / 64);
    }
}

static void E8_a_field_without_sense_is_no_field(struct world *w)
{
    int one = open_socket(w, "u=9");
    int two = open_socket(w, "nothing of the kind; (");
    fill(w, one, MIB);
    fill(w, two, MIB);
    assert_take_turns(w, one, two, MIB / 4);
}

/* ---- sockets and downloads */

static void E8_a_download_does_not_delay_a_more_urgent_message(struct world *w)
{
    int download = open_download(w, "u=3, i");
    int socket = open_socket(w, "u=1");
    fill(w, download, MIB);
    step_until(w, download, MIB / 4);
    fill(w, socket, 100);
    const size_t before = seen(w, download);
    step_until(w, socket, 100);
    assert_in_range(seen(w, download) - before, 0, 3 * APART_BYTES_MAX); /* a batch of h2 */
    assert_true(seen(w, download) < MIB);
}

static void E8_a_download_in_one_piece_does_not_starve_its_equals(struct world *w)
{
    int download = open_download(w, NULL); /* not incremental */
    fill(w, download, MIB);
    step_until(w, download, MIB / 8);
    int socket = open_socket(w, NULL);
    /* The client was given the rest while the socket was opened. */
    int later = open_download(w, NULL);
    fill(w, later, MIB);
    fill(w, socket, MIB);
    assert_take_turns(w, later, socket, MIB / 4);
    w->wire->update(w, later, "u=3");
    assert_take_turns(w, later, socket, MIB / 4);
}

static void E8_a_socket_that_opens_makes_running_downloads_take_turns(struct world *w)
{
    int download = open_download(w, NULL);
    int socket = open_socket(w, NULL);
    fill(w, download, MIB);
    fill(w, socket, MIB);
    assert_take_turns(w, download, socket, MIB / 2);
}

static void E8_without_sockets_downloads_follow_their_client(struct world *w)
{
    int one = open_download(w, NULL);
    int two = open_download(w, NULL);
    int three = open_download(w, "i");
    int four = open_download(w, "i, u=2");
    fill(w, one, MIB);
    fill(w, two, MIB);
    fill(w, three, MIB);
    fill(w, four, MIB);
    assert_goes_first(w, four, one, MIB / 2);
    step_until(w, four, MIB);
    assert_goes_first(w, one, two, MIB / 2); /* one after the other */
    step_until(w, two, MIB);
    step_until(w, three, MIB);
}

static void E8_once_the_last_socket_is_gone_downloads_follow_their_client_again(struct world *w)
{
    tenant_abort(w->wire->tenant(w, open_socket(w, NULL)));
    int socket = open_socket(w, NULL);
    int one = open_download(w, NULL);
    int two = open_download(w, NULL);
    fill(w, one, MIB);
    fill(w, two, MIB);
    assert_take_turns(w, one, two, MIB / 4);
    tenant_abort(w->wire->tenant(w, socket));
    w->wire->step(w);
    int three = open_download(w, NULL);
    int four = open_download(w, NULL);
    fill(w, three, MIB);
    fill(w, four, MIB);
    assert_goes_first(w, three, four, MIB / 2);
}

static void E8_the_field_of_a_response_is_merged(struct world *w)
{
    static const struct tri_field urgent = {{(const uint8_t *)"priority", 8},
                                            {(const uint8_t *)"u=1", 3}};
    int one = open_download(w, "u=2, i");
    w->fields = &urgent;
    w->fields_len = 1;
    int two = open_download(w, "u=5, i");
    int three = open_download(w, "u=6, i");
    fill(w, one, MIB);
    fill(w, two, MIB);
    fill(w, three, MIB);
    w->wire->update(w, two, "u=7, i"); /* the program's word stands */
    assert_take_turns(w, two, three, MIB / 2);
    assert_goes_first(w, three, one, MIB / 4);
}

/* ---- running */

typedef void priority_case(struct world *w);

static void run_over_all(priority_case *run)
{
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->wire = &wires[i];
        print_message("           over %s\n", w->wire->name);
        w->wire->open(w);
        run(w);
        w->wire->close(w);
        free(w);
    }
}

#define CASES(X)                                                                                   \
    X(E8_equal_sockets_share_by_bytes_at_any_moment)                                               \
    X(E8_a_field_of_the_handshake_sets_the_urgency)                                                \
    X(E8_PRIORITY_UPDATE_changes_it_in_the_middle)                                                 \
    X(E8_the_application_changes_it_in_the_middle)                                                 \
    X(E8_the_application_beats_the_client)                                                         \
    X(E8_an_update_that_came_before_the_request_beats_its_field)                                   \
    X(E8_an_update_without_sense_is_one_without_content)                                           \
    X(E8_a_field_without_sense_is_no_field)                                                        \
    X(E8_a_download_does_not_delay_a_more_urgent_message)                                          \
    X(E8_a_download_in_one_piece_does_not_starve_its_equals)                                       \
    X(E8_a_socket_that_opens_makes_running_downloads_take_turns)                                   \
    X(E8_without_sockets_downloads_follow_their_client)                                            \
    X(E8_once_the_last_socket_is_gone_downloads_follow_their_client_again)                         \
    X(E8_the_field_of_a_response_is_merged)

#define DEFINE(name)                                                                               \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        run_over_all(name);                                                                        \
    }
CASES(DEFINE)

#define LIST(name) {#name, test_##name, NULL, NULL, NULL},

int main(void)
{
    const struct CMUnitTest tests[] = {CASES(LIST)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
