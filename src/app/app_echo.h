/*
 * The echo application: every message comes back, of the same type, in order. Written on the
 * public header alone, like everything in this folder.
 *
 * Messages that the socket's send queue has no room for are kept and sent when it drains. A peer
 * that sends on without reading fills that too, and is closed with 1013 "slow consumer": an echo
 * may neither lose nor reorder a message, and memory has an end.
 */
#ifndef APP_ECHO_H
#define APP_ECHO_H

#include "trisock/trisock.h"

/* Message bytes kept for one socket, and for all of a process's sockets together: two of the
 * longest messages by default, and sixteen times that. */
#define TRI_ECHO_SOCKET_BYTES_MAX ((size_t)(32 * 1024 * 1024))
#define TRI_ECHO_TOTAL_BYTES_MAX ((size_t)(512 * 1024 * 1024))

/* The sockets of one route or more. The |user| of the handlers. Zeroed: ready for use. */
struct tri_echo {
    size_t kept_bytes; /* by all its sockets; <= TRI_ECHO_TOTAL_BYTES_MAX */
};

/* For tri_config_ws; the user is a struct tri_echo that outlives the server. */
extern const struct tri_ws_handler tri_echo_handler;

/* The callbacks of tri_echo_handler, for handlers that are an echo and more. */
void tri_echo_on_request(void *user, struct tri_request *req);
void tri_echo_on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len);
void tri_echo_on_drain(void *user, struct tri_ws *ws);
void tri_echo_on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end);

#endif
