/* See http_connect.h. */
#include "http_connect.h"

#include <assert.h>

static int choose_status(const struct tri_response *r)
{
    switch (r->answer) {
    case TRI_ANSWER_PLAIN:
        return r->status;
    case TRI_ANSWER_WEBSOCKET: /* RFC 8441 section 5, RFC 9220 section 3: 2xx instead of 101 */
        return 200;
    case TRI_ANSWER_UPGRADE_NEEDED: /* RFC 9110 section 15.5.22: 426 MUST come with Upgrade, which */
    case TRI_ANSWER_VERSION_NEEDED: /* RFC 9113 section 8.6 and RFC 9114 section 4.5 do not have */
        return 400;
    }
    assert(0);
    return 500;
}

int tri_connect_status(const struct tri_response *r)
{
    int status = choose_status(r);
    assert(status >= 200 && status <= 599); /* never 101: RFC 9113 section 8.6, RFC 9114 4.5 */
    return status;
}

bool tri_connect_has_length(const struct tri_response *r)
{
    /* RFC 9110 section 8.6: MUST NOT be sent in a 2xx response to CONNECT. */
    return r->answer != TRI_ANSWER_WEBSOCKET && r->content_length != TRI_LENGTH_NONE;
}
