/*
 * The answer to an exchange that is not a WebSocket: fields checked and completed, the body bound
 * to the stream.
 */
#ifndef TRI_SERVER_REPLY_H
#define TRI_SERVER_REPLY_H

#include "http_exchange.h"
#include "server_hub.h"

/* Everything is borrowed for the call, except the source's |user|, which is kept until its close. */
struct tri_reply {
    enum tri_answer answer; /* any but TRI_ANSWER_WEBSOCKET */
    int status;             /* 200 to 599 for TRI_ANSWER_PLAIN; unused otherwise */
    const struct tri_header *headers;
    size_t headers_len;
    struct tri_slice body;         /* copied; unused if there is a source */
    const struct tri_body *source; /* NULL: |body| */
    bool head_only;                /* the request was HEAD: tell the length, send no body */
};

/*
 * Answers |x|, which has ended afterwards in every case.
 *
 * Returns TRI_OK; TRI_ERR_INVALID if the status or a field may not be sent (500 was answered);
 * TRI_ERR_NOMEM (500 was answered, or the stream aborted). A source is closed in every case,
 * during the call or when its body has ended.
 */
enum tri_err tri_reply_send(struct tri_link *link, struct tri_exchange *x,
                            const struct tri_reply *reply);

/* When a response is to be given up that its peer does not take; UINT64_MAX: none waits for it. And
 * giving up those whose time has come: their streams are aborted, which is counted and logged. */
uint64_t tri_replies_deadline_ns(const struct tri_hub *hub);
void tri_replies_expire(struct tri_hub *hub, uint64_t now_ns);

/* A refusal: one sentence as text/plain. */
struct tri_refusal {
    enum tri_answer answer; /* any but TRI_ANSWER_WEBSOCKET */
    int status;             /* 400 to 599 for TRI_ANSWER_PLAIN; unused otherwise */
    const char *text;
    bool head_only; /* the request was HEAD */
};

/*
 * Answers |x| with it; a 503 of a server that stops, or is short of memory, with retry-after. If that cannot be done there is
 * nobody left to tell.
 */
void tri_reply_refuse(struct tri_link *link, struct tri_exchange *x,
                      const struct tri_refusal *refusal);

#endif
