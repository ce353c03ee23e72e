/*
 * wss://host[:port][/path][?query]: where a socket is to be opened. RFC 6455 section 3, RFC 3986.
 */
#ifndef TRI_CLIENT_URL_H
#define TRI_CLIENT_URL_H

#include "base_alloc.h"
#include "base_slice.h"
#include "net_resolve.h"

#define TRI_CLIENT_PORT_DEFAULT ((uint16_t)443)

/* "[host]:65535" */
#define TRI_CLIENT_AUTHORITY_MAX (TRI_RESOLVE_HOST_MAX + 9)

struct tri_client_url {
    char host[TRI_RESOLVE_HOST_MAX + 1]; /* in lower case, an IPv6 address without brackets */
    uint16_t port;
    char authority[TRI_CLIENT_AUTHORITY_MAX]; /* without the default port */
    struct tri_slice path;                    /* of |text|, with the query; empty: none was given */
};

/*
 * Reads |text|, which |out|->path goes on pointing into. NULL, or a static English sentence about what
 * is wrong; |out| is then not written.
 */
const char *tri_client_url_parse(struct tri_client_url *out, const char *text);

#endif
