/* Resumption and early data over QUIC: what is answered early, what waits, what is refused. Row N7. */
#include "rig_h3.h"

#include "base_timeout.h"
#include "h3_early.h"
#include "peer_tls.h"

#include <stdlib.h>

/* A server that has early data, or has not, and a ticket of it. */
struct scene {
    struct rig_h3 *r;
    struct peer_h3_ticket ticket;
};

static void init_scene(struct scene *s, const struct rig_h3_options *options)
{
    s->r = rig_h3_new(options);
    rig_h3_run(s->r);
    assert_true(peer_h3_take_ticket(s->r->peer, &s->ticket));
    rig_h3_hang_up(s->r);
}

static void end_scene(struct scene *s)
{
    peer_h3_drop_ticket(&s->ticket);
    rig_h3_free(s->r);
}

static const struct rig_h3_options with_early = {.early_data = true};
static const struct rig_h3_options without_early = {.early_data = false};

/* A client that comes back; its first packets are not sent yet. */
static void come_back(struct scene *s, bool early)
{
    struct peer_h3_options options = s->r->options.peer;
    options.ticket = &s->ticket;
    options.early = early;
    s->r->peer = peer_h3_new(&options, s->r->now_ns);
    assert_non_null(s->r->peer);
}

static const struct tri_header post_fields[] = {
    {":method", "POST"}, {":scheme", "https"}, {":authority", "localhost"},
    {":path", "/"},      {NULL, NULL},
};

/* Brings the client's first packets to the server, and not yet what that answers to the client. */
static void bring_first_flight(struct rig_h3 *r)
{
    rig_h3_flush(r);
    rig_h3_advance(r, 1);
}

/* ---- resumption */

static void N7_a_session_is_resumed_over_quic(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &without_early);
    assert_int_equal(s.r->metrics.resumed, 0);
    for (size_t i = 1; i <= 2; i++) {
        come_back(&s, false);
        rig_h3_run(s.r);
        assert_true(peer_h3_is_ready(s.r->peer));
        assert_true(s.r->peer->resumed);
        assert_int_equal(s.r->metrics.resumed, i);
        rig_h3_assert_alive(s.r);
        peer_h3_drop_ticket(&s.ticket);
        assert_true(peer_h3_take_ticket(s.r->peer, &s.ticket)); /* a new one each time */
        rig_h3_hang_up(s.r);
    }
    assert_int_equal(s.r->metrics.early_accepted + s.r->metrics.early_refused, 0);
    end_scene(&s);
}

static void N7_a_ticket_of_another_version_of_quic_resumes_nothing(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    s.r->options.peer.version = NGTCP2_PROTO_VER_V2; /* RFC 9369 section 5 */
    come_back(&s, false);
    rig_h3_run(s.r);
    assert_true(peer_h3_is_ready(s.r->peer));
    assert_false(s.r->peer->resumed);
    peer_h3_drop_ticket(&s.ticket);
    assert_true(peer_h3_take_ticket(s.r->peer, &s.ticket));
    rig_h3_hang_up(s.r);
    come_back(&s, false);
    rig_h3_run(s.r);
    assert_true(s.r->peer->resumed); /* of the same version it does */
    end_scene(&s);
}

/* RFC 9369 section 5: what was given on a connection is of the version that it came to. */
static void N7_a_ticket_is_of_the_version_that_was_agreed_on(void **state)
{
    (void)state;
    static const uint32_t both[] = {NGTCP2_PROTO_VER_V2, NGTCP2_PROTO_VER_V1};
    struct scene s;
    init_scene(&s, &(struct rig_h3_options){.peer = {.versions = both, .versions_len = 2}});
    s.r->options.peer.versions = NULL;
    s.r->options.peer.versions_len = 0;
    static const uint32_t again[] = {NGTCP2_PROTO_VER_V1, NGTCP2_PROTO_VER_V2};
    for (size_t i = 0; i < 2; i++) {
        s.r->options.peer.version = again[i];
        come_back(&s, false);
        rig_h3_run(s.r);
        assert_true(peer_h3_is_ready(s.r->peer));
        assert_int_equal(s.r->peer->resumed, again[i] == NGTCP2_PROTO_VER_V2);
        rig_h3_hang_up(s.r);
    }
    end_scene(&s);
}

/* ---- what is answered early */

