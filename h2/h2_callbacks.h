/* What nghttp2 tells of frames and of the streams' fate, turned into calls of h2_stream. */
#ifndef TRI_H2_CALLBACKS_H
#define TRI_H2_CALLBACKS_H

#include <nghttp2/nghttp2.h>

/* Sets all of them, also those of h2_output. The user data is the struct tri_h2_conn. */
void tri_h2_callbacks_set(nghttp2_session_callbacks *callbacks);

#endif
