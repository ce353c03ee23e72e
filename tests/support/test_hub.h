/*
 * A hub without a loop: what requests and sockets of the server live on, with time, memory and the
 * log in the test's hands. Wakes are counted. Whoever links it has tri_loop_now_ns from here.
 */
#ifndef TRI_TESTS_TEST_HUB_H
#define TRI_TESTS_TEST_HUB_H

#include "server_hub.h"
#include "test_alloc.h"

struct test_hub {
    struct test_alloc heap;   /* of the hub and all on it */
    struct tri_shared shared; /* its config is at its defaults; the log is taken, level debug */
    struct tri_hub hub;
    struct tri_link link;
    size_t sockets_open;
    unsigned wakes;
    uint64_t now_ns;
    char log[16384]; /* lines without their time, "info ws.open id=1 ...\n", NUL-terminated */
};

/* |t| must not move. */
void test_hub_init(struct test_hub *t);

/* Asserts that no socket and no memory is left. */
void test_hub_deinit(struct test_hub *t);

#endif