static void N7_a_get_in_early_data_is_answered_before_the_handshake_is_complete(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    int stream = rig_h3_request(s.r, rig_h3_get_fields, true);
    assert_int_equal(stream, 0);
    bring_first_flight(s.r);
    assert_int_equal(s.r->tenants_len, 1);
    assert_true(s.r->tenants[0].exchange->status == 200);
    assert_string_equal(s.r->tenants[0].exchange->carrier->tls_version, "TLS 1.3");
    assert_int_equal(s.r->metrics.resumed, 0); /* the handshake is not complete */
    rig_h3_run(s.r);
    assert_true(peer_h3_is_ready(s.r->peer));
    assert_false(s.r->peer->early_refused);
    assert_int_equal(rig_h3_seen(s.r, stream)->status, 200);
    assert_int_equal(s.r->tenants_len, 1);
    assert_int_equal(s.r->metrics.resumed, 1);
    assert_int_equal(s.r->metrics.early_accepted, 1);
    assert_int_equal(s.r->metrics.early_refused, 0);
    end_scene(&s);
}

static void N7_another_request_waits_for_the_handshake(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    int stream = rig_h3_request(s.r, post_fields, true);
    bring_first_flight(s.r);
    assert_int_equal(s.r->tenants_len, 0);
    rig_h3_run(s.r);
    assert_int_equal(s.r->tenants_len, 1);
    assert_int_equal(rig_h3_seen(s.r, stream)->status, 200);
    assert_int_equal(s.r->metrics.early_accepted, 1);
    end_scene(&s);
}

static void N7_a_websocket_waits_and_its_early_frames_come_once_and_in_order(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    int stream = rig_h3_request(s.r, rig_h3_websocket_fields, false);
    peer_h3_data(s.r->peer, stream, "one ", 4);
    peer_h3_data(s.r->peer, stream, "two ", 4);
    bring_first_flight(s.r);
    assert_int_equal(s.r->tenants_len, 0);
    rig_h3_run(s.r);
    peer_h3_data(s.r->peer, stream, "three", 5);
    rig_h3_run(s.r);
    assert_int_equal(s.r->tenants_len, 1);
    assert_int_equal(rig_h3_seen(s.r, stream)->status, 200);
    const struct tenant *t = rig_h3_tenant(s.r, 0);
    assert_int_equal(t->in_len, 13);
    assert_memory_equal(t->in, "one two three", 13);
    assert_int_equal(s.r->tenants[0].exchange->carrier->conn_id, s.r->conn_id);
    end_scene(&s);
}

static bool take_all(const struct tri_request_head *head)
{
    (void)head;
    return true;
}

static void N7_the_handler_decides_what_does_not_wait(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    s.r->takes_early = take_all;
    come_back(&s, true);
    rig_h3_request(s.r, rig_h3_websocket_fields, false);
    bring_first_flight(s.r);
    assert_int_equal(s.r->tenants_len, 1);
    assert_true(s.r->tenants[0].was_early);
    rig_h3_run(s.r);
    rig_h3_websocket(s.r); /* and one that comes later is not early */
    assert_int_equal(s.r->tenants_len, 2);
    assert_false(s.r->tenants[1].was_early);
    end_scene(&s);
}

static int64_t announced[8];

static void note_and_answer(struct rig_h3 *r, struct tenant *t)
{
    announced[r->tenants_len - 1] = t->exchange->carrier->stream_id;
    tenant_refuse(t, 200);
}

static void N7_what_waits_is_announced_in_the_order_of_its_streams(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    s.r->on_request = note_and_answer;
    come_back(&s, true);
    for (int i = 0; i < 5; i++) {
        rig_h3_request(s.r, post_fields, true);
    }
    rig_h3_run(s.r);
    assert_int_equal(s.r->tenants_len, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(announced[i], 4 * i);
    }
    end_scene(&s);
}

static void N7_a_client_that_takes_its_request_back_is_forgotten(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    int stream = rig_h3_request(s.r, rig_h3_websocket_fields, false);
    bring_first_flight(s.r);
    peer_h3_reset(s.r->peer, stream, NGHTTP3_H3_REQUEST_CANCELLED);
    rig_h3_run(s.r);
    rig_h3_assert_alive(s.r);
    end_scene(&s);
}

/* ---- limits */

