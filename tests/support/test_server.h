/*
 * A server of ours in the test's own process and thread, with an echo at /echo and a page at /,
 * stepped together with its clients.
 */
#ifndef TRI_TESTS_TEST_SERVER_H
#define TRI_TESTS_TEST_SERVER_H

#include "temp_dir.h"
#include "test_client.h"
#include "trisock/trisock.h"

struct test_server {
    struct temp_dir dir; /* its state folder */
    struct tri_config *config;
    struct tri_server *server;
    bool running;
    char error[512];
    char log[65536]; /* lines without their time */

    /* What the echo saw. */
    struct tri_ws *ws; /* the last opened; NULL when it closed */
    int opens, closes;
    uint16_t close_code;
};

/* A configuration that listens on a port that the system chooses. The test may change it. */
void test_server_init(struct test_server *s);
void test_server_deinit(struct test_server *s);

/* Makes the server; asserts that it could be. */
void test_server_start(struct test_server *s);
const char *test_server_address(const struct test_server *s);

/* Steps both until |done| says so; false if that took more than ten seconds. */
bool test_server_run_until(struct test_server *s, struct test_client *c,
                           bool (*done)(const struct test_server *s, const struct test_client *c));

/* Steps both until the client has received |text|. */
bool test_server_await(struct test_server *s, struct test_client *c, const char *text);

/* Connects to /echo over HTTP/1.1 and opens a WebSocket; what was received is dropped. */
void test_server_open_socket(struct test_server *s, struct test_client *c);

/* The client sends a masked frame; |first| is FIN, RSV and opcode. */
void test_client_send_frame(struct test_client *c, unsigned first, const void *payload, size_t len);

#endif
