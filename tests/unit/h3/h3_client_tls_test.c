/* What a server may say in CRYPTO frames, and what a client does about the rest. */
#include "h3_client_tls.h"

#include "pair_h3.h"

#include <stdlib.h>

#define CRYPTO_ERROR 0x100

static struct pair_h3 *dial(const struct bare_server_h3_options *options)
{
    return pair_h3_new(&(struct pair_h3_options){.bare = options});
}

/* The client has closed with |alert|, and says |fault|. */
static void assert_alert(const struct pair_h3 *p, uint8_t alert, enum tri_fault fault)
{
    assert_true(p->bare->is_closed);
    assert_int_equal(p->bare->why.type, NGTCP2_CCERR_TYPE_TRANSPORT);
    assert_int_equal(p->bare->why.error_code, CRYPTO_ERROR + alert);
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(pair_h3_end(p).fault, fault);
    assert_int_equal(pair_h3_end(p).code, CRYPTO_ERROR + alert);
    assert_true(strlen(pair_h3_end(p).text) > 0);
}

static void assert_refused(const struct bare_server_h3_options *options, uint8_t alert,
                           enum tri_fault fault)
{
    struct pair_h3 *p = dial(options);
    assert_alert(p, alert, fault);
    assert_int_equal(p->readies, 0);
    pair_h3_free(p);
}

/* ---- the handshake */

static void an_honest_server_passes(void **state)
{
    (void)state;
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = NULL});
    assert_true(p->bare->is_open);
    assert_true(tri_h3_client_is_secured(p->client));
    assert_false(p->client->ops->is_done(p->client));
    pair_h3_free(p);
}

static void a_server_without_alpn_does_not_speak_it(void **state)
{
    (void)state;
    assert_refused(&(struct bare_server_h3_options){.alpn = ""}, 120, TRI_FAULT_VERSION);
}

static void a_server_that_offers_other_protocols_does_not_speak_it(void **state)
{
    (void)state;
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = "h9"});
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_VERSION);
    assert_int_equal(pair_h3_end(p).code, CRYPTO_ERROR + 120);
    assert_string_equal(pair_h3_end(p).text, "the server does not speak HTTP/3");
    pair_h3_free(p);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's signature */
static void rename_server_hello(ngtcp2_encryption_level level, uint8_t *data, size_t *len,
                                size_t max)
{
    (void)max;
    if (level == NGTCP2_ENCRYPTION_LEVEL_INITIAL && *len > 0) {
        data[0] = 1; /* a ClientHello */
    }
}

/* Each of them alone in what TLS gives at a time, or first in it. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's signature */
static void rename_extensions(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max)
{
    (void)max;
    if (level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE && *len > 0 && data[0] == 8) {
        data[0] = 24; /* a KeyUpdate */
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's signature */
static void rename_certificate(ngtcp2_encryption_level level, uint8_t *data, size_t *len,
                               size_t max)
{
    (void)max;
    for (size_t at = 0; level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE && at + 4 <= *len;) {
        size_t body = (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
        if (data[at] == 11) {
            data[at] = 4; /* a NewSessionTicket */
        }
        at += 4 + body;
    }
}

/* The type of the last message of the handshake, or 0. */
static uint8_t find_last(ngtcp2_encryption_level level, const uint8_t *data, size_t len)
{
    uint8_t last = 0;
    for (size_t at = 0; level == NGTCP2_ENCRYPTION_LEVEL_HANDSHAKE && at + 4 <= len;) {
        last = data[at];
        at += 4 + ((size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3]);
    }
    return last;
}

/* Behind the Finished. */
static void append(ngtcp2_encryption_level level, uint8_t *data, size_t *len, uint8_t type)
{
    const uint8_t message[] = {type, 0, 0, 1, 0};
    if (find_last(level, data, *len) == 20) {
        memcpy(data + *len, message, sizeof message);
        *len += sizeof message;
    }
}

static void append_key_update(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max)
{
    assert_true(*len + 5 <= max);
    append(level, data, len, 24);
}

static void append_certificate(ngtcp2_encryption_level level, uint8_t *data, size_t *len,
                               size_t max)
{
    assert_true(*len + 5 <= max);
    append(level, data, len, 11);
}

static void messages_out_of_place_are_refused(void **state)
{
    (void)state;
    assert_refused(&(struct bare_server_h3_options){.change_crypto = rename_server_hello}, 10,
                   TRI_FAULT_TLS);
    assert_refused(&(struct bare_server_h3_options){.change_crypto = rename_extensions}, 10,
                   TRI_FAULT_TLS);
    assert_refused(&(struct bare_server_h3_options){.change_crypto = rename_certificate}, 10,
                   TRI_FAULT_TLS);
    assert_refused(&(struct bare_server_h3_options){.change_crypto = append_key_update}, 10,
                   TRI_FAULT_TLS);
    assert_refused(&(struct bare_server_h3_options){.change_crypto = append_certificate}, 10,
                   TRI_FAULT_TLS);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's signature */
static void break_finished(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max)
{
    (void)max;
    if (find_last(level, data, *len) == 20) {
        data[*len - 1] ^= 1;
    }
}

static void what_tls_finds_wrong_is_told(void **state)
{
    (void)state;
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.change_crypto = break_finished});
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_TLS);
    assert_true(strlen(pair_h3_end(p).text) > 0);
    pair_h3_free(p);
}

/* ---- afterwards */

/* NewSessionTicket of |len| bytes of ticket: RFC 8446 section 4.6.1. */
static size_t put_ticket(uint8_t *out, size_t len)
{
    const size_t body = 4 + 4 + 2 + 2 + len + 2;
    uint8_t *at = out;
    *at++ = 4;
    *at++ = (uint8_t)(body >> 16);
    *at++ = (uint8_t)(body >> 8);
    *at++ = (uint8_t)body;
    memset(at, 0, body);
    at[2] = 1; /* it is good for 256 s */
    at[8] = 1; /* a nonce of one byte */
    at[10] = (uint8_t)(len >> 8);
    at[11] = (uint8_t)len;
    return 4 + body;
}

static void a_late_ticket_is_taken(void **state)
{
    (void)state;
    uint8_t ticket[256];
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = NULL});
    WOLFSSL_SESSION *session = tri_h3_client_take_session(p->client);
    wolfSSL_SESSION_free(session);
    size_t len = put_ticket(ticket, 100);
    for (size_t i = 0; i < len; i++) { /* in pieces */
        bare_server_h3_crypto(p->bare, ticket + i, 1);
        pair_h3_advance(p, 1);
    }
    pair_h3_run(p);
    assert_false(p->bare->is_closed);
    session = tri_h3_client_take_session(p->client);
    assert_non_null(session);
    wolfSSL_SESSION_free(session);
    pair_h3_free(p);
}

