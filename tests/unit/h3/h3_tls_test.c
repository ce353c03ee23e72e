/* What a client may say in TLS, when, and how often. RFC 9001; rows N1, N2. */
#include "rig_h3.h"

#include <stdlib.h>

#define CRYPTO_ERROR(alert) (0x100u + (alert))

enum {
    UNEXPECTED_MESSAGE = 10,
    MISSING_EXTENSION = 109,
    NO_APPLICATION_PROTOCOL = 120,
};

static const uint8_t key_update[] = {24, 0, 0, 1, 0};

/* A client that cannot get through. */
static struct rig_h3 *dial_in_vain(const struct peer_h3_options *options)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.peer = *options}));
    rig_h3_dial(r);
    assert_false(peer_h3_is_ready(r->peer));
    assert_int_equal(r->tenants_len, 0);
    return r;
}

static void assert_refused(const struct peer_h3_options *options, unsigned alert)
{
    struct rig_h3 *r = dial_in_vain(options);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, CRYPTO_ERROR(alert));
    assert_int_equal(r->closes, 1);
    rig_h3_free(r);
}

static void N1_post_quantum_key_exchange_is_agreed_on_and_told(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.peer = {.post_quantum = true}});
    rig_h3_websocket(r);
    const struct tri_carrier *carrier = rig_h3_tenant(r, 0)->exchange->carrier;
    assert_string_equal(carrier->http, "h3");
    assert_string_equal(carrier->remote, "127.0.0.1:50000");
    assert_string_equal(carrier->tls_version, "TLS 1.3");
    assert_string_equal(carrier->tls_cipher, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(carrier->tls_group, "X25519MLKEM768");
    assert_int_equal(carrier->conn_id, 1);
    assert_int_equal(carrier->stream_id, 0);
    rig_h3_free(r);
}

static void N1_a_group_without_post_quantum_serves_too(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    assert_string_not_equal(rig_h3_tenant(r, 0)->exchange->carrier->tls_group, "");
    rig_h3_free(r);
}

static void N2_another_protocol_gets_alert_120(void **state)
{
    (void)state;
    assert_refused(&(struct peer_h3_options){.alpn = "h2"}, NO_APPLICATION_PROTOCOL);
}

static void N2_no_protocol_gets_alert_120(void **state)
{
    (void)state;
    assert_refused(&(struct peer_h3_options){.alpn = ""}, NO_APPLICATION_PROTOCOL);
}

static void transport_parameters_under_the_drafts_number_get_alert_109(void **state)
{
    (void)state;
    assert_refused(&(struct peer_h3_options){.draft_transport_params = true}, MISSING_EXTENSION);
}

static size_t u16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* Gives the extension quic_transport_parameters a number that nobody knows.
 * NOLINTNEXTLINE(readability-non-const-parameter): others change it */
static void hide_transport_params(ngtcp2_encryption_level level, uint8_t *data, size_t *len,
                                  size_t max)
{
    (void)max;
    if (level != NGTCP2_ENCRYPTION_LEVEL_INITIAL) {
        return;
    }
    size_t at = 4 + 2 + 32; /* header, version, random: RFC 8446 section 4.1.2 */
    at += 1 + data[at];     /* session id */
    at += 2 + u16(data + at);
    at += 1 + data[at]; /* compression */
    at += 2;
    while (at + 4 <= *len && u16(data + at) != 0x39) {
        at += 4 + u16(data + at + 2);
    }
    assert_true(at + 4 <= *len);
    data[at] = 0x5a;
    data[at + 1] = 0x5a;
}

static void no_transport_parameters_get_alert_109(void **state)
{
    (void)state;
    assert_refused(&(struct peer_h3_options){.change_crypto = hide_transport_params},
                   MISSING_EXTENSION);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): others change it */
static void rename_client_hello(ngtcp2_encryption_level level, uint8_t *data, size_t *len,
                                size_t max)
{
    (void)max;
    if (level == NGTCP2_ENCRYPTION_LEVEL_INITIAL && *len > 0 && data[0] == 1) {
        data[0] = 2; /* server_hello */
    }
}

static void a_first_message_that_is_no_client_hello_gets_alert_10(void **state)
{
    (void)state;
    assert_refused(&(struct peer_h3_options){.change_crypto = rename_client_hello},
                   UNEXPECTED_MESSAGE);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): others change it */
static void rename_finished(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max)
{
    (void)max;
    if (level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE && *len > 0) {
        data[0] = 5; /* end_of_early_data */
    }
}

/* The client of these believes that it is done, until the server's answer to its Finished. */
static void assert_thrown_out(const struct peer_h3_options *options)
{
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.peer = *options}));
    rig_h3_dial(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, CRYPTO_ERROR(UNEXPECTED_MESSAGE));
    assert_int_equal(r->closes, 1);
    rig_h3_free(r);
}

static void end_of_early_data_gets_alert_10(void **state)
{
    (void)state;
    assert_thrown_out(&(struct peer_h3_options){.change_crypto = rename_finished});
}

static void append_key_update(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max)
{
    if (level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE) {
        assert_true(*len + sizeof key_update <= max);
        memcpy(data + *len, key_update, sizeof key_update);
        *len += sizeof key_update;
    }
}

static void a_key_update_behind_the_finished_gets_alert_10(void **state)
{
    (void)state;
    assert_thrown_out(&(struct peer_h3_options){.change_crypto = append_key_update});
}

static void a_key_update_in_a_protected_packet_gets_alert_10(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    rig_h3_websocket(r);
    assert_int_equal(ngtcp2_conn_submit_crypto_data(r->peer->quic, NGTCP2_ENCRYPTION_LEVEL_1RTT,
                                                    key_update, sizeof key_update),
                     0);
    rig_h3_run(r);
    rig_h3_assert_closed(r, NGTCP2_CCERR_TYPE_TRANSPORT, CRYPTO_ERROR(UNEXPECTED_MESSAGE));
    assert_int_equal(rig_h3_tenant(r, 0)->cause, TRI_STREAM_CONN_LOST);
    rig_h3_free(r);
}

static void quics_own_key_update_works_without_tls(void **state)
{
    (void)state;
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
    for (int i = 0; i < 3; i++) {
        rig_h3_advance(r, 5000);
        assert_int_equal(ngtcp2_conn_initiate_key_update(r->peer->quic, r->now_ns), 0);
        rig_h3_assert_alive(r);
    }
    rig_h3_free(r);
}

/* Every byte of the handshake in a frame of its own: the messages are followed across frames. */
static void a_handshake_in_single_bytes_completes(void **state)
{
    (void)state;
    struct rig_h3 *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(rig_h3_init(r, &(struct rig_h3_options){.peer = {.crypto_piece = 1}}));
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    rig_h3_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N1_post_quantum_key_exchange_is_agreed_on_and_told),
        cmocka_unit_test(N1_a_group_without_post_quantum_serves_too),
        cmocka_unit_test(N2_another_protocol_gets_alert_120),
        cmocka_unit_test(N2_no_protocol_gets_alert_120),
        cmocka_unit_test(transport_parameters_under_the_drafts_number_get_alert_109),
        cmocka_unit_test(no_transport_parameters_get_alert_109),
        cmocka_unit_test(a_first_message_that_is_no_client_hello_gets_alert_10),
        cmocka_unit_test(end_of_early_data_gets_alert_10),
        cmocka_unit_test(a_key_update_behind_the_finished_gets_alert_10),
        cmocka_unit_test(a_key_update_in_a_protected_packet_gets_alert_10),
        cmocka_unit_test(quics_own_key_update_works_without_tls),
        cmocka_unit_test(a_handshake_in_single_bytes_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
