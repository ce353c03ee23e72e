/*
 * Connections over QUIC, of floor_h3: recvmmsg with UDP_GRO in, one sendmsg with UDP_SEGMENT a connection
 * and turn out, one timer for all. The TLS part is floor_quic_tls.
 */
#ifndef FLOOR_QUIC_H
#define FLOOR_QUIC_H

#include "floor.h"

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_wolfssl.h>

struct floor_quic;

/* The first member of what a protocol keeps of a connection. */
struct floor_quic_conn {
    struct floor_quic *server;
    ngtcp2_conn *quic;
    WOLFSSL *ssl;
    ngtcp2_crypto_conn_ref ref; /* from |ssl| to here */
    struct floor_quic_conn *next_active;
    struct floor_bytes *unsent; /* packets that the socket did not take; NULL: it takes them */
    size_t unsent_segment;
    uint64_t expiry_ns;
    ngtcp2_ccerr error;
    ngtcp2_cid first_cid; /* that the client made up for the server */
    struct sockaddr_in peer;
    uint32_t index;   /* in the table of connections */
    unsigned secrets; /* bits, of those that TLS gave: see floor_quic_tls.c */
    uint8_t alert;    /* that a guard has raised; 0: none */
    bool is_active;   /* in the list of those that have had packets in this turn */
    bool is_closing;  /* goes at |expiry_ns| */
    bool is_trimmed;  /* TLS holds no more than it needs after the handshake */
};

/* What a protocol does. */
struct floor_quic_calls {
    size_t conn_size;           /* of its struct; all zero at first */
    ngtcp2_callbacks of_quic;   /* those of streams, and recv_tx_key; the others are floor_quic's */
    ngtcp2_write_pkt write_pkt; /* one packet, see ngtcp2_conn_write_aggregate_pkt2 */
    void (*on_turn)(struct floor_quic_conn *conn); /* all is read: packets are written next */
    void (*on_end)(struct floor_quic_conn *conn);  /* frees what it holds, but not |conn| */
};

/* Serves until it is killed. */
_Noreturn void floor_quic_run(struct floor_options *o, const struct floor_quic_calls *calls);

void floor_quic_random(uint8_t *out, size_t len);

/* ------------------------------------------------------------------------------ floor_quic_tls */

WOLFSSL_CTX *floor_quic_tls_new(const struct floor_options *o);

/* TLS for |conn|, whose |quic| there is. */
void floor_quic_tls_open(struct floor_quic_conn *conn, WOLFSSL_CTX *ctx);

/* Of ngtcp2: recv_crypto_data. */
int floor_quic_tls_take(ngtcp2_conn *quic, ngtcp2_encryption_level level, uint64_t offset,
                        const uint8_t *data, size_t len, void *user);

#endif
