/*
 * The defaults and ranges of the limits that a program may set. The reason for each limit is in
 * the header; the reason for each end of its range is here.
 */
#include "base_limits.h"

#include <assert.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND_MS UINT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define DAY_MS (24 * 60 * MINUTE_MS)

/* Less than this is no timeout but a race with the scheduler. */
#define TIMEOUT_LEAST_MS UINT64_C(10)

static const struct tri_limit_range ranges[] = {
    /* A whole message lies in memory: beyond 1 GiB it should come in fragments. */
    [TRI_LIMIT_MESSAGE_BYTES] = {1, GIB, false},
    /* Below 1 KiB each message would wait alone; above 1 GiB it is no backpressure. */
    [TRI_LIMIT_QUEUE_BYTES] = {KIB, GIB, false},
    /* A day of silence is the longest that anybody waits with a socket that should be alive. */
    [TRI_LIMIT_PING_INTERVAL_MS] = {TIMEOUT_LEAST_MS, DAY_MS, true},
    [TRI_LIMIT_IDLE_TIMEOUT_MS] = {TIMEOUT_LEAST_MS, 7 * DAY_MS, true},
    /* The rest bound what an unknown or leaving peer may hold, so never is not offered. */
    [TRI_LIMIT_CLOSE_TIMEOUT_MS] = {TIMEOUT_LEAST_MS, 10 * MINUTE_MS, false},
    [TRI_LIMIT_HANDSHAKE_TIMEOUT_MS] = {TIMEOUT_LEAST_MS, 10 * MINUTE_MS, false},
    [TRI_LIMIT_REQUEST_TIMEOUT_MS] = {TIMEOUT_LEAST_MS, 10 * MINUTE_MS, false},
    [TRI_LIMIT_KEEPALIVE_TIMEOUT_MS] = {TIMEOUT_LEAST_MS, DAY_MS, false},
    [TRI_LIMIT_RESPONSE_TIMEOUT_MS] = {TIMEOUT_LEAST_MS, 10 * MINUTE_MS, false},
    /* 65,536 stream windows are 16 GiB: more than any connection should be able to hold. */
    [TRI_LIMIT_STREAMS] = {1, 65536, false},
    /* Ten million is past what file descriptors and memory of one machine allow. */
    [TRI_LIMIT_CONNECTIONS] = {1, 10000000, false},
    /* As for all of them. 0: behind a proxy all have one address. */
    [TRI_LIMIT_CONNECTIONS_ADDRESS] = {1, 10000000, true},
    /* 0: each client proves its address. There are no more of them than connections. */
    [TRI_LIMIT_HALF_OPEN] = {1, 10000000, true},
    /* A message of the default limit, for one socket. 0: none. */
    [TRI_LIMIT_MEMORY_BYTES] = {16 * MIB, 1024 * GIB, true},
    /* As for streams, on which they live. */
    [TRI_LIMIT_SOCKETS] = {1, 65536, false},
    /* A message of one frame is no fragment; above a million it is no limit. */
    [TRI_LIMIT_FRAGMENTS] = {1, 1000000, false},
    /* One a second answers a keepalive; a million a second is more than a core can answer. */
    [TRI_LIMIT_CONTROL_FRAMES] = {1, 1000000, true},
    /* Below 1 MiB two dozen peers in the middle of a message would keep all others from sending a
     * compressed one; who wants no dedicated compressors says shared. */
    [TRI_LIMIT_DEFLATE_BYTES] = {1 * MIB, 64 * GIB, false},
    /* 0: each message. Above 1 MiB compression had better be off. */
    [TRI_LIMIT_DEFLATE_LEAST_BYTES] = {1, MIB, true},
    /* zlib compresses for no smaller window, the RFC has no larger one. */
    [TRI_LIMIT_DEFLATE_WINDOW_BITS] = {9, 15, false},
    [TRI_LIMIT_DEFLATE_LEVEL] = {1, 9, false},
};

