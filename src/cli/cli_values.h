/*
 * The functions that take the value of one option of `trisock serve`; the table that names them is
 * in cli_options.c.
 *
 * Each returns TRI_OK, or TRI_ERR_INVALID when the value is none for the option: p->error then has
 * one sentence that names the option, the value and the remedy. A string is borrowed, as struct
 * cli_options says.
 */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "cli_options.h"

/* What a value is read into. */
struct cli_parsing {
    struct cli_options *out;
    char *error; /* CLI_ERROR_MAX bytes */
    enum cli_source source;
    const char *file; /* NULL: the arguments are read */
    unsigned line;    /* of the file */
};

struct cli_option;

/* |value| is NULL when the option has none. */
typedef enum tri_err cli_take(const struct cli_parsing *p, const struct cli_option *o,
                              const char *value);

/* One option of the table. */
struct cli_option {
    const char *name; /* with the dashes */
    cli_take *take;
    size_t field;         /* for cli_take_string and cli_take_flag: offset in struct cli_options */
    enum tri_limit limit; /* for cli_take_limit */
    bool has_value;
};

/* Writes the sentence of an error, behind the file and line if one is read. Returns
 * TRI_ERR_INVALID. */
enum tri_err cli_fail(const struct cli_parsing *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

cli_take cli_take_string;
cli_take cli_take_flag;
cli_take cli_take_listen;
cli_take cli_take_no_extended_connect;
cli_take cli_take_cleartext;
cli_take cli_take_admin;
cli_take cli_take_cert;
cli_take cli_take_key;
cli_take cli_take_echo;
cli_take cli_take_http;
cli_take cli_take_extended_connect;
cli_take cli_take_log_format;
cli_take cli_take_deflate;
cli_take cli_take_slow;
cli_take cli_take_early_data_websocket;
cli_take cli_take_drain;
cli_take cli_take_limit;

#endif
