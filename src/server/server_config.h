/* What a server is made from: the setters of trisock.h fill it, tri_server_new copies it. */
#ifndef TRI_SERVER_CONFIG_H
#define TRI_SERVER_CONFIG_H

#include "base_addr.h"
#include "base_alloc.h"
#include "base_limits.h"
#include "base_log.h"
#include "http_routes.h"

/* One address with TLS, and what is said of it alone. */
struct tri_listen_port {
    struct tri_addr addr;
    bool has_extended_connect; /* else what the configuration says of all */
    bool extended_connect;
};

struct tri_cleartext_port {
    struct tri_addr addr;
    enum tri_cleartext answer;
};

struct tri_cert_files {
    char *cert, *key; /* owned */
};

struct tri_config {
    const struct tri_alloc *alloc; /* borrowed; everything owned below comes from it */
    struct tri_listen_port listen[TRI_LISTENERS_MAX];
    size_t listen_len; /* 0: the default addresses */
    struct tri_cleartext_port cleartext[TRI_LISTENERS_MAX];
    size_t cleartext_len;
    struct tri_addr admin;                             /* of the machine itself; len 0: none */
    uint64_t drain_ms;                                 /* for who asks there */
    struct tri_cert_files certs[TRI_CERTIFICATES_MAX]; /* the first is the default */
    size_t certs_len;                                  /* 0: one is made for localhost */
    char *keylog_file, *qlog_dir;                      /* NULL: none; owned */
    char *secret_file;     /* NULL: beside a made certificate, or none; owned */
    unsigned http;         /* TRI_HTTP_ flags, at least one */
    bool extended_connect; /* where a port does not say otherwise */
    enum tri_early_data early_data;
    struct tri_routes routes;
    struct tri_limits limits;
    struct tri_log log;
    void (*on_reload)(void *user); /* NULL: the certificates alone are read again */
    void *on_reload_user;
};

/* As tri_config_new, from |alloc|. */
struct tri_config *tri_config_new_with(const struct tri_alloc *alloc);

/* For a config inside another struct. */
void tri_config_init(struct tri_config *config, const struct tri_alloc *alloc);
void tri_config_deinit(struct tri_config *config);

/* Copies all of |from| to |to|, which is an initialised config without settings. TRI_OK, or
 * TRI_ERR_NOMEM: |to| is then still to be released. */
TRI_MUST_USE enum tri_err tri_config_copy(struct tri_config *to, const struct tri_config *from);

#endif
