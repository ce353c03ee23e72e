/* Connections that we open, against our own listeners and bare ones, on real loopback sockets. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_tcp.h"
#include "net_turn.h"
#include "tcp_world.h"
#include "test_alloc.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define BOTH ((unsigned)(TRI_HTTP_1_1 | TRI_HTTP_2))

static struct peer_tls_files files;
static struct tri_tls_identity identity;
static struct tri_tls_context context;
static struct tri_tls_client client, stranger; /* one that trusts it, and one that does not */

static void make_client(struct tri_tls_client *out, const char *ca)
{
    char error[TRI_TLS_ERROR_MAX];
    const struct tri_tls_trust trust = {.ca_file = ca};
    assert_int_equal(tri_tls_client_init(out, TRI_TLS_TCP, &trust, NULL, error), TRI_OK);
}

static int make_contexts(void **state)
{
    (void)state;
    char error[TRI_TLS_ERROR_MAX];
    struct peer_tls_files other;
    peer_tls_files_make(&files);
    peer_tls_files_make(&other);
    assert_int_equal(
        tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error), TRI_OK);
    assert_int_equal(
        tri_tls_context_init(&context, TRI_TLS_TCP, &identity, TRI_HTTP_2, NULL, error), TRI_OK);
    make_client(&client, files.cert);
    make_client(&stranger, other.cert);
    peer_tls_files_remove(&other);
    return 0;
}

