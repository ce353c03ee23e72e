/* See soak_client.h. */
#include "soak_client.h"

#include "soak_bare.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define MILLISECOND_NS UINT64_C(1000000)
#define CLIENT_SECONDS 30
#define DATAGRAM_MAX 2048
#define GARBAGE_MAX 50
#define STEP_MS_MAX 20 /* for pauses of its own */

uint64_t soak_now_ns(void)
{
    struct timespec now;
    int rv = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(rv == 0);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void fail(struct soak_client *c, const char *what, uint64_t number)
{
    if (c->account.fault[0] == '\0') {
        (void)snprintf(c->account.fault, sizeof c->account.fault, "%s (%llu)", what,
                       (unsigned long long)number);
    }
    c->is_done = true;
}

/* ---- life */

static int open_path(const char *from, const struct tri_addr *to)
{
    struct tri_addr local;
    enum tri_err err = tri_addr_parse(&local, from);
    assert(err == TRI_OK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    int rv = bind(fd, &local.sa, local.len);
    assert(rv == 0);
    rv = connect(fd, &to->sa, to->len);
    assert(rv == 0);
    return fd;
}

static void open_paths(struct soak_client *c)
{
    static const char *const addresses[SOAK_PATHS] = {"127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"};
    bool migrates = c->scene->move == SOAK_MIGRATE;
    size_t count = c->scene->move == SOAK_STAY ? 1 : SOAK_PATHS;
    for (size_t i = 0; i < SOAK_PATHS; i++) {
        c->fds[i] = i < count ? open_path(addresses[migrates ? i : 0], &c->server) : -1;
        enum tri_err err = tri_addr_parse(&c->named[i], "127.0.0.1:50000");
        assert(err == TRI_OK);
        tri_addr_set_port(&c->named[i], (uint16_t)(50000 + (migrates ? i : 0)));
    }
}

void soak_client_init(struct soak_client *c, const struct soak_scene *scene,
                      const struct tri_addr *server, uint64_t seed)
{
    uint64_t now_ns = soak_now_ns();
    *c = (struct soak_client){.scene = scene, .server = *server, .start_ns = now_ns};
    c->deadline_ns = now_ns + CLIENT_SECONDS * SECOND_NS;
    soak_random_init(&c->random, seed);
    open_paths(c);
    if (scene->way != SOAK_GARBAGE) {
        const struct peer_h3_options options = {.is_bare = scene->way == SOAK_BARE,
                                                .post_quantum = soak_random_chance(&c->random, 20)};
        c->peer = peer_h3_new(&options, now_ns);
    }
}

void soak_client_deinit(struct soak_client *c)
{
    if (c->peer) {
        peer_h3_free(c->peer);
    }
    for (size_t i = 0; i < SOAK_PATHS; i++) {
        if (c->fds[i] >= 0) {
            (void)close(c->fds[i]);
        }
    }
}

/* ---- datagrams */

static void receive(struct soak_client *c)
{
    uint8_t buf[DATAGRAM_MAX];
    for (size_t i = 0; i < SOAK_PATHS && c->fds[i] >= 0; i++) {
        bool is_gone = i < c->at; /* whoever sends there is not heard */
        for (ssize_t n; (n = recv(c->fds[i], buf, sizeof buf, 0)) > 0;) {
            if (!is_gone) {
                c->peer->local = c->named[i];
                peer_h3_recv(c->peer, 0, buf, (size_t)n, soak_now_ns());
            }
        }
    }
    if (peer_h3_deadline_ns(c->peer) <= soak_now_ns()) {
        peer_h3_expire(c->peer, soak_now_ns());
    }
}

static size_t path_of(const struct soak_client *c, const struct tri_addr *named)
{
    size_t i = 0;
    while (!tri_addr_equal(&c->named[i], named)) {
        i++;
        assert(i < SOAK_PATHS);
    }
    return i;
}

static void transmit(struct soak_client *c)
{
    uint8_t buf[DATAGRAM_MAX];
    uint8_t ecn = 0;
    for (size_t len; (len = peer_h3_send(c->peer, buf, sizeof buf, &ecn, soak_now_ns())) > 0;) {
        size_t i = c->scene->move == SOAK_MIGRATE ? path_of(c, &c->peer->sent_from) : c->at;
        (void)send(c->fds[i], buf, len, 0); /* what is lost is sent again */
    }
}

static void send_garbage(struct soak_client *c)
{
    static const uint8_t firsts[] = {0x00, 0x40, 0xc0, 0xc3, 0xff};
    uint8_t buf[1500];
    for (size_t count = 1 + soak_random_below(&c->random, GARBAGE_MAX); count > 0; count--) {
        size_t len = 1 + soak_random_below(&c->random, sizeof buf);
        for (size_t i = 0; i < len; i++) {
            buf[i] = (uint8_t)soak_random_below(&c->random, 256);
        }
        buf[0] = firsts[soak_random_below(&c->random, sizeof firsts)];
        if (len > 5 && soak_random_chance(&c->random, 50)) {
            memcpy(buf + 1, (const uint8_t[]){0, 0, 0, 1}, 4); /* QUIC version 1 */
        }
        (void)send(c->fds[0], buf, len, 0);
    }
    c->is_done = true;
}

/* ---- scenes */

static void move(struct soak_client *c)
{
    size_t left = 0;
    for (size_t i = 0; i < c->sockets_len; i++) {
        left += c->sockets[i].left + c->sockets[i].waiting_len;
    }
    size_t all = c->account.echoed + left;
    bool is_time = c->account.echoed * SOAK_PATHS >= all * (c->at + 1);
    if (c->scene->move == SOAK_STAY || c->at + 1 == SOAK_PATHS || !is_time || left == 0) {
        return;
    }
    c->at++;
    if (c->scene->move == SOAK_NAT) {
        return;
    }
    const ngtcp2_path path = {
        .local = {.addr = &c->named[c->at].sa, .addrlen = c->named[c->at].len},
        .remote = {.addr = &c->peer->remote.sa, .addrlen = c->peer->remote.len}};
    int rv = ngtcp2_conn_initiate_immediate_migration(c->peer->quic, &path, soak_now_ns());
    if (rv != 0) {
        c->at--; /* no connection id for it yet, or the last move is not done */
        return;
    }
    c->peer->local = c->named[c->at];
}

static nghttp3_nv field(const char *name, const char *value)
{
    return (nghttp3_nv){.name = (const uint8_t *)name,
                        .value = (const uint8_t *)value,
                        .namelen = strlen(name),
                        .valuelen = strlen(value)};
}

static void begin(struct soak_client *c)
{
    const nghttp3_nv get[] = {field(":method", "GET"), field(":scheme", "https"),
                              field(":authority", "localhost"), field(":path", "/")};
    c->is_ready = true;
    if (c->scene->way == SOAK_BARE) {
        soak_bare_break(c->peer, &c->random);
        return;
    }
    size_t count = 1 + soak_random_below(&c->random, c->scene->sockets_max);
    for (size_t i = 0; i < count; i++) {
        if (c->scene->way == SOAK_GET) {
            c->gets[c->gets_len++] = peer_h3_request(c->peer, get, 4, true);
            continue;
        }
        struct soak_socket *s = &c->sockets[c->sockets_len++];
        *s = (struct soak_socket){.peer = c->peer, .account = &c->account, .scene = c->scene};
        if (!soak_socket_open(s, &c->random, soak_now_ns())) {
            fail(c, "no stream for a socket", i);
            return;
        }
    }
}

static bool are_pages_there(struct soak_client *c)
{
    for (size_t i = 0; i < c->gets_len; i++) {
        const struct peer_h3_stream *stream = c->peer->streams[c->gets[i]];
        if (stream->status != 0 && stream->status != 200) {
            fail(c, "a page got", (uint64_t)stream->status);
        }
        if (!stream->fin_seen) {
            return false;
        }
    }
    return true;
}

static bool have_sockets_ended(const struct soak_client *c)
{
    enum soak_socket_state last = c->scene->end == SOAK_VANISH || c->scene->end == SOAK_HANG_UP
                                      ? SOAK_SOCKET_SAID
                                      : SOAK_SOCKET_DONE;
    for (size_t i = 0; i < c->sockets_len; i++) {
        if (c->sockets[i].state < last) {
            return false;
        }
    }
    return true;
}

static void end(struct soak_client *c)
{
    c->is_done = true;
    if (c->scene->end == SOAK_VANISH || c->peer->closed) {
        return;
    }
    transmit(c);
    uint8_t buf[DATAGRAM_MAX];
    size_t len = peer_h3_close(c->peer, buf, sizeof buf, NGHTTP3_H3_NO_ERROR, soak_now_ns());
    (void)send(c->fds[c->at], buf, len, 0);
}

static void play(struct soak_client *c)
{
    for (size_t i = 0; i < c->sockets_len; i++) {
        soak_socket_step(&c->sockets[i], &c->random, soak_now_ns());
    }
    move(c);
    if (c->scene->way != SOAK_BARE && are_pages_there(c) && have_sockets_ended(c)) {
        end(c);
    }
}

static void check_connection(struct soak_client *c)
{
    if (!c->peer->closed) {
        if (soak_now_ns() >= c->deadline_ns) {
            fail(c, "it hangs; sockets", c->sockets_len);
        }
        return;
    }
    bool is_right = c->scene->way == SOAK_BARE && c->peer->why.error_code != 0;
    if (is_right) {
        c->is_done = true;
    } else {
        fail(c, "the connection ended", c->peer->why.error_code);
    }
}

void soak_client_step(struct soak_client *c)
{
    if (c->scene->way == SOAK_GARBAGE) {
        send_garbage(c);
        return;
    }
    if (c->scene->way == SOAK_HALF) {
        transmit(c);
        c->is_done = true;
        return;
    }
    receive(c);
    check_connection(c);
    if (!c->is_done && !c->is_ready && peer_h3_is_ready(c->peer)) {
        begin(c);
    }
    if (!c->is_done && c->is_ready) {
        play(c);
    }
    if (!c->is_done) {
        transmit(c);
    }
}

uint64_t soak_client_deadline_ns(const struct soak_client *c)
{
    uint64_t own_ns = soak_now_ns() + STEP_MS_MAX * MILLISECOND_NS;
    uint64_t peers_ns = c->peer ? peer_h3_deadline_ns(c->peer) : own_ns;
    return peers_ns < own_ns ? peers_ns : own_ns;
}

/* ---- what it did */

void soak_client_tell(const struct soak_client *c)
{
    const struct soak_account *a = &c->account;
    size_t answered = a->opened + a->refused + c->gets_len;
    /* A handshake that failed here may be one that was done there. */
    int least = c->is_ready ? 1 : 0;
    int most = c->scene->way == SOAK_TALK || c->scene->way == SOAK_GET || least;
    (void)printf("{\"kind\":\"%s\",\"connections\":[%d,%d],\"requests\":[%zu,%zu]", c->scene->kind,
                 least, most, answered, answered + (c->scene->way == SOAK_BARE));
    (void)printf(
        ",\"opened\":%zu,\"sent\":%zu,\"echoed\":%zu,\"bytes_sent\":%zu,\"bytes_echoed\":%zu",
        a->opened, a->sent, a->echoed, a->sent_bytes, a->echoed_bytes);
    (void)printf(",\"vanished\":%zu,\"closed\":{", a->vanished);
    for (size_t i = 0; i < SOAK_CODES_MAX && a->closed[i].times > 0; i++) {
        (void)printf("%s\"%u\":%zu", i > 0 ? "," : "", a->closed[i].code, a->closed[i].times);
    }
    (void)printf("},\"refused\":{");
    if (a->refused > 0) {
        (void)printf("\"%s\":%zu", c->scene->reason, a->refused);
    }
    (void)printf("},\"fault\":\"%s\"}\n", a->fault);
}
