/*
 * What a server takes over from another configuration while it serves. Everything that may fail is
 * done before anything is changed.
 */
#ifndef TRI_SERVER_RELOAD_H
#define TRI_SERVER_RELOAD_H

#include "server_worker.h"

/*
 * Takes over from |next|, which stays the caller's, what tri_server_reconfigure names. What else is
 * different in it goes to the log. Errors as there; |error| has the sentence, and so has the log.
 */
TRI_MUST_USE enum tri_err tri_reload_apply(struct tri_worker *w, const struct tri_config *next,
                                           struct tri_sentence error);

#endif
