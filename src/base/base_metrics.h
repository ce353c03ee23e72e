/*
 * What a server counts, for its metrics. One struct a worker, touched on its thread alone: no
 * counter costs more than an addition. Labels are HTTP versions by index; nobody decides by them.
 * What a test or a tool makes without metrics passes NULL: the functions here take it.
 */
#ifndef TRI_BASE_METRICS_H
#define TRI_BASE_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* Why a WebSocket was not opened, or a plain request not served. */
enum tri_refused {
    TRI_REFUSED_MALFORMED,   /* no valid request, or no valid handshake: 400 and its like */
    TRI_REFUSED_PATH,        /* nothing is served there */
    TRI_REFUSED_PLAIN,       /* a route of WebSockets alone, asked for plainly */
    TRI_REFUSED_VERSION,     /* Sec-WebSocket-Version is not 13 */
    TRI_REFUSED_PROTOCOL,    /* another :protocol, or CONNECT without one */
    TRI_REFUSED_ORIGIN,      /* the Origin is not allowed */
    TRI_REFUSED_EARLY,       /* in early data: 425 */
    TRI_REFUSED_SOCKETS,     /* the connection has as many as it may */
    TRI_REFUSED_MEMORY,      /* the server holds as much as it may, or an allocation failed */
    TRI_REFUSED_STOPPING,    /* the server stops */
    TRI_REFUSED_CLEARTEXT,   /* without TLS: 426 */
    TRI_REFUSED_APPLICATION, /* the program said no */
};
#define TRI_REFUSED_LEN 12

/* Why a connection was not taken. */
enum tri_conn_refused {
    TRI_CONN_REFUSED_LIMIT,   /* the server has as many as it may */
    TRI_CONN_REFUSED_ADDRESS, /* that address has */
    TRI_CONN_REFUSED_MEMORY,  /* the server holds as much memory as it may */
};
#define TRI_CONN_REFUSED_LEN 3

/* What ended a connection that did too much for nothing. */
enum tri_flood {
    TRI_FLOOD_RESET,   /* streams that came to nothing */
    TRI_FLOOD_ACK,     /* frames that want an answer: PING, SETTINGS, PATH_CHALLENGE */
    TRI_FLOOD_PADDING, /* frames of nothing */
    TRI_FLOOD_WINDOW,  /* WINDOW_UPDATE */
    TRI_FLOOD_HEADERS, /* CONTINUATION, field sections over their limit */
    TRI_FLOOD_OTHER,   /* what the library that met it does not tell apart */
};
#define TRI_FLOOD_LEN 6

/*
 * How many WebSockets a connection had at once, at most: a bucket up to 1, 10, 100, 1,000, more. A
 * connection that never had one is in none.
 */
#define TRI_SOCKETS_BUCKETS 5

/* Close codes that have a counter of their own; the rest is "other". 1000 to 1015. */
#define TRI_CODES_LEN 16

/* Of one version of HTTP. */
struct tri_http_metrics {
    uint64_t conns_opened, conns_closed;
    uint64_t sockets_opened, sockets_closed;
    uint64_t closed_code[TRI_CODES_LEN], closed_other; /* by the code that on_close tells */
    uint64_t requests;                 /* whose head was read and understood, handshakes included */
    uint64_t refused[TRI_REFUSED_LEN]; /* of |requests|; but MALFORMED ones mostly never were any */
    uint64_t messages_in, messages_out, messages_dropped; /* as struct tri_ws_end counts them */
    uint64_t bytes_in, bytes_out;                         /* of messages */
    uint64_t sockets_of_conn[TRI_SOCKETS_BUCKETS];        /* when the connection ends */
    uint64_t sockets_of_conn_sum;
    uint64_t floods[TRI_FLOOD_LEN];
};

enum tri_metrics_http { TRI_METRICS_H1, TRI_METRICS_H2, TRI_METRICS_H3 };
#define TRI_METRICS_HTTP_LEN 3

struct tri_metrics {
    struct tri_http_metrics http[TRI_METRICS_HTTP_LEN];
    uint64_t conns_refused[TRI_CONN_REFUSED_LEN];
    uint64_t handshakes_failed;             /* TLS or QUIC, before HTTP began */
    uint64_t resumed;                       /* handshakes that resumed a session */
    uint64_t early_accepted, early_refused; /* QUIC connections that came with early data */
    uint64_t responses_unread;              /* given up, because the peer did not read */
};

/* A connection has finished its handshakes; it ended; it had that many sockets at once, at most. */
void tri_metrics_conn_opened(struct tri_http_metrics *m);
void tri_metrics_conn_closed(struct tri_http_metrics *m);
void tri_metrics_conn_sockets(struct tri_http_metrics *m, size_t sockets_peak);

/* A socket ended with |code|, as on_close tells it. */
void tri_metrics_socket_closed(struct tri_http_metrics *m, uint16_t code);

/* A connection was ended because of a flood. */
void tri_metrics_flood(struct tri_http_metrics *m, enum tri_flood kind);

/* For labels and logs: "malformed", "path" ... Static memory. */
const char *tri_refused_name(enum tri_refused why);
const char *tri_conn_refused_name(enum tri_conn_refused why);
const char *tri_flood_name(enum tri_flood kind);

#endif
