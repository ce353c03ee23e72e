#ifndef TRI_TESTS_CALLER_H3_H
#define TRI_TESTS_CALLER_H3_H

#include "http_call.h"

/* A call of a client, and who lives on it: records what it hears. Released bytes are overwritten. */
struct caller {
    struct tri_call *call;
    int status; /* of the answer; 0: none came */
    bool is_accepted, is_bound;
    size_t fails, closes, fins;
    struct tri_call_end end;
    enum tri_stream_cause cause;
    uint8_t *in;
    size_t in_len, in_cap, unconsumed;
    bool hold_credit;
    uint8_t *out;
    size_t queued, sent, released;
    bool fin;
};

extern const struct tri_stream_events caller_h3_events; /* its session is a struct caller */

void caller_send(struct caller *c, const void *data, size_t len);
void caller_end(struct caller *c);
void caller_consume(struct caller *c, size_t len);
void caller_abort(struct caller *c);

#endif
