/*
 * Attacks on a connection, each beside sockets that echo between its steps: one on another connection
 * of the same server, and, as long as the attacked connection lives, one on that.
 */
#ifndef TRI_TESTS_ATTACKS_H
#define TRI_TESTS_ATTACKS_H

#include <stddef.h>

/* What came of it. Whatever is wrong has failed the test already. */
struct attack_report {
    char stopped_by[64];
    unsigned echoes;        /* of sockets on other connections */
    unsigned echoes_beside; /* of a socket on the attacked connection */
    size_t before, after;   /* bytes of the server's memory */
};

struct attack {
    const char *name;
    void (*run)(const struct attack *a, struct attack_report *r);
    const void *how; /* the run's */
};

struct attacks {
    const struct attack *list;
    size_t len;
};

struct attacks attacks_h1(void);
struct attacks attacks_h2(void);
struct attacks attacks_h3(void);
struct attacks attacks_h3_strangers(void);

#endif