static int drop_contexts(void **state)
{
    (void)state;
    tri_tls_client_deinit(&client);
    tri_tls_client_deinit(&stranger);
    tri_tls_context_deinit(&context);
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

/* ---- who dials */

struct dialler {
    struct tri_tcp *tcp; /* NULL after on_closed */
    bool calling;        /* tri_tcp_dial runs: no event may come */
    char told[128];      /* the events so far */
    bool connected, ready, eof, closed;
    char alpn[16];
    enum tri_tcp_end end;
    char text[96];
    bool is_certificate_fault, is_version_fault;
    struct tri_buf in;
    const char *out; /* to send; NULL: nothing */
    enum tcp_world_act on_connected, on_ready;
    WOLFSSL_SESSION *session;
    uint64_t read_bytes, taken_bytes;
    bool is_resumed;
};

static void note(struct dialler *d, const char *event)
{
    assert_false(d->calling);
    assert_false(d->closed);
    size_t at = strlen(d->told);
    (void)snprintf(d->told + at, sizeof d->told - at, "%s ", event);
}

static void act(struct dialler *d, enum tcp_world_act what)
{
    if (what == ACT_CLOSE) {
        tri_tcp_close(d->tcp, 1000);
    } else if (what == ACT_ABORT) {
        tri_tcp_abort(d->tcp);
    }
}

static void take_connected(void *user)
{
    struct dialler *d = user;
    note(d, "connected");
    d->connected = true;
    act(d, d->on_connected);
}

static void take_ready(void *user, const char *alpn)
{
    struct dialler *d = user;
    note(d, "ready");
    d->ready = true;
    (void)snprintf(d->alpn, sizeof d->alpn, "%s", alpn);
    act(d, d->on_ready);
}

static void take_data(void *user, const uint8_t *data, size_t len)
{
    struct dialler *d = user;
    assert_true(d->ready && !d->closed);
    assert_int_equal(tri_buf_append(&d->in, data, len), TRI_OK);
}

static void take_eof(void *user, bool orderly)
{
    struct dialler *d = user;
    note(d, orderly ? "eof" : "cut");
    d->eof = true;
}

static size_t pull(void *user, struct tri_slice *out, size_t max)
{
    struct dialler *d = user;
    assert_true(max > 0);
    if (!d->out) {
        return 0;
    }
    out[0] = tri_slice_of((const uint8_t *)d->out, strlen(d->out));
    d->out = NULL;
    return 1;
}

static void take_closed(void *user, enum tri_tcp_end end)
{
    struct dialler *d = user;
    note(d, "closed");
    d->closed = true;
    d->end = end;
    (void)snprintf(d->text, sizeof d->text, "%s", tri_tcp_error_text(d->tcp));
    d->is_certificate_fault = tri_tcp_is_certificate_fault(d->tcp);
    d->is_version_fault = tri_tcp_is_version_fault(d->tcp);
    d->read_bytes = tri_tcp_read_bytes(d->tcp);
    d->taken_bytes = tri_tcp_taken_bytes(d->tcp);
    d->is_resumed = tri_tcp_tls_is_resumed(d->tcp);
    d->session = tri_tcp_take_session(d->tcp);
    d->tcp = NULL;
}

static const struct tri_tcp_events events = {
    .on_ready = take_ready,
    .on_data = take_data,
    .on_eof = take_eof,
    .pull = pull,
    .on_closed = take_closed,
    .on_connected = take_connected,
};

static enum tri_err dial(struct dialler *d, struct tri_loop *loop, const struct tri_tcp_dial *to)
{
    tri_buf_init(&d->in, tri_alloc_heap(), 1 << 20);
    d->calling = true;
    enum tri_err err = tri_tcp_dial(&d->tcp, loop, to, &events, d);
    d->calling = false;
    return err;
}

static void drop(struct dialler *d)
{
    tri_buf_deinit(&d->in);
    wolfSSL_SESSION_free(d->session);
}

static struct tri_tcp_dial to_world(const struct tcp_world *w, const struct tri_tls_client *tls)
{
    return (struct tri_tcp_dial){
        .remote = &w->addr,
        .tls = tls,
        .host = "localhost",
        .versions = BOTH,
        .connect_timeout_ms = 10000,
        .handshake_timeout_ms = 10000,
    };
}

/* ---- a listener that accepts, or not even that, and says nothing of its own */

static int open_bare(struct tri_addr *addr, int backlog)
{
    assert_int_equal(tri_addr_parse(addr, "127.0.0.1:0"), TRI_OK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof addr->in;
    assert_int_equal(bind(fd, &addr->sa, addr->len), 0);
    assert_int_equal(getsockname(fd, &addr->sa, &len), 0);
    if (backlog >= 0) {
        assert_int_equal(listen(fd, backlog), 0);
    }
    return fd;
}

/* ---- the tests */

static void connects_talks_and_closes(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (int i = 0; i < 4; i++) {
        struct tcp_world w;
        struct dialler d = {0};
        bool has_tls = i % 2 != 0;
        tcp_world_open(&w, tri_alloc_heap(), addresses[i / 2], has_tls ? &context : NULL, 5000);
        w.on_data = ACT_ECHO;
        w.on_eof = ACT_CLOSE;
        struct tri_tcp_dial to = to_world(&w, has_tls ? &client : NULL);
        assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
        tcp_world_run_until(&w, NULL, &d.ready);
        assert_string_equal(d.told, "connected ready ");
        assert_string_equal(d.alpn, has_tls ? "h2" : "http/1.1");
        assert_string_equal(tri_tcp_tls_version(d.tcp), has_tls ? "TLS 1.3" : "");
        assert_string_equal(tri_tcp_tls_group(d.tcp), has_tls ? "X25519MLKEM768" : "");
        assert_true(tri_addr_equal(tri_tcp_remote(d.tcp), &w.addr));
        d.out = "hello";
        tri_tcp_flush(d.tcp);
        tcp_world_run_until_len(&w, NULL, &d.in, 5);
        assert_memory_equal(tri_buf_peek(&d.in).data, "hello", 5);
        tri_tcp_close(d.tcp, 5000);
        tcp_world_run_until(&w, NULL, &d.closed);
        assert_string_equal(d.told, "connected ready closed ");
        assert_int_equal(d.end, TRI_TCP_CLOSED);
        assert_true(has_tls ? d.taken_bytes > 1000 : d.taken_bytes == 5);
        assert_true(has_tls ? d.read_bytes > 1000 : d.read_bytes == 5);
        assert_int_equal(d.session != NULL, has_tls);
        drop(&d);
        tcp_world_close(&w);
    }
}

static int is_set(int fd, int level, int option)
{
    int value = 0;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value != 0;
}

static void small_writes_do_not_wait(void **state)
{
    (void)state;
    struct tcp_world w;
    struct dialler d = {0};
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 0);
    int next = dup(0); /* the descriptor that the socket will have */
    close(next);
    struct tri_tcp_dial to = to_world(&w, NULL);
    assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
    assert_true(is_set(next, IPPROTO_TCP, TCP_NODELAY));
    tri_tcp_abort(d.tcp);
    tcp_world_run_until(&w, NULL, &d.closed);
    drop(&d);
    tcp_world_close(&w);
}

static void a_server_that_ends_is_told(void **state)
{
    (void)state;
    struct tcp_world w;
    struct dialler d = {0};
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    w.on_ready = ACT_CLOSE;
    struct tri_tcp_dial to = to_world(&w, &client);
    assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
    tcp_world_run_until(&w, NULL, &d.eof);
    assert_string_equal(d.told, "connected ready eof ");
    tri_tcp_close(d.tcp, 5000);
    tcp_world_run_until(&w, NULL, &d.closed);
    assert_int_equal(d.end, TRI_TCP_CLOSED);
    drop(&d);
    tcp_world_close(&w);
}

/* Dials |to| on the loop of |w|, and runs until it is over. */
static void run_to_end(struct dialler *d, struct tcp_world *w, const struct tri_tcp_dial *to)
{
    assert_int_equal(dial(d, w->loop, to), TRI_OK);
    tcp_world_run_until(w, NULL, &d->closed);
}

static void nobody_there_is_told_from_the_loop(void **state)
{
    (void)state;
    struct tcp_world w;
    struct tri_addr nobody, nowhere;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 0);
    int fd = open_bare(&nobody, -1); /* bound, not listening */
    assert_int_equal(tri_addr_parse(&nowhere, "255.255.255.255:9"), TRI_OK);
    struct tri_tcp_dial to = to_world(&w, &client);
    struct dialler refused = {0}, lost = {0};
    to.remote = &nobody;
    assert_int_equal(dial(&refused, w.loop, &to), TRI_OK);
    tri_tcp_flush(refused.tcp); /* sends nothing yet, and so does not meet the error */
    tcp_world_run_until(&w, NULL, &refused.closed);
    assert_string_equal(refused.told, "closed ");
    assert_int_equal(refused.end, TRI_TCP_UNREACHED);
    assert_string_equal(refused.text, "nobody listens there: the connection was refused");
    assert_false(refused.is_certificate_fault || refused.is_version_fault);
    to.remote = &nowhere;
    run_to_end(&lost, &w, &to);
    assert_string_equal(lost.told, "closed ");
    assert_int_equal(lost.end, TRI_TCP_UNREACHED);
    assert_true(lost.text[0] != '\0');
    drop(&refused);
    drop(&lost);
    close(fd);
    tcp_world_close(&w);
}

