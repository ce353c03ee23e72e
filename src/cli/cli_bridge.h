/* `trisock connect --bridge LISTEN URL`: ws:// on a loopback address, carried to a server beyond. */
#ifndef CLI_BRIDGE_H
#define CLI_BRIDGE_H

#include "trisock/trisock.h"

/* Zero is a default everywhere but for |listen| and |url|. All is borrowed for the call. */
struct cli_bridge_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080", or a port alone; port 0: any */
    const char *url;    /* wss://host[:port]; a path is not used: it is that of each request */
    const struct tri_header *headers; /* more fields of each handshake */
    size_t headers_len;
    unsigned http; /* TRI_HTTP_ flags; 0: all */
    bool h3_first;
    bool verbose; /* connections and refusals are told on standard error, beside what fails */
};

/*
 * Runs on |client|, which nobody else uses, until SIGINT or SIGTERM: the first ends the sockets in
 * order, a second one at once. No signal may have been waited for, nor a thread made, before. Prints
 * "trisock: bridging ws://127.0.0.1:8080 to wss://..." on standard output when it listens.
 *
 * Returns what the program is to exit with: 0; 1 if it could not listen or run; 2 if |o| is not
 * usable. A sentence on standard error tells why.
 */
int cli_bridge(struct tri_client *client, const struct cli_bridge_options *o);

#endif
