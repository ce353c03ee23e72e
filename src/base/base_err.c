/* The names of errors, and the version: what trisock.h promises and no module owns. */
#include "trisock/trisock.h"

const char *tri_err_text(enum tri_err err)
{
    switch (err) {
    case TRI_OK:
        return "success";
    case TRI_PARTIAL:
        return "more input is needed";
    case TRI_AGAIN:
        return "nothing can be done now";
    case TRI_ERR_NOMEM:
        return "out of memory";
    case TRI_ERR_INVALID:
        return "invalid argument";
    case TRI_ERR_PROTOCOL:
        return "the peer broke the protocol";
    case TRI_ERR_UTF8:
        return "text is not valid UTF-8";
    case TRI_ERR_LIMIT:
        return "a limit was reached";
    case TRI_ERR_FULL:
        return "send queue is full";
    case TRI_ERR_CLOSED:
        return "the socket is closed";
    case TRI_ERR_IO:
        return "a system call failed";
    case TRI_ERR_TLS:
        return "TLS failed";
    case TRI_ERR_INUSE:
        return "the address is in use";
    case TRI_ERR_NOT_FOUND:
        return "not found";
    }
    return "unknown error"; /* a number that a caller made up */
}

const char *tri_version(void)
{
    return TRI_VERSION;
}
