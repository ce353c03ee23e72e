/* See server_error.h. */
#include "server_error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tri_sentence_write(struct tri_sentence sentence, const char *format, ...)
{
    assert(format);
    if (!sentence.out || sentence.max == 0) {
        return;
    }
    va_list args;
    va_start(args, format);
    if (vsnprintf(sentence.out, sentence.max, format, args) < 0) {
        sentence.out[0] = '\0';
    }
    va_end(args);
}

void tri_sentence_listen(struct tri_sentence sentence, enum tri_err err, int number,
                         const char *address)
{
    char text[128];
    if (err == TRI_ERR_INUSE) {
        tri_sentence_write(sentence, "%s is in use by another program; choose another port",
                           address);
    } else if (err == TRI_ERR_NOMEM) {
        tri_sentence_write(sentence, "memory is short");
    } else if (number == EACCES) {
        tri_sentence_write(sentence, "%s may not be used by this user; choose a port above 1023",
                           address);
    } else if (number == EADDRNOTAVAIL || number == EAFNOSUPPORT) {
        tri_sentence_write(sentence, "%s is no address of this machine; choose one of its own",
                           address);
    } else {
        tri_sentence_write(sentence, "%s cannot be listened on: %s; choose another address",
                           address, strerror_r(number, text, sizeof text));
    }
}
