/* See h3_client_end.h. RFC 9000 sections 10, 20; RFC 9114 section 8.1; RFC 9204 section 6. */
#include "h3_client_end.h"

#include "h3_client_internal.h"

#include <assert.h>

#define CRYPTO_ERROR UINT64_C(0x100) /* and the alert: RFC 9000 section 20.1 */

struct code_text {
    uint64_t code;
    const char *text;
};

#define ENDED(name) "ended with " name

static const struct code_text http_texts[] = {
    {0x100, ENDED("H3_NO_ERROR")},
    {0x101, ENDED("H3_GENERAL_PROTOCOL_ERROR")},
    {0x102, ENDED("H3_INTERNAL_ERROR")},
    {0x103, ENDED("H3_STREAM_CREATION_ERROR")},
    {0x104, ENDED("H3_CLOSED_CRITICAL_STREAM")},
    {0x105, ENDED("H3_FRAME_UNEXPECTED")},
    {0x106, ENDED("H3_FRAME_ERROR")},
    {0x107, ENDED("H3_EXCESSIVE_LOAD")},
    {0x108, ENDED("H3_ID_ERROR")},
    {0x109, ENDED("H3_SETTINGS_ERROR")},
    {0x10a, ENDED("H3_MISSING_SETTINGS")},
    {0x10b, ENDED("H3_REQUEST_REJECTED")},
    {0x10c, ENDED("H3_REQUEST_CANCELLED")},
    {0x10d, ENDED("H3_REQUEST_INCOMPLETE")},
    {0x10e, ENDED("H3_MESSAGE_ERROR")},
    {0x10f, ENDED("H3_CONNECT_ERROR")},
    {0x110, ENDED("H3_VERSION_FALLBACK")},
    {0x200, ENDED("QPACK_DECOMPRESSION_FAILED")},
    {0x201, ENDED("QPACK_ENCODER_STREAM_ERROR")},
    {0x202, ENDED("QPACK_DECODER_STREAM_ERROR")},
};

static const struct code_text quic_texts[] = {
    {0x0, ENDED("NO_ERROR")},
    {0x1, ENDED("INTERNAL_ERROR")},
    {0x2, "the server refuses connections"},
    {0x3, ENDED("FLOW_CONTROL_ERROR")},
    {0x4, ENDED("STREAM_LIMIT_ERROR")},
    {0x5, ENDED("STREAM_STATE_ERROR")},
    {0x6, ENDED("FINAL_SIZE_ERROR")},
    {0x7, ENDED("FRAME_ENCODING_ERROR")},
    {0x8, ENDED("TRANSPORT_PARAMETER_ERROR")},
    {0x9, ENDED("CONNECTION_ID_LIMIT_ERROR")},
    {0xa, ENDED("PROTOCOL_VIOLATION")},
    {0xb, ENDED("INVALID_TOKEN")},
    {0xc, ENDED("APPLICATION_ERROR")},
    {0xd, ENDED("CRYPTO_BUFFER_EXCEEDED")},
    {0xe, ENDED("KEY_UPDATE_ERROR")},
    {0xf, ENDED("AEAD_LIMIT_REACHED")},
    {0x10, ENDED("NO_VIABLE_PATH")},
    {0x11, ENDED("VERSION_NEGOTIATION_ERROR")},
};

static const char *find_text(const struct code_text *texts, size_t len, uint64_t code)
{
    for (size_t i = 0; i < len; i++) {
        if (texts[i].code == code) {
            return texts[i].text;
        }
    }
    return "";
}

const char *tri_h3_client_code_text(uint64_t code)
{
    return find_text(http_texts, sizeof http_texts / sizeof *http_texts, code);
}

static bool is_crypto(const ngtcp2_ccerr *e)
{
    return e->type == NGTCP2_CCERR_TYPE_TRANSPORT && e->error_code >= CRYPTO_ERROR &&
           e->error_code < CRYPTO_ERROR + 256;
}

