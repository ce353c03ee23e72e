/* See h3_answer.h. */
#include "h3_answer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define OWN_FIELDS_MAX 4u /* :status, content-type, content-length, sec-websocket-version */

/* RFC 9110 section 15.5.22: 426 asks for an Upgrade, which HTTP/3 does not have. */
static int status_of(const struct tri_response *r)
{
    switch (r->answer) {
    case TRI_ANSWER_PLAIN:
        return r->status;
    case TRI_ANSWER_WEBSOCKET: /* RFC 9220 section 3: any 2xx; 101 is not used */
        return 200;
    case TRI_ANSWER_UPGRADE_NEEDED:
    case TRI_ANSWER_VERSION_NEEDED:
        return 400;
    }
    return 500;
}

static struct tri_slice text_of(const struct tri_response *r, bool head_only)
{
    if (r->events || r->content_length != TRI_LENGTH_NONE || head_only) {
        return TRI_SLICE("");
    }
    switch (r->answer) {
    case TRI_ANSWER_UPGRADE_NEEDED:
        return TRI_SLICE("A WebSocket is served here: ask by extended CONNECT (RFC 9220).\n");
    case TRI_ANSWER_VERSION_NEEDED:
        return TRI_SLICE("WebSocket version 13 is served here.\n");
    case TRI_ANSWER_PLAIN:
    case TRI_ANSWER_WEBSOCKET:
        break;
    }
    return TRI_SLICE("");
}

static void add_field(struct tri_h3_answer *a, struct tri_slice name, struct tri_slice value)
{
    a->nva[a->len++] = (nghttp3_nv){
        .name = name.data,
        .value = value.data,
        .namelen = name.len,
        .valuelen = value.len,
        .flags = NGHTTP3_NV_FLAG_NONE, /* nghttp3 copies */
    };
}

static void add_length(struct tri_h3_answer *a, uint64_t len)
{
    int digits = snprintf(a->length, sizeof a->length, "%" PRIu64, len);
    assert(digits > 0 && (size_t)digits < sizeof a->length);
    add_field(a, TRI_SLICE("content-length"), tri_slice_of(a->length, (size_t)digits));
}

static void add_own_fields(struct tri_h3_answer *a, const struct tri_response *r)
{
    if (a->text.len > 0) {
        add_field(a, TRI_SLICE("content-type"), TRI_SLICE("text/plain; charset=utf-8"));
        add_length(a, a->text.len);
    } else if (r->content_length != TRI_LENGTH_NONE && r->answer != TRI_ANSWER_WEBSOCKET) {
        add_length(a, r->content_length); /* not in a 2xx to CONNECT: RFC 9110 section 8.6 */
    }
    if (r->answer == TRI_ANSWER_VERSION_NEEDED) {
        add_field(a, TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")); /* RFC 6455 4.4 */
    }
}

enum tri_err tri_h3_answer_init(struct tri_h3_answer *a, const struct tri_alloc *alloc,
                                const struct tri_response *r, bool head_only)
{
    *a = (struct tri_h3_answer){.alloc = alloc, .text = text_of(r, head_only)};
    int status = status_of(r);
    assert(status >= 200 && status <= 599);
    (void)snprintf(a->status, sizeof a->status, "%03u", (unsigned)status % 1000);
    a->nva = tri_alloc_get(alloc, (OWN_FIELDS_MAX + r->fields_len) * sizeof *a->nva);
    if (!a->nva) {
        return TRI_ERR_NOMEM;
    }
    add_field(a, TRI_SLICE(":status"), tri_slice_of(a->status, 3));
    for (size_t i = 0; i < r->fields_len; i++) {
        add_field(a, r->fields[i].name, r->fields[i].value);
    }
    add_own_fields(a, r);
    assert(a->len <= OWN_FIELDS_MAX + r->fields_len);
    return TRI_OK;
}

void tri_h3_answer_deinit(struct tri_h3_answer *a)
{
    tri_alloc_release(a->alloc, a->nva);
    a->nva = NULL;
}
