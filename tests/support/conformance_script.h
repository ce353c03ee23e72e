/*
 * What a client sends in a conformance case, written as a line of text, and made into bytes. Frames
 * stand side by side with a space between:
 *
 *   T B C P O X    text, binary, continuation, ping, pong ("O"), Close ("X"), with FIN
 *   t b c p o x    the same without FIN
 *   #8b            any first byte, in hex
 *   =<0102>        not a frame, but these bytes
 *   !              not sent: here the server's owner closes, with 1001 "going"
 *
 * Behind that, in any order:
 *
 *   /1 /2 /3       RSV1, RSV2, RSV3
 *   /u /0          without a mask; with a mask of four zeros
 *   /w /q          the length in 16 bits; in 64 bits
 *   /Q             the length in 64 bits, and its top bit set
 *   /h             only the header, as if the payload were yet to come
 *   /z             compressed: a message is if its first frame is
 *   /f             and ended with BFINAL
 *   /s5            cut into 5 frames; /i: with a ping "i" after each but the last
 *
 * And last the payload: 1000 in a Close is a code; then any of "text", <68657861>, *65536 (so many
 * letters, the same every time), %9 (so many times "a"), one after the other.
 */
#ifndef TRI_TESTS_CONFORMANCE_SCRIPT_H
#define TRI_TESTS_CONFORMANCE_SCRIPT_H

#include "conformance_codec.h"

/* The bytes of a script. */
struct conformance_wire {
    struct tri_buf bytes;
    size_t close_at; /* the server's owner closes when these have come; SIZE_MAX: never */
};

/*
 * Appends the bytes of |script| to |out|. With |squeezes| each message that is not spoilt by hand
 * (RSV bits, a header alone) is compressed, also without /z.
 */
void conformance_compile(const char *script, struct conformance_codec *codec, bool squeezes,
                         struct conformance_wire *out);

void conformance_wire_init(struct conformance_wire *w);
void conformance_wire_deinit(struct conformance_wire *w);

/* Reads a payload at |*at|, which moves behind it, and appends it to |out|. */
void conformance_read_payload(const char **at, struct tri_buf *out);

#endif
