/*
 * What only a client does with a stream: asks, takes the answer, tells how it came to nothing; and
 * the client's connection as the files of this module see it.
 *
 *   ASKED ──2xx, bound──► ANSWERED, the tenant's ──on_closed──► OVER
 *     ├──2xx, not bound──────────reset─────────────────────────►┤
 *     ├──other final status──► ANSWERED, nobody's ──both ended─►┤
 *     └──reset, cancel, a bad answer───────────────────────────►┘
 */
#ifndef TRI_H2_CALL_H
#define TRI_H2_CALL_H

#include "h2_stream.h"

/* Answers with 1xx that a call may get; nobody has a use for more than one or two. */
#define TRI_H2_INTERIMS_MAX 16u

struct tri_h2_client {
    struct tri_h2_conn h2; /* first; its config has no events */
    const struct tri_call_events *events;
    struct tri_call_end end; /* why it ends; fault NONE as long as nothing is wrong */
    uint32_t goaway_code;    /* the server's */
    bool is_ready;           /* its SETTINGS came */
    bool is_room_due;        /* there may be more room than was told */
};

struct tri_h2_client *tri_h2_client_of(struct tri_h2_conn *c);

/* Remembers why the connection ends. Only the first call counts. */
void tri_h2_client_note(struct tri_h2_client *k, enum tri_fault fault, uint32_t code,
                        const char *text);

/* Why it ended; fault NONE if nothing is wrong. */
struct tri_call_end tri_h2_client_end(const struct tri_h2_client *k);

/* tri_call_ops.open and .cancel */
TRI_MUST_USE enum tri_err tri_h2_call_open(struct tri_conn *conn,
                                           const struct tri_call_request *request, void *owner,
                                           struct tri_call **out);
void tri_h2_call_cancel(struct tri_conn *conn, struct tri_call *call);

/*
 * A field of an answer. TRI_OK; TRI_ERR_LIMIT or TRI_ERR_NOMEM: the call has failed, and its stream
 * is reset.
 */
TRI_MUST_USE enum tri_err tri_h2_call_field(struct tri_h2_stream *s, struct tri_slice name,
                                            struct tri_slice value);

/* The head of an answer is complete. */
void tri_h2_call_head(struct tri_h2_stream *s);

/* RST_STREAM came. */
void tri_h2_call_reset(struct tri_h2_stream *s, uint32_t code);

/* The engine has let go of the stream. */
void tri_h2_call_closed(struct tri_h2_stream *s, uint32_t code);

/* Whether the call was refused and its stream is only waited for. */
bool tri_h2_call_is_refused(const struct tri_h2_stream *s);

/* The client's end_unanswered (struct tri_h2_role). */
void tri_h2_call_end(struct tri_h2_stream *s, enum tri_h2_stream_state before,
                     enum tri_stream_cause cause);

#endif
