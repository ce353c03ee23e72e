/*
 * The secret of a server: what its session tickets and QUIC tokens are sealed with. A server that is
 * started again needs the same one, to resume sessions (RFC 8446 section 2.2), to tell clients of the
 * last one that their connections are gone (RFC 9000 section 10.3) and to take the proofs of address
 * that they were given (section 8.1.3). Row N7, E10.
 */
#ifndef TRI_SERVER_SECRET_H
#define TRI_SERVER_SECRET_H

#include "server_config.h"
#include "server_error.h"

#define TRI_SECRET_LEN 32u

/*
 * Fills |out| with the secret in config->secret_file, or, without that name, in the file "secret"
 * beside |made_certificate| (NULL: none is kept, and it is a new one). A file that is not there is
 * made, for its owner alone.
 *
 * TRI_OK. TRI_ERR_IO, TRI_ERR_INVALID (no secret is in the file): only if the file was named by the
 * program; |error| has the sentence. TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_secret_obtain(uint8_t out[TRI_SECRET_LEN],
                                            const struct tri_config *config,
                                            const char *made_certificate,
                                            struct tri_sentence error);

#endif
