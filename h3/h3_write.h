/*
 * Packets out: what nghttp3 has to send, and then what the tenants have, goes into QUIC packets, many of
 * them into one run.
 */
#ifndef TRI_H3_WRITE_H
#define TRI_H3_WRITE_H

#include "h3_conn.h"

/*
 * Fills |run| with packets, in |buf| (TRI_H3_RUN_BYTES_MAX bytes). Returns the bytes; 0: nothing to
 * send now; else an error of ngtcp2, after which nothing but a close may be written.
 */
TRI_MUST_USE ngtcp2_ssize tri_h3_write_run(struct tri_h3_conn *c, uint8_t *buf,
                                           struct tri_h3_run *run);

#endif
