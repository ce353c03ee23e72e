/*
 * Conditional requests for what may be cached: RFC 9110 section 8.8 and 13. Only reads are served
 * here, so every other method is refused in one place too.
 */
#ifndef APP_VALIDATOR_H
#define APP_VALIDATOR_H

#include "trisock/trisock.h"

#include <time.h>

#define TRI_HTTP_DATE_BYTES 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */

/* Writes |when| as an IMF-fixdate, RFC 9110 section 5.6.7. */
void tri_http_date_format(char out[TRI_HTTP_DATE_BYTES], time_t when);

/* Reads any of the three forms of section 5.6.7. False if |text| is none of them. */
bool tri_http_date_parse(const char *text, time_t *when);

/* Whether the list |field| (If-None-Match) holds |etag|, by weak comparison; "*" holds all. */
bool tri_etag_list_has(const char *field, const char *etag);

/*
 * Whether the peer has what |etag| and |modified| name (0: no date known): the answer is 304.
 * If-Modified-Since counts only without If-None-Match. RFC 9110 section 13.2.2
 */
bool tri_validator_is_unchanged(const struct tri_request *req, const char *etag, time_t modified);

/* True for GET and HEAD. Else |req| has been answered: 405 with allow. */
bool tri_request_only_reads(struct tri_request *req);

#endif
