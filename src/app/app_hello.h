/*
 * The greeting application: the first message is one JSON object that says what carries the
 * socket, so that a page can show it; after that it is an echo.
 *
 *   {"http":"h3","conn":3,"stream":0,"id":7,"tls":"TLS 1.3","cipher":"TLS_AES_128_GCM_SHA256",
 *    "group":"X25519MLKEM768"}
 */
#ifndef APP_HELLO_H
#define APP_HELLO_H

#include "app_echo.h"

#define TRI_HELLO_BYTES_MAX 512u /* the greeting and its NUL */

/* For tri_config_ws; the user is a struct tri_echo that outlives the server. */
extern const struct tri_ws_handler tri_hello_handler;

/* Writes the greeting of socket |id| and returns its length; 0 if it does not fit. */
size_t tri_hello_write(char out[TRI_HELLO_BYTES_MAX], const struct tri_carrier *carrier,
                       uint64_t id);

#endif
