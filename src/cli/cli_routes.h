/* What `trisock serve` serves, and where: the applications, and what the options say of them. */
#ifndef CLI_ROUTES_H
#define CLI_ROUTES_H

#include "app_echo.h"
#include "app_files.h"
#include "app_rooms.h"
#include "cli_options.h"

/* What the handlers work on; it outlives the server. */
struct cli_routes {
    struct tri_echo echo; /* of the echo, the stream and the greeting */
    struct tri_rooms rooms;
    struct tri_files files;
    bool has_files; /* there is a root */
};

/*
 * Opens the root, if |options| name one. TRI_OK; TRI_ERR_NOT_FOUND or TRI_ERR_IO: it cannot be
 * used, errno says why, and nothing is to be released.
 */
TRI_MUST_USE enum tri_err cli_routes_init(struct cli_routes *r, const struct cli_options *options);

/* After the server's end. */
void cli_routes_deinit(struct cli_routes *r);

/*
 * Puts all routes into |config|, which borrows from |r|.
 *
 * TRI_OK; TRI_ERR_INVALID: |error| has one sentence that names the option and the remedy; anything
 * else: |error| has its text.
 */
TRI_MUST_USE enum tri_err cli_routes_configure(struct cli_routes *r, struct tri_config *config,
                                               const struct cli_options *options,
                                               char error[CLI_ERROR_MAX]);

#endif
