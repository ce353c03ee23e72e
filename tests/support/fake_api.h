/*
 * What trisock.h offers a handler, played by the test: requests that write down how they were
 * answered, and sockets that write down what was sent. For programs on the public header alone.
 */
#ifndef TRI_TESTS_FAKE_API_H
#define TRI_TESTS_FAKE_API_H

#include "trisock/trisock.h"

#define FAKE_FIELDS_MAX 8
#define FAKE_BODY_MAX ((size_t)(512 * 1024))

struct tri_request {
    /* The test fills these; NULL means what is written behind. */
    const char *method;    /* "GET" */
    const char *path;      /* "/" */
    const char *query;     /* "" */
    const char *authority; /* "localhost" */
    struct tri_carrier carrier;
    struct tri_header fields[FAKE_FIELDS_MAX]; /* up to the first without a name */
    enum tri_err accept_result;
    size_t read_max; /* most that a body is asked for at once; 0: 16 KiB */

    /* What came of it. */
    int answers;                 /* 1 in the end */
    int status;                  /* 101: accepted */
    void *user;                  /* given with the acceptance */
    char head[4096];             /* "name: value\n" for each field, NUL-terminated */
    uint8_t body[FAKE_BODY_MAX]; /* cut there */
    size_t body_len;
    bool body_failed; /* its read did not yield the length that it told */
};

/*
 * What was sent is written down in order, each with ";" behind it, whether from tri_ws_send or from
 * a payload:
 *
 *   T5:hello           a whole message; B for a binary one
 *   T3+hel  T2+lo  T.  a message in pieces: two appends and its end
 *   pause  resume  abort  close(1000 bye)
 */
struct tri_ws {
    /* The test fills these. */
    struct tri_carrier carrier;
    uint64_t id;
    size_t room;             /* messages and appended pieces that fit before TRI_ERR_FULL */
    enum tri_err broken;     /* not TRI_OK: what every send returns */
    enum tri_slow slow;      /* also set by tri_ws_slow; CLOSE breaks the socket when it is full */
    const char *subprotocol; /* NULL: "" */
    enum tri_deflate deflate;
    size_t queued_bytes;

    /* What came of it. */
    char sent[4096];   /* as above, NUL-terminated; what has no room is left out */
    size_t sent_bytes; /* of messages, whole or not */
    size_t sent_messages;
    size_t dropped;         /* under TRI_SLOW_DROP */
    size_t pauses, resumes; /* calls */
    bool paused;
    enum tri_type sending; /* the message in pieces that was begun; 0: none */
};

struct tri_request *fake_request_new(const char *method, const char *path);
void fake_request_free(struct tri_request *req);

/* The value of a field of the answer, or NULL. Static memory, overwritten by the next call. */
const char *fake_answer_field(const struct tri_request *req, const char *name);

/* The answer's body as a string. */
const char *fake_answer_text(struct tri_request *req);

#endif
