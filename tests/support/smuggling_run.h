/*
 * One row of smuggling_table.h against a fresh HTTP/1.1 connection in memory, whose handler
 * answers as the server does: WebSockets below /echo, plain requests elsewhere.
 */
#ifndef TRI_TESTS_SMUGGLING_RUN_H
#define TRI_TESTS_SMUGGLING_RUN_H

#include <stdbool.h>

#include "smuggling_table.h"

#define SMUGGLING_GOT_MAX ((size_t)128)

/* How the head and what stands behind it arrive, and when the handler answers. */
struct smuggling_delivery {
    size_t split;  /* bytes of the first piece; 0: there is only one */
    bool is_bytes; /* one byte at a time */
    bool is_late;  /* the handler answers when the bytes were taken, not while */
};

/* Writes what was seen, in the words of smuggling_table.h. */
void smuggling_run(const struct smuggling_case *c, const struct smuggling_delivery *d,
                   char got[SMUGGLING_GOT_MAX]);

#endif
