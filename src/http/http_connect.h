/*
 * The answers where a WebSocket is asked for by extended CONNECT: HTTP/2 (RFC 8441) and HTTP/3
 * (RFC 9220) spell them alike.
 */
#ifndef TRI_HTTP_CONNECT_H
#define TRI_HTTP_CONNECT_H

#include "http_exchange.h"

/* The status to send for |r|, 200 to 599. */
int tri_connect_status(const struct tri_response *r);

/* Whether |r| is sent with its content-length. */
bool tri_connect_has_length(const struct tri_response *r);

#endif
