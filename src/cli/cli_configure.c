/* See cli_configure.h. */
#include "cli_configure.h"

static enum tri_err configure_addresses(struct tri_config *config, const struct cli_options *o)
{
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < o->listen_len && err == TRI_OK; i++) {
        err = tri_config_listen(config, o->listen[i]);
        if (err == TRI_OK && o->listen_no_extended_connect[i]) {
            err = tri_config_listen_extended_connect(config, i, false);
        }
    }
    for (size_t i = 0; i < o->cleartext_len && err == TRI_OK; i++) {
        err = tri_config_cleartext(config, o->cleartext[i],
                                   o->cleartext_redirect ? TRI_CLEARTEXT_REDIRECT
                                                         : TRI_CLEARTEXT_REFUSE);
    }
    if (err == TRI_OK && o->admin) {
        err = tri_config_admin(config, o->admin);
        tri_config_drain_ms(config, o->drain_ms);
    }
    return err;
}

static enum tri_err configure_files(struct tri_config *config, const struct cli_options *o)
{
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < o->cert_len && err == TRI_OK; i++) {
        err = tri_config_certificate(config, o->cert[i], o->key[i]);
    }
    if (err == TRI_OK && o->keylog) {
        err = tri_config_keylog(config, o->keylog);
    }
    if (err == TRI_OK && o->qlog) {
        err = tri_config_qlog(config, o->qlog);
    }
    if (err == TRI_OK && o->secret_file) {
        err = tri_config_secret_file(config, o->secret_file);
    }
    return err;
}

static enum tri_err configure_limits(struct tri_config *config, const struct cli_options *o)
{
    enum tri_err err = TRI_OK;
    for (size_t i = 0; i < sizeof o->limits / sizeof o->limits[0] && err == TRI_OK; i++) {
        if (o->limits[i].given) {
            err = tri_config_limit(config, o->limits[i].limit, o->limits[i].value);
        }
    }
    return err;
}

enum tri_err cli_configure(struct tri_config *config, const struct cli_options *o)
{
    enum tri_err err = configure_addresses(config, o);
    if (err == TRI_OK) {
        err = configure_files(config, o);
    }
    if (err == TRI_OK) {
        err = configure_limits(config, o);
    }
    if (err == TRI_OK) {
        err = tri_config_http(config, o->http);
    }
    if (err == TRI_OK && o->early_data) {
        err = tri_config_early_data(config, o->early_data_425 ? TRI_EARLY_DATA_REFUSE
                                                              : TRI_EARLY_DATA_WAIT);
    }
    tri_config_extended_connect(config, o->extended_connect);
    return err;
}
