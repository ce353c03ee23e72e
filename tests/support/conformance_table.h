/*
 * The cases of the WebSocket conformance suite: what a client sends, in the words of
 * conformance_script.h, and what it must get back, in those of conformance_transcript.h.
 *
 * A case is a row, or is made by a loop over code points, sizes or parameters; each has a name of
 * its own. RFC 6455, RFC 7692.
 */
#ifndef TRI_TESTS_CONFORMANCE_TABLE_H
#define TRI_TESTS_CONFORMANCE_TABLE_H

#include <stddef.h>

enum conformance_flag {
    CASE_OPEN = 1,      /* no Close follows the script, the socket stays as it is */
    CASE_PLAIN = 2,     /* its messages are not also sent compressed: the very bytes matter */
    CASE_WHOLE = 4,     /* only for an owner of whole messages */
    CASE_PIECES = 8,    /* only for an owner of pieces */
    CASE_DEFLATE = 16,  /* needs compression: without it, it is 1002 for RSV1 */
    CASE_SQUEEZED = 32, /* and each echo must come back compressed */
};

/* The limits of the server, see conformance_run.c. */
enum conformance_limits {
    LIMITS_DEFAULT,
    LIMITS_TIGHT, /* 1,000 bytes and 8 frames a message, 10 control frames a second */
    LIMITS_WIDE,  /* windows of up to 15 bits, and each message is compressed */
};

struct conformance_case {
    const char *group;
    const char *name;   /* unique in its group */
    const char *script; /* what the peer sends; a Close with 1000 follows unless it ends before */
    const char *expect; /* what the peer gets */
    const char *expect_off; /* where no compression was agreed; NULL: the same, but for DEFLATE */
    const char *offer;      /* of permessage-deflate; NULL: as browsers do */
    unsigned end_code;      /* that the server's owner is told; 0: that of the Close it sent */
    unsigned flags;
    enum conformance_limits limits;
};

struct conformance_table {
    struct conformance_case *cases;
    size_t len, cap;
};

/* Copies the row and its strings. */
void conformance_add(struct conformance_table *t, const struct conformance_case *row);

/* The same, with |rows_len| rows of one group. */
void conformance_add_rows(struct conformance_table *t, const char *group,
                          const struct conformance_case *rows, size_t rows_len);

void conformance_table_free(struct conformance_table *t);

/* The groups. */
void conformance_framing(struct conformance_table *t);
void conformance_control(struct conformance_table *t);
void conformance_messages(struct conformance_table *t);
void conformance_text(struct conformance_table *t);
void conformance_close(struct conformance_table *t);
void conformance_deflate(struct conformance_table *t);

#endif
