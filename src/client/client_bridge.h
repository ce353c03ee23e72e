/*
 * The bridge: accepts ws:// on a loopback address and carries the bytes of each socket, as they are,
 * over a stream of its own to a server beyond, by HTTP/2, HTTP/3 or HTTP/1.1. What only speaks
 * HTTP/1.1 in clear so drives all three. Frames are not looked at; subprotocols and extensions are
 * negotiated end to end.
 *
 * A connection to the server is made when the first socket wants one, and another when that takes no
 * more; if one is lost its sockets end, and the next socket has a new one made.
 */
#ifndef TRI_CLIENT_BRIDGE_H
#define TRI_CLIENT_BRIDGE_H

#include "trisock/trisock.h"

/* Connections that local programs may have at once. */
#define TRI_CLIENT_BRIDGE_LOCALS_MAX ((size_t)65536)

/* Connections to the server: on HTTP/1.1 each socket has one. */
#define TRI_CLIENT_BRIDGE_FARS_MAX ((size_t)16384)

/* How many of them are being opened at once where each carries one socket alone. */
#define TRI_CLIENT_BRIDGE_OPENINGS_MAX ((size_t)64)

struct tri_client_bridge;

/* Zero is a default everywhere but for |listen| and |url|. All is copied. */
struct tri_client_bridge_setup {
    const char *listen; /* "127.0.0.1:8080": a loopback address; port 0: any */
    const char *url;    /* wss://host[:port]; a path is not used: it is that of each request */
    unsigned http;      /* as in struct tri_client_conn_setup */
    bool h3_first;
    /* Fields that each handshake has besides its own, names in lower case; one that has a field of
     * that name keeps it. */
    const struct tri_header *headers;
    size_t headers_len;
    /* Something happened that its user may want to know: a line without its end. May be NULL. */
    void (*on_note)(void *user, const char *text, bool is_error);
    /* It has stopped: it may be freed, not before this returns. */
    void (*on_stopped)(void *user);
    void *user;
};

/*
 * Opens the local port. TRI_OK, and it works while the client runs; or |error| gets a sentence:
 * TRI_ERR_INVALID (the URL, a field, an address that is none or not of loopback), TRI_ERR_INUSE, TRI_ERR_IO,
 * TRI_ERR_NOMEM. A client has one bridge at most.
 */
TRI_MUST_USE enum tri_err tri_client_bridge_new(struct tri_client_bridge **out,
                                                struct tri_client *client,
                                                const struct tri_client_bridge_setup *setup,
                                                char *error, size_t error_max);

/* "127.0.0.1:8080", with the real port. */
const char *tri_client_bridge_address(const struct tri_client_bridge *b);

/* Takes no more sockets, ends those that there are in order, then the connections; on_stopped follows,
 * not during the call. What does not end within the close timeout is cut. */
void tri_client_bridge_stop(struct tri_client_bridge *b);

/* Cuts all at once. on_stopped follows, not during the call. */
void tri_client_bridge_cut(struct tri_client_bridge *b);

/* After on_stopped, and before the client is freed. NULL is fine. */
void tri_client_bridge_free(struct tri_client_bridge *b);

#endif
