/* A server that is to take over another configuration while a socket is open. */
#ifndef TRI_TESTS_RIG_RELOAD_H
#define TRI_TESTS_RIG_RELOAD_H

#include "server_config.h"
#include "test_server.h"

/* A server, a socket on it, and the configuration that it is to take over: the same at first. */
struct rig_reload {
    struct test_server s;
    struct test_client c;
    struct tri_config *next;
};

/* For cmocka: the state is a struct rig_reload whose server is configured and not started. */
int rig_reload_set_up(void **state);
int rig_reload_tear_down(void **state);

/* Starts the server as it is configured, and opens the socket. */
void rig_reload_start(struct rig_reload *r);

/* Makes |next| the server's configuration again. */
void rig_reload_next(struct rig_reload *r);

/* Has the server take over |next|; s.error has the sentence. */
enum tri_err rig_reload_apply(struct rig_reload *r);
void rig_reload_must_apply(struct rig_reload *r); /* asserts that it did */

/* The socket sends |text| and gets it back. */
void rig_reload_assert_echoes(struct rig_reload *r, const char *text);

#endif
