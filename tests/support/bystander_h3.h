/*
 * A second client of a rig's endpoint, with a WebSocket that echoes: somebody whom another client's
 * doings must not touch. It steps aside while the rig serves its first client: what the server
 * sends to it meanwhile is lost, as on any network.
 */
#ifndef TRI_TESTS_BYSTANDER_H3_H
#define TRI_TESTS_BYSTANDER_H3_H

#include "rig_h3.h"

struct bystander_h3 {
    struct peer_h3 *peer;
    struct tri_addr client;
    int stream;
    size_t tenant; /* the index of the one who echoes */
    size_t echoes;
    bool is_in; /* the rig serves it now */
};

/* Dials; the rig has no client yet, and has none again afterwards. */
void bystander_h3_init(struct bystander_h3 *b, struct rig_h3 *r);
void bystander_h3_deinit(struct bystander_h3 *b, struct rig_h3 *r);

/* Changes places with the rig's client, and back. */
void bystander_h3_swap(struct bystander_h3 *b, struct rig_h3 *r);

/* Asserts that a message comes back to it. */
void bystander_h3_assert_echo(struct bystander_h3 *b, struct rig_h3 *r);

#endif
