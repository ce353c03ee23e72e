/*
 * A client on real UDP sockets that moves to another address, or is moved to another port by a NAT,
 * while 10,000 numbered WebSocket messages go each way on the echo of a whole server. Row E10.
 */
#include "peer_h3.h"
#include "test_server.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATHS 3
#define MESSAGES 10000
#define MESSAGE_LEN 24
#define MESSAGES_A_TURN 20
#define SECOND_NS UINT64_C(1000000000)

struct walker {
    struct test_server server;
    struct peer_h3 *peer;
    int fds[PATHS];
    struct tri_addr named[PATHS]; /* what the client calls its end of each path */
    bool behind_nat;
    size_t at; /* the path that it, or its NAT, uses now */
    int stream;
    size_t asked; /* messages */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static int open_path(const char *from, const struct tri_addr *to)
{
    struct tri_addr local;
    assert_int_equal(tri_addr_parse(&local, from), TRI_OK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &local.sa, local.len), 0);
    assert_int_equal(connect(fd, &to->sa, to->len), 0);
    return fd;
}

static void start(struct walker *w, bool behind_nat)
{
    *w = (struct walker){.behind_nat = behind_nat};
    test_server_init(&w->server);
    test_server_start(&w->server);
    struct tri_addr to;
    assert_int_equal(tri_addr_parse(&to, test_server_address(&w->server)), TRI_OK);
    static const char *const addresses[PATHS] = {"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"};
    for (size_t i = 0; i < PATHS; i++) {
        w->fds[i] = open_path(addresses[behind_nat ? 0 : i], &to);
        assert_int_equal(tri_addr_parse(&w->named[i], "127.0.0.1:50000"), TRI_OK);
        tri_addr_set_port(&w->named[i], (uint16_t)(50000 + (behind_nat ? 0 : i)));
    }
    w->peer = peer_h3_new(&(struct peer_h3_options){.version = 0}, now_ns());
}

static void end(struct walker *w)
{
    peer_h3_free(w->peer);
    for (size_t i = 0; i < PATHS; i++) {
        (void)close(w->fds[i]);
    }
    test_server_deinit(&w->server);
}

static size_t path_of(const struct walker *w, const struct tri_addr *named)
{
    size_t i = 0;
    while (!tri_addr_equal(&w->named[i], named)) {
        i++;
        assert_true(i < PATHS);
    }
    return i;
}

static void step(struct walker *w)
{
    uint8_t buf[2048];
    for (size_t i = 0; i < PATHS; i++) {
        bool is_gone = i < w->at; /* whoever sends there is not heard */
        for (ssize_t n; (n = recv(w->fds[i], buf, sizeof buf, 0)) > 0;) {
            if (!is_gone) {
                w->peer->local = w->named[i];
                peer_h3_recv(w->peer, 0, buf, (size_t)n, now_ns());
            }
        }
    }
    if (peer_h3_deadline_ns(w->peer) <= now_ns()) {
        peer_h3_expire(w->peer, now_ns());
    }
    uint8_t ecn = 0;
    for (size_t len; (len = peer_h3_send(w->peer, buf, sizeof buf, &ecn, now_ns())) > 0;) {
        size_t i = w->behind_nat ? w->at : path_of(w, &w->peer->sent_from);
        (void)send(w->fds[i], buf, len, 0); /* what is lost is sent again */
    }
    assert_int_equal(tri_server_step(w->server.server, &w->server.running), TRI_OK);
    assert_false(w->peer->closed);
}

