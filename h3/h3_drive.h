/*
 * The steps that a connection is driven by, each once for a datagram, a deadline or a turn to send.
 * Only here are ngtcp2's reading and writing functions called, so that nothing that a callback does
 * can meet them half way. Each step may leave the connection GONE: the endpoint frees it then.
 */
#ifndef TRI_H3_DRIVE_H
#define TRI_H3_DRIVE_H

#include "h3_conn.h"

/* A datagram came over |path|. */
void tri_h3_drive_recv(struct tri_h3_conn *c, const ngtcp2_path *path, uint8_t ecn,
                       const uint8_t *data, size_t len);

/* Its timer has come. */
void tri_h3_drive_expire(struct tri_h3_conn *c);

/* It is to close politely. */
void tri_h3_drive_shutdown(struct tri_h3_conn *c);

/* It is to close now: its streams are told CONN_LOST, its peer by one CONNECTION_CLOSE. */
void tri_h3_drive_close(struct tri_h3_conn *c);

/*
 * Fills |run|, whose bytes are in |buf| (TRI_H3_RUN_BYTES_MAX) or the connection's. false: nothing
 * to send now.
 */
bool tri_h3_drive_send(struct tri_h3_conn *c, uint8_t *buf, struct tri_h3_run *run);

#endif