void tri_limits_default(struct tri_limits *limits)
{
    *limits = (struct tri_limits){
        .message_bytes_max = 16 * MIB,
        .queue_bytes_max = 1 * MIB,
        .ping_interval_ms = 30 * SECOND_MS,
        .idle_timeout_ms = 60 * SECOND_MS,
        .close_timeout_ms = 5 * SECOND_MS,
        .handshake_timeout_ms = 10 * SECOND_MS,
        .request_timeout_ms = 10 * SECOND_MS,
        .keepalive_timeout_ms = 60 * SECOND_MS,
        .response_timeout_ms = 60 * SECOND_MS,
        .streams_max = 1000,
        .connections_max = 100000,
        .connections_address_max = 10000,
        .half_open_max = 1000,
        .sockets_max = 1000,
        .fragments_max = 65536,
        .control_frames_max = 1000,
        .deflate_bytes_max = 64 * MIB,
        .deflate_bytes_least = 64,
        .deflate_window_bits = 12,
        .deflate_level = 3,
    };
}

static bool is_in_range(enum tri_limit which, uint64_t value)
{
    const size_t i = (size_t)which;
    if (i >= sizeof ranges / sizeof ranges[0]) {
        return false;
    }
    const struct tri_limit_range *r = &ranges[i];
    assert(r->min <= r->max && r->max > 0);
    return (value == 0 && r->is_zero_fine) || (value >= r->min && value <= r->max);
}

struct tri_limit_range tri_limits_range(enum tri_limit which)
{
    assert((size_t)which < sizeof ranges / sizeof ranges[0]);
    return ranges[which];
}

enum tri_err tri_limits_set(struct tri_limits *limits, enum tri_limit which, uint64_t value)
{
    if (!is_in_range(which, value)) {
        return TRI_ERR_INVALID;
    }
    switch (which) {
    case TRI_LIMIT_MESSAGE_BYTES:
        limits->message_bytes_max = (size_t)value;
        break;
    case TRI_LIMIT_QUEUE_BYTES:
        limits->queue_bytes_max = (size_t)value;
        break;
    case TRI_LIMIT_PING_INTERVAL_MS:
        limits->ping_interval_ms = value;
        break;
    case TRI_LIMIT_IDLE_TIMEOUT_MS:
        limits->idle_timeout_ms = value;
        break;
    case TRI_LIMIT_CLOSE_TIMEOUT_MS:
        limits->close_timeout_ms = value;
        break;
    case TRI_LIMIT_HANDSHAKE_TIMEOUT_MS:
        limits->handshake_timeout_ms = value;
        break;
    case TRI_LIMIT_REQUEST_TIMEOUT_MS:
        limits->request_timeout_ms = value;
        break;
    case TRI_LIMIT_KEEPALIVE_TIMEOUT_MS:
        limits->keepalive_timeout_ms = value;
        break;
    case TRI_LIMIT_RESPONSE_TIMEOUT_MS:
        limits->response_timeout_ms = value;
        break;
    case TRI_LIMIT_STREAMS:
        limits->streams_max = (uint32_t)value;
        break;
    case TRI_LIMIT_CONNECTIONS:
        limits->connections_max = (uint32_t)value;
        break;
    case TRI_LIMIT_CONNECTIONS_ADDRESS:
        limits->connections_address_max = (uint32_t)value;
        break;
    case TRI_LIMIT_HALF_OPEN:
        limits->half_open_max = (uint32_t)value;
        break;
    case TRI_LIMIT_MEMORY_BYTES:
        limits->memory_bytes_max = (size_t)value;
        break;
    case TRI_LIMIT_SOCKETS:
        limits->sockets_max = (uint32_t)value;
        break;
    case TRI_LIMIT_FRAGMENTS:
        limits->fragments_max = (uint32_t)value;
        break;
    case TRI_LIMIT_CONTROL_FRAMES:
        limits->control_frames_max = (uint32_t)value;
        break;
    case TRI_LIMIT_DEFLATE_BYTES:
        limits->deflate_bytes_max = (size_t)value;
        break;
    case TRI_LIMIT_DEFLATE_LEAST_BYTES:
        limits->deflate_bytes_least = (size_t)value;
        break;
    case TRI_LIMIT_DEFLATE_WINDOW_BITS:
        limits->deflate_window_bits = (uint8_t)value;
        break;
    case TRI_LIMIT_DEFLATE_LEVEL:
        limits->deflate_level = (uint8_t)value;
        break;
    }
    return TRI_OK;
}