static void open_socket(struct walker *w)
{
    static const char *const fields[][2] = {
        {":method", "CONNECT"},      {":protocol", "websocket"}, {":scheme", "https"},
        {":authority", "localhost"}, {":path", "/echo"},         {"sec-websocket-version", "13"},
    };
    nghttp3_nv nva[6];
    for (size_t i = 0; i < 6; i++) {
        nva[i] = (nghttp3_nv){.name = (const uint8_t *)fields[i][0],
                              .value = (const uint8_t *)fields[i][1],
                              .namelen = strlen(fields[i][0]),
                              .valuelen = strlen(fields[i][1])};
    }
    uint64_t end_ns = now_ns() + 10 * SECOND_NS;
    while (!peer_h3_is_ready(w->peer) && now_ns() < end_ns) {
        step(w);
    }
    w->stream = peer_h3_request(w->peer, nva, 6, false);
    assert_true(w->stream >= 0);
    while (w->peer->streams[w->stream]->status == 0 && now_ns() < end_ns) {
        step(w);
    }
    assert_int_equal(w->peer->streams[w->stream]->status, 200);
}

static void write_message(char out[MESSAGE_LEN + 1], size_t number)
{
    (void)snprintf(out, MESSAGE_LEN + 1, "message number %08zu\n", number);
}

static void ask(struct walker *w)
{
    for (size_t i = 0; i < MESSAGES_A_TURN && w->asked < MESSAGES; i++) {
        /* A text of 24 bytes with a mask of zeros: RFC 6455 section 5.2. */
        uint8_t frame[6 + MESSAGE_LEN] = {0x81, 0x80 | MESSAGE_LEN};
        char message[MESSAGE_LEN + 1];
        write_message(message, w->asked++);
        memcpy(frame + 6, message, MESSAGE_LEN);
        peer_h3_data(w->peer, w->stream, frame, sizeof frame);
    }
}

static void move(struct walker *w)
{
    w->at++;
    if (w->behind_nat) {
        return;
    }
    w->peer->local = w->named[w->at];
    const ngtcp2_path path = {
        .local = {.addr = &w->peer->local.sa, .addrlen = w->peer->local.len},
        .remote = {.addr = &w->peer->remote.sa, .addrlen = w->peer->remote.len}};
    assert_int_equal(ngtcp2_conn_initiate_immediate_migration(w->peer->quic, &path, now_ns()), 0);
}

static void assert_all(struct tri_slice body)
{
    const size_t frame_len = 2 + MESSAGE_LEN;
    assert_int_equal(body.len, MESSAGES * frame_len);
    for (size_t i = 0; i < MESSAGES; i++) {
        const uint8_t *frame = body.data + i * frame_len;
        char message[MESSAGE_LEN + 1];
        write_message(message, i);
        assert_int_equal(frame[0], 0x81);
        assert_int_equal(frame[1], MESSAGE_LEN);
        assert_memory_equal(frame + 2, message, MESSAGE_LEN);
    }
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

static void talk(bool behind_nat)
{
    struct walker *w = malloc(sizeof *w);
    assert_non_null(w);
    start(w, behind_nat);
    open_socket(w);
    const struct tri_buf *body = &w->peer->streams[w->stream]->body;
    const size_t all = (size_t)MESSAGES * (2 + MESSAGE_LEN);
    uint64_t end_ns = now_ns() + 30 * SECOND_NS;
    while (tri_buf_peek(body).len < all && now_ns() < end_ns) {
        ask(w);
        step(w);
        if (w->at + 1 < PATHS && w->asked >= (w->at + 1) * (MESSAGES / PATHS)) {
            move(w);
        }
    }
    assert_all(tri_buf_peek(body));
    assert_int_equal(w->at, PATHS - 1);
    assert_int_equal(w->server.opens, 1);
    assert_int_equal(w->server.closes, 0);
    assert_int_equal(count(w->server.log, "quic.migrate"), PATHS - 1);
    end(w);
    free(w);
}

static void E10_a_client_that_moves_twice_gets_every_echo_in_order(void **state)
{
    (void)state;
    talk(false);
}

static void E10_a_client_whose_port_changes_twice_gets_every_echo_in_order(void **state)
{
    (void)state;
    talk(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E10_a_client_that_moves_twice_gets_every_echo_in_order),
        cmocka_unit_test(E10_a_client_whose_port_changes_twice_gets_every_echo_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
