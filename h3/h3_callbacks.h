/* What ngtcp2 calls: packets become streams, streams become what HTTP/3 and the tenants hear. */
#ifndef TRI_H3_CALLBACKS_H
#define TRI_H3_CALLBACKS_H

#include "h3_conn.h"

/* Of a server. Those of a client are the same but for what h3_client_quic.c replaces. */
extern const ngtcp2_callbacks tri_h3_quic_callbacks;

/* Reads what TLS has agreed on into the carrier. */
void tri_h3_callback_names(struct tri_h3_conn *c);

void tri_h3_callback_qlog(void *user, uint32_t flags, const void *data, size_t len);

/* Makes a connection id of |len| bytes for |c| and registers it. As tri_h3_cid_add. */
TRI_MUST_USE enum tri_err tri_h3_callback_issue_cid(struct tri_h3_conn *c, ngtcp2_cid *out,
                                                    size_t len);

#endif
