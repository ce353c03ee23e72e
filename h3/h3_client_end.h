/* Why a client's connection ended, in the words of its owner. */
#ifndef TRI_H3_CLIENT_END_H
#define TRI_H3_CLIENT_END_H

#include "h3_conn.h"

/* The live connection |c| of a client ends for |rv|, an error of ngtcp2; c->error is what it closes
 * with. The first call counts. */
void tri_h3_client_note_end(struct tri_h3_conn *c, int rv);

/* The name of a code of HTTP/3 in a sentence; static, "" if it is not known. */
const char *tri_h3_client_code_text(uint64_t code);

#endif
