/*
 * WebSocket sessions on the transports of a contract suite, as a server has them: each request of
 * the peer becomes a session, and one worker serves them all. The peer's side makes and reads
 * frames here; bytes that it has read are forgotten, so that a test can move more than it holds.
 */
#ifndef TRI_TESTS_CONTRACT_SOCKETS_H
#define TRI_TESTS_CONTRACT_SOCKETS_H

#include "contract.h"
#include "ws_frame.h"
#include "ws_session.h"

struct contract_socket {
    struct tri_session *session; /* NULL once closed */
    int stream;
    unsigned closes;
    struct tri_ws_end end; /* without the reason */
    void *extra;           /* the case's */

    /* What the peer reads. */
    struct tri_frame frame;
    uint64_t frame_left; /* payload of |frame| still to come */
};

struct contract_sockets {
    struct contract *c;
    struct tri_session_worker worker;
    const struct tri_session_events *events;
    struct contract_socket all[FIXTURE_STREAMS_MAX];
    size_t len;
};

/*
 * |events| get a struct contract_socket as their owner; their on_close is
 * contract_socket_on_close, or calls it. No socket is pinged or given up for its silence.
 */
void contract_sockets_init(struct contract_sockets *s, struct contract *c,
                           const struct tri_session_events *events);
/* Closes the connection; asserts that every socket had its on_close. */
void contract_sockets_deinit(struct contract_sockets *s);
void contract_socket_on_close(void *owner, const struct tri_ws_end *end);

struct contract_socket *contract_sockets_open(struct contract_sockets *s);

/* Moves bytes, and lets the worker have its turns, until nothing moves. */
void contract_sockets_run(struct contract_sockets *s);

/* ---- the peer */

/* The header of a frame. Its mask is all zero, so its payload goes as it is, in any pieces. */
void contract_socket_send_header(struct contract_sockets *s, struct contract_socket *socket,
                                 enum tri_opcode opcode, bool fin, uint64_t payload_len);
void contract_socket_send(struct contract_sockets *s, struct contract_socket *socket,
                          const void *data, size_t len);
size_t contract_socket_unsent(const struct contract_sockets *s,
                              const struct contract_socket *socket);

/* Payload that arrived: of |frame|, of which |left| bytes follow it. |data| may be empty. */
typedef void contract_socket_payload(void *user, const struct tri_frame *frame, uint64_t left,
                                     struct tri_slice data);

/* Reads, and forgets, what came since the last time. */
void contract_socket_read(struct contract_sockets *s, struct contract_socket *socket,
                          contract_socket_payload *take, void *user);

#endif