static void no_socket_is_an_error_of_the_call(void **state)
{
    (void)state;
    struct tcp_world w;
    struct dialler d = {0};
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 0);
    struct tri_tcp_dial to = to_world(&w, NULL);
    struct rlimit usual, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = (struct rlimit){.rlim_cur = 3, .rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum tri_err err = dial(&d, w.loop, &to);
    int error = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(err, TRI_ERR_IO);
    assert_int_equal(error, EMFILE);
    assert_null(d.tcp);
    drop(&d);
    tcp_world_close(&w);
}

static void an_answer_that_does_not_come_is_a_timeout(void **state)
{
    (void)state;
    struct tcp_world w;
    struct tri_addr addr;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 0);
    int fd = open_bare(&addr, 0); /* what nobody accepts fills it, and further SYNs are dropped */
    int fillers[4];
    for (size_t i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fillers[i], &addr.sa, addr.len);
    }
    struct tri_tcp_dial to = to_world(&w, &client);
    to.remote = &addr;
    to.connect_timeout_ms = 80;
    struct dialler d = {0};
    uint64_t begun_ns = uv_hrtime();
    run_to_end(&d, &w, &to);
    assert_true(uv_hrtime() - begun_ns >= 80 * UINT64_C(1000000));
    assert_string_equal(d.told, "closed ");
    assert_int_equal(d.end, TRI_TCP_CONNECT_TIMEOUT);
    assert_string_equal(d.text, "nobody answers there");
    drop(&d);
    struct dialler given_up = {0};
    assert_int_equal(dial(&given_up, w.loop, &to), TRI_OK);
    tcp_world_step(&w, NULL);
    tri_tcp_close(given_up.tcp, 60000);
    tcp_world_run_until(&w, NULL, &given_up.closed);
    assert_int_equal(given_up.end, TRI_TCP_CLOSED);
    drop(&given_up);
    for (size_t i = 0; i < 4; i++) {
        close(fillers[i]);
    }
    close(fd);
    tcp_world_close(&w);
}

static void a_handshake_that_does_not_end_is_another_timeout(void **state)
{
    (void)state;
    struct tcp_world w;
    struct tri_addr addr;
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 0);
    int fd = open_bare(&addr, 8);
    struct tri_tcp_dial to = to_world(&w, &client);
    to.remote = &addr;
    to.handshake_timeout_ms = 60;
    struct dialler d = {0};
    run_to_end(&d, &w, &to);
    assert_string_equal(d.told, "connected closed ");
    assert_int_equal(d.end, TRI_TCP_HANDSHAKE_TIMEOUT);
    assert_string_equal(d.text, "the handshake took too long");
    drop(&d);
    close(fd);
    tcp_world_close(&w);
}

