/*
 * The echo application: every message comes back, of the same type, in order. Written on the
 * public header alone, like everything in this folder.
 *
 * It holds one message at most: the one that the socket's send queue had no room for. While that
 * waits the socket is paused, so that a peer that sends on without reading is held up by its own
 * flow control, and neither memory nor the order of messages suffers.
 */
#ifndef APP_ECHO_H
#define APP_ECHO_H

#include "trisock/trisock.h"

/* The sockets of one route or more. The |user| of the handlers. Zeroed: ready for use. */
struct tri_echo {
    enum tri_slow slow; /* the policy of its routes: only under TRI_SLOW_WAIT does a message wait */
};

/* For tri_config_ws; the user is a struct tri_echo that outlives the server. */
extern const struct tri_ws_handler tri_echo_handler;

/* The callbacks of tri_echo_handler, for handlers that are an echo and more. */
void tri_echo_on_request(void *user, struct tri_request *req);
void tri_echo_on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                         size_t len);
void tri_echo_on_drain(void *user, struct tri_ws *ws);
void tri_echo_on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end);

/* Instead of tri_echo_on_message, for a handler's on_fragment: the echo of a piece. */
void tri_echo_on_fragment(void *user, struct tri_ws *ws, const struct tri_fragment *fragment);

#endif
