/*
 * Lines of a descriptor as messages: read as they come, checked, one at a time. For
 * `trisock connect`.
 */
#ifndef CLI_CONNECT_LINES_H
#define CLI_CONNECT_LINES_H

#include "trisock/trisock.h"

/* The longest line: what a server takes of one message by default. */
#define CLI_CONNECT_LINE_MAX ((size_t)16 << 20)

struct cli_connect_lines {
    int fd;
    bool is_hex; /* each line is a binary message, in hexadecimal digits */
    bool has_ended;
    char *data; /* owned; bytes from |from| to |to| are not taken yet */
    size_t room, from, to;
    size_t scanned;       /* before it there is no end of a line */
    unsigned long number; /* of the line that was taken last, from 1 */
};

/* |fd| is borrowed. */
void cli_connect_lines_init(struct cli_connect_lines *l, int fd, bool is_hex);
void cli_connect_lines_deinit(struct cli_connect_lines *l);

/*
 * Reads once from the descriptor, which waits if there is nothing: poll it first. TRI_OK, also at the
 * end, which |has_ended| tells; TRI_ERR_NOMEM; TRI_ERR_LIMIT: a line is longer than
 * CLI_CONNECT_LINE_MAX; TRI_ERR_IO: errno tells.
 */
TRI_MUST_USE enum tri_err cli_connect_lines_read(struct cli_connect_lines *l);

/* One message: borrowed until the next call with |l|. */
struct cli_connect_message {
    enum tri_type type;
    const char *data;
    size_t len;
};

/*
 * Takes the next line, without its end (LF or CRLF); what is behind the last end is a line too.
 * TRI_OK; TRI_AGAIN: there is none before more is read; TRI_ERR_NOT_FOUND: there is none any more;
 * TRI_ERR_UTF8: it is text that is not UTF-8; TRI_ERR_INVALID: it is not hexadecimal. After these
 * two the line has been passed over.
 */
TRI_MUST_USE enum tri_err cli_connect_lines_next(struct cli_connect_lines *l,
                                                 struct cli_connect_message *out);

/*
 * The same of one line in memory: |len| bytes at |text|, which hexadecimal digits are decoded into.
 * TRI_OK, TRI_ERR_UTF8, TRI_ERR_INVALID.
 */
TRI_MUST_USE enum tri_err cli_connect_message_of(char *text, size_t len, bool is_hex,
                                                 struct cli_connect_message *out);

#endif
