/*
 * The inside of a client's HTTP/1.1 connection, shared by the files that make it up:
 *
 *   h1_client         making, driving, ending: tri_conn_ops, tri_call_ops
 *   h1_client_input   bytes from the server: heads, the tunnel
 *   h1_client_output  bytes to the server, and what the tenant calls: flags are set, the owner woken
 *
 * Nobody else includes this.
 */
#ifndef TRI_H1_CLIENT_STATE_H
#define TRI_H1_CLIENT_STATE_H

#include "h1_answer.h"
#include "h1_client.h"
#include "http_upgrade.h"

enum tri_h1_client_state {
    TRI_H1_CLIENT_IDLE,   /* nothing was asked */
    TRI_H1_CLIENT_ASKED,  /* the answer is awaited */
    TRI_H1_CLIENT_TUNNEL, /* after 101 */
    TRI_H1_CLIENT_DONE,
};

struct tri_h1_client {
    struct tri_conn conn; /* first */
    struct tri_call_config config;
    enum tri_h1_client_state state;
    struct tri_call_end end;
    enum tri_err err;   /* why the connection failed; TRI_OK: it has not */
    bool is_ready_told; /* on_ready was called */
    bool is_closing;    /* no call may be opened any more */
    bool is_aborted;    /* the transport is to be cut */
    bool abort_asked;   /* by the tenant, or by cancel */

    /* in */
    struct tri_h1_answer answer;
    unsigned interims;     /* responses passed over */
    char key[TRI_KEY_LEN]; /* Sec-WebSocket-Key */
    size_t unconsumed;     /* bytes given to the tenant that it has not returned */
    bool is_choked;        /* so many that no more shall be read for now */
    bool is_eof;           /* the peer has ended its direction, in order */
    bool is_fin_told;      /* the tenant knows */

    /* out */
    struct tri_call call;
    struct tri_buf out;  /* the request, not settled yet */
    size_t out_yielded;  /* of it, yielded by the last send */
    size_t body_yielded; /* tenant's bytes yielded by the last send; not sent, not released */
    bool is_fin_seen;    /* nothing follows what was yielded */
};

static inline struct tri_h1_client *tri_h1_client_of(struct tri_conn *c)
{
    return (struct tri_h1_client *)c;
}

/* ---- h1_client.c */

/* Asserts that the diagram in h1_client.h has the step. */
void tri_h1_client_set_state(struct tri_h1_client *c, enum tri_h1_client_state to);

/* Asks the owner to call send. */
void tri_h1_client_wake(struct tri_h1_client *c);

/* Tells the tenant, if there is one, that the stream is over. */
void tri_h1_client_end_stream(struct tri_h1_client *c, enum tri_stream_cause cause);

/* Ends because of |fault|, whose |text| is static; a call that awaits its answer has failed. */
void tri_h1_client_fail(struct tri_h1_client *c, enum tri_err err, enum tri_fault fault,
                        const char *text);

/* Ends without order: the transport will be cut. */
void tri_h1_client_cut(struct tri_h1_client *c, enum tri_stream_cause cause);

/* Ends in order: all was sent. */
void tri_h1_client_finish(struct tri_h1_client *c);

/* ---- h1_client_input.c */

/* Takes bytes from the peer, all of them. */
void tri_h1_client_input_take(struct tri_h1_client *c, const uint8_t *data, size_t len);

/* The peer has ended its direction. */
void tri_h1_client_input_end(struct tri_h1_client *c, bool orderly);

/* ---- h1_client_output.c */

extern const struct tri_stream_ops tri_h1_client_stream_ops;

/* What the last pull yielded was taken: tells the tenant. */
void tri_h1_client_output_settle(struct tri_h1_client *c);

/* As tri_conn_ops.send, after settle. */
size_t tri_h1_client_output_pull(struct tri_h1_client *c, struct tri_slice *out, size_t max);

#endif
