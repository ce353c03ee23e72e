/*
 * What was measured: the engine fills it, the report reads it. One bench_result a run, with a
 * bench_series for each HTTP version, with a bench_round for each round.
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include "bench_histogram.h"
#include "bench_options.h"

#define BENCH_ROUNDS_MAX 1000u
#define BENCH_TEXT_MAX 256u

/* Errors are counted by kind, and make the exit status. */
enum bench_fault {
    BENCH_FAULT_OPEN,      /* a connection or socket did not open */
    BENCH_FAULT_CLOSED,    /* a socket ended before the measuring did */
    BENCH_FAULT_CORRUPT,   /* an echo is not what was sent */
    BENCH_FAULT_MISSING,   /* a message got no echo: another came in its place, or none in time */
    BENCH_FAULT_REPEATED,  /* an echo came that was not waited for, or once more */
    BENCH_FAULT_REORDERED, /* echoes came in another order than messages went */
    BENCH_FAULT_SEND,      /* a message could not be sent */
    BENCH_FAULTS,
};
const char *bench_fault_name(enum bench_fault fault); /* "open", "closed", ... */

/* CPU time that a process used, nanoseconds. */
struct bench_cpu {
    uint64_t user_ns, system_ns;
};

/* Counts of a stretch of time, all threads together. */
struct bench_counts {
    uint64_t messages_out, messages_in; /* in: whole messages received */
    uint64_t bytes_out, bytes_in;       /* of messages, before compression and framing */
    uint64_t wire_out, wire_in;         /* payload of TCP and UDP; see bench_wire.h; 0: not known */
    uint64_t sockets_opened;
    uint64_t faults[BENCH_FAULTS];
};

/* One round of one version, without its warm-up. */
struct bench_round {
    double seconds; /* as measured */
    struct bench_counts counts;
    struct bench_cpu client, server; /* server: zero without --server-pid */
    /* Of this round alone, as the spread over the rounds needs them; 0: not measured. */
    uint64_t latency_p50_ns, latency_p99_ns, latency_p999_ns, open_p50_ns;
};

/* One version, all rounds together. Histograms are in nanoseconds; those without a value are empty. */
struct bench_series {
    enum tri_http http;
    bool is_run;                    /* false: it could not be, and |why| says so */
    bool is_lost;                   /* the server was, and the run ended; not in JSON */
    char why[BENCH_TEXT_MAX];       /* also the first fault of those that are counted; "" none */
    size_t sockets, connections;    /* as they were open */
    char carrier[BENCH_TEXT_MAX];   /* "h2, TLS 1.3, TLS_AES_128_GCM_SHA256, X25519MLKEM768" */
    struct bench_histogram latency; /* from the (intended) send to the echo; broadcast: to each */
    struct bench_histogram late;    /* open loop: from the intended to the real send */
    /* Parts of opening: TCP or QUIC connection, TLS (empty on h3: it is in QUIC's), the server's
     * SETTINGS (empty on h1), the opening handshake of a socket, and from nothing to an open socket
     * on a new connection. */
    struct bench_histogram connect, tls, settings, handshake, open;
    struct bench_counts counts; /* of all rounds, measured time only */
    /* Beyond the measured time: all messages of the sockets' life, for whoever compares with the
     * server's own counters. */
    uint64_t messages_out_total, messages_in_total;
    double seconds;
    /* From the first connection to the last open socket, of all rounds; sockets_opened of it. */
    double opening_seconds;
    uint64_t opening_sockets;
    struct bench_cpu client, server;
    /* Bytes: before the first socket, with all open; of the version whose sockets were the first. */
    uint64_t server_rss_before, server_rss_open;
    struct bench_round rounds[BENCH_ROUNDS_MAX];
    size_t rounds_len;
};

struct bench_result {
    const struct bench_options *options;  /* borrowed */
    char command[1024];                   /* as it can be typed again */
    char started[32];                     /* RFC 3339, UTC */
    char machine[BENCH_TEXT_MAX];         /* CPU, cores, kernel */
    char trisock[32];                     /* version */
    char server_software[BENCH_TEXT_MAX]; /* "" if the server does not tell */
    bool is_interrupted;                  /* by a signal: the results are those so far */
    struct bench_series series[BENCH_HTTPS_MAX];
    size_t series_len;
};

#endif
