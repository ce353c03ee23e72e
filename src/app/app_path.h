/*
 * From the path of a request to the name of a file below a root: percent-decoding (RFC 3986
 * section 2.1), and everything refused that could lead out of the root or name what is hidden.
 */
#ifndef APP_PATH_H
#define APP_PATH_H

#include "trisock/trisock.h"

#define TRI_FILE_NAME_MAX 4096 /* bytes with NUL, as the system's PATH_MAX */

/*
 * path   as tri_request_path gives it: starts with "/"
 * out    "a/b.txt" for "/a/b.txt" and "/a/b%2etxt", "a" for "/a/", "." for "/"
 *
 * Returns TRI_OK; TRI_ERR_INVALID for an escape that is none, or a NUL (answer 400);
 * TRI_ERR_NOT_FOUND for what no file may be asked for by (answer 404): an empty segment, "." or
 * "..", a slash in disguise, a name that starts with a dot (but for .well-known, RFC 8615), and a
 * name that is too long.
 */
enum tri_err tri_path_to_file(char out[TRI_FILE_NAME_MAX], const char *path);

#endif
