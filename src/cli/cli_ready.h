/* What `trisock serve` says when it serves, and when it cannot. */
#ifndef CLI_READY_H
#define CLI_READY_H

#include "cli_options.h"

#include <stdio.h>

/*
 * One line an address, "trisock: serving https://127.0.0.1:8443 (h3, h2, http/1.1)", then the
 * cleartext ports, then, if the certificate was made, how a browser comes to trust it. Flushed.
 */
void cli_ready_print(FILE *out, const struct tri_server *server, const struct cli_options *options);

/* The sentence of tri_server_new, with the remedy in the words of the options. */
void cli_ready_explain(char out[CLI_ERROR_MAX], enum tri_err err, const char *sentence,
                       const struct cli_options *options);

#endif
