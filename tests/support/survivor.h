/*
 * A handler of requests that lives through memory that fails, as a server must: each WebSocket
 * becomes a session that echoes, a plain request gets a page, at once or a turn later. What has no
 * memory gets 503; a socket that cannot answer is aborted. It counts what it opened and what it was told the end of.
 */
#ifndef TRI_TESTS_SURVIVOR_H
#define TRI_TESTS_SURVIVOR_H

#include "http_exchange.h"
#include "test_alloc.h"
#include "ws_session.h"

#define SURVIVOR_REQUESTS_MAX 16

/* The bytes of a page. */
#define SURVIVOR_PAGE_BYTES ((size_t)20000)

struct survivor_socket {
    struct survivor *owner;
    struct tri_session *session; /* NULL once closed */
};

struct survivor {
    struct test_alloc alloc; /* of all: the connection's too */
    struct tri_limits limits;
    struct tri_session_worker worker;
    struct survivor_socket sockets[SURVIVOR_REQUESTS_MAX];
    size_t sockets_len; /* <= SURVIVOR_REQUESTS_MAX */
    size_t opens, closes;
    struct tri_exchange *late; /* "/late" waits for survivor_turn */
};

/* The events of a connection; its user is the survivor. */
extern const struct tri_exchange_events survivor_events;

/* |fail_at| as in test_alloc.h. False if the worker had no memory: then there is nothing to do. */
bool survivor_init(struct survivor *s, size_t fail_at);

/* The connection is gone. Asserts that each socket was closed once and that no memory is left. */
void survivor_deinit(struct survivor *s);

/* Between two turns: answers what waits, and lets the clocks of the sessions run. */
void survivor_turn(struct survivor *s, uint64_t now_ns);

/* Closes all sockets with 1001, as a drain does. */
void survivor_close_all(struct survivor *s);

/* The byte at |at| of a page. */
uint8_t survivor_page_byte(size_t at);

#endif
