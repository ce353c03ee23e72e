/* Session tickets: their keys, and resumption over TCP with TLS 1.3 and 1.2. Row N7. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer_tls.h"
#include "tls_context.h"
#include "tls_stream.h"
#include "tls_tickets.h"

#define STATE_LEN 200

static const char secret[] = "a secret of thirty-two bytes ...";
static const char other_secret[] = "another one of thirty-two bytes.";

static uint64_t time_s;

static uint64_t tell_time(void)
{
    return time_s;
}

/* An epoch begins then. */
#define START_S ((uint64_t)500000 * TRI_TICKET_EPOCH_S)

struct ticket {
    uint8_t name[WOLFSSL_TICKET_NAME_SZ];
    uint8_t nonce[WOLFSSL_TICKET_IV_SZ];
    uint8_t mac[WOLFSSL_TICKET_MAC_SZ];
    uint8_t state[STATE_LEN];
};

static struct tri_ticket_parts parts_of(struct ticket *t)
{
    return (struct tri_ticket_parts){.name = t->name,
                                     .nonce = t->nonce,
                                     .mac = t->mac,
                                     .state = t->state,
                                     .state_len = STATE_LEN};
}

static void fill_state(uint8_t out[STATE_LEN])
{
    for (size_t i = 0; i < STATE_LEN; i++) {
        out[i] = (uint8_t)(i * 7);
    }
}

static void make_tickets(struct tri_tls_tickets *t, const char *key, const char *purpose)
{
    assert_int_equal(tri_tls_tickets_init(t, key, strlen(key), purpose), TRI_OK);
    t->now_s = tell_time;
}

static struct ticket seal(const struct tri_tls_tickets *t)
{
    struct ticket ticket;
    fill_state(ticket.state);
    const struct tri_ticket_parts parts = parts_of(&ticket);
    assert_true(tri_tls_tickets_seal(t, &parts));
    return ticket;
}

/* Opens a copy of |ticket|; what comes out is what was sealed. */
static enum tri_ticket look_at(const struct tri_tls_tickets *t, const struct ticket *ticket)
{
    struct ticket copy = *ticket;
    uint8_t state[STATE_LEN];
    fill_state(state);
    const struct tri_ticket_parts parts = parts_of(&copy);
    enum tri_ticket is = tri_tls_tickets_open(t, &parts);
    if (is != TRI_TICKET_STRANGE) {
        assert_memory_equal(copy.state, state, STATE_LEN);
    }
    return is;
}

static void N7_a_ticket_shows_nothing_of_its_state_and_opens_again(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    make_tickets(&t, secret, "tcp");
    const struct ticket first = seal(&t);
    const struct ticket second = seal(&t);
    uint8_t plain[STATE_LEN];
    fill_state(plain);
    assert_memory_not_equal(first.state, plain, 16);
    assert_memory_equal(first.name, second.name, sizeof first.name);
    assert_memory_not_equal(first.nonce, second.nonce, sizeof first.nonce);
    assert_memory_not_equal(first.state, second.state, 16);
    assert_int_equal(look_at(&t, &first), TRI_TICKET_CURRENT);
    assert_int_equal(look_at(&t, &second), TRI_TICKET_CURRENT);
    tri_tls_tickets_deinit(&t);
}

static void N7_keys_change_with_the_hour_and_old_tickets_are_renewed(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    make_tickets(&t, secret, "tcp");
    const struct ticket ticket = seal(&t);
    time_s = START_S + TRI_TICKET_EPOCH_S - 1;
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_CURRENT);
    time_s = START_S + TRI_TICKET_EPOCH_S;
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_OLD);
    const struct ticket next = seal(&t);
    assert_memory_not_equal(next.name, ticket.name, sizeof next.name);
    assert_int_equal(look_at(&t, &next), TRI_TICKET_CURRENT);
    /* Another key, not only another name. */
    struct ticket renamed = ticket;
    memcpy(renamed.name, next.name, sizeof renamed.name);
    assert_int_equal(look_at(&t, &renamed), TRI_TICKET_STRANGE);
    tri_tls_tickets_deinit(&t);
}

