/*
 * The file of `trisock serve --config FILE`: its text, and the lines of that. One option a line: the
 * long name without its dashes, blanks, the value, which is all the rest of the line. Empty lines
 * and those that start with "#" say nothing. What the options mean is not known here.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "base_limits.h"
#include "cli_options.h"

/* Every limit, route list and certificate of a server, many times over. */
#define CLI_CONFIG_BYTES_MAX ((size_t)(1024 * 1024))
/* A list of origins is the longest value; 4 KiB are some hundred of them. */
#define CLI_CONFIG_LINE_BYTES_MAX ((size_t)(4 * 1024))

/*
 * Reads |file|, a regular one, into |*text|: NUL-terminated, to be given to cli_config_release.
 *
 * TRI_OK; TRI_ERR_INVALID: it cannot be read, holds a NUL or is too long; TRI_ERR_NOMEM. |error|
 * then has a sentence that names the file and the remedy.
 */
TRI_MUST_USE enum tri_err cli_config_read(char **text, const char *file, char error[CLI_ERROR_MAX]);
void cli_config_release(char *text); /* NULL is fine */

/* The way through a text, which is cut up. Strings that it yields are in the text. */
struct cli_config_lines {
    char *at;        /* the rest; initially the text */
    unsigned number; /* of the line that was yielded last, from 1; initially 0 */
};

/*
 * Yields the name and value of the next line that says something. A line without a value has "".
 *
 * TRI_OK; TRI_ERR_NOT_FOUND: there is none; TRI_ERR_LIMIT: it is over CLI_CONFIG_LINE_BYTES_MAX.
 */
TRI_MUST_USE enum tri_err cli_config_next(struct cli_config_lines *lines, const char **name,
                                          const char **value);

#endif
