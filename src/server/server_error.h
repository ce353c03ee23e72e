/* Sentences for people: why a server could not be made, and what to do about it. */
#ifndef TRI_SERVER_ERROR_H
#define TRI_SERVER_ERROR_H

#include "trisock/trisock.h"

#include <stddef.h>

/* Where a sentence goes: the caller's memory. */
struct tri_sentence {
    char *out;  /* may be NULL: nobody wants to know */
    size_t max; /* bytes at |out|, the NUL included */
};

/* Why nobody can listen on |address|: |err| is net's, |number| the errno where it is TRI_ERR_IO. */
void tri_sentence_listen(struct tri_sentence sentence, enum tri_err err, int number,
                         const char *address);

/* Writes the sentence as printf does, cut off where |max| ends, always NUL-terminated. */
void tri_sentence_write(struct tri_sentence sentence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
