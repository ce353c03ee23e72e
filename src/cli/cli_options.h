/*
 * The options of `trisock serve`, of its arguments and of the file that --config names, read into
 * one struct. Prints nothing.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base_limits.h"
#include "trisock/trisock.h"

#define CLI_ERROR_MAX 512
#define CLI_LIMITS_LEN (TRI_LIMIT_DEFLATE_LEVEL + 1) /* it is the last */

struct cli_limit {
    enum tri_limit limit;
    uint64_t value;
    bool given;
};

/* Where an option was read. */
enum cli_source { CLI_SOURCE_NONE, CLI_SOURCE_FILE, CLI_SOURCE_ARGUMENTS };

/*
 * Strings are borrowed from the arguments, or from |text|. A list is of one source: the first item
 * that an argument gives replaces all that the file gave.
 */
struct cli_options {
    const char *config; /* the file; NULL: none */
    char *text;         /* what it holds; owned, see cli_options_deinit */
    const char *listen[TRI_LISTENERS_MAX];
    bool listen_no_extended_connect[TRI_LISTENERS_MAX];           /* there alone */
    size_t listen_len;                                            /* 0: the library's default */
    enum cli_source listen_source, cleartext_source, cert_source; /* that of |key| too */
    const char *cleartext[TRI_LISTENERS_MAX];
    size_t cleartext_len;
    bool cleartext_redirect;
    const char *cert[TRI_CERTIFICATES_MAX]; /* each with the key of the same index */
    const char *key[TRI_CERTIFICATES_MAX];
    size_t cert_len, key_len; /* equal */
    const char *admin;        /* the admin address; NULL: none */
    const char *root;         /* NULL: the embedded page only */
    const char *echo;         /* path of the echo route */
    unsigned http;            /* TRI_HTTP_ flags */
    bool extended_connect;
    bool early_data, early_data_425;    /* taken; a WebSocket in it is refused, not held */
    enum tri_deflate deflate;           /* of every WebSocket route */
    enum tri_slow slow;                 /* of those that echo; a room drops by itself */
    const char *subprotocols, *origins; /* lists, of every WebSocket route; NULL: none, any */
    const char *keylog, *qlog;          /* NULL: none */
    const char *secret_file;            /* NULL: the library's choice */
    const char *log;                    /* NULL or "-": stderr */
    enum tri_log_format log_format;
    bool verbose;
    uint64_t drain_ms;  /* over which a signal closes the sockets; 0: all at once */
    bool help, version; /* asked for: nothing else matters */
    struct cli_limit limits[CLI_LIMITS_LEN]; /* by enum tri_limit */
};

/*
 * Reads |argv|, the arguments behind `serve`, and before them the file that --config names: what is
 * given as an argument counts, whatever the file says.
 *
 * TRI_OK: |out| is to be given to cli_options_deinit; TRI_ERR_INVALID, TRI_ERR_NOMEM: |error| then
 * has one sentence that names the argument, or the file and its line, and the remedy.
 */
TRI_MUST_USE enum tri_err cli_options_parse(struct cli_options *out, int argc,
                                            const char *const *argv, char error[CLI_ERROR_MAX]);
void cli_options_deinit(struct cli_options *o);

#endif
