/*
 * The functions of tri_conn_ops (http_conn.h) that are the same at both ends of a connection. Each
 * call settles, does its own work, and drives.
 */
#ifndef TRI_H2_TURN_H
#define TRI_H2_TURN_H

#include "h2_core.h"

/* The first step of each function that is not here. */
void tri_h2_turn_enter(struct tri_h2_conn *c, uint64_t now_ns);

TRI_MUST_USE enum tri_err tri_h2_turn_recv(struct tri_conn *conn, const uint8_t *data, size_t len,
                                           uint64_t now_ns);
void tri_h2_turn_recv_eof(struct tri_conn *conn, bool orderly, uint64_t now_ns);
size_t tri_h2_turn_send(struct tri_conn *conn, struct tri_slice *out, size_t max, uint64_t now_ns);
bool tri_h2_turn_wants_read(const struct tri_conn *conn);
bool tri_h2_turn_is_done(const struct tri_conn *conn);
bool tri_h2_turn_is_aborted(const struct tri_conn *conn);
void tri_h2_turn_free(struct tri_conn *conn);

#endif
