/*
 * An HTTP/2 client for tests, in memory, on nghttp2's client session: it honours flow control,
 * records what comes back, and can be told to stop taking a stream's bytes.
 */
#ifndef TRI_TESTS_PEER_H2_H
#define TRI_TESTS_PEER_H2_H

#include "base_slice.h"
#include "fixture.h"

#include <nghttp2/nghttp2.h>

struct bytes_h2 {
    uint8_t *data;
    size_t len, cap;
};

void bytes_h2_append(struct bytes_h2 *b, const void *data, size_t len);
void bytes_h2_forget(struct bytes_h2 *b, size_t len); /* the first |len| */
void bytes_h2_free(struct bytes_h2 *b);

struct peer_h2_stream {
    int32_t id;
    int status;
    struct bytes_h2 text; /* fields, "name: value\n" each */
    struct bytes_h2 body;
    struct bytes_h2 to_send;
    size_t sent;       /* of to_send */
    bool wants_fin;    /* END_STREAM behind to_send */
    bool is_deferred;  /* the session waits for more to send */
    bool is_paused;    /* no stream credit is returned */
    size_t unconsumed; /* received while paused */
    bool fin;          /* END_STREAM came */
    bool is_closed;
    bool is_reset;       /* RST_STREAM came ... */
    uint32_t reset_code; /* ... with this code */
};

struct peer_h2 {
    nghttp2_session *session;
    struct peer_h2_stream **streams;
    size_t streams_len, streams_cap;
    bool is_goaway;       /* GOAWAY came ... */
    uint32_t goaway_code; /* ... with this code */
    int32_t goaway_last_id;
    bool is_broken; /* the server's bytes were no HTTP/2 */
};

void peer_h2_init(struct peer_h2 *p);
void peer_h2_deinit(struct peer_h2 *p);

/* Requests; returns the stream's index, from 0; -1 if the session takes no more. */
int peer_h2_request(struct peer_h2 *p, const struct fixture_request *r);
int peer_h2_submit(struct peer_h2 *p, const nghttp2_nv *fields, size_t len, bool fin);

void peer_h2_send(struct peer_h2 *p, int stream, const void *data, size_t len);
void peer_h2_fin(struct peer_h2 *p, int stream);
void peer_h2_reset(struct peer_h2 *p, int stream, uint32_t error_code);
void peer_h2_pause(struct peer_h2 *p, int stream, bool paused);
size_t peer_h2_unsent(const struct peer_h2 *p, int stream);

/* Bytes from the server. */
void peer_h2_feed(struct peer_h2 *p, const uint8_t *data, size_t len);
/* Bytes to the server, valid until the next call; 0: none now. */
size_t peer_h2_take(struct peer_h2 *p, const uint8_t **data);

#endif