static void a_flood_of_tickets_is_passed_over(void **state)
{
    (void)state;
    uint8_t ticket[256];
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = NULL});
    size_t len = put_ticket(ticket, 100);
    size_t taken = 0;
    for (size_t i = 0; i < 3 * TRI_H3_TICKETS_MAX; i++) {
        bare_server_h3_crypto(p->bare, ticket, len);
        pair_h3_run(p);
        WOLFSSL_SESSION *session = tri_h3_client_take_session(p->client);
        taken += session != NULL;
        wolfSSL_SESSION_free(session);
    }
    assert_false(p->bare->is_closed);
    assert_in_range(taken, TRI_H3_TICKETS_MAX - 2, TRI_H3_TICKETS_MAX);
    pair_h3_free(p);
}

static void a_ticket_without_end_is_passed_over(void **state)
{
    (void)state;
    static uint8_t ticket[TRI_H3_TICKET_BYTES_MAX + 100];
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = NULL});
    size_t len = put_ticket(ticket, TRI_H3_TICKET_BYTES_MAX);
    bare_server_h3_crypto(p->bare, ticket, len);
    pair_h3_run(p);
    assert_false(p->bare->is_closed);
    WOLFSSL_SESSION *session = tri_h3_client_take_session(p->client);
    wolfSSL_SESSION_free(session); /* that of the handshake, if there was one */
    bare_server_h3_crypto(p->bare, ticket, put_ticket(ticket, 100));
    pair_h3_run(p);
    assert_null(tri_h3_client_take_session(p->client));
    assert_false(p->bare->is_closed);
    pair_h3_free(p);
}

struct late_row {
    const char *what;
    uint8_t bytes[8];
    size_t len;
    uint8_t alert;
};

/* A KeyUpdate would have wolfSSL give keys again, which ngtcp2 meets with an assert. */
static void anything_else_late_ends_the_connection(void **state)
{
    (void)state;
    static const struct late_row rows[] = {
        {"KeyUpdate", {24, 0, 0, 1, 0}, 5, 10},
        {"KeyUpdate that asks for ours", {24, 0, 0, 1, 1}, 5, 10},
        {"CertificateRequest", {13, 0, 0, 3, 0, 0, 0}, 7, 10},
        {"ServerHello", {2, 0, 0, 1, 0}, 5, 10},
        {"Finished", {20, 0, 0, 1, 0}, 5, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = NULL});
        bare_server_h3_crypto(p->bare, rows[i].bytes, rows[i].len);
        pair_h3_run(p);
        assert_alert(p, rows[i].alert, TRI_FAULT_TLS);
        pair_h3_free(p);
    }
}

static void a_ticket_that_makes_no_sense_ends_the_connection(void **state)
{
    (void)state;
    static const uint8_t ticket[] = {4, 0, 0, 2, 0, 0};
    struct pair_h3 *p = dial(&(struct bare_server_h3_options){.alpn = NULL});
    bare_server_h3_crypto(p->bare, ticket, sizeof ticket);
    pair_h3_run(p);
    assert_true(p->client->ops->is_done(p->client));
    assert_int_equal(pair_h3_end(p).fault, TRI_FAULT_TLS);
    pair_h3_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_server_passes),
        cmocka_unit_test(a_server_without_alpn_does_not_speak_it),
        cmocka_unit_test(a_server_that_offers_other_protocols_does_not_speak_it),
        cmocka_unit_test(messages_out_of_place_are_refused),
        cmocka_unit_test(what_tls_finds_wrong_is_told),
        cmocka_unit_test(a_late_ticket_is_taken),
        cmocka_unit_test(a_flood_of_tickets_is_passed_over),
        cmocka_unit_test(a_ticket_without_end_is_passed_over),
        cmocka_unit_test(anything_else_late_ends_the_connection),
        cmocka_unit_test(a_ticket_that_makes_no_sense_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
