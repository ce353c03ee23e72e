/* Request targets and authorities. RFC 9112 section 3.2, RFC 3986 section 3.2 */
#ifndef TRI_H1_TARGET_H
#define TRI_H1_TARGET_H

#include "http_request.h"

/*
 * Reads |target| in origin, absolute or asterisk form into head->path, and, of an absolute one, its
 * head->scheme and head->authority. head->method is there already. Returns whether it is
 * well-formed, printable ASCII, and fits the method.
 */
bool tri_h1_target_parse(struct tri_request_head *head, struct tri_slice target);

/* Whether |s| is a host and perhaps a port, without user information, and not empty. */
bool tri_h1_is_authority(struct tri_slice s);

#endif
