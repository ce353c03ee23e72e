/*
 * The inside of an HTTP/1.1 connection, shared by the files that make it up:
 *
 *   h1_conn     making, driving, ending: tri_conn_ops
 *   h1_input    bytes from the peer: heads, bodies, what is held, the tunnel
 *   h1_output   bytes to the peer: pulled, and settled when they were taken
 *   h1_stream   what the tenant and the handler call: they set flags here and wake the owner
 *
 * Nobody else includes this.
 */
#ifndef TRI_H1_STATE_H
#define TRI_H1_STATE_H

#include "h1_body.h"
#include "h1_conn.h"
#include "h1_reader.h"

enum tri_h1_conn_state {
    TRI_H1_HEAD,   /* between requests, or a head is being read */
    TRI_H1_DROP,   /* the body of a request is being read and dropped */
    TRI_H1_WAIT,   /* the request was announced; the handler has not answered */
    TRI_H1_BODY,   /* the response is being sent */
    TRI_H1_TUNNEL, /* after 101 */
    TRI_H1_FAIL,   /* an error response is being sent; what comes is discarded */
    TRI_H1_DONE,
};

struct tri_h1_conn {
    struct tri_conn conn; /* first */
    struct tri_conn_config config;
    enum tri_h1_conn_state state;
    uint64_t now_ns;      /* of the call that drives us */
    uint64_t deadline_ns; /* TRI_NEVER_NS: none */
    enum tri_err err;     /* why the connection failed; TRI_OK: it has not */
    bool is_closing;      /* the response being made is the last */
    bool is_aborted;      /* the transport is to be cut */
    bool abort_asked;     /* by the tenant, or for want of memory */
    bool is_answered;     /* respond was called for the exchange */

    /* in */
    struct tri_h1_reader reader;
    struct tri_h1_body body;
    struct tri_buf held;  /* what came too early: pipelined requests, frames before the verdict */
    struct tri_slice key; /* Sec-WebSocket-Key, in |reader| */
    size_t unconsumed;    /* bytes given to the tenant that it has not returned */
    bool is_choked;       /* so many that no more shall be read for now */
    int64_t requests;     /* announced so far */
    bool is_eof;          /* the peer has ended its direction, in order */
    bool is_fin_told;     /* the tenant knows */

    /* out */
    struct tri_exchange exchange;
    struct tri_buf out;  /* heads, not settled yet */
    size_t out_yielded;  /* of them, yielded by the last send */
    size_t body_yielded; /* tenant's bytes yielded by the last send; not sent, not released */
    uint64_t body_left;  /* bytes that the tenant may still send; UINT64_MAX: until its fin */
    bool is_fin_seen;    /* nothing follows what was yielded */
};

static inline struct tri_h1_conn *tri_h1_conn_of(struct tri_conn *c)
{
    return (struct tri_h1_conn *)c;
}

/* The tables of h1_stream.c. */
extern const struct tri_stream_ops tri_h1_stream_ops;
extern const struct tri_exchange_ops tri_h1_exchange_ops;

/* ---- h1_conn.c */

/* Asserts that the diagram in h1_conn.h has the step. */
void tri_h1_conn_set_state(struct tri_h1_conn *c, enum tri_h1_conn_state to);

/* Asks the owner to call send. */
void tri_h1_conn_wake(struct tri_h1_conn *c);

/* Tells the tenant, or the handler of an unanswered request, that the stream is over. */
void tri_h1_conn_end_stream(struct tri_h1_conn *c, enum tri_stream_cause cause);

/* Answers |status| and ends; nothing of a response may have been sent. */
void tri_h1_conn_fail(struct tri_h1_conn *c, enum tri_err err, int status);

/* Ends without order: the transport will be cut. */
void tri_h1_conn_cut(struct tri_h1_conn *c, enum tri_err err, enum tri_stream_cause cause);

/* Ends in order: all was sent. */
void tri_h1_conn_finish(struct tri_h1_conn *c);

/* Ready for the next request. */
void tri_h1_conn_await_head(struct tri_h1_conn *c);

/* ---- h1_input.c */

/* Takes bytes from the peer, all of them. */
void tri_h1_input_take(struct tri_h1_conn *c, const uint8_t *data, size_t len);

/* Goes on with what is held, as far as the state lets it, and with the peer's end behind it. */
void tri_h1_input_resume(struct tri_h1_conn *c);

/* ---- h1_output.c */

/* What the last pull yielded was taken: tells the tenant. */
void tri_h1_output_settle(struct tri_h1_conn *c);

/* As tri_conn_ops.send, after settle. */
size_t tri_h1_output_pull(struct tri_h1_conn *c, struct tri_slice *out, size_t max);

#endif
