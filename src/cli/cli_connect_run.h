/* The run of `trisock connect`: the loop over the socket, standard input and signals. */
#ifndef CLI_CONNECT_RUN_H
#define CLI_CONNECT_RUN_H

#include "cli_connect_options.h"

/* The path and query of |url|, "/" if it has none, into |out| of |max| bytes. TRI_OK; TRI_ERR_INVALID:
 * it has a fragment (RFC 6455 section 3); TRI_ERR_LIMIT. */
TRI_MUST_USE enum tri_err cli_connect_path(char *out, size_t max, const char *url);

/*
 * Opens the socket on |client| and carries messages until it has ended; frees |client|. No thread may
 * have been made before: signals are blocked from here on. Returns an enum cli_connect_status.
 */
int cli_connect_run(struct tri_client *client, const struct cli_connect_options *options);

#endif
