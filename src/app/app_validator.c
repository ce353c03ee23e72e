/* See app_validator.h. The program never leaves the C locale, so strftime speaks HTTP's English. */
#include "app_validator.h"

#include <assert.h>
#include <string.h>

void tri_http_date_format(char out[TRI_HTTP_DATE_BYTES], time_t when)
{
    struct tm tm;
    if (!gmtime_r(&when, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
        when = 0; /* a year that the form has no room for */
        gmtime_r(&when, &tm);
    }
    size_t len = strftime(out, TRI_HTTP_DATE_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    assert(len == TRI_HTTP_DATE_BYTES - 1);
}

bool tri_http_date_parse(const char *text, time_t *when)
{
    assert(text && when);
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
        "%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
        "%a %b %e %H:%M:%S %Y",      /* asctime */
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end && *end == '\0') {
            *when = timegm(&tm);
            return true;
        }
    }
    return false;
}

/* Passes over OWS, commas and the mark of a weak entity tag. */
static const char *next_tag(const char *at)
{
    at += strspn(at, " \t,");
    return strncmp(at, "W/", 2) == 0 ? at + 2 : at;
}

bool tri_etag_list_has(const char *field, const char *etag)
{
    assert(etag[0] == '"');
    size_t etag_len = strlen(etag);
    const char *at = next_tag(field);
    if (strcmp(at, "*") == 0) {
        return true;
    }
    while (*at == '"') {
        const char *end = strchr(at + 1, '"');
        if (!end) {
            return false;
        }
        size_t len = (size_t)(end + 1 - at);
        if (len == etag_len && memcmp(at, etag, len) == 0) {
            return true;
        }
        at = next_tag(end + 1);
    }
    return false;
}

bool tri_validator_is_unchanged(const struct tri_request *req, const char *etag, time_t modified)
{
    const char *none_match = tri_request_field(req, "if-none-match");
    if (none_match) {
        return tri_etag_list_has(none_match, etag);
    }
    const char *since = tri_request_field(req, "if-modified-since");
    time_t when;
    return since && modified != 0 && tri_http_date_parse(since, &when) && modified <= when;
}

bool tri_request_only_reads(struct tri_request *req)
{
    const char *method = tri_request_method(req);
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        return true;
    }
    static const struct tri_header headers[] = {
        {"allow", "GET, HEAD"}, /* RFC 9110 section 15.5.6: MUST */
        {"content-type", "text/plain; charset=utf-8"},
    };
    static const char text[] = "Only GET and HEAD are served here.\n";
    (void)tri_request_reply(req, 405, headers, 2, text, sizeof text - 1);
    return false;
}
