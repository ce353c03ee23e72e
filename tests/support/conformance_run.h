/*
 * Runs conformance cases over a transport: each case is a WebSocket, whose owner on the server is an
 * echo, and on h2 and h3 many of them are streams of one connection. After each connection no memory
 * may be left, and each socket must have had its one on_close, with the right code.
 */
#ifndef TRI_TESTS_CONFORMANCE_RUN_H
#define TRI_TESTS_CONFORMANCE_RUN_H

#include "conformance_table.h"
#include "fixture.h"

enum conformance_delivery {
    DELIVER_WHOLE,  /* all at once */
    DELIVER_BYTES,  /* byte by byte, all of it */
    DELIVER_RECORDS /* 16 KiB at a time, as TLS records come */
};

/* One way to run a case. */
struct conformance_variant {
    const struct fixture_ops *transport;
    enum tri_deflate mode; /* what the server's route wants; OFF: nor does the client offer it */
    enum conformance_delivery delivery;
    bool squeezes;  /* messages that the case does not compress are compressed too */
    bool in_pieces; /* the owner takes messages by on_fragment, and sends them back so */
};

/* What became of a case, over as many variants as were run. */
struct conformance_result {
    const struct conformance_case *one;
    unsigned runs, failures;
    char *why; /* of the first failures, a line each; from malloc; NULL: none */
};

/* Whether the case makes sense so. */
bool conformance_applies(const struct conformance_case *one, const struct conformance_variant *v);

/* Runs those of |results| that apply. */
void conformance_run(const struct conformance_variant *v, struct conformance_result *results,
                     size_t len);

/* "off", "shared", "dedicated". */
const char *conformance_mode_name(enum tri_deflate mode);

#endif
