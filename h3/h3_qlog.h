/*
 * The qlog of one connection: what ngtcp2 tells of it, in a file of its own that traffic viewers
 * read (JSON text sequences, RFC 7464). For diagnosis: a failure to write stops the log, never the
 * connection.
 */
#ifndef TRI_H3_QLOG_H
#define TRI_H3_QLOG_H

#include <ngtcp2/ngtcp2.h>

#include <stdio.h>

/*
 * Makes |dir|/<original destination connection id in hex>.sqlog. NULL if it cannot be made, or is
 * there already: a file is never written over.
 */
FILE *tri_h3_qlog_open(const char *dir, const ngtcp2_cid *original_dcid);

void tri_h3_qlog_write(FILE *qlog, const void *data, size_t len);
void tri_h3_qlog_close(FILE *qlog); /* NULL is fine */

#endif
