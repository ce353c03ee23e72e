/*
 * One client of HTTP/3 on UDP sockets of its own, which plays one scene. It fails rather than hang:
 * each has a deadline.
 */
#ifndef TRI_TESTS_SOAK_CLIENT_H
#define TRI_TESTS_SOAK_CLIENT_H

#include "soak_socket.h"

#define SOAK_PATHS 3
#define SOAK_SOCKETS_MAX 64

struct soak_client {
    const struct soak_scene *scene;
    struct soak_random random;
    struct soak_account account;
    struct tri_addr server;
    struct peer_h3 *peer; /* NULL: it sends garbage */
    int fds[SOAK_PATHS];
    struct tri_addr named[SOAK_PATHS]; /* what it calls its end of each path */
    size_t at, moves;                  /* the path it uses; how often it has moved */
    struct soak_socket sockets[SOAK_SOCKETS_MAX];
    size_t sockets_len;
    int gets[SOAK_SOCKETS_MAX]; /* streams */
    size_t gets_len;
    uint64_t start_ns, vanish_ns, deadline_ns;
    bool is_ready; /* the handshake is done */
    bool is_done;
};

uint64_t soak_now_ns(void);

void soak_client_init(struct soak_client *c, const struct soak_scene *scene,
                      const struct tri_addr *server, uint64_t seed);
void soak_client_deinit(struct soak_client *c);

/* Receives, plays, sends. */
void soak_client_step(struct soak_client *c);

/* When it must be stepped again, if nothing arrives before. */
uint64_t soak_client_deadline_ns(const struct soak_client *c);

/* A line of JSON about what it did. */
void soak_client_tell(const struct soak_client *c);

#endif
