/*
 * HTTP/2 connections that go wrong: frames by hand, and what RFC 9113 wants of the server. Each
 * case begins on a connection whose stream 1 is an open WebSocket; the frames use streams 3 up.
 * Field blocks are HPACK by hand: static table entries and literals without indexing.
 */
#ifndef TRI_TESTS_CASES_H2_H
#define TRI_TESTS_CASES_H2_H

#include "h2_conn.h"

#include <nghttp2/nghttp2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CASE_H2_STEPS_MAX 6

struct step_h2 {
    uint8_t type;
    uint8_t flags;
    uint32_t stream_id;
    const char *payload; /* NULL: |len| zero bytes */
    size_t len;
    unsigned times; /* 0: once */
};

enum outcome_h2 {
    CASE_H2_FINE,     /* nothing is reset, nothing ends */
    CASE_H2_RESET,    /* RST_STREAM |code| on |stream_id|, the connection goes on */
    CASE_H2_GOAWAY,   /* GOAWAY |code|, and the connection is done */
    CASE_H2_ANSWERED, /* the status |code| on |stream_id| */
};

struct case_h2 {
    const char *name;    /* NULL ends a table */
    const char *preface; /* these bytes are all there is; no stream 1, no steps */
    size_t preface_len;
    struct step_h2 steps[CASE_H2_STEPS_MAX]; /* each in a recv of its own */
    enum outcome_h2 outcome;
    uint32_t stream_id;
    uint32_t code;
    bool holds_credit; /* the tenants return none */
    bool is_waiting;   /* requests behind the first are not answered */
};

#define FINE(text, ...)                                                                            \
    {                                                                                              \
        .name = (text), .outcome = CASE_H2_FINE, .steps = { __VA_ARGS__ }                          \
    }
#define RESET(text, id, error, ...)                                                                \
    {                                                                                              \
        .name = (text), .outcome = CASE_H2_RESET, .stream_id = (id), .code = NGHTTP2_##error,      \
        .steps = {                                                                                 \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define GOAWAY(text, error, ...)                                                                   \
    {                                                                                              \
        .name = (text), .outcome = CASE_H2_GOAWAY, .code = NGHTTP2_##error, .steps = {             \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ANSWERED(text, id, status, ...)                                                            \
    {                                                                                              \
        .name = (text), .outcome = CASE_H2_ANSWERED, .stream_id = (id), .code = (status),          \
        .steps = {                                                                                 \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* A frame with a payload of literal bytes, or of zeros. */
#define FRAME(kind, flag, id, bytes)                                                               \
    {                                                                                              \
        .type = (kind), .flags = (flag), .stream_id = (id), .payload = (bytes),                    \
        .len = sizeof(bytes) - 1                                                                   \
    }
#define ZEROS(kind, flag, id, size)                                                                \
    {                                                                                              \
        .type = (kind), .flags = (flag), .stream_id = (id), .len = (size)                          \
    }

/* Types and flags (RFC 9113 section 6), short because a table of them must be readable. */
enum {
    DATA = NGHTTP2_DATA,
    HEADERS = NGHTTP2_HEADERS,
    PRIORITY = NGHTTP2_PRIORITY,
    RST_STREAM = NGHTTP2_RST_STREAM,
    SETTINGS = NGHTTP2_SETTINGS,
    PUSH_PROMISE = NGHTTP2_PUSH_PROMISE,
    PING = NGHTTP2_PING,
    GO_AWAY = NGHTTP2_GOAWAY,
    WINDOW_UPDATE = NGHTTP2_WINDOW_UPDATE,
    CONTINUATION = NGHTTP2_CONTINUATION,
    PRIORITY_UPDATE = NGHTTP2_PRIORITY_UPDATE,
    ES = NGHTTP2_FLAG_END_STREAM,
    EH = NGHTTP2_FLAG_END_HEADERS,
    ACK = NGHTTP2_FLAG_ACK,
    PAD = NGHTTP2_FLAG_PADDED,
    PRI = NGHTTP2_FLAG_PRIORITY,
};

/* Field lines. RFC 7541 appendix A: 0x82 GET, 0x83 POST, 0x84 "/", 0x87 https; a first byte below
 * 0x10 is a literal with the name of that entry. */
#define AUTHORITY "\x01\x09localhost"
#define METHOD_CONNECT                                                                             \
    "\x02\x07"                                                                                     \
    "CONNECT"
#define PATH_ECHO "\x04\x05/echo"
#define PROTOCOL "\x00\x09:protocol\x09websocket"
#define VERSION                                                                                    \
    "\x00\x15sec-websocket-version\x02"                                                            \
    "13"
#define GET_BLOCK "\x82\x87\x84" AUTHORITY
#define POST_BLOCK "\x83\x87\x84" AUTHORITY
#define WEBSOCKET_BLOCK METHOD_CONNECT PROTOCOL "\x87" PATH_ECHO AUTHORITY VERSION

/* Streams in their states. */
#define OPEN(id) FRAME(HEADERS, EH, id, WEBSOCKET_BLOCK)         /* open */
#define ENDED(id) FRAME(DATA, ES, id, "end")                     /* then half-closed (remote) */
#define DROPPED(id) FRAME(RST_STREAM, 0, id, "\x00\x00\x00\x08") /* then closed by the peer */
#define FAULTY(id) FRAME(HEADERS, EH, id, "\x00\x01x\x01y")      /* then closed by the server */
#define SERVED(id) FRAME(HEADERS, EH | ES, id, GET_BLOCK)        /* closed, both sides ended */
#define BLOCK(id, bytes) FRAME(HEADERS, EH | ES, id, bytes)      /* a whole request */

extern const struct case_h2 cases_h2_frames[];  /* DATA, HEADERS, CONTINUATION, PRIORITY, resets */
extern const struct case_h2 cases_h2_control[]; /* SETTINGS, PING, GOAWAY, windows, preface */
extern const struct case_h2 cases_h2_fields[];  /* pseudo-header fields, fields, HPACK */

#endif