static void what_breaks_tls_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        const char *text;
        unsigned versions;
        bool is_stranger, is_certificate, is_version;
    } cases[] = {
        {"localhost", "the certificate is not signed by anyone trusted", BOTH, true, true, false},
        {"other.example", "the certificate is for another host", BOTH, false, true, false},
        {"localhost", "the server speaks none of the HTTP versions asked for", TRI_HTTP_1_1, false,
         false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tcp_world w;
        struct dialler d = {0};
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
        struct tri_tcp_dial to = to_world(&w, cases[i].is_stranger ? &stranger : &client);
        to.host = cases[i].host;
        to.versions = cases[i].versions;
        run_to_end(&d, &w, &to);
        assert_string_equal(d.told, "connected closed ");
        assert_int_equal(d.end, TRI_TCP_TLS_FAILED);
        assert_string_equal(d.text, cases[i].text);
        assert_int_equal(d.is_certificate_fault, cases[i].is_certificate);
        assert_int_equal(d.is_version_fault, cases[i].is_version);
        assert_null(d.session);
        drop(&d);
        tcp_world_run_until(&w, NULL, &w.conns[0].closed);
        assert_int_equal(w.conns[0].end, TRI_TCP_TLS_FAILED);
        tcp_world_close(&w);
    }
}

static void a_server_without_tls_is_found_out(void **state)
{
    (void)state;
    static const struct {
        const char *says; /* NULL: nothing, it closes */
        const char *text;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "the peer does not speak TLS"},
        {NULL, "the peer closed during the handshake"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct tcp_world w;
        struct tri_addr addr;
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", NULL, 0);
        int fd = open_bare(&addr, 8);
        struct tri_tcp_dial to = to_world(&w, &client);
        to.remote = &addr;
        struct dialler d = {0};
        assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
        tcp_world_run_until(&w, NULL, &d.connected);
        int accepted = accept(fd, NULL, NULL);
        uint8_t hello[4096]; /* read, so that closing is no reset */
        assert_true(read(accepted, hello, sizeof hello) > 100);
        if (cases[i].says) {
            assert_true(write(accepted, cases[i].says, strlen(cases[i].says)) > 0);
        }
        shutdown(accepted, SHUT_WR);
        tcp_world_run_until(&w, NULL, &d.closed);
        assert_int_equal(d.end, TRI_TCP_TLS_FAILED);
        assert_string_equal(d.text, cases[i].text);
        assert_false(d.is_certificate_fault);
        drop(&d);
        close(accepted);
        close(fd);
        tcp_world_close(&w);
    }
}

static void may_be_closed_and_dropped_at_any_time(void **state)
{
    (void)state;
    static const enum tcp_world_act acts[] = {ACT_CLOSE, ACT_ABORT};
    for (int i = 0; i < 12; i++) {
        struct tcp_world w;
        struct dialler d = {0};
        enum tcp_world_act what = acts[i % 2];
        bool has_tls = i % 4 >= 2;
        int when = i / 4; /* at once, when connected, when ready */
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", has_tls ? &context : NULL, 5000);
        w.on_eof = ACT_CLOSE;
        d.on_connected = when == 1 ? what : ACT_NONE;
        d.on_ready = when == 2 ? what : ACT_NONE;
        struct tri_tcp_dial to = to_world(&w, has_tls ? &client : NULL);
        assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
        if (when == 0) {
            act(&d, what);
            act(&d, what); /* harmless */
        }
        tcp_world_run_until(&w, NULL, &d.closed);
        assert_string_equal(d.told, when == 0   ? "closed "
                                    : when == 1 ? "connected closed "
                                                : "connected ready closed ");
        assert_int_equal(d.end, what == ACT_CLOSE ? TRI_TCP_CLOSED : TRI_TCP_LOST);
        drop(&d);
        tcp_world_close(&w);
    }
}

static void a_flush_before_it_is_connected_is_harmless(void **state)
{
    (void)state;
    struct tcp_world w;
    struct dialler d = {0};
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    struct tri_tcp_dial to = to_world(&w, &client);
    assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
    tri_tcp_read(d.tcp, false);
    tri_tcp_flush(d.tcp);
    tcp_world_run_until(&w, NULL, &d.ready);
    tri_tcp_abort(d.tcp);
    tcp_world_run_until(&w, NULL, &d.closed);
    drop(&d);
    tcp_world_close(&w);
}

