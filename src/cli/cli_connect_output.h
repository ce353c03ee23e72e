/*
 * What is printed to a descriptor, kept until that takes it: a reader that is slow, or a terminal that
 * was stopped, holds up nothing else.
 */
#ifndef CLI_CONNECT_OUTPUT_H
#define CLI_CONNECT_OUTPUT_H

#include "trisock/trisock.h"

#include <stdio.h>

/* With more kept, no more should be received. */
#define CLI_CONNECT_OUTPUT_HIGH ((size_t)1 << 20)

struct cli_connect_output {
    int fd;       /* borrowed */
    FILE *stream; /* where to print; owned */
    char *text;   /* what was printed; bytes before |written| have been taken */
    size_t len, written;
};

/* TRI_OK, TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err cli_connect_output_init(struct cli_connect_output *o, int fd);
void cli_connect_output_deinit(struct cli_connect_output *o);

/*
 * Writes what the descriptor takes without waiting. TRI_OK; TRI_AGAIN: some is kept, poll for POLLOUT;
 * TRI_ERR_IO: errno tells, and what was kept is dropped.
 */
TRI_MUST_USE enum tri_err cli_connect_output_write(struct cli_connect_output *o);

/* Bytes kept, as of the last write. */
size_t cli_connect_output_kept(const struct cli_connect_output *o);

#endif
