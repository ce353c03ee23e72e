/* What the link was asked for: `link_run [OPTION]... -- COMMAND...` */
#ifndef LINK_OPTIONS_H
#define LINK_OPTIONS_H

#include "link_queue.h"

#include <stdbool.h>
#include <stdint.h>

#define LINK_ERROR_MAX 256

/* Strings are borrowed from the arguments. */
struct link_options {
    struct link_queue_options line; /* of each direction */
    double loss, reorder;           /* shares of the packets, 0 to 1 */
    uint64_t seed;
    int mtu;
    const char *server;   /* a command for the shell, or NULL: none */
    const char *ready;    /* how it tells that it is ready, or NULL: by a line */
    const char *stats;    /* a file, or NULL */
    char *const *command; /* NULL at its end */
    bool help;
};

/* False: |error| has a sentence. */
bool link_options_parse(struct link_options *o, int argc, char *const *argv,
                        char error[LINK_ERROR_MAX]);

extern const char link_options_usage[];

/* Values: "25ms" (s, ms, us), "1%" or "0.01", "20mbit" (kbit, mbit, gbit). False: it is none. */
bool link_options_time(const char *text, uint64_t *ns);
bool link_options_share(const char *text, double *share);
bool link_options_rate(const char *text, uint64_t *bps);

#endif