/* ALPN: who offers no h3 does not speak it. */
static struct tri_call_end end_of_tls(const struct tri_h3_client *client, const ngtcp2_ccerr *e)
{
    const uint64_t alert = e->error_code - CRYPTO_ERROR;
    struct tri_call_end end = {.fault = TRI_FAULT_TLS, .code = e->error_code};
    if (alert == TRI_H3_ALERT_NO_APPLICATION_PROTOCOL) {
        end.fault = TRI_FAULT_VERSION;
        end.text = "the server does not speak HTTP/3";
    } else if (client->tls_text) {
        end.fault = client->is_certificate ? TRI_FAULT_CERTIFICATE : TRI_FAULT_TLS;
        end.text = client->tls_text;
    } else {
        end.text = "the TLS handshake failed";
    }
    return end;
}

static const char *text_of(const ngtcp2_ccerr *e)
{
    return e->type == NGTCP2_CCERR_TYPE_APPLICATION
               ? tri_h3_client_code_text(e->error_code)
               : find_text(quic_texts, sizeof quic_texts / sizeof *quic_texts, e->error_code);
}

static bool is_without_error(const ngtcp2_ccerr *e)
{
    return e->type == NGTCP2_CCERR_TYPE_APPLICATION ? e->error_code == NGHTTP3_H3_NO_ERROR
                                                    : e->error_code == NGTCP2_NO_ERROR;
}

/* The server has closed, or knows nothing of the connection any more. */
static struct tri_call_end end_by_server(const struct tri_h3_client *client)
{
    const struct tri_h3_conn *c = client->conn;
    const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr2(c->quic);
    if (client->was_reset) {
        return (struct tri_call_end){.fault = TRI_FAULT_LOST,
                                     .text = "the server has forgotten the connection"};
    }
    if (is_crypto(e)) {
        return end_of_tls(client, e);
    }
    struct tri_call_end end = {.fault = TRI_FAULT_LOST, .code = e->error_code, .text = text_of(e)};
    if (is_without_error(e) && c->state != TRI_H3_HANDSHAKE && c->streams_len == 0) {
        end.fault = TRI_FAULT_NONE;
    } else if (e->type == NGTCP2_CCERR_TYPE_TRANSPORT &&
               e->error_code == NGTCP2_CONNECTION_REFUSED) {
        end.fault = TRI_FAULT_CONNECT;
    }
    return end;
}

/* We close, for c->error. */
static struct tri_call_end end_by_us(const struct tri_h3_client *client)
{
    const ngtcp2_ccerr *e = &client->conn->error;
    if (is_crypto(e)) {
        return end_of_tls(client, e);
    }
    const bool is_ours = is_without_error(e);
    return (struct tri_call_end){.fault = is_ours ? TRI_FAULT_NONE : TRI_FAULT_PROTOCOL,
                                 .code = is_ours ? 0 : e->error_code,
                                 .text = is_ours ? "" : text_of(e)};
}

static struct tri_call_end end_of_silence(const struct tri_h3_conn *c)
{
    const bool is_open = c->state != TRI_H3_HANDSHAKE;
    return (struct tri_call_end){.fault = is_open ? TRI_FAULT_LOST : TRI_FAULT_TIMEOUT,
                                 .text = is_open ? "the server fell silent"
                                                 : "the handshake took too long"};
}

void tri_h3_client_note_end(struct tri_h3_conn *c, int rv)
{
    struct tri_h3_client *client = c->shared->client;
    switch (rv) {
    case NGTCP2_ERR_DRAINING:
        client->end = end_by_server(client);
        return;
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    case NGTCP2_ERR_IDLE_CLOSE:
        client->end = end_of_silence(c);
        return;
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
    case NGTCP2_ERR_VERSION_NEGOTIATION_FAILURE:
        client->end = (struct tri_call_end){.fault = TRI_FAULT_VERSION,
                                            .text = "the server speaks other versions of QUIC"};
        return;
    case NGTCP2_ERR_NOMEM:
        client->end = (struct tri_call_end){.fault = TRI_FAULT_MEMORY, .text = ""};
        return;
    default:
        client->end = end_by_us(client);
        return;
    }
}
