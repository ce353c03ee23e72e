/*
 * Every limit of trisock, with unit, default and reason. A limit that a program may set is in
 * struct tri_limits; the rest are constants that no use has needed to change.
 */
#ifndef TRI_BASE_LIMITS_H
#define TRI_BASE_LIMITS_H

#include "trisock/trisock.h"

struct tri_limits {
    /* RFC 6455 sets no limit on a message; memory does. 16 MiB is what common servers allow. */
    size_t message_bytes_max;
    /* A slow consumer holds at most this, queued and unacknowledged. */
    size_t queue_bytes_max;
    /* Shorter than the idle time of common middle boxes, so that a silent socket lives. */
    uint64_t ping_interval_ms;
    /* Two pings unanswered: the peer is gone. */
    uint64_t idle_timeout_ms;
    /* For the peer to echo our Close, and for its stream to end after ours. */
    uint64_t close_timeout_ms;
    /* A slow TLS or QUIC handshake costs memory before anyone is known. */
    uint64_t handshake_timeout_ms;
    /* From the first byte of a request head to its end. */
    uint64_t request_timeout_ms;
    /* A connection without an open stream or request. */
    uint64_t keepalive_timeout_ms;
    /* A plain response of which the peer takes nothing: what it holds is the server's memory. As long
     * as an idle socket: a phone in a tunnel comes back within that, and then it goes on. */
    uint64_t response_timeout_ms;
    /* Concurrent streams per connection, h2 and h3. */
    uint32_t streams_max;
    /* Connections of the server, all protocols together. */
    uint32_t connections_max;
    /* Of them, those of one IPv4 address or IPv6 /64; 0: any number. A tenth: one address must not
     * take them all, but behind a carrier's NAT it may be thousands of people. */
    uint32_t connections_address_max;
    /* QUIC handshakes at a time without a proof of the client's address, a port. Each holds about
     * 70 KB for somebody who may not exist; a proof costs an honest client a round trip. */
    uint32_t half_open_max;
    /* Memory of the whole server: what its allocator has given out, and what TLS is known to take
     * besides; 0: none. Only the operator knows what the machine has for it. */
    size_t memory_bytes_max;
    /* WebSockets of one connection: the streams less what plain requests should always find. */
    uint32_t sockets_max;
    /* Frames in one message received whole. A million empty fragments would cost CPU without end. */
    uint32_t fragments_max;
    /* Control frames that a peer may send on a socket in one second; 0: any number. Each costs an
     * answer or a look; a keepalive needs one in many seconds. */
    uint32_t control_frames_max;
    /* Memory of dedicated compressors, reserved at the handshake; and once more as much for the
     * decompressors of messages that arrive in pieces. A peer decides how many of them there are. */
    size_t deflate_bytes_max;
    /* A message below this does not get smaller by more than its compression costs. */
    size_t deflate_bytes_least;
    /* The window, and so the memory, of a dedicated compressor: 2^bits bytes of history. */
    uint8_t deflate_window_bits;
    /* zlib's: 1 is fast, 9 is small. Above 3 text shrinks by a few percent for twice the time. */
    uint8_t deflate_level;
};

/* Receive window of a stream and of a connection, h2 and h3, bytes. A stream window bounds what
 * a paused socket makes its peer wait with; the connection window never stops siblings. */
#define TRI_STREAM_WINDOW_BYTES ((uint32_t)(256 * 1024))
#define TRI_CONN_WINDOW_BYTES ((uint32_t)(16 * 1024 * 1024))

/* A client returns a stream's credit in pieces of at least so much: an eighth of the window, which
 * no server waits for, and one call of the engine for hundreds of small messages. */
#define TRI_CLIENT_CREDIT_BYTES (TRI_STREAM_WINDOW_BYTES / 8)

/* A request head: all field bytes together; and the number of fields. Browsers stay below 8 KiB. */
#define TRI_REQUEST_HEAD_BYTES_MAX ((size_t)(16 * 1024))
#define TRI_REQUEST_FIELDS_MAX ((size_t)100)
#define TRI_REQUEST_LINE_BYTES_MAX ((size_t)(8 * 1024)) /* RFC 9112 section 3 asks for 8,000 */

/* A request body is read and dropped up to this; more is answered 413. */
#define TRI_REQUEST_BODY_BYTES_MAX ((uint64_t)(1024 * 1024))

/* A response head on HTTP/1.1: all that an application may want to say in fields. */
#define TRI_RESPONSE_HEAD_BYTES_MAX ((size_t)(64 * 1024))

/* Fields of a response head that a client reads. Servers behind several proxies send dozens. */
#define TRI_ANSWER_FIELDS_MAX ((size_t)256)

/* Interim responses (1xx) in front of the answer to a handshake; 102 and 103 come once or twice. */
#define TRI_ANSWER_INTERIM_MAX 16u

/* Bytes held for a stream whose request has no verdict yet. */
#define TRI_HELD_BYTES_MAX ((size_t)(64 * 1024))

/* A file body: bytes read ahead and not yet released, a response. */
#define TRI_BODY_BYTES_MAX ((size_t)(256 * 1024))
#define TRI_BODY_CHUNK_BYTES ((size_t)(16 * 1024))

/* Pongs that a peer may make us queue unsent before it is closed with 1008: 128 KiB at most, and
 * far more pings than a client sends in one burst. */
#define TRI_CONTROL_FRAMES_QUEUED_MAX 1024u

/* WebSocket bytes on HTTP/1.1, which has no window, that were received and not consumed: with so
 * many the connection is not read until half of them are. As much as a stream window of h2 and h3. */