static void N7_a_ticket_is_taken_for_a_day_and_no_longer(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    make_tickets(&t, secret, "tcp");
    const struct ticket ticket = seal(&t);
    time_s = START_S + (TRI_TICKET_EPOCHS + 1) * TRI_TICKET_EPOCH_S - 1;
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_OLD);
    time_s++;
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_STRANGE);
    tri_tls_tickets_deinit(&t);
}

static void N7_a_ticket_from_the_future_is_taken_only_if_clocks_may_differ_so_much(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    make_tickets(&t, secret, "tcp");
    const struct ticket ticket = seal(&t);
    time_s = START_S - 1;
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_CURRENT);
    time_s = START_S - TRI_TICKET_EPOCH_S - 1;
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_STRANGE);
    time_s = 0; /* a clock that was never set */
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_STRANGE);
    tri_tls_tickets_deinit(&t);
}

static void N7_a_ticket_with_any_bit_changed_is_strange(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    make_tickets(&t, secret, "tcp");
    const struct ticket ticket = seal(&t);
    for (size_t bit = 0; bit < 8 * sizeof ticket; bit++) {
        struct ticket changed = ticket;
        ((uint8_t *)&changed)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        size_t at = bit / 8 - offsetof(struct ticket, mac);
        bool is_unused = bit / 8 >= offsetof(struct ticket, mac) + 16 && at < sizeof changed.mac;
        assert_int_equal(look_at(&t, &changed),
                         is_unused ? TRI_TICKET_CURRENT : TRI_TICKET_STRANGE);
    }
    tri_tls_tickets_deinit(&t);
}

static void N7_a_ticket_of_another_scope_is_strange(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    make_tickets(&t, secret, "quic");
    struct ticket ticket = seal(&t);
    struct ticket copy = ticket;
    struct tri_ticket_parts parts = parts_of(&copy);
    static const uint8_t scope[TRI_TICKET_SCOPE_LEN] = {[TRI_TICKET_SCOPE_LEN - 1] = 1};
    parts.scope = scope;
    assert_int_equal(tri_tls_tickets_open(&t, &parts), TRI_TICKET_STRANGE);
    assert_int_equal(look_at(&t, &ticket), TRI_TICKET_CURRENT);
    tri_tls_tickets_deinit(&t);
}

static void N7_another_secret_or_purpose_takes_none_and_the_same_takes_all(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_tickets t;
    struct tri_tls_tickets same;
    struct tri_tls_tickets stranger;
    struct tri_tls_tickets purpose;
    make_tickets(&t, secret, "tcp");
    make_tickets(&same, secret, "tcp");
    make_tickets(&stranger, other_secret, "tcp");
    make_tickets(&purpose, secret, "quic");
    struct ticket ticket = seal(&t);
    assert_int_equal(look_at(&same, &ticket), TRI_TICKET_CURRENT);
    assert_int_equal(look_at(&stranger, &ticket), TRI_TICKET_STRANGE);
    assert_int_equal(look_at(&purpose, &ticket), TRI_TICKET_STRANGE);
    /* Nor under their own name. */
    const struct ticket theirs = seal(&stranger);
    memcpy(ticket.name, theirs.name, sizeof ticket.name);
    assert_int_equal(look_at(&stranger, &ticket), TRI_TICKET_STRANGE);
}

/* ---- handshakes over TCP */

static struct peer_tls_files files;
static struct tri_tls_identity identity;

static int make_identity(void **state)
{
    (void)state;
    char error[TRI_TLS_ERROR_MAX];
    peer_tls_files_make(&files);
    return tri_tls_identity_load(&identity, tri_alloc_heap(), files.cert, files.key, error);
}

