/* See app_site.h. */
#include "app_site.h"

#include "app_site_files.h"
#include "app_validator.h"

#include <string.h>

/*
 * The page runs its own script and style and opens sockets, and nothing else. 'self' alone does
 * not cover wss in every browser.
 */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "connect-src 'self' wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static const struct tri_site_file *find_file(const char *path)
{
    if (strcmp(path, "/") == 0) {
        path = "/index.html";
    }
    for (size_t i = 0; i < tri_site_files_len; i++) {
        if (strcmp(tri_site_files[i].path, path) == 0) {
            return &tri_site_files[i];
        }
    }
    return NULL;
}

static void reply_missing(struct tri_request *req)
{
    static const struct tri_header headers[] = {
        {"content-type", "text/html; charset=utf-8"},
        {"content-security-policy", "default-src 'none'"},
        {"x-content-type-options", "nosniff"},
    };
    static const char page[] = "<!doctype html>\n<html lang=\"en\"><title>404</title>\n"
                               "<p>There is nothing at this address. "
                               "<a href=\"/\">The page of this server</a> is at /.</p></html>\n";
    (void)tri_request_reply(req, 404, headers, sizeof headers / sizeof headers[0], page,
                            sizeof page - 1);
}

static void serve(void *user, struct tri_request *req)
{
    (void)user;
    if (!tri_request_only_reads(req)) {
        return;
    }
    const struct tri_site_file *file = find_file(tri_request_path(req));
    if (!file) {
        reply_missing(req);
        return;
    }
    const struct tri_header headers[] = {
        {"content-type", file->content_type}, {"etag", file->etag},
        {"cache-control", "no-cache"}, /* a newer program has a newer page: ask each time */
        {"content-security-policy", POLICY},  {"x-content-type-options", "nosniff"},
        {"referrer-policy", "no-referrer"},
    };
    bool unchanged = tri_validator_is_unchanged(req, file->etag, 0);
    (void)tri_request_reply(req, unchanged ? 304 : 200, headers, sizeof headers / sizeof headers[0],
                            file->data, unchanged ? 0 : file->len);
}

const struct tri_http_handler tri_site_handler = {.on_request = serve};
