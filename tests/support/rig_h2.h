/*
 * One h2 connection under test, with a handler whose answers a case chooses, and at the other end
 * either a proper client (peer_h2) or frames written by hand (frames_h2). Every request becomes a
 * tenant; everything that the server sends is kept.
 */
#ifndef TRI_TESTS_RIG_H2_H
#define TRI_TESTS_RIG_H2_H

#include "frames_h2.h"
#include "h2_conn.h"
#include "peer_h2.h"
#include "tenant.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

struct rig_h2 {
    struct test_alloc alloc;
    struct tri_limits limits;
    struct tri_conn *conn;
    struct peer_h2 peer;
    uint64_t now_ns;
    size_t slices_max;     /* of one send; 16 at least */
    size_t piece_max;      /* bytes of one recv; 0: all */
    enum tri_err recv_err; /* what recv returned last */

    /* The handler: called for each request after it became a tenant. NULL: a WebSocket is accepted,
     * a plain request answered 200 without a body. */
    void (*on_request)(struct rig_h2 *r, struct tenant *t);
    struct tenant **tenants;
    size_t tenants_len, tenants_cap;
    size_t cancels, wakes;
    size_t refusals;      /* by the connection itself */
    enum tri_refused why; /* of the last */
    int refused_status;
    struct tri_http_metrics metrics;
    struct bytes_h2 last; /* the last head: "method scheme authority path protocol\n" and fields */

    struct bytes_h2 out; /* all that the server sent */
};

/* Makes the connection; the peer has not said anything. */
void rig_h2_init(struct rig_h2 *r);
void rig_h2_init_with(struct rig_h2 *r, const struct tri_limits *limits, bool extended_connect);
/* Frees all; asserts one on_closed for each bound tenant, and that no memory is left. */
void rig_h2_deinit(struct rig_h2 *r);

/* Bytes from the peer, then everything that the server has to say. */
void rig_h2_input(struct rig_h2 *r, const void *data, size_t len);
void rig_h2_bytes(struct rig_h2 *r, struct bytes_h2 *in); /* the same; frees |in| */
/* Sends until nothing is left. */
void rig_h2_output(struct rig_h2 *r);
/* Moves bytes between the server and the client until nothing moves. */
void rig_h2_run(struct rig_h2 *r);
/* Passes time, with expire where it is due. No bytes move but the server's. */
void rig_h2_pass(struct rig_h2 *r, uint64_t ms);

/* A request in the client, run; returns the stream's index. */
int rig_h2_open(struct rig_h2 *r, const struct fixture_request *request);
int rig_h2_websocket(struct rig_h2 *r);
struct tenant *rig_h2_tenant(struct rig_h2 *r, size_t index);

/* Answers with |response|, bound to |t| (its events and session are filled in). */
enum tri_err rig_h2_reply(struct tenant *t, const struct tri_response *response);

/* By hand: the preface, and an opening handshake on |stream_id|. */
void rig_h2_handshake(struct rig_h2 *r, uint32_t stream_id);
extern const struct tri_header rig_h2_websocket_fields[];
extern const struct tri_header rig_h2_get_fields[];

/* The |nth| (from 0) frame of |type| that the server sent on |stream_id|; asserts it is there. */
struct frame_h2 rig_h2_frame(const struct rig_h2 *r, uint8_t type, uint32_t stream_id, size_t nth);
size_t rig_h2_count(const struct rig_h2 *r, uint8_t type, uint32_t stream_id);
/* Asserts one RST_STREAM with |code|, and no GOAWAY. */
void rig_h2_assert_reset(const struct rig_h2 *r, uint32_t stream_id, uint32_t code);
void rig_h2_assert_goaway(const struct rig_h2 *r, uint32_t code);
/* The status on |stream_id| by hand: decodes the server's field blocks from the first. |fields|
 * (may be NULL) gets the others, "name: value\n" each. 0: no answer. */
int rig_h2_head(const struct rig_h2 *r, uint32_t stream_id, struct bytes_h2 *fields);
int rig_h2_status(const struct rig_h2 *r, uint32_t stream_id);

#endif
