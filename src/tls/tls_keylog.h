/*
 * The key log file: TLS secrets in the NSS key log format, one line each, for traffic analysers.
 * Opening and closing are declared in tls_context.h. Private to tls.
 */
#ifndef TRI_TLS_KEYLOG_H
#define TRI_TLS_KEYLOG_H

#include "tls_context.h"

/* "SERVER_HANDSHAKE_TRAFFIC_SECRET", 32 bytes and 64 bytes in hexadecimal, newline, NUL. */
#define TRI_TLS_KEYLOG_LINE_MAX 256u

/*
 * Appends |line| and a newline, in one write, so that lines of several processes do not mix. A
 * line that is too long, or a full disk, loses the line: logging never harms a connection.
 */
void tri_tls_keylog_write(struct tri_tls_keylog *k, const char *line);

/*
 * Logs the master secret of |ssl|, whose handshake is done, if it speaks TLS 1.2: on a server
 * wolfSSL's own callback tells the secrets of TLS 1.3 only. Needs the arrays that
 * wolfSSL_KeepArrays keeps, and gives them free.
 */
void tri_tls_keylog_session(struct tri_tls_keylog *k, WOLFSSL *ssl);

#endif