static int drop_identity(void **state)
{
    (void)state;
    tri_tls_identity_deinit(&identity);
    peer_tls_files_remove(&files);
    return 0;
}

static void make_context(struct tri_tls_context *c, const char *key)
{
    char error[TRI_TLS_ERROR_MAX];
    assert_int_equal(tri_tls_context_init(c, TRI_TLS_TCP, &identity, TRI_HTTP_ALL, NULL, error),
                     TRI_OK);
    assert_int_equal(tri_tls_context_resume(c, key, strlen(key), "tcp"), TRI_OK);
    c->tickets.now_s = tell_time;
}

/*
 * A handshake of |version|, resuming |*session| if there is one, which then is the session that the
 * client has got. True if it was resumed, as both ends say.
 */
static bool shake_hands(const struct tri_tls_context *c, int version, WOLFSSL_SESSION **session)
{
    struct tri_tls_stream server;
    struct peer_tls client;
    assert_int_equal(tri_tls_stream_init(&server, c, tri_alloc_heap()), TRI_OK);
    peer_tls_init(&client, &(struct peer_tls_options){.version = version, .alpn = "h2,http/1.1"});
    wolfSSL_UseSessionTicket(client.ssl);
    if (*session) {
        assert_int_equal(wolfSSL_set_session(client.ssl, *session), WOLFSSL_SUCCESS);
        wolfSSL_SESSION_free(*session);
    }
    for (int i = 0; i < 6; i++) {
        peer_tls_run(&client);
        struct tri_slice sent = tri_buf_peek(&client.out);
        assert_int_equal(tri_tls_stream_feed(&server, sent.data, sent.len), TRI_OK);
        uint8_t plain[64];
        size_t len;
        assert_int_equal(tri_tls_stream_read(&server, plain, sizeof plain, &len), TRI_AGAIN);
        tri_buf_consume(&client.out, sent.len);
        peer_tls_move(&client.in, &server.out);
    }
    assert_true(client.open);
    assert_int_equal(server.state, TRI_TLS_OPEN);
    bool resumed = tri_tls_stream_is_resumed(&server);
    assert_int_equal(wolfSSL_session_reused(client.ssl), resumed);
    *session = wolfSSL_get1_session(client.ssl);
    assert_true(wolfSSL_SESSION_has_ticket(*session));
    /* Neither end gives it up before the key does; wolfSSL by itself would after 500 seconds. */
    const unsigned long day_s = TRI_TICKET_EPOCHS * TRI_TICKET_EPOCH_S;
    assert_int_equal(wolfSSL_get_timeout(server.ssl), day_s);
    if (version == TLS1_3_VERSION) { /* of TLS 1.2, the client does not tell */
        assert_int_equal(wolfSSL_SESSION_get_ticket_lifetime_hint(*session), day_s);
    }
    peer_tls_deinit(&client);
    tri_tls_stream_deinit(&server);
    return resumed;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void N7_a_server_with_the_same_secret_resumes_and_another_does_not(void **state)
{
    (void)state;
    time_s = START_S;
    for (size_t v = 0; v < 2; v++) {
        struct tri_tls_context first;
        struct tri_tls_context same;
        struct tri_tls_context stranger;
        make_context(&first, secret);
        make_context(&same, secret);
        make_context(&stranger, other_secret);
        WOLFSSL_SESSION *session = NULL;
        assert_false(shake_hands(&first, versions[v], &session));
        assert_true(shake_hands(&first, versions[v], &session));
        assert_true(shake_hands(&same, versions[v], &session));
        assert_false(shake_hands(&stranger, versions[v], &session));
        wolfSSL_SESSION_free(session);
        tri_tls_context_deinit(&first);
        tri_tls_context_deinit(&same);
        tri_tls_context_deinit(&stranger);
    }
}

static void N7_a_client_that_comes_back_each_day_never_needs_a_full_handshake(void **state)
{
    (void)state;
    for (size_t v = 0; v < 2; v++) {
        time_s = START_S;
        struct tri_tls_context c;
        make_context(&c, secret);
        WOLFSSL_SESSION *session = NULL;
        assert_false(shake_hands(&c, versions[v], &session));
        for (int day = 0; day < 4; day++) {
            time_s += TRI_TICKET_EPOCHS * TRI_TICKET_EPOCH_S;
            assert_true(shake_hands(&c, versions[v], &session)); /* and gets a new ticket */
        }
        time_s += (TRI_TICKET_EPOCHS + 1) * TRI_TICKET_EPOCH_S;
        assert_false(shake_hands(&c, versions[v], &session));
        wolfSSL_SESSION_free(session);
        tri_tls_context_deinit(&c);
    }
}

static void N7_a_change_of_certificates_keeps_the_tickets(void **state)
{
    (void)state;
    time_s = START_S;
    for (size_t v = 0; v < 2; v++) {
        struct tri_tls_context c;
        make_context(&c, secret);
        WOLFSSL_SESSION *session = NULL;
        assert_false(shake_hands(&c, versions[v], &session));
        struct tri_tls_certs *certs = NULL;
        char error[TRI_TLS_ERROR_MAX];
        assert_int_equal(tri_tls_certs_new(&certs, &c, &identity, 1, error), TRI_OK);
        tri_tls_context_serve(&c, certs);
        assert_true(shake_hands(&c, versions[v], &session));
        wolfSSL_SESSION_free(session);
        tri_tls_context_deinit(&c);
    }
}

static void N7_a_client_that_would_resume_without_a_key_exchange_is_refused(void **state)
{
    (void)state;
    time_s = START_S;
    struct tri_tls_context c;
    make_context(&c, secret);
    WOLFSSL_SESSION *session = NULL;
    assert_false(shake_hands(&c, TLS1_3_VERSION, &session));
    struct tri_tls_stream server;
    struct peer_tls client;
    assert_int_equal(tri_tls_stream_init(&server, &c, tri_alloc_heap()), TRI_OK);
    peer_tls_init(&client,
                  &(struct peer_tls_options){.version = TLS1_3_VERSION, .alpn = "h2,http/1.1"});
    wolfSSL_UseSessionTicket(client.ssl);
    assert_int_equal(wolfSSL_no_dhe_psk(client.ssl), 0);
    assert_int_equal(wolfSSL_set_session(client.ssl, session), WOLFSSL_SUCCESS);
    peer_tls_run(&client);
    struct tri_slice sent = tri_buf_peek(&client.out);
    assert_int_equal(tri_tls_stream_feed(&server, sent.data, sent.len), TRI_ERR_TLS);
    wolfSSL_SESSION_free(session);
    peer_tls_deinit(&client);
    tri_tls_stream_deinit(&server);
    tri_tls_context_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N7_a_ticket_shows_nothing_of_its_state_and_opens_again),
        cmocka_unit_test(N7_keys_change_with_the_hour_and_old_tickets_are_renewed),
        cmocka_unit_test(N7_a_ticket_is_taken_for_a_day_and_no_longer),
        cmocka_unit_test(N7_a_ticket_from_the_future_is_taken_only_if_clocks_may_differ_so_much),
        cmocka_unit_test(N7_a_ticket_with_any_bit_changed_is_strange),
        cmocka_unit_test(N7_a_ticket_of_another_scope_is_strange),
        cmocka_unit_test(N7_another_secret_or_purpose_takes_none_and_the_same_takes_all),
        cmocka_unit_test(N7_a_server_with_the_same_secret_resumes_and_another_does_not),
        cmocka_unit_test(N7_a_client_that_comes_back_each_day_never_needs_a_full_handshake),
        cmocka_unit_test(N7_a_change_of_certificates_keeps_the_tickets),
        cmocka_unit_test(N7_a_client_that_would_resume_without_a_key_exchange_is_refused),
    };
    return cmocka_run_group_tests(tests, make_identity, drop_identity);
}
