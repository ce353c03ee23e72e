/* What `trisock connect` prints: messages as lines or JSON, on standard output; what -v tells, on
 * standard error. */
#ifndef CLI_CONNECT_PRINT_H
#define CLI_CONNECT_PRINT_H

#include "cli_connect_options.h"

#include <stdio.h>

struct cli_connect_print {
    FILE *out, *err;
    const struct cli_connect_options *options;
    bool is_terminal; /* |out| is one: control characters of messages are not printed */
};

/* How long the parts of opening took: since tri_client_connect. */
struct cli_connect_opened {
    const struct tri_client_conn *conn;
    const struct tri_ws *ws;
    uint64_t open_ns;
};

void cli_connect_print_open(const struct cli_connect_print *p,
                            const struct cli_connect_opened *opened);
void cli_connect_print_message(const struct cli_connect_print *p, enum tri_type type,
                               const uint8_t *data, size_t len);
void cli_connect_print_close(const struct cli_connect_print *p, const struct tri_ws_end *end);

/* It did not open. */
void cli_connect_print_failure(const struct cli_connect_print *p, const struct tri_failure *why);

/* A sentence about what went wrong here: "trisock: |format|", or as JSON. */
void cli_connect_print_error(const struct cli_connect_print *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
