/*
 * What a client got, as one line of text, in the words of test_session.h:
 *
 *   T5:hello;pong:abc;close:1002;fin;
 *
 * Messages are put together from their frames and decompressed. Bytes that are no plain letters are
 * written \xe2; of more than 64 bytes, only the length and a checksum, T65536#1c291ca3. The reason
 * of a Close is told only where it is an echo: our own words for a fault may change.
 */
#ifndef TRI_TESTS_CONFORMANCE_TRANSCRIPT_H
#define TRI_TESTS_CONFORMANCE_TRANSCRIPT_H

#include "conformance_codec.h"

struct conformance_transcript {
    char *text;       /* NUL-terminated, from malloc */
    bool has_close;   /* a Close frame came */
    unsigned code;    /* its code; 1005 if there was none */
    bool is_squeezed; /* each message of 64 bytes or more came compressed, and there was one */
};

/*
 * Reads what the server sent. A fault in it is written down as "?why;", and the rest is not read.
 * |is_ended|: the server's fin came; |is_reset|: the stream was aborted.
 */
void conformance_transcribe(struct conformance_transcript *out, struct tri_slice bytes,
                            struct conformance_codec *codec, bool is_ended, bool is_reset);

/*
 * What is expected, made comparable: a payload may stand there as in a script, T<c3a4>;
 * pong*125;close:1000*123; and becomes what a transcript says of it. From malloc.
 */
char *conformance_expand(const char *expect);

#endif
