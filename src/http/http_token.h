/* What lists in fields are made of: tokens, space, quoted strings. RFC 9110 section 5.6 */
#ifndef TRI_HTTP_TOKEN_H
#define TRI_HTTP_TOKEN_H

#include "base_slice.h"

/* Whether |s| is a token: not empty, and no separator in it. RFC 9110 section 5.6.2 */
bool tri_token_is(struct tri_slice s);

/* Take something off the front of |*rest|. Space is SP and HTAB; an empty token: none is there. */
void tri_token_skip_space(struct tri_slice *rest);
bool tri_token_take_byte(struct tri_slice *rest, char byte);
struct tri_slice tri_token_take(struct tri_slice *rest);

/* What a value was, without its quotes; values of interest are short. */
#define TRI_TOKEN_TEXT_MAX 4u

struct tri_token_text {
    char start[TRI_TOKEN_TEXT_MAX]; /* the first bytes */
    size_t len;                     /* of the whole value */
};

/*
 * Takes a token, or a quoted string that unquotes to a token, off the front. False if neither
 * stands there. RFC 6455 section 9.1, RFC 9110 section 5.6.4
 */
bool tri_token_take_value(struct tri_slice *rest, struct tri_token_text *out);

/*
 * Whether |list|, which a program wrote, is "" or elements with commas between them, each of which
 * |is_element|: it is given what is empty, too. Space around the commas is fine.
 */
bool tri_token_is_written_list(const char *list, bool (*is_element)(struct tri_slice element));

#endif
