/* See app_path.h. */
#include "app_path.h"

#include <assert.h>
#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes one byte off |*at|, decoded. A slash in disguise would split a segment, so it is none. */
static enum tri_err take_byte(const char **at, char *out)
{
    if (**at != '%') {
        *out = *(*at)++;
        return TRI_OK;
    }
    int high = hex_value((*at)[1]);
    int low = high < 0 ? -1 : hex_value((*at)[2]);
    if (low < 0 || (high == 0 && low == 0)) {
        return TRI_ERR_INVALID;
    }
    *out = (char)(high * 16 + low);
    *at += 3;
    return *out == '/' ? TRI_ERR_NOT_FOUND : TRI_OK;
}

/* Covers "." and "..": both start with a dot. */
static bool is_hidden(const char *segment)
{
    return segment[0] == '.' && strcmp(segment, ".well-known") != 0;
}

/* Takes one segment off |*at|, up to a slash or the end. |max| is the room at |out|. */
static enum tri_err take_segment(const char **at, char *out, size_t max, size_t *len)
{
    size_t n = 0;
    while (**at != '/' && **at != '\0') {
        if (n + 1 >= max) {
            return TRI_ERR_NOT_FOUND;
        }
        enum tri_err err = take_byte(at, &out[n]);
        if (err != TRI_OK) {
            return err;
        }
        n++;
    }
    if (n + 1 > max) {
        return TRI_ERR_NOT_FOUND;
    }
    out[n] = '\0';
    *len = n;
    return n == 0 || is_hidden(out) ? TRI_ERR_NOT_FOUND : TRI_OK;
}

enum tri_err tri_path_to_file(char out[TRI_FILE_NAME_MAX], const char *path)
{
    if (path[0] != '/') {
        return TRI_ERR_INVALID; /* "*", for one */
    }
    const char *at = path + 1;
    size_t len = 0;
    while (*at != '\0') {
        size_t segment_len = 0;
        enum tri_err err = take_segment(&at, out + len, TRI_FILE_NAME_MAX - len, &segment_len);
        if (err != TRI_OK) {
            return err;
        }
        len += segment_len;
        if (*at == '/') {
            at++;
        }
        if (*at != '\0') {
            out[len++] = '/'; /* take_segment left room: it wrote a NUL here */
        }
    }
    if (len == 0) {
        memcpy(out, ".", 2);
        len = 1;
    }
    assert(len < TRI_FILE_NAME_MAX);
    return TRI_OK;
}
