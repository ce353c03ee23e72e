/* The server at the far end: when it is ready, what it says, and its end. */
#ifndef LINK_SERVER_H
#define LINK_SERVER_H

#include "link_child.h"
#include "link_options.h"

#include <stddef.h>

#define LINK_LINE_MAX 4096

struct link_server {
    const struct link_options *options; /* borrowed */
    struct link_child child;
    int stdout_fd; /* what it prints; -1: it has closed it, or there is no server */
    bool is_ready;
    char line[LINK_LINE_MAX]; /* the part of a line that was read so far */
    size_t line_len;
};

/* Starts it, if there is one. False: errno. */
bool link_server_start(struct link_server *s, const struct link_options *options, int namespace_fd);

/* Copies to standard error what it has printed. To be called when |stdout_fd| can be read. */
void link_server_read(struct link_server *s);

/* Whether it is ready. To be called now and then: a port is looked for. */
bool link_server_is_ready(struct link_server *s);

#endif