#define TRI_H1_UNCONSUMED_BYTES_MAX ((size_t)(256 * 1024))

/* What a paused socket holds: a stream window, or what HTTP/1.1 reads before it stops and the reads
 * of that turn. A transport that brings more has given credit that nobody returned. */
#define TRI_PAUSED_BYTES_MAX ((size_t)(1024 * 1024))

/* At the limit of memory, what a socket may still hold of a message that arrives, as much that waits,
 * and as much to send: others than those who hold the memory can go on with small messages. */
#define TRI_MEMORY_SMALL_BYTES ((size_t)(16 * 1024))

/* What wolfSSL takes of memory for a connection, by an allocator of its own, in the handshake and after
 * it (QUIC gives it back then); measured in tests/unit/tls/tls_memory_test.c. */
#define TRI_TLS_HANDSHAKE_BYTES ((size_t)(48 * 1024))
#define TRI_TLS_OPEN_BYTES ((size_t)(24 * 1024))

/* Alternatives of permessage-deflate that a client may offer and that are looked at; it has no use
 * for more than one for each parameter. */
#define TRI_DEFLATE_OFFERS_MAX 8u

/* Fields that a program may give with one response; 3 of the server's own come on top. */
#define TRI_RESPONSE_FIELDS_MAX ((size_t)32)

/* Names and values of these together. With the rest they fit the 64 KiB of a response head, which
 * HTTP/1.1 has from above and nghttp2 by itself. */
#define TRI_RESPONSE_FIELDS_BYTES_MAX ((size_t)(60 * 1024))

/* After our orderly end of a TCP connection, for the peer to end too before it is cut: else what
 * it still sends would turn into a reset that eats our last bytes (RFC 9112 section 9.6). */
#define TRI_LINGER_MS ((uint64_t)1000)

/* Refusals of requests that are logged one by one in a second; of the rest one line tells the
 * number. More than an operator reads, far fewer than a peer can provoke. */
#define TRI_REFUSALS_LOGGED_PER_SECOND 20u

/* Connections of the admin address: a scraper, a probe, a person, each with a few; and how long one
 * of them may be used: from then on it ends with its next answer, and after as long again at once. */
#define TRI_ADMIN_CONNECTIONS_MAX ((size_t)16)
#define TRI_ADMIN_CONNECTION_MS ((uint64_t)60000)

/* The longest drain. Whoever waits longer for clients to go does not mean to stop. */
#define TRI_DRAIN_MS_MAX ((uint64_t)(24 * 60 * 60 * 1000))

/* What costs a peer nothing; past a limit the connection ends. A burst, and then a rate.
 *
 * Streams of HTTP/2 and HTTP/3 that came to nothing, reset by the peer or because of it: as many as
 * may be open at once, all of them left with the page; and then as many as somebody clicks away. */
#define TRI_RESETS_BURST 1000u
#define TRI_RESETS_PER_SECOND 33u
/* PING and SETTINGS, which want an answer: clients that measure their bandwidth ping several times
 * in a round trip. */
#define TRI_H2_ACKS_BURST 1000u
#define TRI_H2_ACKS_PER_SECOND 100u
/* Answers to these that wait, because the peer does not read; each holds about 200 bytes. */
#define TRI_H2_ACKS_QUEUED_MAX ((size_t)256)
/* Frames without effect (PRIORITY, unknown ones, empty DATA, malformed requests). Old browsers send
 * PRIORITY with each request, new ones PRIORITY_UPDATE as one scrolls. */
#define TRI_H2_GLITCHES_BURST 2000u
#define TRI_H2_GLITCHES_PER_SECOND 100u
/* WINDOW_UPDATE: one for each stream opened and two for each DATA frame that we send; so each DATA
 * frame takes some off the count. */
#define TRI_H2_WINDOWS_BURST 10000u
#define TRI_H2_WINDOWS_PER_SECOND 1000u
#define TRI_H2_WINDOWS_PER_DATA 4u
/* CONTINUATION frames of a field block: with 16 KiB each, eight times what a request may have. */
#define TRI_H2_CONTINUATIONS_MAX ((size_t)8)
/* Values in one SETTINGS frame: about ten settings exist, and clients add a few that mean nothing. */
#define TRI_H2_SETTINGS_VALUES_MAX ((size_t)32)

#define TRI_LISTENERS_MAX 16u
#define TRI_ROUTES_MAX 64u

/* A session ticket's key is new each hour, and taken for a day: who comes back on the same day needs
 * no certificate. Less than the week of RFC 8446 section 4.6.1: what TLS 1.2 and early data send is
 * only as secret as that key. */
#define TRI_TICKET_EPOCH_S ((uint64_t)3600)
#define TRI_TICKET_EPOCHS 24u

/* Certificates of a server. All their names are looked through at each handshake; who has more
 * sites than this has names together in one certificate, or a wildcard. */
#define TRI_CERTIFICATES_MAX 64u

/* The defaults that trisock.h documents. */
void tri_limits_default(struct tri_limits *limits);

/* What a limit may be: |min| to |max|, and 0 too where that has a meaning of its own. */
struct tri_limit_range {
    uint64_t min, max;
    bool is_zero_fine;
};

/* |which| is one of the enum. */
struct tri_limit_range tri_limits_range(enum tri_limit which);

/* Sets one by its public name. TRI_ERR_INVALID if the value is out of range. */
enum tri_err tri_limits_set(struct tri_limits *limits, enum tri_limit which, uint64_t value);

#endif
