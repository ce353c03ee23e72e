/*
 * A client on a real TCP socket, with or without TLS, that never blocks: the test moves it along
 * between the steps of the server, both on one thread.
 */
#ifndef TRI_TESTS_TEST_CLIENT_H
#define TRI_TESTS_TEST_CLIENT_H

#include "peer_tls.h"

struct test_client {
    struct peer_tls tls;
    struct tri_buf received; /* plaintext */
    struct tri_buf to_send;  /* plaintext, while the handshake goes on */
    int fd;
    bool cleartext;
    bool ended; /* the server ended the connection */
    bool reset; /* and not in order */
};

/* |address| as "127.0.0.1:8443". alpn NULL: none. Asserts that it connects. */
void test_client_open(struct test_client *c, const char *address, const char *alpn);
void test_client_open_cleartext(struct test_client *c, const char *address);
void test_client_close(struct test_client *c); /* the socket too */

void test_client_send(struct test_client *c, const void *data, size_t len);
void test_client_send_text(struct test_client *c, const char *text);

/* Moves bytes both ways, as far as it goes without waiting. */
void test_client_run(struct test_client *c);

/* Whether |text| has been received; and how many bytes were. */
bool test_client_has(const struct test_client *c, const void *text, size_t len);

#endif
