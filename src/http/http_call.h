/*
 * A call: the client's side of an exchange. One opening handshake by extended CONNECT or Upgrade,
 * and its answer, on a stream; and the outside of a client's connection.
 *
 * Each adapter's client connection is a struct tri_conn (http_conn.h; h3: h3_client.h, the same
 * shape on datagrams) with one function more: open.
 */
#ifndef TRI_HTTP_CALL_H
#define TRI_HTTP_CALL_H

#include "http_conn.h"
#include "http_request.h"
#include "ws_stream.h"

/* Embedded in a transport's own stream struct. */
struct tri_call {
    struct tri_stream stream;          /* first: a call's stream is itself */
    const struct tri_carrier *carrier; /* valid as long as the stream */
    void *owner;                       /* whose |open| it was */
};

/* What to ask for; all is borrowed for the call of open. |protocol| is "websocket". */
struct tri_call_request {
    struct tri_slice authority; /* "example.com:8443" */
    struct tri_slice path;      /* "/echo?a=b" */
    /* Names in lower case; neither pseudo-fields nor what each HTTP version has of its own: host,
     * connection, upgrade, sec-websocket-key. Sec-WebSocket-Version is among them. */
    const struct tri_field *fields;
    size_t fields_len;
};

/* The final answer; borrowed for the call. */
struct tri_call_answer {
    bool
        is_accepted; /* 101 with all that RFC 6455 section 4.1 asks of it on h1; 2xx on h2 and h3 */
    int status;
    const struct tri_field *fields; /* without pseudo-fields */
    size_t fields_len;
};

/* What ended a call before there was an answer, or a connection. */
struct tri_call_end {
    enum tri_fault fault;
    uint64_t code;     /* of the peer's reset, GOAWAY or CONNECTION_CLOSE; 0: none came */
    bool is_retryable; /* the peer has not looked at it: REFUSED_STREAM, above GOAWAY's id */
    const char *text;  /* static English, "" if there is nothing to add */
};

/*
 * What the owner of a client's connection is told. All but on_wake come only while the connection is
 * being driven by its recv, recv_eof, send, expire or free.
 */
struct tri_call_events {
    /*
     * Calls can be opened: at once on h1 (told in the first send); on h2 and h3 when the server's
     * SETTINGS have come, with |connect| telling whether they enable extended CONNECT. Without it
     * open must not be called. Once.
     */
    void (*on_ready)(void *user, bool connect);
    /*
     * The answer. If it is accepted the owner binds |call|->stream.events and .session before this
     * returns, and from then on the stream is the tenant's (ws_stream.h), with one on_closed; or it
     * leaves them NULL, and the stream is reset. An answer that is not accepted has ended the call.
     */
    void (*on_answer)(void *user, struct tri_call *call, const struct tri_call_answer *answer);
    /* It ended without an answer: forget |call|. */
    void (*on_fail)(void *user, struct tri_call *call, const struct tri_call_end *end);
    /* There may be room for more calls than there was. May be NULL. */
    void (*on_room)(void *user);
    /* As in struct tri_exchange_events. */
    void (*on_wake)(void *user);
};

/* A client's connection config. |limits|: what a client uses of them, see trisock.h. */
struct tri_call_config {
    const struct tri_alloc *alloc;
    const struct tri_limits *limits;
    const struct tri_log *log;       /* may be NULL */
    const struct tri_random *random; /* keys of h1 */
    const struct tri_call_events *events;
    void *user;                 /* handed to each of the events */
    struct tri_carrier carrier; /* stream_id is the adapter's; the strings outlive the connection */
};

/* Beside its tri_conn_ops each adapter has these for its client connections. */
struct tri_call_ops {
    /*
     * Asks. Not before on_ready, and not while room is 0. Does not call events.
     *
     * TRI_OK: *out is the call, on_answer or on_fail follows; TRI_ERR_LIMIT: the head is larger than
     * the connection takes; TRI_ERR_CLOSED: it is ending; TRI_ERR_NOMEM.
     */
    enum tri_err (*open)(struct tri_conn *c, const struct tri_call_request *request, void *owner,
                         struct tri_call **out);
    /* Gives a call up that has no answer yet: it is reset, and no event comes. */
    void (*cancel)(struct tri_conn *c, struct tri_call *call);
    /* How many more calls can be opened now; 0 before on_ready, and once the peer said GOAWAY. */
    size_t (*room)(const struct tri_conn *c);
    /* Whether there will be no more room: the peer said GOAWAY, or the connection is ending. */
    bool (*is_going)(const struct tri_conn *c);
    /* Why the connection ended, once is_done: NONE if we or, without calls, the peer closed it. */
    struct tri_call_end (*end)(const struct tri_conn *c);
};

#endif
