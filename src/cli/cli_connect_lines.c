/* See cli_connect_lines.h. */
#include "cli_connect_lines.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_MIN ((size_t)1 << 16)

/* ----------------------------------------------------------------------------------- one message */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes pairs of digits in place; spaces between pairs are passed over. */
static enum tri_err decode_hex(char *text, size_t *len)
{
    size_t used = 0;
    for (size_t i = 0; i < *len; i++) {
        if (text[i] == ' ' || text[i] == '\t') {
            continue;
        }
        const int high = digit_of(text[i]);
        const int low = i + 1 < *len ? digit_of(text[i + 1]) : -1;
        if (high < 0 || low < 0) {
            return TRI_ERR_INVALID;
        }
        text[used++] = (char)(unsigned char)(high * 16 + low);
        i += 1;
    }
    *len = used;
    return TRI_OK;
}

/* Bytes of the character that begins with |lead|; 0: none does. |*low| and |*high| bound its second
 * byte. RFC 3629 section 4 */
static size_t measure_character(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    if (lead < 0xe0) {
        return 2;
    }
    return lead < 0xf0 ? 3 : 4;
}

static bool is_utf8(const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + len;
    while (at < end) {
        unsigned char low = 0;
        unsigned char high = 0;
        const size_t bytes = measure_character(at[0], &low, &high);
        if (bytes == 0 || (size_t)(end - at) < bytes) {
            return false;
        }
        for (size_t i = 1; i < bytes; i++) {
            if (at[i] < low || at[i] > high) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
        }
        at += bytes;
    }
    return true;
}

enum tri_err cli_connect_message_of(char *text, size_t len, bool is_hex,
                                    struct cli_connect_message *out)
{
    *out = (struct cli_connect_message){.type = is_hex ? TRI_BINARY : TRI_TEXT, .data = text};
    enum tri_err err = TRI_OK;
    if (is_hex) {
        err = decode_hex(text, &len);
    } else if (!is_utf8(text, len)) {
        err = TRI_ERR_UTF8;
    }
    out->len = len;
    return err;
}

/* ---------------------------------------------------------------------------------------- lines */

void cli_connect_lines_init(struct cli_connect_lines *l, int fd, bool is_hex)
{
    *l = (struct cli_connect_lines){.fd = fd, .is_hex = is_hex};
}

void cli_connect_lines_deinit(struct cli_connect_lines *l)
{
    free(l->data);
    l->data = NULL;
}

/* Room for READ_MIN bytes more, behind what is not taken yet. */
static enum tri_err make_room(struct cli_connect_lines *l)
{
    if (l->from > 0) {
        memmove(l->data, l->data + l->from, l->to - l->from);
        l->to -= l->from;
        l->scanned -= l->from;
        l->from = 0;
    }
    if (l->room - l->to >= READ_MIN) {
        return TRI_OK;
    }
    const size_t room = l->room > 0 ? l->room * 2 : READ_MIN;
    char *data = realloc(l->data, room);
    if (!data) {
        return TRI_ERR_NOMEM;
    }
    l->data = data;
    l->room = room;
    return TRI_OK;
}

enum tri_err cli_connect_lines_read(struct cli_connect_lines *l)
{
    assert(!l->has_ended);
    if (l->to - l->from > CLI_CONNECT_LINE_MAX) {
        return TRI_ERR_LIMIT;
    }
    const enum tri_err err = make_room(l);
    if (err != TRI_OK) {
        return err;
    }
    const ssize_t got = read(l->fd, l->data + l->to, l->room - l->to);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? TRI_OK : TRI_ERR_IO;
    }
    l->has_ended = got == 0;
    l->to += (size_t)got;
    return TRI_OK;
}

/* The end of the line that begins at |from|; NULL if it has not come. */
static char *find_end(struct cli_connect_lines *l)
{
    const size_t left = l->to - l->scanned;
    char *end = left > 0 ? memchr(l->data + l->scanned, '\n', left) : NULL;
    if (!end) {
        l->scanned = l->to;
        return l->has_ended && l->from < l->to ? l->data + l->to : NULL;
    }
    return end;
}

enum tri_err cli_connect_lines_next(struct cli_connect_lines *l, struct cli_connect_message *out)
{
    char *end = find_end(l);
    if (!end) {
        return l->has_ended ? TRI_ERR_NOT_FOUND : TRI_AGAIN;
    }
    char *line = l->data + l->from;
    size_t len = (size_t)(end - line);
    const size_t used = len + (l->from + len < l->to ? 1 : 0);
    if (len > 0 && line[len - 1] == '\r') {
        len -= 1;
    }
    l->from += used;
    l->scanned = l->from;
    l->number += 1;
    return cli_connect_message_of(line, len, l->is_hex, out);
}
