/*
 * The client's end of one QUIC connection that carries HTTP/3: ngtcp2 + nghttp3 on wolfSSL. RFC 9000,
 * 9001, 9114, 9220. Sans-I/O: takes datagrams, yields runs of datagrams, with time as a parameter.
 * Streams, their settling and the writing of packets are the server's own, in the other role.
 *
 * The owner calls recv with what arrived, and afterwards, once a turn, send until it yields nothing;
 * and expire when deadline_ns has come.
 */
#ifndef TRI_H3_CLIENT_H
#define TRI_H3_CLIENT_H

#include "h3_endpoint.h"
#include "http_call.h"
#include "tls_client.h"

struct tri_h3_client_config {
    struct tri_call_config call;
    const struct tri_tls_client *tls; /* made for QUIC; borrowed, outlives the connection */
    const char *host;                 /* the name that the certificate has to hold; copied */
    WOLFSSL_SESSION *resume;          /* NULL: a full handshake; borrowed for the call */
    const char *qlog_dir;             /* NULL: none; borrowed */
    struct tri_addr local, remote;
};

/*
 * A connection that is about to send its first packet. TRI_OK, TRI_ERR_NOMEM. The struct tri_conn is
 * what tri_h3_client_calls takes; of its ops only wants_read (true), shutdown, is_done, is_aborted
 * (false), deadline_ns, expire and free are there: bytes come and go by the two functions below.
 */
TRI_MUST_USE enum tri_err tri_h3_client_new(struct tri_conn **out,
                                            const struct tri_h3_client_config *config,
                                            uint64_t now_ns);
extern const struct tri_call_ops tri_h3_client_calls;

/* As tri_h3_endpoint_recv and _send. */
void tri_h3_client_recv(struct tri_conn *conn, uint8_t ecn, const uint8_t *data, size_t len,
                        uint64_t now_ns);
bool tri_h3_client_send(struct tri_conn *conn, struct tri_h3_run *run, uint64_t now_ns);

/* Closes at once: what is open ends with TRI_STREAM_CONN_LOST, and send yields one CONNECTION_CLOSE. */
void tri_h3_client_close(struct tri_conn *conn, uint64_t now_ns);

/* How far it is: a packet of the server has come; the handshake is complete (then the carrier that
 * was given has the names of what was agreed: see tri_h3_client_carrier). */
bool tri_h3_client_is_answered(const struct tri_conn *conn);
bool tri_h3_client_is_secured(const struct tri_conn *conn);
bool tri_h3_client_is_resumed(const struct tri_conn *conn);
const struct tri_carrier *tri_h3_client_carrier(const struct tri_conn *conn);

/* The newest session that can be resumed, taken over by the caller (wolfSSL_SESSION_free); NULL if no
 * ticket came since the last call. */
WOLFSSL_SESSION *tri_h3_client_take_session(struct tri_conn *conn);

#endif
