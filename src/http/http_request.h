/*
 * A request, normalised: HTTP/1.1, HTTP/2 and HTTP/3 all become this, and nobody behind the
 * adapters asks which it was. A WebSocket opening handshake is a request whose |protocol| is
 * "websocket": on h2 and h3 it is a CONNECT (RFC 8441, RFC 9220), on h1 a GET with Upgrade.
 */
#ifndef TRI_HTTP_REQUEST_H
#define TRI_HTTP_REQUEST_H

#include "base_slice.h"
#include "trisock/trisock.h"

struct tri_field {
    struct tri_slice name;  /* lower case */
    struct tri_slice value; /* without leading and trailing whitespace */
};

struct tri_exchange;

/* Borrows all its bytes from the adapter until the exchange is answered or cancelled. */
struct tri_request_head {
    struct tri_slice method;    /* "GET", "CONNECT" */
    struct tri_slice scheme;    /* "https", "http", or "" */
    struct tri_slice authority; /* :authority or Host; "" if neither came */
    struct tri_slice path;      /* path and query, "/a?b"; "*" for OPTIONS; "" for bare CONNECT */
    struct tri_slice protocol;  /* :protocol, or "websocket" for a valid Upgrade; else "" */
    const struct tri_field *fields; /* without pseudo-fields; Host is among them if it came */
    size_t fields_len;
    bool early; /* it came in early data, and may be a repetition: RFC 8470 */
};

/* The first field called |name| (lower case), or NULL. */
const struct tri_field *tri_request_head_field(const struct tri_request_head *h, const char *name);

/* How many fields are called |name|. */
size_t tri_request_head_count(const struct tri_request_head *h, const char *name);

/* Whether a list in one of the fields called |name| holds |token|, ASCII case ignored. */
bool tri_request_head_has_token(const struct tri_request_head *h, const char *name,
                                struct tri_slice token);

/* |path| without its query, and the query without "?". */
struct tri_slice tri_request_head_path(const struct tri_request_head *h);
struct tri_slice tri_request_head_query(const struct tri_request_head *h);

#endif
