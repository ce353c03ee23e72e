/*
 * The clients of HTTP/3 of a soak: soak_h3 ADDRESS SEED. Each line on standard input is a wave:
 *
 *   any MILLISECONDS CLIENTS      so many clients at a time, for so long; then their end
 *   polite MILLISECONDS CLIENTS   only such as behave
 *
 * Each client that has ended is a line of JSON on standard output, and {"done":true} ends the wave.
 * The end of the input ends the program.
 */
#include "soak_client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 16
#define MILLISECOND_NS UINT64_C(1000000)
#define PAUSE_MS_MAX 100 /* between a client and the next in its place */
#define POLL_MS_MAX 20

struct crowd {
    struct tri_addr server;
    struct soak_random random;
    uint64_t seed, played;
    bool is_polite;
    size_t places;
    struct soak_client *clients[CLIENTS_MAX]; /* NULL: the place is free */
    uint64_t free_ns[CLIENTS_MAX];            /* when somebody may come there */
};

static void come(struct crowd *crowd, size_t place)
{
    struct soak_client *c = malloc(sizeof *c);
    if (!c) {
        abort();
    }
    soak_client_init(c, soak_scene_choose(&crowd->random, crowd->is_polite), &crowd->server,
                     crowd->seed * 1000003 + crowd->played++);
    crowd->clients[place] = c;
}

static void go(struct crowd *crowd, size_t place)
{
    soak_client_tell(crowd->clients[place]);
    soak_client_deinit(crowd->clients[place]);
    free(crowd->clients[place]);
    crowd->clients[place] = NULL;
    crowd->free_ns[place] =
        soak_now_ns() + soak_random_below(&crowd->random, PAUSE_MS_MAX) * MILLISECOND_NS;
}

/* Until something arrives or is due. */
static void wait_a_little(const struct crowd *crowd)
{
    struct pollfd fds[CLIENTS_MAX * SOAK_PATHS];
    nfds_t len = 0;
    uint64_t now_ns = soak_now_ns();
    uint64_t deadline_ns = now_ns + POLL_MS_MAX * MILLISECOND_NS;
    for (size_t i = 0; i < crowd->places; i++) {
        const struct soak_client *c = crowd->clients[i];
        for (size_t path = 0; c && path < SOAK_PATHS; path++) {
            fds[len++] = (struct pollfd){.fd = c->fds[path], .events = POLLIN};
        }
        if (c && soak_client_deadline_ns(c) < deadline_ns) {
            deadline_ns = soak_client_deadline_ns(c);
        }
    }
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    (void)poll(fds, len, (int)((wait_ns + MILLISECOND_NS - 1) / MILLISECOND_NS));
}

static void play_wave(struct crowd *crowd, uint64_t ms)
{
    uint64_t until_ns = soak_now_ns() + ms * MILLISECOND_NS;
    for (size_t busy = 1; busy > 0 || soak_now_ns() < until_ns;) {
        busy = 0;
        for (size_t i = 0; i < crowd->places; i++) {
            uint64_t now_ns = soak_now_ns();
            if (!crowd->clients[i] && now_ns < until_ns && now_ns >= crowd->free_ns[i]) {
                come(crowd, i);
            }
            if (crowd->clients[i]) {
                busy++;
                soak_client_step(crowd->clients[i]);
            }
            if (crowd->clients[i] && crowd->clients[i]->is_done) {
                go(crowd, i);
            }
        }
        wait_a_little(crowd);
    }
    (void)printf("{\"done\":true}\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct crowd crowd = {.played = 0};
    if (argc != 3 || tri_addr_parse(&crowd.server, argv[1]) != TRI_OK) {
        (void)fprintf(stderr, "usage: soak_h3 ADDRESS:PORT SEED\n");
        return 2;
    }
    crowd.seed = strtoull(argv[2], NULL, 10);
    soak_random_init(&crowd.random, crowd.seed);
    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        char *rest = strchr(line, ' ');
        if (!rest) {
            return 2;
        }
        crowd.is_polite = strncmp(line, "polite ", 7) == 0;
        uint64_t ms = strtoull(rest, &rest, 10);
        size_t places = strtoull(rest, NULL, 10);
        crowd.places = places < CLIENTS_MAX ? places : CLIENTS_MAX;
        play_wave(&crowd, ms);
    }
    return 0;
}
