/* Where the log of a command goes: a file that is appended to, or standard error. */
#ifndef CLI_LOG_H
#define CLI_LOG_H

#include "trisock/trisock.h"

#include <stdio.h>

struct cli_log {
    FILE *out; /* line by line, so that a reader sees each line when it is written */
};

/* |file|: NULL or "-" for standard error. TRI_OK, or TRI_ERR_IO (errno says why). */
TRI_MUST_USE enum tri_err cli_log_open(struct cli_log *log, const char *file);
void cli_log_close(struct cli_log *log);

/* For tri_config_log; the user is the struct cli_log. */
void cli_log_write(void *user, enum tri_log_level level, const char *line);

#endif
