/*
 * Inside conformance_run: one connection, and the sockets on it, a case each.
 */
#ifndef TRI_TESTS_CONFORMANCE_SOCKET_H
#define TRI_TESTS_CONFORMANCE_SOCKET_H

#include "conformance_echo.h"
#include "conformance_run.h"
#include "conformance_script.h"
#include "test_alloc.h"

struct conformance_socket {
    struct conformance_result *result;
    struct conformance_echo echo;
    struct conformance_codec codec; /* the client's */
    struct conformance_wire wire;   /* what it sends */
    char *expect;
    char answer[200]; /* what was agreed; "": nothing */
    int stream;
    size_t at; /* of the wire, sent */
};

/* A connection, and a case on each of its streams. */
struct conformance_batch {
    const struct conformance_variant *v;
    struct fixture *f;
    struct test_alloc heap;
    struct tri_limits limits;
    struct tri_session_worker worker;
    struct conformance_socket sockets[FIXTURE_STREAMS_MAX];
    size_t len;
};

/* Notes what went wrong on |s|: one line. */
void conformance_socket_blame(const struct conformance_batch *b, struct conformance_socket *s,
                              const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One after the other: the client asks for socket |i|; what it will send is made, when the answer
 * is there; it sends the next piece, until none is left (false); what came back is compared. */
void conformance_socket_request(struct conformance_batch *b, size_t i);
void conformance_socket_prepare(struct conformance_batch *b, struct conformance_socket *s);
bool conformance_socket_step(struct conformance_batch *b, struct conformance_socket *s);
void conformance_socket_compare(struct conformance_batch *b, struct conformance_socket *s);

/* And when the connection is gone: what its owner was told; then frees it. */
void conformance_socket_end(struct conformance_batch *b, struct conformance_socket *s);

/* Of a request: the number of its socket, in three digits. */
#define CONFORMANCE_CASE_FIELD "conformance-case"

#endif