static void N7_requests_that_wait_are_bounded_by_the_streams(void **state)
{
    (void)state;
    struct tri_limits limits;
    tri_limits_default(&limits);
    limits.streams_max = 3;
    struct scene s;
    init_scene(&s, &(struct rig_h3_options){.early_data = true, .limits = &limits});
    come_back(&s, true);
    for (int i = 0; i < 3; i++) {
        assert_true(rig_h3_request(s.r, rig_h3_websocket_fields, false) >= 0);
    }
    assert_int_equal(rig_h3_request(s.r, rig_h3_websocket_fields, false), -1);
    bring_first_flight(s.r);
    assert_int_equal(s.r->tenants_len, 0);
    rig_h3_run(s.r);
    assert_int_equal(s.r->tenants_len, 3);
    end_scene(&s);
}

static void N7_bytes_that_wait_are_bounded_by_the_window(void **state)
{
    (void)state;
    static const uint8_t bytes[2 * TRI_HELD_BYTES_MAX];
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    int stream = rig_h3_request(s.r, rig_h3_websocket_fields, false);
    peer_h3_data(s.r->peer, stream, bytes, sizeof bytes);
    s.r->down.cut = true; /* so that the handshake does not go on */
    rig_h3_advance(s.r, 500);
    assert_int_equal(s.r->tenants_len, 0);
    assert_true(rig_h3_seen(s.r, stream)->given < sizeof bytes);
    s.r->down.cut = false;
    rig_h3_advance(s.r, 5000);
    assert_int_equal(s.r->tenants_len, 1);
    assert_int_equal(s.r->tenants[0].in_len, sizeof bytes);
    end_scene(&s);
}

static void N7_what_waits_for_a_handshake_that_never_ends_goes_with_it(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    rig_h3_request(s.r, rig_h3_websocket_fields, false);
    bring_first_flight(s.r);
    rig_h3_hang_up(s.r);
    rig_h3_advance(s.r, s.r->limits.handshake_timeout_ms + 1000);
    assert_int_equal(s.r->closes, s.r->accepts - 1); /* the first client left without a word */
    assert_int_equal(s.r->tenants_len, 0);
    end_scene(&s);
}

/* The end of the handshake proves its address, and lets what waited go: in this order. */
static void N7_what_waits_for_a_client_that_is_refused_is_never_announced(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    rig_h3_request(s.r, post_fields, true);
    s.r->refuse_proven = true;
    rig_h3_run(s.r);
    assert_true(s.r->peer->closed);
    assert_int_equal(s.r->peer->why.type, NGTCP2_CCERR_TYPE_TRANSPORT);
    assert_int_equal(s.r->peer->why.error_code, NGTCP2_CONNECTION_REFUSED);
    assert_int_equal(s.r->tenants_len, 0);
    end_scene(&s);
}

/* ---- what is refused */

static void assert_refused_and_repeated(struct scene *s)
{
    come_back(s, true);
    rig_h3_request(s->r, rig_h3_get_fields, true);
    bring_first_flight(s->r);
    assert_int_equal(s->r->tenants_len, 0);
    rig_h3_run(s->r);
    assert_true(peer_h3_is_ready(s->r->peer));
    assert_true(s->r->peer->early_refused);
    assert_int_equal(s->r->tenants_len, 0);
    int stream = rig_h3_request(s->r, rig_h3_get_fields, true);
    rig_h3_run(s->r);
    assert_int_equal(rig_h3_seen(s->r, stream)->status, 200);
    assert_int_equal(s->r->metrics.early_accepted, 0);
    assert_int_equal(s->r->metrics.early_refused, 1);
}

/* A context with the certificate of all rigs' kind and this secret. */
static struct tri_tls_context *make_context(const char *secret)
{
    char error[TRI_TLS_ERROR_MAX];
    struct peer_tls_files files;
    struct tri_tls_identity identity;
    struct tri_tls_context *c = calloc(1, sizeof *c);
    assert_non_null(c);
    peer_tls_files_make(&files);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error), TRI_OK);
    assert_int_equal(tri_tls_context_init(c, TRI_TLS_QUIC, &identity, TRI_HTTP_3, NULL, error),
                     TRI_OK);
    assert_int_equal(tri_tls_context_resume(c, secret, strlen(secret), "quic"), TRI_OK);
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return c;
}

/* The server is started again: with |context|, with early data or without. */
static void restart(struct scene *s, const struct tri_tls_context *context, bool early)
{
    s->r->options.tls = context;
    s->r->options.early_data = early;
    rig_h3_restart(s->r);
}

