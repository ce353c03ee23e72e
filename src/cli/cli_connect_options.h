/* The options of `trisock connect`, read into one struct. Prints nothing. */
#ifndef CLI_CONNECT_OPTIONS_H
#define CLI_CONNECT_OPTIONS_H

#include "cli_options.h"

#define CLI_CONNECT_HEADERS_MAX 32u

/* Strings are borrowed from the arguments, but for the headers. */
struct cli_connect_options {
    const char *url;
    unsigned http; /* TRI_HTTP_ flags; 0: what client and server agree on */
    bool h3_first; /* 3 is the first of those given */
    struct tri_header headers[CLI_CONNECT_HEADERS_MAX];
    char *header_texts[CLI_CONNECT_HEADERS_MAX]; /* owned: what |headers| points into */
    size_t headers_len;
    const char *origin, *subprotocols; /* NULL: none */
    enum tri_deflate deflate;
    bool has_ping, has_wait;
    uint64_t ping_ms, wait_ms;
    const char *once; /* the one message; NULL: those of standard input */
    bool binary;      /* messages to send are hex */
    bool raw;         /* binary messages are printed as they are */
    bool json;
    const char *ca;
    bool insecure, verbose;
    const char *keylog, *qlog; /* NULL: none */
    uint64_t max_message;      /* bytes; 0: the library's default */
    const char *bridge;        /* the address to listen on; NULL: no bridge */
    bool help;
};

/*
 * Reads |argv|, the arguments behind `connect`. TRI_OK: |out| is to be given to
 * cli_connect_options_deinit. TRI_ERR_INVALID, TRI_ERR_NOMEM: |error| has one sentence that names the
 * argument and the remedy.
 */
TRI_MUST_USE enum tri_err cli_connect_options_parse(struct cli_connect_options *out, int argc,
                                                    const char *const *argv,
                                                    char error[CLI_ERROR_MAX]);
void cli_connect_options_deinit(struct cli_connect_options *o);

#endif
