/*
 * A QUIC and HTTP/3 client in memory, on ngtcp2 and nghttp3: what the h3 adapter is tested against.
 * It is driven as the adapter is: datagrams in, datagrams out, time as a parameter. A failure of the
 * libraries on this side ends the test.
 */
#ifndef TRI_TESTS_PEER_H3_H
#define TRI_TESTS_PEER_H3_H

#include "base_addr.h"
#include "base_buf.h"
#include "base_list.h"
#include "h3_endpoint.h" /* the build gives its libraries to whoever includes it */

#include <nghttp3/nghttp3.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#define PEER_H3_STREAMS_MAX 128

/* What a client keeps of a connection, to resume it by. */
struct peer_h3_ticket {
    WOLFSSL_SESSION *session;
    uint8_t params[256]; /* of the server's transport */
    size_t params_len;
};

struct peer_h3_options {
    uint32_t version;         /* 0: version 1 */
    const uint32_t *versions; /* offered for compatible negotiation, |version| too; NULL: none */
    size_t versions_len;
    const char *alpn;            /* NULL: "h3"; "": none */
    uint64_t stream_window;      /* 0: 256 KiB */
    uint64_t conn_window;        /* 0: 64 MiB */
    uint64_t uni_streams;        /* that the server may open; 0: 8 */
    uint64_t idle_timeout_ms;    /* 0: none */
    bool draft_transport_params; /* the extension's number in the drafts */
    bool post_quantum;           /* X25519MLKEM768 first */
    bool strange_group;          /* first one that the server does not have: it asks for another */
    bool is_bare;                /* no HTTP/3 on this side: every stream is a raw one */
    const uint8_t *token;        /* of an earlier connection; NULL: none */
    size_t token_len;
    const struct peer_h3_ticket *ticket; /* of an earlier connection; NULL: none */
    bool early; /* requests may be made at once, as early data. Needs a ticket that allows it */
    size_t crypto_piece; /* bytes of TLS handed to QUIC at a time; 0: as they come */
    /* Changes what TLS sends at |level|: |data| has room for |max| bytes. NULL: nothing. */
    void (*change_crypto)(ngtcp2_encryption_level level, uint8_t *data, size_t *len, size_t max);
};

/* Bytes for a stream that HTTP/3 on this side knows nothing of. */
struct peer_h3_raw {
    struct tri_list node;
    int64_t id;
    bool fin;
    size_t len, sent;
    uint8_t data[];
};

struct peer_h3_stream {
    struct peer_h3 *peer;
    int64_t id;
    struct tri_list chunks; /* stay until they are acknowledged: nghttp3 holds references */
    size_t queued, given;
    size_t acked; /* bytes of the first chunk */
    bool fin;
    bool paused;
    size_t owed; /* received while paused, no credit returned yet */
    int status;
    struct tri_buf head, body;
    bool fin_seen, closed;
    bool reset_seen, stop_seen; /* RESET_STREAM, STOP_SENDING */
    uint64_t reset_code, stop_code;
};

struct peer_h3 {
    struct peer_h3_options options;
    WOLFSSL_CTX *ctx;
    WOLFSSL *ssl;
    ngtcp2_crypto_conn_ref ref;
    uint8_t secrets[4][64]; /* what it sends with, a level of ngtcp2's each */
    size_t secrets_len;     /* bytes of one */
    ngtcp2_conn *quic;
    nghttp3_conn *http;
    struct tri_addr local, remote;
    struct tri_addr sent_from; /* the last datagram: the address of ours */
    uint8_t token[128];        /* the last NEW_TOKEN */
    size_t token_len, tokens;
    struct peer_h3_stream *streams[PEER_H3_STREAMS_MAX];
    size_t streams_len;
    struct tri_list raws;                   /* to be sent before all else */
    struct tri_list raws_sent;              /* ngtcp2 holds references */
    uint64_t raw_reset_code, raw_stop_code; /* the last on such a stream */
    size_t raw_resets, raw_stops;
    struct tri_buf raw_in;                /* what came on streams of a bare one's own */
    bool settings_seen, connect_protocol; /* what the server's SETTINGS say */
    bool resumed;                         /* the handshake resumed a session */
    bool early_refused; /* early data was: all streams are gone, and requests to be made again */
    bool read_blocked;  /* nghttp3 asked a stream that had nothing to send */
    size_t goaways;
    int64_t goaway_id;   /* of the last one */
    bool closed;         /* the connection is over */
    int error;           /* ngtcp2's, when it ended */
    ngtcp2_ccerr why;    /* what the server closed with */
    bool reset_by_token; /* a stateless reset came */
};

struct peer_h3 *peer_h3_new(const struct peer_h3_options *options, uint64_t now_ns);
void peer_h3_free(struct peer_h3 *p);

void peer_h3_recv(struct peer_h3 *p, uint8_t ecn, const uint8_t *data, size_t len, uint64_t now_ns);
/* One datagram; 0: none. |max| is 1500 at least. */
size_t peer_h3_send(struct peer_h3 *p, uint8_t *out, size_t max, uint8_t *ecn, uint64_t now_ns);
uint64_t peer_h3_deadline_ns(const struct peer_h3 *p);
void peer_h3_expire(struct peer_h3 *p, uint64_t now_ns);

/* What the server gave to come back with; released by the other. False: no ticket has come. */
bool peer_h3_take_ticket(struct peer_h3 *p, struct peer_h3_ticket *out);
void peer_h3_drop_ticket(struct peer_h3_ticket *t);

/* The handshake is done and the server's SETTINGS came. */
bool peer_h3_is_ready(const struct peer_h3 *p);

/* Sends a request with these fields; its number, or -1 if there may be no more. */
int peer_h3_request(struct peer_h3 *p, const nghttp3_nv *nva, size_t nva_len, bool fin);
void peer_h3_data(struct peer_h3 *p, int stream, const void *data, size_t len);
void peer_h3_fin(struct peer_h3 *p, int stream);
void peer_h3_reset(struct peer_h3 *p, int stream, uint64_t code); /* RESET_STREAM alone */
void peer_h3_stop(struct peer_h3 *p, int stream, uint64_t code);  /* STOP_SENDING alone */
void peer_h3_pause(struct peer_h3 *p, int stream, bool paused);

/* A new stream without HTTP/3 on this side; bytes on it, or on any. -1: there may be no more. */
int64_t peer_h3_raw_open(struct peer_h3 *p, bool is_uni);
void peer_h3_raw_send(struct peer_h3 *p, int64_t id, const void *data, size_t len, bool fin);

/* Closes the connection with an application's code; the datagram that says so. */
size_t peer_h3_close(struct peer_h3 *p, uint8_t *out, size_t max, uint64_t code, uint64_t now_ns);

#endif
