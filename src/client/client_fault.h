/* Why something failed, with a sentence of its own; for later than the call that told it. */
#ifndef TRI_CLIENT_FAULT_H
#define TRI_CLIENT_FAULT_H

#include "http_call.h"

#define TRI_CLIENT_FAULT_TEXT_MAX 256

struct tri_client_fault {
    enum tri_fault fault;
    int status;
    char text[TRI_CLIENT_FAULT_TEXT_MAX];
};

/* Writes the sentence as printf does, cut off where it ends. */
void tri_client_fault_set(struct tri_client_fault *out, enum tri_fault fault, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

/* What an adapter says. |what|: "the connection", "the opening handshake"; |host| as in the URL. */
void tri_client_fault_of_end(struct tri_client_fault *out, const struct tri_call_end *end,
                             const char *what, const char *host);

/* For the program; borrows |f|. */
struct tri_failure tri_client_fault_tell(const struct tri_client_fault *f);

#endif