static void a_session_is_resumed_over_another_connection(void **state)
{
    (void)state;
    struct tcp_world w;
    struct dialler first = {0}, second = {0};
    tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &context, 5000);
    struct tri_tcp_dial to = to_world(&w, &client);
    w.on_ready = ACT_CLOSE; /* behind the ticket */
    struct dialler *both[] = {&first, &second};
    for (int i = 0; i < 2; i++) {
        to.resume = first.session;
        assert_int_equal(dial(both[i], w.loop, &to), TRI_OK);
        tcp_world_run_until(&w, NULL, &both[i]->eof);
        tri_tcp_close(both[i]->tcp, 5000);
        tcp_world_run_until(&w, NULL, &both[i]->closed);
        assert_int_equal(both[i]->is_resumed, i == 1);
        assert_non_null(both[i]->session);
    }
    drop(&first);
    drop(&second);
    tcp_world_close(&w);
}

static void dialling_survives_each_failing_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        struct tcp_world w;
        struct dialler d = {0};
        test_alloc_init(&memory);
        tcp_world_open(&w, &memory.alloc, "127.0.0.1:0", &context, 5000);
        memory.fail_at = memory.calls + n;
        struct tri_tcp_dial to = to_world(&w, &client);
        enum tri_err err = dial(&d, w.loop, &to);
        failed = test_alloc_has_failed(&memory);
        memory.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        assert_int_equal(d.tcp == NULL, failed);
        if (!err) {
            tri_tcp_abort(d.tcp);
            tcp_world_run_until(&w, NULL, &d.closed);
        }
        drop(&d);
        tcp_world_close(&w);
        assert_int_equal(memory.live, 0);
    }
}

/* What a thread does by itself: its own contexts, loop, listener and connections. */
static void *live(void *user)
{
    (void)user;
    for (int round = 0; round < 3; round++) {
        char error[TRI_TLS_ERROR_MAX];
        struct tri_tls_context own;
        struct tri_tls_client own_client;
        const struct tri_tls_trust trust = {.ca_file = files.cert};
        assert_int_equal(
            tri_tls_context_init(&own, TRI_TLS_TCP, &identity, TRI_HTTP_2, NULL, error), TRI_OK);
        assert_int_equal(tri_tls_client_init(&own_client, TRI_TLS_TCP, &trust, NULL, error),
                         TRI_OK);
        static _Thread_local struct tcp_world w;
        tcp_world_open(&w, tri_alloc_heap(), "127.0.0.1:0", &own, 5000);
        w.on_ready = ACT_CLOSE;
        struct tri_tcp_dial to = to_world(&w, &own_client);
        for (int i = 0; i < 4; i++) {
            struct dialler d = {0};
            assert_int_equal(dial(&d, w.loop, &to), TRI_OK);
            tcp_world_run_until(&w, NULL, &d.eof);
            tri_tcp_close(d.tcp, 5000);
            tcp_world_run_until(&w, NULL, &d.closed);
            drop(&d);
        }
        tcp_world_close(&w);
        tri_tls_client_deinit(&own_client);
        tri_tls_context_deinit(&own);
    }
    return NULL;
}

static void several_threads_have_loops_of_their_own(void **state)
{
    (void)state;
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, live, NULL), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_talks_and_closes),
        cmocka_unit_test(small_writes_do_not_wait),
        cmocka_unit_test(a_server_that_ends_is_told),
        cmocka_unit_test(nobody_there_is_told_from_the_loop),
        cmocka_unit_test(no_socket_is_an_error_of_the_call),
        cmocka_unit_test(an_answer_that_does_not_come_is_a_timeout),
        cmocka_unit_test(a_handshake_that_does_not_end_is_another_timeout),
        cmocka_unit_test(what_breaks_tls_is_told_apart),
        cmocka_unit_test(a_server_without_tls_is_found_out),
        cmocka_unit_test(may_be_closed_and_dropped_at_any_time),
        cmocka_unit_test(a_flush_before_it_is_connected_is_harmless),
        cmocka_unit_test(a_session_is_resumed_over_another_connection),
        cmocka_unit_test(dialling_survives_each_failing_allocation),
        cmocka_unit_test(several_threads_have_loops_of_their_own),
    };
    return cmocka_run_group_tests(tests, make_contexts, drop_contexts);
}
