/* What nghttp2 tells a client of frames and of the streams' fate, turned into calls of h2_stream and
 * h2_call. */
#ifndef TRI_H2_CLIENT_CALLBACKS_H
#define TRI_H2_CLIENT_CALLBACKS_H

#include <nghttp2/nghttp2.h>

/* Sets those that are the client's alone: struct tri_h2_role. */
void tri_h2_client_callbacks_set(nghttp2_session_callbacks *callbacks);

#endif
