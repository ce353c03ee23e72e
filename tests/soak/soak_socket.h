/*
 * The client's end of one WebSocket on a stream of HTTP/3: it sends what it drew, and compares what
 * the echo brings back. RFC 6455, RFC 9220.
 */
#ifndef TRI_TESTS_SOAK_SOCKET_H
#define TRI_TESTS_SOAK_SOCKET_H

#include "peer_h3.h"
#include "soak_scene.h"

#define SOAK_MESSAGES_MAX 32
#define SOAK_CODES_MAX 8

/* What a client has done and seen; the sums of its sockets. */
struct soak_account {
    size_t opened;
    size_t sent, echoed; /* messages */
    size_t sent_bytes, echoed_bytes;
    size_t refused;
    size_t vanished; /* sockets that were open */
    struct {
        unsigned code;
        size_t times;
    } closed[SOAK_CODES_MAX];
    char fault[128]; /* "": none */
};

void soak_account_close(struct soak_account *a, unsigned code);

struct soak_message {
    uint8_t opcode;
    size_t at, len; /* in the noise */
};

enum soak_socket_state {
    SOAK_SOCKET_ASKED,  /* the handshake waits for its answer */
    SOAK_SOCKET_OPEN,   /* talks */
    SOAK_SOCKET_SAID,   /* has said all, and stays open: the client will vanish */
    SOAK_SOCKET_ENDING, /* waits for the Close, or for the end of its stream */
    SOAK_SOCKET_DONE,
};

struct soak_socket {
    struct peer_h3 *peer;
    struct soak_account *account;
    const struct soak_scene *scene;
    int stream;
    enum soak_socket_state state;
    struct soak_message waiting[SOAK_MESSAGES_MAX]; /* for their echo, in order */
    size_t waiting_len;
    size_t left;        /* messages to send */
    unsigned code;      /* that the server's Close must have; 0: none must come */
    uint64_t resume_ns; /* it reads again then; 0: it reads */
};

/* Asks for a WebSocket; false: the connection has no stream for it. */
bool soak_socket_open(struct soak_socket *s, struct soak_random *r, uint64_t now_ns);

/* Does what can be done now. */
void soak_socket_step(struct soak_socket *s, struct soak_random *r, uint64_t now_ns);

#endif
