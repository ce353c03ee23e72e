/*
 * permessage-deflate: RFC 7692 sections 7 and 8. What was agreed, and the compressors and
 * decompressors (zlib) that sockets of one worker share or own. It knows no frames: it turns the
 * payload of messages into compressed payload and back.
 *
 *   sending    shared: one compressor a window size, reset after each message
 *              own: with context takeover, made at the first message
 *   receiving  shared: one of a small stock, taken for the time of one message
 *              own: with context takeover, made at the first message
 *
 * Everything that zlib holds is counted in the worker's held_bytes.
 */
#ifndef TRI_WS_DEFLATE_H
#define TRI_WS_DEFLATE_H

#include "base_alloc.h"
#include "base_buf.h"
#include "base_limits.h"
#include "base_slice.h"

/* zlib cannot compress for a window of 8 bits; it can decompress one. */
#define TRI_DEFLATE_BITS_MIN 9u
#define TRI_DEFLATE_BITS_MAX 15u

/* Spare decompressors that a worker keeps: 8 x 44 KiB at most. */
#define TRI_INFLATERS_SPARE_MAX 8u

/* What was agreed in the opening handshake, RFC 7692 section 7.1. All zero: no compression. */
struct tri_deflate_params {
    enum tri_deflate
        mode; /* DEDICATED if either direction keeps its context in memory of its own */
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    bool server_max_window_bits_asked; /* by the client: then the answer says it again */
    uint8_t server_max_window_bits;    /* 9..15 unless mode is OFF */
    uint8_t client_max_window_bits;    /* 8..15 unless mode is OFF */
};

struct tri_deflater; /* zlib's, for compressing */
struct tri_inflater; /* zlib's, for decompressing */

/* What the sockets of one worker share. Invariant: reserved_bytes <=
 * limits->deflate_bytes_max, unless that was lowered since; then nothing more is reserved. */
struct tri_deflate_worker {
    const struct tri_alloc *alloc;
    const struct tri_limits *limits; /* borrowed */
    size_t held_bytes;               /* what zlib holds now, shared and owned: the gauge */
    size_t reserved_bytes;           /* set aside for dedicated sockets, whether held yet or not */
    size_t borrowed_bytes;           /* of the decompressors that are out for one message */
    struct tri_deflater *shared[TRI_DEFLATE_BITS_MAX + 1]; /* by window bits; NULL until used */
    struct tri_inflater *spare;                            /* a list, 15 bits each */
    unsigned spare_len;                                    /* <= TRI_INFLATERS_SPARE_MAX */
};

void tri_deflate_worker_init(struct tri_deflate_worker *w, const struct tri_alloc *alloc,
                             const struct tri_limits *limits);
void tri_deflate_worker_deinit(struct tri_deflate_worker *w); /* no socket is left */

/* The limits have changed: compressors that are made from now on are as they say. */
void tri_deflate_worker_limits_changed(struct tri_deflate_worker *w);

/* Whether another dedicated socket fits the budget, whatever it agrees with its peer. */
bool tri_deflate_worker_has_room(const struct tri_deflate_worker *w);

/*
 * Compresses a whole message by itself, for a receiver with a window of |bits| (9..15) or more, and
 * appends it to |out| without its last four bytes (00 00 ff ff). RFC 7692 section 7.2.1
 *
 * TRI_OK; TRI_ERR_LIMIT if |out| would hold more than its max; TRI_ERR_NOMEM. In the error cases
 * |out| holds nothing that counts, and the compressor is as new.
 */
TRI_MUST_USE enum tri_err tri_deflate_worker_compress(struct tri_deflate_worker *w, unsigned bits,
                                                      struct tri_slice data, struct tri_buf *out);

/* The compression of one session. */
struct tri_deflate_socket;

/*
 * |params| as agreed (copied), mode not OFF. |is_server|: which of the two directions is ours. A
 * dedicated one reserves its share of the budget, which must have room and is given back by free. A
 * shared one needs a peer that keeps no context. No compressor is made yet. NULL if memory is
 * short.
 */
struct tri_deflate_socket *tri_deflate_socket_new(struct tri_deflate_worker *w,
                                                  const struct tri_deflate_params *params,
                                                  bool is_server);
void tri_deflate_socket_free(struct tri_deflate_socket *s); /* NULL is fine */

const struct tri_deflate_params *tri_deflate_socket_params(const struct tri_deflate_socket *s);

/* --- sending */

/* The peer's window for what we send, bits; and whether we remember earlier messages: then each
 * message that we compress must be sent compressed, or be forgotten. */
unsigned tri_deflate_socket_bits(const struct tri_deflate_socket *s);
bool tri_deflate_socket_remembers(const struct tri_deflate_socket *s);

/*
 * Appends |data| compressed to |out|: a whole message, or a piece of one. |last| takes the final 00
 * 00 ff ff off; without it the piece is flushed so that the peer can read all of it. The empty last
 * piece of a message is one byte, 00. Pieces need a compressor of our own (remembers).
 *
 * Errors as tri_deflate_worker_compress; after one the next message starts without context, which
 * the peer need not know.
 */
TRI_MUST_USE enum tri_err tri_deflate_socket_compress(struct tri_deflate_socket *s,
                                                      struct tri_slice data, bool last,
                                                      struct tri_buf *out);

/* The peer was sent a compressed message that is not from this compressor (a payload): what we
 * remember is no longer at the distances it was. The next message starts without context. */
void tri_deflate_socket_forget(struct tri_deflate_socket *s);

/* --- receiving */

/*
 * A compressed message begins. TRI_OK; TRI_ERR_LIMIT: the memory for messages that arrive in pieces
 * is used up (borrowed_bytes would pass limits->deflate_bytes_max); TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_deflate_socket_begin(struct tri_deflate_socket *s);

/*
 * Decompresses. Takes bytes off the front of |in| and writes up to |max| (not 0) to |out|, the count
 * in |*len|. Call it until |in| is empty and *len < max: as long as *len == max, more may follow.
 *
 * TRI_OK; TRI_ERR_PROTOCOL: this is no deflate data; TRI_ERR_NOMEM. After an error only end_early.
 */
TRI_MUST_USE enum tri_err tri_deflate_socket_inflate(struct tri_deflate_socket *s,
                                                     struct tri_slice *in, uint8_t *out, size_t max,
                                                     size_t *len);

/*
 * All payload of the message was given. Yields what is left as tri_deflate_socket_inflate does;
 * |*done| turns true with the last of it, and the message is over. TRI_ERR_PROTOCOL also if the
 * message breaks off in the middle of a block. RFC 7692 section 7.2.2
 */
TRI_MUST_USE enum tri_err tri_deflate_socket_end(struct tri_deflate_socket *s, uint8_t *out,
                                                 size_t max, size_t *len, bool *done);

/* The message is given up. Harmless when there is none. No other may follow on this socket. */
void tri_deflate_socket_end_early(struct tri_deflate_socket *s);

#endif
