/* The arguments of `trisock serve` as one line, for tests of the options and of their values. */
#ifndef TRI_TESTS_PARSE_LINE_H
#define TRI_TESTS_PARSE_LINE_H

#include "cli_options.h"

/* Parses "a b c": up to 48 arguments without blanks. |o| borrows from a text of its own, which the
 * next call changes. |error| gets CLI_ERROR_MAX bytes, as from cli_options_parse. */
enum tri_err parse_line(struct cli_options *o, const char *line, char *error);

#endif
