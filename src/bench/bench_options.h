/* What `trisock bench` was asked for. Read once, then only looked at, and never copied. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "trisock/trisock.h"

#include <sys/types.h>

#define BENCH_ERROR_MAX 512
#define BENCH_HTTPS_MAX 3u
#define BENCH_SIZES_MAX 16u
#define BENCH_HEADERS_MAX 32u
#define BENCH_HEADER_BYTES_MAX 16384u
#define BENCH_SIZE_MAX ((size_t)(64u << 20))
#define BENCH_SOCKETS_MAX 1000000u
#define BENCH_IN_FLIGHT_MAX 65536u
#define BENCH_THREADS_MAX 64u
#define BENCH_HEADED_MIN                                                                           \
    8u /* bytes: shorter messages have no room for a header, see bench_content.h */

enum bench_mode {
    BENCH_ECHO,      /* sends, and waits for the same message */
    BENCH_OPEN,      /* opens sockets and closes them, over and over */
    BENCH_IDLE,      /* opens sockets and leaves them */
    BENCH_PUSH,      /* only receives: the server sends by itself */
    BENCH_BROADCAST, /* one socket sends, all receive */
};

/* Message bytes: fixed (min = max, sizes_len = 0), a range (uniform), or a list (equal shares). */
struct bench_sizes {
    size_t min, max;
    size_t list[BENCH_SIZES_MAX];
    size_t list_len; /* 0: min to max */
};

/* Strings are borrowed from the arguments. */
struct bench_options {
    const char *url;
    enum tri_http https[BENCH_HTTPS_MAX]; /* in the order of the report, none twice */
    size_t https_len;
    bool https_given; /* by --http: a version that the server has not is then an error */
    enum bench_mode mode;
    size_t sockets;     /* of each version, all threads together */
    size_t connections; /* ... that they are spread over; on HTTP/1.1 always one a socket */
    struct bench_sizes sizes;
    size_t in_flight;            /* messages a socket, closed loop; 0: open loop */
    double rate;                 /* open loop: messages a second, all sockets together */
    double duration_s, warmup_s; /* of each round and version */
    size_t rounds;
    size_t threads;
    bool fresh;  /* BENCH_OPEN: each socket on a new connection */
    bool resume; /* resume TLS sessions: by default every handshake is a full one */
    enum tri_deflate deflate;
    bool verify;                                  /* compare each echo with what was sent */
    pid_t server_pid;                             /* 0: not measured */
    struct tri_header headers[BENCH_HEADERS_MAX]; /* of |header_bytes| */
    size_t headers_len;
    char header_bytes[BENCH_HEADER_BYTES_MAX];
    const char *origin, *subprotocols;
    const char *ca;
    bool insecure;
    bool epoll;                        /* for HTTP/1.1, rather than io_uring */
    const char *json_file, *html_file; /* NULL: none */
    const char *compare[2];            /* both or none: no run, two files are compared */
    const char *label;                 /* what the report calls the server; NULL: the URL */
    uint64_t seed;                     /* of sizes and contents */
    bool help;
};

/*
 * Reads the arguments behind `bench`. TRI_OK; TRI_ERR_INVALID: |error| has one sentence that
 * names the argument and the remedy.
 */
TRI_MUST_USE enum tri_err bench_options_parse(struct bench_options *out, int argc,
                                              const char *const *argv, char error[BENCH_ERROR_MAX]);

const char *bench_http_name(enum tri_http http);   /* "h1", "h2", "h3": of the report */
const char *bench_mode_name(enum bench_mode mode); /* "echo" ... */

#endif
