/*
 * A transport under test: the server side of an h1, h2 or h3 connection (or of a fake), joined in
 * memory to a peer that speaks the real protocol. The contract suites run one table of cases over
 * all four of them; nothing in a case knows which one it has.
 *
 * The peer is scripted from outside: it sends a request, stream bytes, an end or a reset, and
 * records what comes back. Nothing moves until run is called.
 */
#ifndef TRI_TESTS_FIXTURE_H
#define TRI_TESTS_FIXTURE_H

#include "http_conn.h"

struct fixture;

#define FIXTURE_STREAMS_MAX 128

/* A request as a person thinks of it; each fixture spells it in its own dialect. */
struct fixture_request {
    const char *method;    /* NULL: GET, or for a WebSocket what the dialect uses */
    const char *scheme;    /* NULL: https */
    const char *authority; /* NULL: "localhost"; "": leave it out */
    const char *path;      /* NULL: "/echo"; "": leave it out (h2, h3) */
    const char *protocol;  /* NULL: a plain request. "websocket": the opening handshake, with a
                              valid key on h1. Else: Upgrade: X on h1, :protocol X on h2, h3 */
    const char *version;   /* Sec-WebSocket-Version; NULL: "13" with protocol websocket; "": none */
    const struct tri_header *headers; /* more fields; NULL-terminated by name; may be NULL */
    bool fin; /* the peer ends its direction with the head (ignored on h1) */
};

/* What the peer has seen of a stream. */
struct fixture_seen {
    int status; /* 0: no response head yet */
    struct tri_slice
        head; /* the response's fields, "name: value\n" each, lower-case names; borrowed
                              until the next run */
    struct tri_slice body; /* stream bytes so far, from the first; borrowed until the next run */
    bool fin;              /* the server ended its direction in order */
    bool reset;            /* the stream was aborted by the server, or refused as malformed */
    bool conn_closed;      /* the whole connection ended */
};

struct fixture_ops {
    const char *name;      /* "fake", "http/1.1", "h2", "h3" */
    bool asks;             /* the tenants live on calls of ours: there is no verdict */
    bool many_streams;     /* more than one stream a connection (not h1) */
    bool half_close;       /* the peer can end its direction alone and the stream goes on */
    bool late_release;     /* on_released comes after on_sent, on acknowledgement (h3) */
    bool stream_windows;   /* the peer is stopped by stream flow control (h2, h3) */
    size_t held_bytes_max; /* that a tenant can be sent while it returns no credit */

    /* Opens a connection, handshakes done. |events| and |user| are the adapter's (http_conn.h).
     * NULL if memory was short, and then nothing is left of it. */
    struct fixture *(*open)(const struct tri_alloc *alloc, const struct tri_limits *limits,
                            const struct tri_exchange_events *events, void *user);
    /* Ends it all. Open streams get on_closed(CONN_LOST). */
    void (*close)(struct fixture *f);

    /* The server ends the connection politely; NULL for the fake. */
    void (*shutdown)(struct fixture *f);

    /* Moves bytes both ways, and time where a protocol needs it, until nothing moves. */
    void (*run)(struct fixture *f);
    /* Passes time, in steps that let deadlines fire, moving bytes. */
    void (*advance)(struct fixture *f, uint64_t ms);
    uint64_t (*now_ns)(const struct fixture *f);

    /* From now on the server gets what is sent in pieces of up to |len| bytes, if there is that much.
     * NULL: the protocol cuts it into packets or frames of its own. */
    void (*pieces)(struct fixture *f, size_t len);

    /* The peer sends a request; returns its stream's number, from 0; -1 if it cannot. */
    int (*request)(struct fixture *f, const struct fixture_request *r);
    /* The peer sends stream bytes (copied, kept back while flow control says so). */
    void (*send)(struct fixture *f, int stream, const void *data, size_t len);
    void (*fin)(struct fixture *f, int stream);
    /* RST_STREAM CANCEL; RESET_STREAM; a torn TCP connection. */
    void (*reset)(struct fixture *f, int stream);
    /* STOP_SENDING alone on h3; the same as reset elsewhere. */
    void (*stop)(struct fixture *f, int stream);
    /* The peer takes no more bytes of this stream (no window; on h1 no reading), or does again. */
    void (*pause)(struct fixture *f, int stream, bool paused);
    /* The connection is gone without a word (socket error; a fatal QUIC error). */
    void (*lose)(struct fixture *f);

    void (*seen)(const struct fixture *f, int stream, struct fixture_seen *out);
    /* The peer forgets the first |len| bytes of what |seen| has as the body. */
    void (*forget)(struct fixture *f, int stream, size_t len);
    /* Bytes of |send| that flow control (on h1: a server that does not read) keeps back. */
    size_t (*unsent)(const struct fixture *f, int stream);
};

extern const struct fixture_ops fixture_fake; /* fixture_fake.c */
extern const struct fixture_ops fixture_h1;   /* fixture_h1.c: driven through a plain byte peer */
extern const struct fixture_ops fixture_h2;   /* fixture_h2.c: nghttp2 client session */
extern const struct fixture_ops fixture_h2_client; /* fixture_h2_client.c: calls of ours */
extern const struct fixture_ops fixture_h3; /* fixture_h3.c: ngtcp2 + nghttp3 client, clean link */
extern const struct fixture_ops fixture_h3_lossy; /* the same over a link that loses, doubles and
                                                     reorders datagrams, from a fixed seed */

#endif
