/*
 * HTTP/3 written by hand on a peer_h3 that is bare: any bytes on any stream, and any frames of QUIC
 * in packets of its connection. RFC 9114, RFC 9204.
 */
#ifndef TRI_TESTS_BARE_H3_H
#define TRI_TESTS_BARE_H3_H

#include "rig_h3.h"

#define BARE_H3_BYTES_MAX ((size_t)100000) /* of one frame */

/* The streams of a client that begins as most do. */
enum {
    BARE_H3_CONTROL = 2,
    BARE_H3_ENCODER = 6,
    BARE_H3_DECODER = 10,
    BARE_H3_SERVERS_CONTROL = 3,
};

struct bare_h3 {
    struct rig_h3 *rig; /* its peer is bare */
    size_t tenant;      /* the index of the one who lives on the socket */
    int64_t socket;
    size_t echoes;
    uint32_t packet_number;
};

/* Dials, and opens a WebSocket; with the three streams of a client, or without. */
void bare_h3_init(struct bare_h3 *b, struct rig_h3 *r, bool has_streams);

/* Asserts that a message comes back on its WebSocket. */
void bare_h3_assert_echo(struct bare_h3 *b);

/* A frame HEADERS with these fields, literally. Returns its bytes; |out| has BARE_H3_BYTES_MAX. */
size_t bare_h3_headers(uint8_t *out, const struct tri_header *fields);

/* Frames of QUIC in a packet of the connection, which the client's own QUIC knows nothing of. */
void bare_h3_inject(struct bare_h3 *b, const void *frames, size_t len);

#endif
