/* See h3_answer.h. */
#include "h3_answer.h"

#include "http_connect.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define OWN_FIELDS_MAX 3u /* :status, content-length, sec-websocket-version */

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
    if (tri_connect_has_length(r)) {
        add_length(a, r->content_length);
    }
    if (r->answer == TRI_ANSWER_VERSION_NEEDED) {
        add_field(a, TRI_SLICE("sec-websocket-version"), TRI_SLICE("13")); /* RFC 6455 4.4 */
    }
}

enum tri_err tri_h3_answer_init(struct tri_h3_answer *a, const struct tri_alloc *alloc,
                                const struct tri_response *r)
{
    *a = (struct tri_h3_answer){.alloc = alloc};
    int status = tri_connect_status(r);
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