static void N7_early_data_is_refused_where_it_is_off_and_the_connection_works(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    restart(&s, NULL, false);
    assert_refused_and_repeated(&s);
    end_scene(&s);
}

/* RFC 9000 section 7.4.1, RFC 9114 section 7.2.4.2 */
static void N7_early_data_is_refused_if_the_client_remembers_other_terms(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    s.r->limits.streams_max--;
    restart(&s, NULL, true);
    assert_refused_and_repeated(&s);
    s.r->limits.streams_max++;
    end_scene(&s);

    init_scene(&s, &with_early);
    s.r->options.no_extended_connect = true;
    restart(&s, NULL, true);
    assert_refused_and_repeated(&s);
    end_scene(&s);
}

static void N7_tickets_of_a_server_without_early_data_survive_other_limits(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &without_early);
    s.r->limits.streams_max--;
    restart(&s, NULL, false);
    come_back(&s, false);
    rig_h3_run(s.r);
    assert_true(s.r->peer->resumed);
    end_scene(&s);
}

static void N7_early_data_for_another_secret_is_refused_and_the_connection_works(void **state)
{
    (void)state;
    struct tri_tls_context *one = make_context("a secret");
    struct tri_tls_context *other = make_context("another");
    struct scene s;
    init_scene(&s, &(struct rig_h3_options){.early_data = true, .tls = one});
    restart(&s, other, true);
    assert_refused_and_repeated(&s);
    end_scene(&s);
    tri_tls_context_deinit(one);
    tri_tls_context_deinit(other);
    free(one);
    free(other);
}

static void N7_a_restarted_server_with_the_same_secret_takes_early_data(void **state)
{
    (void)state;
    struct tri_tls_context *one = make_context("a secret");
    struct tri_tls_context *same = make_context("a secret");
    struct scene s;
    init_scene(&s, &(struct rig_h3_options){.early_data = true, .tls = one});
    restart(&s, same, true);
    come_back(&s, true);
    int stream = rig_h3_request(s.r, rig_h3_get_fields, true);
    bring_first_flight(s.r);
    assert_int_equal(s.r->tenants_len, 1);
    rig_h3_run(s.r);
    assert_int_equal(rig_h3_seen(s.r, stream)->status, 200);
    end_scene(&s);
    tri_tls_context_deinit(one);
    tri_tls_context_deinit(same);
    free(one);
    free(same);
}

/*
 * RFC 8446 section 4.2.10: a HelloRetryRequest refuses it. The TLS library does not get through such a
 * handshake, which is bad for that client; what counts is that nothing is read and nothing aborts.
 */
static void N7_early_data_in_front_of_a_second_hello_is_not_read(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    s.r->options.peer.strange_group = true;
    come_back(&s, true);
    rig_h3_request(s.r, rig_h3_get_fields, true);
    rig_h3_run(s.r);
    assert_int_equal(s.r->tenants_len, 0);
    rig_h3_hang_up(s.r);
    come_back(&s, false);
    rig_h3_run(s.r);
    assert_true(peer_h3_is_ready(s.r->peer)); /* the same without early data */
    rig_h3_assert_alive(s.r);
    end_scene(&s);
}

static void N7_early_data_gets_through_a_bad_link(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 10; seed++) {
        struct scene s;
        init_scene(&s, &(struct rig_h3_options){
                           .early_data = true, .lossy = true, .link_seed = 100 * seed});
        come_back(&s, true);
        int get = rig_h3_request(s.r, rig_h3_get_fields, true);
        int socket = rig_h3_request(s.r, rig_h3_websocket_fields, false);
        peer_h3_data(s.r->peer, socket, "early", 5);
        rig_h3_advance(s.r, 5000);
        assert_true(peer_h3_is_ready(s.r->peer));
        if (!s.r->peer->early_refused) {
            assert_int_equal(rig_h3_seen(s.r, get)->status, 200);
            assert_int_equal(rig_h3_seen(s.r, socket)->status, 200);
            assert_int_equal(s.r->tenants_len, 2);
        }
        end_scene(&s);
    }
}

/* ---- replays */

/* The datagrams of the client's first flight, kept by somebody on its way. */
struct flight {
    uint8_t bytes[16][1500];
    size_t lens[16];
    size_t len;
};

