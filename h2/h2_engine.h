/* What nghttp2 tells both roles alike, and what the callbacks of their own (h2_callbacks,
 * h2_client_callbacks) have in common. */
#ifndef TRI_H2_ENGINE_H
#define TRI_H2_ENGINE_H

#include "h2_stream.h"

/* Sets the callbacks that both roles share, also those of h2_output. The user data is the struct
 * tri_h2_conn. */
void tri_h2_engine_set_callbacks(nghttp2_session_callbacks *callbacks);

/* Gives the engine |len| bytes from the peer; the connection's phase says whether it failed. */
void tri_h2_engine_feed(struct tri_h2_conn *c, const uint8_t *data, size_t len);

/* The engine's stream, or NULL if nobody here has to do with it. */
struct tri_h2_stream *tri_h2_engine_find(nghttp2_session *session, int32_t id);

/* What a callback returns when nothing is wrong with its own matter. */
int tri_h2_engine_result(const struct tri_h2_conn *c);

/* Resets a stream, and has the engine pass over the rest of its field block. */
int tri_h2_engine_refuse_block(struct tri_h2_conn *c, int32_t id, uint32_t error_code);

/* END_STREAM came, in a frame that was told. */
void tri_h2_engine_peer_fin(nghttp2_session *session, int32_t id);

struct tri_slice tri_h2_engine_slice(nghttp2_rcbuf *bytes);

#endif
