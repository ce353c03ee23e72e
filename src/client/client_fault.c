/* See client_fault.h. */
#include "client_fault.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const char *tri_fault_name(enum tri_fault fault)
{
    static const char *const names[] = {
        [TRI_FAULT_NONE] = "none",
        [TRI_FAULT_URL] = "url",
        [TRI_FAULT_RESOLVE] = "resolve",
        [TRI_FAULT_CONNECT] = "connect",
        [TRI_FAULT_TIMEOUT] = "timeout",
        [TRI_FAULT_TLS] = "tls",
        [TRI_FAULT_CERTIFICATE] = "certificate",
        [TRI_FAULT_VERSION] = "version",
        [TRI_FAULT_NO_CONNECT] = "no-connect",
        [TRI_FAULT_STATUS] = "status",
        [TRI_FAULT_HANDSHAKE] = "handshake",
        [TRI_FAULT_STREAMS] = "streams",
        [TRI_FAULT_PROTOCOL] = "protocol",
        [TRI_FAULT_LOST] = "lost",
        [TRI_FAULT_MEMORY] = "memory",
    };
    const size_t i = (size_t)fault;
    assert(i < sizeof names / sizeof names[0]);
    return names[i];
}

void tri_client_fault_set(struct tri_client_fault *out, enum tri_fault fault, const char *format,
                          ...)
{
    va_list args;
    va_start(args, format);
    out->fault = fault;
    out->status = 0;
    if (vsnprintf(out->text, sizeof out->text, format, args) < 0) {
        out->text[0] = '\0';
    }
    va_end(args);
}

void tri_client_fault_of_end(struct tri_client_fault *out, const struct tri_call_end *end,
                             const char *what, const char *host)
{
    const char *text = end->text ? end->text : "";
    const char *colon = text[0] != '\0' ? ": " : "";
    switch (end->fault) {
    case TRI_FAULT_CERTIFICATE:
        tri_client_fault_set(out, end->fault, "the certificate of %s is not to be trusted: %s",
                             host, text);
        break;
    case TRI_FAULT_TLS:
        tri_client_fault_set(out, end->fault, "TLS with %s failed: %s", host, text);
        break;
    case TRI_FAULT_NONE:
        tri_client_fault_set(out, end->fault, "%s was closed%s%s", what, colon, text);
        break;
    default:
        if (end->code != 0) {
            tri_client_fault_set(out, end->fault, "%s to %s ended with code 0x%" PRIx64 "%s%s",
                                 what, host, end->code, colon, text);
        } else {
            tri_client_fault_set(out, end->fault, "%s to %s ended%s%s", what, host, colon, text);
        }
        break;
    }
}

struct tri_failure tri_client_fault_tell(const struct tri_client_fault *f)
{
    return (struct tri_failure){.fault = f->fault, .status = f->status, .text = f->text};
}
