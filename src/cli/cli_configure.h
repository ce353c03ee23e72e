/* What the options say of the server itself, as its configuration. */
#ifndef CLI_CONFIGURE_H
#define CLI_CONFIGURE_H

#include "cli_options.h"

/*
 * Puts into the new |config| all of |o| but its routes and its log.
 *
 * TRI_OK, TRI_ERR_NOMEM; another error for what the options do not check.
 */
TRI_MUST_USE enum tri_err cli_configure(struct tri_config *config, const struct cli_options *o);

#endif
