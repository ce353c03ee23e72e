/* See cli_ready.h. */
#include "cli_ready.h"

#include <assert.h>
#include <string.h>

#define OFFERED_MAX 32 /* "h3, h2, http/1.1" */

static void format_offered(char out[OFFERED_MAX], unsigned http)
{
    (void)snprintf(out, OFFERED_MAX, "%s%s%s", http & TRI_HTTP_3 ? ", h3" : "",
                   http & TRI_HTTP_2 ? ", h2" : "", http & TRI_HTTP_1_1 ? ", http/1.1" : "");
    memmove(out, out + 2, strlen(out + 2) + 1);
}

/* The flags that make Chromium trust the certificate, and speak HTTP/3 from the first request. */
static void print_trust(FILE *out, const struct tri_server *server, unsigned http)
{
    const char *address = tri_server_address(server, 0);
    (void)fprintf(out,
                  "trisock: the certificate was made for localhost and is kept in %s\n"
                  "trisock: a browser that trusts it:\n"
                  "  chromium --user-data-dir=/tmp/trisock-chromium "
                  "--ignore-certificate-errors-spki-list=%s",
                  tri_server_made_certificate(server), tri_server_spki_pin(server));
    if (http & TRI_HTTP_3) {
        (void)fprintf(out,
                      " --enable-quic --origin-to-force-quic-on=%s "
                      "--enable-features=EnableWebsocketsOverHttp3",
                      address);
    }
    (void)fprintf(out, " https://%s/\n", address);
}

void cli_ready_print(FILE *out, const struct tri_server *server, const struct cli_options *options)
{
    assert(server && options->http != 0);
    char offered[OFFERED_MAX];
    format_offered(offered, options->http);
    const char *address;
    for (size_t i = 0; (address = tri_server_address(server, i)); i++) {
        (void)fprintf(out, "trisock: serving https://%s (%s)\n", address, offered);
    }
    for (size_t i = 0; (address = tri_server_cleartext_address(server, i)); i++) {
        (void)fprintf(out, "trisock: %s http://%s\n",
                      options->cleartext_redirect ? "redirecting" : "refusing", address);
    }
    if (tri_server_admin_address(server)) {
        (void)fprintf(out, "trisock: metrics at http://%s/metrics\n",
                      tri_server_admin_address(server));
    }
    if (tri_server_made_certificate(server)) {
        print_trust(out, server, options->http);
    }
    (void)fflush(out);
}

static bool is_about(const char *sentence, const char *address)
{
    size_t len = strlen(address);
    return strncmp(sentence, address, len) == 0 && sentence[len] == ' ';
}

/* Which option gave the address that |sentence| begins with. */
static const char *option_of(const struct cli_options *options, const char *sentence)
{
    for (size_t i = 0; i < options->cleartext_len; i++) {
        if (is_about(sentence, options->cleartext[i])) {
            return "--cleartext";
        }
    }
    return options->admin && is_about(sentence, options->admin) ? "--admin" : "--listen";
}

void cli_ready_explain(char out[CLI_ERROR_MAX], enum tri_err err, const char *sentence,
                       const struct cli_options *options)
{
    size_t cause_len = strcspn(sentence, ";");
    if (err != TRI_ERR_INUSE || sentence[cause_len] == '\0') {
        (void)snprintf(out, CLI_ERROR_MAX, "%s", sentence);
        return;
    }
    (void)snprintf(out, CLI_ERROR_MAX, "%.*s; choose another with %s ADDR:PORT", (int)cause_len,
                   sentence, option_of(options, sentence));
}
