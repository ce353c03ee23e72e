/*
 * The web page that the program carries with it: the files of src/app/site, embedded at build.
 * "/" is index.html.
 */
#ifndef APP_SITE_H
#define APP_SITE_H

#include "trisock/trisock.h"

/* For tri_config_http_route at "/"; the user is not used. */
extern const struct tri_http_handler tri_site_handler;

#endif
