/*
 * An exchange: one request and its answer, on a stream. Each adapter embeds one in its stream
 * struct. The answer may come in the call that announces the request, or later.
 */
#ifndef TRI_HTTP_EXCHANGE_H
#define TRI_HTTP_EXCHANGE_H

#include "base_metrics.h"
#include "http_request.h"
#include "ws_stream.h"

#define TRI_LENGTH_NONE UINT64_MAX

/*
 * What kind of answer it is. The last three are spelled differently by each HTTP; the adapter
 * knows how, nobody else does.
 */
enum tri_answer {
    TRI_ANSWER_PLAIN,          /* |status| and |fields| as given */
    TRI_ANSWER_WEBSOCKET,      /* accepted: 101 on h1, 200 on h2 and h3; no content-length */
    TRI_ANSWER_UPGRADE_NEEDED, /* a WebSocket route asked for plainly: 426 with Upgrade and
                                   Connection on h1; 400 on h2 and h3 (RFC 9110 section 15.5.22) */
    TRI_ANSWER_VERSION_NEEDED, /* 426 on h1, 400 on h2 and h3, with Sec-WebSocket-Version: 13 */
};

struct tri_response {
    enum tri_answer answer;
    int status;                     /* 200 to 599 for PLAIN; unused otherwise */
    const struct tri_field *fields; /* names in lower case; no connection-specific ones */
    size_t fields_len;
    uint64_t content_length; /* body bytes, sent as content-length; TRI_LENGTH_NONE: not sent */
    /*
     * What lives on the stream from now on: bound before the op returns. NULL: no body, the
     * response ends with its head. Whoever is bound gets exactly one on_closed.
     */
    const struct tri_stream_events *events;
    void *session;
};

struct tri_exchange_ops {
    /*
     * Answers; exactly once an exchange, not after on_cancel. |r| and all it points at are borrowed
     * for the call. Does not call events (contract line 7).
     *
     * TRI_OK, and |x| has its status; TRI_ERR_NOMEM: nothing was bound or sent, the stream will be
     * aborted, and no event comes.
     */
    enum tri_err (*respond)(struct tri_exchange *x, const struct tri_response *r);
};

struct tri_exchange {
    struct tri_stream stream; /* first: a stream's exchange is itself */
    const struct tri_exchange_ops *ops;
    const struct tri_carrier *carrier; /* valid as long as the stream */
    void *owner;                       /* for the handler's use: set in on_request */
    int status;                        /* as it was sent; set by respond, 0 before */
};

/*
 * What the handler of requests (the server) is told. on_request and on_cancel come only while the
 * connection is being driven by its recv, send, expire or free.
 */
struct tri_exchange_events {
    /* A request head is complete. |head| is borrowed until the exchange is answered or cancelled. */
    void (*on_request)(void *user, struct tri_exchange *x, const struct tri_request_head *head);
    /* The stream ended before it was answered: forget |x|. */
    void (*on_cancel)(void *user, struct tri_exchange *x);
    /*
     * The connection has something to send: call its send before the turn ends. May repeat. Comes
     * also from inside respond and the ops of a stream, whenever a tenant calls them: that is how
     * what was asked for outside of driving gets driven.
     */
    void (*on_wake)(void *user);
    /*
     * The adapter refused by itself what came, with |status|, or with a reset of the stream (0). No
     * answer to it is asked for; if on_request announced it, on_cancel has taken that back. May be
     * NULL.
     */
    void (*on_refuse)(void *user, const struct tri_carrier *carrier, enum tri_refused why,
                      int status);
    /*
     * A request came in early data. Whether it is announced now, |head|->early being set; else it is
     * announced once it is known to be no repetition. NULL: always else.
     */
    bool (*takes_early)(void *user, const struct tri_request_head *head);
};

#endif
