/*
 * A tenant of the seam for tests: it records every event, sends what it is told to, and asserts
 * its side of the contract in ws_stream.h at each call (order of events, sent and released, no
 * event from inside an op). Released bytes are overwritten, so that a transport that reads them
 * again shows wrong bytes at its peer.
 */
#ifndef TRI_TESTS_TENANT_H
#define TRI_TESTS_TENANT_H

#include "base_alloc.h"
#include "http_exchange.h"

struct tenant {
    struct tri_stream *stream;
    struct tri_exchange *exchange;       /* NULL: it lives on a call */
    const struct tri_request_head *head; /* until answered */
    bool bound;
    bool canceled;
    bool was_early; /* it came in early data */

    /* in */
    uint8_t *in;
    size_t in_len, in_cap;
    size_t unconsumed; /* received, no credit returned yet */
    bool hold_credit;  /* do not consume in on_data */
    unsigned fins, closes;
    enum tri_stream_cause cause;

    /* out: released <= sent <= queued */
    uint8_t *out;
    size_t queued, sent, released, out_cap;
    bool fin;         /* nothing follows what is queued */
    bool fin_given;   /* peek has told so */
    size_t slice_max; /* bytes of one slice that peek yields */

    bool in_op; /* an op of the transport is running: no event may come */
};

void tenant_init(struct tenant *t, struct tri_exchange *x, const struct tri_request_head *head);
void tenant_deinit(struct tenant *t);

/* A tenant of a call, which is bound to its stream when it is accepted. */
void tenant_init_call(struct tenant *t);
void tenant_bind(struct tenant *t, struct tri_stream *stream);

/* Answers 200-or-101 for a WebSocket, bound to |t|. */
void tenant_accept(struct tenant *t);
void tenant_accept_with(struct tenant *t, const struct tri_field *fields, size_t fields_len);
/* Answers with a plain status and no tenant. */
void tenant_refuse(struct tenant *t, int status);

/* Queue bytes; the memory of |t| is stable: room for |cap| bytes must have been made before. */
void tenant_room(struct tenant *t, size_t cap);
void tenant_send(struct tenant *t, const void *data, size_t len);
void tenant_end(struct tenant *t); /* fin behind what is queued */
void tenant_consume(struct tenant *t, size_t len);
void tenant_abort(struct tenant *t);

#endif
