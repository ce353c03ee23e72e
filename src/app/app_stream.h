/*
 * The streaming echo: as app_echo.h, but each piece of a message goes back as it comes. A message
 * of any length, also one without an end, passes in constant memory: one piece is held at most.
 */
#ifndef APP_STREAM_H
#define APP_STREAM_H

#include "app_echo.h"

/* For tri_config_ws; the user is a struct tri_echo that outlives the server. */
extern const struct tri_ws_handler tri_stream_handler;

#endif
