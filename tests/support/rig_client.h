/*
 * A server of ours and a client of ours in one process and thread, stepped together over loopback:
 * for what a program sees at the client's end, whatever HTTP carries it.
 *
 * Routes: /echo; /chat with subprotocols "chat, superchat"; /shared and /own, an echo with
 * compression; /teapot, answered 403; /wait, which is never answered; /flood, which sends RIG_FLOOD messages of 1 KiB; /page, which
 * is no WebSocket; /bye, which closes with 4001 "bye" at the first message.
 */
#ifndef TRI_TESTS_RIG_CLIENT_H
#define TRI_TESTS_RIG_CLIENT_H

#include "test_server.h"

#define RIG_SOCKETS_MAX 128u
#define RIG_FLOOD 2000u
#define RIG_FLOOD_BYTES ((size_t)1024)

/* What a socket of the client has met. */
struct rig_socket {
    struct tri_ws *ws; /* NULL before on_open and after on_close */
    unsigned opens, closes, fails, messages, drains;
    enum tri_fault fault;
    int status;
    char text[256]; /* of the failure, or of the close */
    uint16_t code;
    bool clean;
    enum tri_type type; /* of the last message */
    uint8_t *data;
    size_t len;
    uint64_t bytes;
};

struct rig_client {
    struct test_server server;
    struct tri_client_config *config;
    struct tri_client *client;
    char error[512];
    char log[65536];

    /* The connection that was opened last. */
    struct tri_client_conn *conn;
    unsigned readies, ends;
    enum tri_fault fault;
    char text[256];
    char field[64]; /* x-test of the last request to /teapot or /chat, and its Origin */
    char origin[64];
    unsigned waits, cancels; /* of /wait */

    struct rig_socket sockets[RIG_SOCKETS_MAX]; /* in the order they were asked for */
    size_t sockets_len;
};

/* Nothing is made yet but both configurations: change them, then start. */
void rig_client_init(struct rig_client *r);
void rig_client_start(struct rig_client *r); /* the client trusts the server's certificate */
void rig_client_deinit(struct rig_client *r);

/* Connects to the server with these TRI_HTTP_ flags. */
void rig_client_connect(struct rig_client *r, unsigned http);
void rig_client_connect_to(struct rig_client *r, const struct tri_client_conn_setup *setup);

/* Opens a socket on the last connection; the setup's on_fail, user and, if it has none, handler are
 * the rig's. It is valid as long as the rig. */
struct rig_socket *rig_client_open(struct rig_client *r, const char *path);
struct rig_socket *rig_client_open_with(struct rig_client *r,
                                        const struct tri_client_ws_setup *setup);

/* For handlers of a test's own, whose user is the struct rig_socket. */
void rig_socket_take_open(void *user, struct tri_ws *ws);
void rig_socket_take_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end);

/* One turn of both. */
void rig_client_step(struct rig_client *r);
uint64_t rig_client_now_ms(void);

/* Turns of both until nothing has happened for a while: what was to come has come. */
void rig_client_settle(struct rig_client *r);

/* Steps until |condition|; ten seconds are too long. */
#define RIG_AWAIT(r, condition)                                                                    \
    for (const uint64_t rig_end_ms = rig_client_now_ms() + 10000; !(condition);) {                 \
        rig_client_step_until((r), rig_end_ms, #condition);                                        \
    }

/* One turn of both; the test fails if |end_ms| is past, in the name of |what|. */
void rig_client_step_until(struct rig_client *r, uint64_t end_ms, const char *what);

#endif
