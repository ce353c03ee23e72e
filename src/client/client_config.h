/* What a client is made from: the setters of trisock.h fill it, tri_client_new copies it. */
#ifndef TRI_CLIENT_CONFIG_H
#define TRI_CLIENT_CONFIG_H

#include "base_alloc.h"
#include "base_limits.h"
#include "base_log.h"

struct tri_client_config {
    const struct tri_alloc *alloc; /* borrowed; the strings come from it */
    char *ca_file;                 /* NULL: what the system trusts; owned */
    char *keylog_file, *qlog_dir;  /* NULL: none; owned */
    bool insecure;
    bool resumption;
    bool io_uring;
    struct tri_limits limits;
    struct tri_log log;
};

/* As tri_client_config_new, from |alloc|. */
struct tri_client_config *tri_client_config_new_with(const struct tri_alloc *alloc);

/* For a config inside another struct. */
void tri_client_config_init(struct tri_client_config *config, const struct tri_alloc *alloc);
void tri_client_config_deinit(struct tri_client_config *config);

/* Copies all of |from| to |to|, which is an initialised config without settings. TRI_OK, or
 * TRI_ERR_NOMEM: |to| is then still to be released. */
TRI_MUST_USE enum tri_err tri_client_config_copy(struct tri_client_config *to,
                                                 const struct tri_client_config *from);

/* Whether qlogs can be written, if there are to be any. TRI_OK; or |error| gets a sentence:
 * TRI_ERR_NOT_FOUND (there is no such folder), TRI_ERR_IO (it cannot be written to). */
TRI_MUST_USE enum tri_err tri_client_config_check_qlog(const struct tri_client_config *config,
                                                       char *error, size_t error_max);

#endif
