/*
 * What messages hold, and what a message that comes back says of itself.
 *
 * A message of BENCH_HEADED_MIN bytes or more begins with a header, big-endian:
 *
 *   2 bytes   a check of what follows and of the message's length
 *   2 bytes   the socket that sent it
 *   4 bytes   the message's number on its socket, from 0
 *
 * A shorter one is the last bytes of its number, so that loss, repetition and order still show,
 * unless as many messages are lost at once as it can count. Behind the header comes text, words
 * drawn by the seed, so that it compresses as text does. Where contents are compared or compressed,
 * each message has its own piece of the text; else all share one, which costs nothing.
 */
#ifndef BENCH_CONTENT_H
#define BENCH_CONTENT_H

#include "bench_options.h"

/* All sockets of a thread share one. */
struct bench_content {
    struct bench_sizes sizes;
    uint64_t seed;
    size_t pieces;       /* where a message's text can begin: 1, or many */
    uint8_t *text;       /* of pieces - 1 + sizes.max bytes; owned */
    uint8_t *patched;    /* where the last header was written into |text|; NULL: nowhere */
    uint8_t original[8]; /* what stood there */
};

/* TRI_OK or TRI_ERR_NOMEM. */
TRI_MUST_USE enum tri_err bench_content_init(struct bench_content *c,
                                             const struct bench_options *options);
void bench_content_deinit(struct bench_content *c);

/* The length of message |number| of |socket|, drawn by the seed from the sizes. */
size_t bench_content_len(const struct bench_content *c, uint32_t socket, uint64_t number);

/* The message itself, |len| bytes as from bench_content_len; borrowed until the next call with
 * |c|. */
const uint8_t *bench_content_make(struct bench_content *c, uint32_t socket, uint64_t number,
                                  size_t len);

enum bench_label {
    BENCH_LABEL_OWN,   /* a message of the socket; *number says which */
    BENCH_LABEL_OTHER, /* of another socket */
    BENCH_LABEL_NONE,  /* not to be read: it is not what was sent */
};

/*
 * Reads the header of a message that |socket| received. |near| is a number that the message's
 * should be close to, as only the last bytes of it travel; *number may turn out "negative" (over
 * INT64_MAX).
 */
enum bench_label bench_content_read(const struct bench_content *c, uint32_t socket, uint64_t near,
                                    const uint8_t *data, size_t len, uint64_t *number);

/* Whether all of |data| is what message |number| of |socket| holds. */
bool bench_content_is_same(struct bench_content *c, uint32_t socket, uint64_t number,
                           const uint8_t *data, size_t len);

#endif
