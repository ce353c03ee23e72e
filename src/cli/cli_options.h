/* The arguments of `trisock serve`, read into one struct. Reads nothing else and prints nothing. */
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

/* Strings are borrowed from the arguments. */
struct cli_options {
    const char *listen[TRI_LISTENERS_MAX];
    size_t listen_len; /* 0: the library's default */
    const char *cleartext[TRI_LISTENERS_MAX];
    size_t cleartext_len;
    bool cleartext_redirect;
    const char *cert[TRI_CERTIFICATES_MAX]; /* each with the key of the same index */
    const char *key[TRI_CERTIFICATES_MAX];
    size_t cert_len, key_len; /* equal */
    const char *root;         /* NULL: the embedded page only */
    const char *echo;         /* path of the echo route */
    unsigned http;            /* TRI_HTTP_ flags */
    bool extended_connect;
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
 * Reads |argv|, the arguments behind `serve`.
 *
 * TRI_OK; TRI_ERR_INVALID: |error| then has one sentence that names the argument and the remedy.
 */
TRI_MUST_USE enum tri_err cli_options_parse(struct cli_options *out, int argc,
                                            const char *const *argv, char error[CLI_ERROR_MAX]);

#endif
