/*
 * The connection as the files of this module see it; everybody else sees h2_conn.h.
 *
 * nghttp2 is the wire engine: it owns frames, HPACK, flow control and the HTTP message checks of
 * RFC 9113 section 8. This module owns the streams' tenants, the order in which they are told
 * things, and what is yielded to the transport.
 *
 *   LIVE ──fatal engine error──► FAILED ──last words yielded──► OVER
 *     └──EOF; GOAWAY sent and nothing left──────────────────────►┘
 *
 * Streams are on exactly one of three lists: |open| while the engine knows them, |ended| when it
 * has let go of them and their tenant is still to be told, |graveyard| when nobody will be told
 * anything more, until the next drive step frees them.
 */
#ifndef TRI_H2_CORE_H
#define TRI_H2_CORE_H

#include "base_list.h"
#include "h2_conn.h"
#include "h2_flood.h"
#include "h2_input.h"
#include "h2_output.h"

#include <nghttp2/nghttp2.h>

enum tri_h2_phase { TRI_H2_LIVE, TRI_H2_FAILED, TRI_H2_OVER };

enum tri_h2_stream_state {
    TRI_H2_STREAM_HEAD,
    TRI_H2_STREAM_ASKED,
    TRI_H2_STREAM_ANSWERED,
    TRI_H2_STREAM_OVER,
};

struct tri_h2_stream;
struct tri_h2_conn;

/* What a server and a client do each in its own way; all else is the same at both ends. */
struct tri_h2_role {
    bool is_client;
    size_t credit_least; /* bytes of stream credit that are returned together, at least */
    /* The engine's callbacks of this role; h2_engine has set those of both. */
    void (*set_callbacks)(nghttp2_session_callbacks *callbacks);
    /* The connection has something to send. */
    void (*wake)(struct tri_h2_conn *c);
    /* Takes |len| bytes from the peer; the connection's phase says whether it failed. */
    void (*take)(struct tri_h2_conn *c, const uint8_t *data, size_t len);
    /* An answered stream has no place among its siblings yet (is_scheduled), or another one. */
    void (*schedule)(struct tri_h2_stream *s);
    /* Last in a drive step, while LIVE. NULL: nothing. */
    void (*drive_conn)(struct tri_h2_conn *c);
    /* A stream is over that was |before|, HEAD or ASKED: tells whoever waits for its answer. */
    void (*end_unanswered)(struct tri_h2_stream *s, enum tri_h2_stream_state before,
                           enum tri_stream_cause cause);
};

/* A client has no use for |streams_max|, |refusals_unsent|, |last_stream_id|, |flood|, |input|. */
struct tri_h2_conn {
    struct tri_conn conn; /* first */
    const struct tri_h2_role *role;
    struct tri_conn_config config; /* a client's: without |events| */
    uint32_t streams_max;     /* as it was announced: a reload may change the limit, not this one */
    uint32_t refusals_unsent; /* blocks refused and counted, whose resets are to be sent */
    nghttp2_session *session; /* owned; not to be called unless LIVE */
    enum tri_h2_phase phase;
    enum tri_err error;  /* why it is FAILED, and what recv says from then on */
    uint32_t error_code; /* RFC 9113 section 7: what GOAWAY says */
    uint64_t now_ns;     /* of the call that drives */

    struct tri_list open;      /* of struct tri_h2_stream, by node */
    uint32_t open_len;         /* meaningful while LIVE */
    struct tri_list ended;     /* by node */
    struct tri_list graveyard; /* by node */
    struct tri_list work;      /* by work_node: an op left something to do */
    struct tri_list flights;   /* by flight_node: bytes yielded by the last send */

    struct tri_h2_stream *head; /* whose field block is arriving, or NULL */
    uint64_t head_since_ns;     /* meaningful while |head| */
    uint64_t opened_ns;
    uint64_t idle_since_ns; /* meaningful while no stream is open */
    int32_t last_stream_id; /* highest that the peer opened; 0: none */
    size_t sockets_len;     /* WebSockets: answered so, and not over */

    bool is_awake;       /* on_wake was called, or send is running */
    bool is_draining;    /* shutdown, or a client got GOAWAY: no new streams */
    bool is_terminating; /* the last GOAWAY was submitted */
    bool is_settings_sent;
    bool is_settings_acked;

    struct tri_h2_flood flood;
    struct tri_h2_input input;
    struct tri_h2_output output;
};

/*
 * Makes a connection of |c|, which is all zero, and its session, with our SETTINGS queued. TRI_OK or
 * TRI_ERR_NOMEM (nothing is left behind). |c| is released by tri_h2_turn_free.
 */
TRI_MUST_USE enum tri_err tri_h2_core_init(struct tri_h2_conn *c, const struct tri_h2_role *role,
                                           const struct tri_conn_config *config, uint64_t now_ns);

/* Calls the role's wake, once between two sends. */
void tri_h2_core_wake(struct tri_h2_conn *c);

/*
 * The connection cannot go on: |err| is what recv returns, |error_code| what GOAWAY says. The
 * engine is not called any more; the streams are told by tri_h2_core_settle. Only the first call
 * counts.
 */
void tri_h2_core_fail(struct tri_h2_conn *c, enum tri_err err, uint32_t error_code);

/* Fails the connection for a fatal return value of nghttp2. */
void tri_h2_core_fail_engine(struct tri_h2_conn *c, int rv);

/* Tells that a request was refused here, with |status| or, 0, with a reset. */
void tri_h2_core_refuse(const struct tri_h2_conn *c, const struct tri_carrier *carrier,
                        enum tri_refused why, int status);

/* Resets a stream; it ends with the engine's close callback, after the frame is sent. */
void tri_h2_core_reset(struct tri_h2_conn *c, int32_t stream_id, uint32_t error_code);

/* Submits the last GOAWAY: the engine sends it and is done. Only the first call counts. */
void tri_h2_core_terminate(struct tri_h2_conn *c, uint32_t error_code);

/* Counts one; one too many ends the connection with ENHANCE_YOUR_CALM. */
void tri_h2_core_count(struct tri_h2_conn *c, enum tri_h2_flood_kind kind);

/* The first step of each call: frees what was buried, releases what the last send yielded, and
 * tells the tenants of ended streams. */
void tri_h2_core_settle(struct tri_h2_conn *c);

/* Tells the tenants of ended streams; of all streams, if the connection failed. */
void tri_h2_core_tell_ended(struct tri_h2_conn *c);

/* Ends every stream with CONN_LOST. */
void tri_h2_core_end_all(struct tri_h2_conn *c);

/* Does what ops have asked for, until nothing is left. */
void tri_h2_core_drive(struct tri_h2_conn *c);

#endif
