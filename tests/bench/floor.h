/*
 * What the floors share: floor_h1, floor_h2 and floor_h3 are echo servers on the libraries of trisock with
 * none of its layers. What they cost is what no server on these libraries can go far below, and `./dev
 * bench server` sets trisock beside it. They are no servers to use: one address, no limits, no time-outs,
 * any path echoes, and a want of memory ends them.
 */
#ifndef FLOOR_H
#define FLOOR_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ----------------------------------------------------------------------------- command line, TLS */

struct floor_options {
    const char *name; /* of the program */
    struct sockaddr_in address;
    const char *cert, *key; /* files, PEM */
};

/* Reads --listen ADDRESS:PORT --cert FILE --key FILE. Ends the program if they are not understood. */
void floor_options_read(struct floor_options *out, int argc, char **argv);

/* A socket, SOCK_STREAM or SOCK_DGRAM, bound as |o| says; its address is written to |o|. */
int floor_bind(struct floor_options *o, int type);

/* Tells on stdout that the server can be used. */
void floor_say_ready(const struct floor_options *o);

/* TLS 1.3, AES-128-GCM, X25519. */
WOLFSSL_CTX *floor_tls_new(const struct floor_options *o);

/* Ends the program with what |what| could not do. */
_Noreturn void floor_die(const char *what);

/* ---------------------------------------------------------------------------------------- bytes */

/* Bytes in one piece of memory. */
struct floor_bytes {
    struct floor_bytes *next; /* of whoever keeps a list of them */
    size_t len, max;
    uint8_t data[];
};

/* Makes room for |more| bytes behind those of |*bytes|, which may be NULL and may move. */
void floor_bytes_reserve(struct floor_bytes **bytes, size_t more);

void floor_bytes_append(struct floor_bytes **bytes, const void *data, size_t len);

/* Takes |len| bytes off the front. */
void floor_bytes_drop(struct floor_bytes *bytes, size_t len);

/* ----------------------------------------------------------------------------------------- echo */

#define FLOOR_HEAD_MAX 14u

/* A WebSocket that echoes, RFC 6455 section 5. All zero at first. */
struct floor_echo {
    uint64_t left; /* payload bytes of the frame that are still to come */
    uint32_t mask; /* for the next of them */
    uint8_t head[FLOOR_HEAD_MAX];
    uint8_t head_len;
    uint8_t head_need; /* 0: between frames */
    bool is_in_payload;
    bool is_closed; /* the answer to a close frame is written: what follows is not read */
};

/*
 * Reads |data| and appends the frames to send to |*out|. Returns the length of |*out| up to the end of
 * the last whole frame, or |ready|, the same of earlier, if none came to its end.
 */
size_t floor_echo_feed(struct floor_echo *e, struct floor_bytes **out, size_t ready,
                       const uint8_t *data, size_t len);

#endif
