/* See server_error.h. */
#include "server_error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

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
