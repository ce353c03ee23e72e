/* Makes the nghttp2 session of a connection: memory, options, our SETTINGS and windows. */
#ifndef TRI_H2_SESSION_H
#define TRI_H2_SESSION_H

#include "h2_core.h"

/*
 * Makes c->session (c->config is set), with our SETTINGS queued first. TRI_OK or TRI_ERR_NOMEM
 * (nothing is left behind).
 */
TRI_MUST_USE enum tri_err tri_h2_session_new(struct tri_h2_conn *c);

#endif
