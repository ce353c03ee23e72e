/*
 * SIGHUP: the arguments and the file of --config are read again, and the server takes over what can
 * change while it serves. All of it or, if anything is wrong, nothing; the log says which.
 */
#ifndef CLI_RELOAD_H
#define CLI_RELOAD_H

#include "base_log.h"
#include "cli_log.h"
#include "cli_options.h"
#include "cli_routes.h"

#include <stdatomic.h>

/* What a reload works on; all pointers are borrowed. */
struct cli_reload {
    int argc; /* the arguments behind `serve` */
    const char *const *argv;
    const struct cli_options *options; /* as the program was started */
    struct cli_routes *routes;
    struct tri_server *server; /* set before the first reload */
    struct tri_log log;        /* as it is now */
    _Atomic uint64_t drain_ms; /* as it is now; for any thread */
};

/* What counts at the start. |r| has its arguments. */
void cli_reload_init(struct cli_reload *r, const struct cli_options *options,
                     struct cli_routes *routes, struct cli_log *log);

/* For tri_config_on_reload; the user is the struct cli_reload. */
void cli_reload(void *user);

#endif
