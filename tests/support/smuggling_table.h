/*
 * Heads that one reader could take for another request than the next reader does, and what each
 * must get: rows for h1, in groups. RFC 9110, RFC 9112, RFC 9931, RFC 6455.
 *
 * What is expected is written as smuggling_run writes what it saw: the status of each response in
 * order, how the connection is left, and how many requests the handler was asked for: of the head
 * itself, and of what stood behind it.
 */
#ifndef TRI_TESTS_SMUGGLING_TABLE_H
#define TRI_TESTS_SMUGGLING_TABLE_H

#include <stddef.h>

/* Stands behind each head that brings nothing else. */
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

#define REFUSED(status) status " closed, asked 0+0"             /* nobody heard of it */
#define LAST(status) status " closed, asked 1+0"                /* an answer, and the end */
#define KEPT(status) status " 200 open, asked 1+1"              /* two honest requests */
#define THEN(status, next) status " " next " closed, asked 1+0" /* the second was no request */
#define TUNNEL "101 tunnel, asked 1+0"                          /* what is behind are frames */
#define SILENT "- open, asked 0+0"                              /* it is not complete yet */

/* The head of a row; it may have NUL in it. What is expected follows. */
#define BYTES(text) .head = (text), .head_len = sizeof(text) - 1

struct smuggling_case {
    const char *why; /* what is wrong, or right, about it, and where that is said */
    const char *head;
    size_t head_len;
    const char *expect;
    const char *behind; /* NULL: SMUGGLED */
    size_t behind_len;
};

struct smuggling_table {
    struct smuggling_case *cases;
    size_t len, cap;
};

/* Copies the row's head; the strings must last. */
void smuggling_add(struct smuggling_table *t, const struct smuggling_case *row);

void smuggling_add_rows(struct smuggling_table *t, const struct smuggling_case *rows,
                        size_t rows_len);

void smuggling_table_free(struct smuggling_table *t);

/* The groups. */
void smuggling_lines(struct smuggling_table *t);   /* request line, line ends, control bytes */
void smuggling_fields(struct smuggling_table *t);  /* fields, Host, options, limits */
void smuggling_lengths(struct smuggling_table *t); /* Content-Length, Transfer-Encoding */
void smuggling_chunks(struct smuggling_table *t);  /* chunked bodies */
void smuggling_upgrade(struct smuggling_table *t); /* Upgrade, CONNECT, optimistic data */

#endif
