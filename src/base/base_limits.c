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

struct range {
    uint64_t min, max;
    bool is_zero_fine; /* 0 means "never" */
};

static const struct range ranges[] = {
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
    /* 65,536 stream windows are 16 GiB: more than any connection should be able to hold. */
    [TRI_LIMIT_STREAMS] = {1, 65536, false},
    /* Ten million is past what file descriptors and memory of one machine allow. */
    [TRI_LIMIT_CONNECTIONS] = {1, 10000000, false},
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
        .streams_max = 1000,
        .connections_max = 100000,
    };
}

static bool is_in_range(enum tri_limit which, uint64_t value)
{
    const size_t i = (size_t)which;
    if (i >= sizeof ranges / sizeof ranges[0]) {
        return false;
    }
    const struct range *r = &ranges[i];
    assert(r->min <= r->max && r->max > 0);
    return (value == 0 && r->is_zero_fine) || (value >= r->min && value <= r->max);
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
    case TRI_LIMIT_STREAMS:
        limits->streams_max = (uint32_t)value;
        break;
    case TRI_LIMIT_CONNECTIONS:
        limits->connections_max = (uint32_t)value;
        break;
    }
    return TRI_OK;
}
