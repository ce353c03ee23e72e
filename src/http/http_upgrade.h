/*
 * The HTTP/1.1 dialect of the opening handshake: RFC 6455 section 4.2, RFC 9110 section 7.8. Turns
 * an Upgrade request into the normalised form, so that the verdict need not know it.
 */
#ifndef TRI_HTTP_UPGRADE_H
#define TRI_HTTP_UPGRADE_H

#include "http_request.h"

#define TRI_ACCEPT_LEN 28u       /* Base64 of a SHA-1 */
#define TRI_KEY_LEN 24u          /* Base64 of 16 bytes: 22 digits and "==" */
#define TRI_KEY_RANDOM_BYTES 16u /* what a key is made of */

/*
 * Looks for a WebSocket upgrade in |head| (as a strict parser made it). If the token websocket is
 * in Upgrade and the token upgrade in Connection, head->protocol becomes "websocket" and |*key| the
 * value of Sec-WebSocket-Key. Other upgrade tokens (h2c, TLS ...) are passed over (rows U2, U3,
 * N3).
 *
 * Returns TRI_OK, upgrade or not; TRI_ERR_PROTOCOL if a WebSocket upgrade was asked for wrongly: a
 * method other than GET, a key that is missing, repeated or not the Base64 of 16 bytes, or a body
 * announced (row U5, U7: answer 400). The version is left to the verdict.
 */
TRI_MUST_USE enum tri_err tri_upgrade_normalise(struct tri_request_head *head,
                                                struct tri_slice *key);

/* A client's Sec-WebSocket-Key of random bytes. Not NUL-terminated. RFC 6455 section 4.1 */
void tri_upgrade_key(const uint8_t random[TRI_KEY_RANDOM_BYTES], char out[TRI_KEY_LEN]);

/* Sec-WebSocket-Accept for a key that one of the two above gave. Not NUL-terminated. */
void tri_upgrade_accept(struct tri_slice key, char out[TRI_ACCEPT_LEN]);

#endif
