/*
 * What a client can do wrong in HTTP/3 and in QUIC behind its handshake, and what must come of it:
 * a table of cases, a part a file. RFC 9000, RFC 9114, RFC 9204, RFC 9218, RFC 9220, RFC 9297.
 */
#ifndef TRI_TESTS_CASES_H3_H
#define TRI_TESTS_CASES_H3_H

#include "bare_h3.h"

/* Where bytes go. */
enum act_h3_where {
    ACT_H3_NONE, /* the acts end */
    ACT_H3_REQUEST,
    ACT_H3_UNI,  /* a new unidirectional stream of the client's */
    ACT_H3_SAME, /* the stream of the last act */
    ACT_H3_CONTROL,
    ACT_H3_ENCODER,
    ACT_H3_DECODER,
    ACT_H3_PACKET, /* frames of QUIC, alone in a packet */
};

enum act_h3_end { ACT_H3_OPEN, ACT_H3_FIN, ACT_H3_RESET };

struct act_h3 {
    enum act_h3_where where;
    const char *bytes;
    size_t len;
    const struct tri_header *fields; /* instead of bytes: HEADERS with these */
    enum act_h3_end end;             /* behind the bytes */
};

/* The scope of what comes of it. The connection stays in all but the last two. */
enum case_h3_outcome {
    CASE_H3_IGNORED,    /* nothing */
    CASE_H3_SERVED,     /* the request arrived, and is answered */
    CASE_H3_LARGE,      /* the request is answered 431 */
    CASE_H3_STREAM,     /* RESET_STREAM and STOP_SENDING with the code */
    CASE_H3_STOPPED,    /* STOP_SENDING with the code */
    CASE_H3_CONNECTION, /* CONNECTION_CLOSE with the code of HTTP/3 */
    CASE_H3_TRANSPORT,  /* CONNECTION_CLOSE with the code of QUIC */
};

#define CASE_H3_ACTS_MAX 4

struct case_h3 {
    const char *name;
    uint64_t code;
    enum case_h3_outcome outcome;
    bool is_first; /* the client has opened no streams of its own but a request's */
    struct act_h3 acts[CASE_H3_ACTS_MAX];
};

struct cases_h3 {
    const struct case_h3 *cases;
    size_t len;
};

#define CASES_H3_OF(array)                                                                         \
    (struct cases_h3)                                                                              \
    {                                                                                              \
        .cases = (array), .len = sizeof(array) / sizeof(array)[0]                                  \
    }

/* For the tables: an act that writes the bytes |s|, and one that ends the stream behind them. */
#define ACT_H3(to, s)                                                                              \
    {                                                                                              \
        .where = ACT_H3_##to, .bytes = (s), .len = sizeof(s) - 1                                   \
    }
#define ACT_H3_END(to, s, how)                                                                     \
    {                                                                                              \
        .where = ACT_H3_##to, .bytes = (s), .len = sizeof(s) - 1, .end = ACT_H3_##how              \
    }
#define ACT_H3_HEAD(to, f)                                                                         \
    {                                                                                              \
        .where = ACT_H3_##to, .fields = (f)                                                        \
    }

/* GET https://a/ in HEADERS: static entries, and one literal. */
#define CASE_H3_GET                                                                                \
    "\x01\x08\x00\x00\xd1\xd7\xc1\x50\x01"                                                         \
    "a"

struct cases_h3 cases_h3_control(void); /* the control stream, and kinds of streams */
struct cases_h3 cases_h3_request(void); /* frames of requests */
struct cases_h3 cases_h3_fields(void);  /* the fields of requests */
struct cases_h3 cases_h3_qpack(void);   /* QPACK */
struct cases_h3 cases_h3_quic(void);    /* frames of QUIC */

#endif
