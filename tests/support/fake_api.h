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
    const char *method;                        /* "GET" */
    const char *path;                          /* "/" */
    const char *query;                         /* "" */
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

struct tri_ws {
    struct tri_carrier carrier;
    uint64_t id;
    size_t room;         /* messages that fit before TRI_ERR_FULL */
    enum tri_err broken; /* not TRI_OK: what every send returns */

    char sent[4096];   /* "T5:hello;B2:xy;" and "close(1000 bye);", NUL-terminated */
    size_t sent_bytes; /* of messages */
    size_t sent_messages;
};

struct tri_request *fake_request_new(const char *method, const char *path);
void fake_request_free(struct tri_request *req);

/* The value of a field of the answer, or NULL. Static memory, overwritten by the next call. */
const char *fake_answer_field(const struct tri_request *req, const char *name);

/* The answer's body as a string. */
const char *fake_answer_text(struct tri_request *req);

#endif
