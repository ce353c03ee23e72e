/* What the parts of a client's connection share. */
#ifndef TRI_H3_CLIENT_INTERNAL_H
#define TRI_H3_CLIENT_INTERNAL_H

#include "h3_client.h"
#include "h3_conn.h"

struct tri_h3_client {
    struct tri_conn base; /* first */
    struct tri_call_config config;
    const struct tri_tls_client *tls; /* borrowed */
    struct tri_addr local, remote;
    struct tri_h3_shared shared; /* of one connection */
    struct tri_h3_conn *conn;    /* owned; once it is over, GONE, CLOSING or DRAINING */
    uint8_t *run;                /* owned; TRI_H3_RUN_BYTES_MAX */
    struct tri_call_end end;     /* why it ended, once it has */
    uint64_t section_bytes_max;  /* of a request's fields, by the server's SETTINGS */
    bool is_answered;            /* a packet of the server came */
    bool is_resumed;
    bool is_ready;    /* the server's SETTINGS came */
    bool has_connect; /* and enable extended CONNECT */
    bool is_going;    /* the server's GOAWAY came */
    bool was_reset;   /* by a stateless reset */
    /* What failed the handshake, if TLS did: static English. */
    const char *tls_text;
    bool is_certificate;
    WOLFSSL_SESSION *session; /* owned; the newest that nobody took over */
};

static inline struct tri_h3_client *tri_h3_client_of(struct tri_conn *c)
{
    return TRI_CONTAINER_OF(c, struct tri_h3_client, base);
}

#endif
