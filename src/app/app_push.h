/*
 * The push application: the server sends by itself, messages of one size, as fast as the peer takes
 * them, for who measures that. Written on the public header alone.
 *
 *   /push?size=1024   binary messages of 1,024 bytes; without "size": of 32
 *
 * What the peer sends is passed over.
 */
#ifndef APP_PUSH_H
#define APP_PUSH_H

#include "trisock/trisock.h"

#define TRI_PUSH_PATH "/push"

#define TRI_PUSH_BYTES_DEFAULT 32u

/* What is shorter or longer is answered 400. A queue full of the shortest is 60,000 messages. */
#define TRI_PUSH_BYTES_MIN 16u
#define TRI_PUSH_BYTES_MAX ((size_t)(1024 * 1024))

/* For tri_config_ws; it takes no user. All that is queued on a socket shares one message. */
extern const struct tri_ws_handler tri_push_handler;

#endif
