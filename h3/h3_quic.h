/*
 * The QUIC half of a connection: ngtcp2, its settings, transport parameters and callbacks. RFC
 * 9000, 9001, 9002, 9368, 9369 (row N1).
 */
#ifndef TRI_H3_QUIC_H
#define TRI_H3_QUIC_H

#include "h3_conn.h"

/* Of a datagram that we send, bytes: a packet of 9,000 less the headers of IPv6 and UDP. */
#define TRI_H3_DATAGRAM_BYTES_MAX 8952u

/* The versions we speak, the preferred one first: RFC 9369, RFC 9000. */
#define TRI_H3_VERSIONS_LEN 2u
extern const uint32_t tri_h3_quic_versions[TRI_H3_VERSIONS_LEN];

/*
 * Makes c->quic and its TLS for |initial|, which came over |path|, and registers the
 * client's connection id and our first. On an error the caller frees what is there.
 */
TRI_MUST_USE enum tri_err tri_h3_quic_open(struct tri_h3_conn *c,
                                           const struct tri_h3_initial *initial,
                                           const ngtcp2_path *path);

/* ---- for both ends */

/* What the settings of every connection are; the rest is the library's default. */
void tri_h3_quic_settings(ngtcp2_settings *settings, struct tri_h3_conn *c);

/* And the transport parameters, but for the window of streams and their number. */
void tri_h3_quic_params(ngtcp2_transport_params *params, const struct tri_limits *limits);

/* Begins the qlog of |c|, if there is to be one. */
void tri_h3_quic_open_qlog(struct tri_h3_conn *c, const ngtcp2_cid *original_dcid);

#endif