static void record_flight(struct scene *s, struct flight *f)
{
    uint8_t ecn = 0;
    for (size_t n; (n = peer_h3_send(s->r->peer, f->bytes[f->len], 1500, &ecn, s->r->now_ns));) {
        f->lens[f->len++] = n;
        assert_true(f->len < 16);
    }
}

static void send_flight(struct rig_h3 *r, const struct flight *f)
{
    for (size_t i = 0; i < f->len; i++) {
        rig_h3_inject(r, f->bytes[i], f->lens[i]);
    }
}

static void N7_a_replayed_first_flight_opens_no_socket(void **state)
{
    (void)state;
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, true);
    rig_h3_request(s.r, rig_h3_websocket_fields, false);
    rig_h3_request(s.r, post_fields, true);
    rig_h3_request(s.r, rig_h3_get_fields, true);
    static struct flight f;
    f.len = 0;
    record_flight(&s, &f);
    bool has_early = false;
    for (size_t i = 0; i < f.len; i++) {
        has_early = has_early || tri_h3_early_is_in(f.bytes[i], f.lens[i]);
    }
    assert_true(has_early);
    rig_h3_hang_up(s.r); /* whoever repeats it has no key to go on with */
    for (size_t i = 0; i < 3; i++) {
        send_flight(s.r, &f);
        rig_h3_advance(s.r, s.r->limits.handshake_timeout_ms + 1000);
        assert_int_equal(s.r->tenants_len, i + 1); /* the GET, which does no harm */
        assert_true(s.r->tenants[i].was_early);
        rig_h3_restart(s.r);
    }
    end_scene(&s);
}

static void what_is_no_early_data_is_not_taken_for_it(void **state)
{
    (void)state;
    static const uint8_t short_header[] = {0x40, 1, 2, 3};
    static const uint8_t cut[] = {0xd0, 0, 0, 0, 1, 8};
    assert_false(tri_h3_early_is_in(short_header, sizeof short_header));
    assert_false(tri_h3_early_is_in(cut, sizeof cut));
    assert_false(tri_h3_early_is_in(cut, 0));
    struct scene s;
    init_scene(&s, &with_early);
    come_back(&s, false);
    static struct flight f;
    f.len = 0;
    record_flight(&s, &f);
    assert_true(f.len > 0);
    for (size_t i = 0; i < f.len; i++) {
        assert_false(tri_h3_early_is_in(f.bytes[i], f.lens[i]));
    }
    end_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N7_a_session_is_resumed_over_quic),
        cmocka_unit_test(N7_a_ticket_of_another_version_of_quic_resumes_nothing),
        cmocka_unit_test(N7_a_ticket_is_of_the_version_that_was_agreed_on),
        cmocka_unit_test(N7_a_get_in_early_data_is_answered_before_the_handshake_is_complete),
        cmocka_unit_test(N7_another_request_waits_for_the_handshake),
        cmocka_unit_test(N7_a_websocket_waits_and_its_early_frames_come_once_and_in_order),
        cmocka_unit_test(N7_the_handler_decides_what_does_not_wait),
        cmocka_unit_test(N7_what_waits_is_announced_in_the_order_of_its_streams),
        cmocka_unit_test(N7_a_client_that_takes_its_request_back_is_forgotten),
        cmocka_unit_test(N7_requests_that_wait_are_bounded_by_the_streams),
        cmocka_unit_test(N7_bytes_that_wait_are_bounded_by_the_window),
        cmocka_unit_test(N7_what_waits_for_a_handshake_that_never_ends_goes_with_it),
        cmocka_unit_test(N7_what_waits_for_a_client_that_is_refused_is_never_announced),
        cmocka_unit_test(N7_early_data_is_refused_where_it_is_off_and_the_connection_works),
        cmocka_unit_test(N7_early_data_is_refused_if_the_client_remembers_other_terms),
        cmocka_unit_test(N7_tickets_of_a_server_without_early_data_survive_other_limits),
        cmocka_unit_test(N7_early_data_for_another_secret_is_refused_and_the_connection_works),
        cmocka_unit_test(N7_a_restarted_server_with_the_same_secret_takes_early_data),
        cmocka_unit_test(N7_early_data_in_front_of_a_second_hello_is_not_read),
        cmocka_unit_test(N7_early_data_gets_through_a_bad_link),
        cmocka_unit_test(N7_a_replayed_first_flight_opens_no_socket),
        cmocka_unit_test(what_is_no_early_data_is_not_taken_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
