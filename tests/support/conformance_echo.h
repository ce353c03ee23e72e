/*
 * The server's side of one WebSocket in a conformance case: an echo, either of whole messages or of
 * pieces, and what it was told. It also keeps an eye on what the session promises its owner.
 */
#ifndef TRI_TESTS_CONFORMANCE_ECHO_H
#define TRI_TESTS_CONFORMANCE_ECHO_H

#include "http_exchange.h"
#include "ws_session.h"

struct conformance_echo {
    struct tri_session *session; /* NULL once closed */
    unsigned closes;
    uint16_t code;      /* as on_close told it */
    bool in_message;    /* pieces came, the last has not */
    enum tri_type type; /* of them */
    const char *fault;  /* a promise that was broken; NULL: none */
};

struct conformance_echo_options {
    struct tri_session_worker *worker;
    enum tri_deflate mode; /* what the route wants */
    bool in_pieces;
};

/* Answers an opening handshake: agrees on compression, and accepts. */
void conformance_echo_accept(struct conformance_echo *e, struct tri_exchange *x,
                             const struct tri_request_head *head,
                             const struct conformance_echo_options *options);

#endif
