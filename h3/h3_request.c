/* See h3_request.h. */
#include "h3_request.h"

#include <assert.h>

struct tri_h3_request *tri_h3_request_new(const struct tri_alloc *alloc,
                                          struct tri_h3_stream *stream)
{
    struct tri_h3_request *r = tri_alloc_zero(alloc, sizeof *r);
    if (r) {
        r->alloc = alloc;
        r->stream = stream;
        tri_timeout_init(&r->timeout);
        tri_request_builder_init(&r->builder, alloc);
        tri_buf_init(&r->held, alloc, TRI_HELD_BYTES_MAX);
    }
    return r;
}

void tri_h3_request_empty(struct tri_h3_request *r)
{
    tri_request_builder_deinit(&r->builder);
    tri_request_builder_init(&r->builder, r->alloc);
    tri_buf_deinit(&r->held);
}

void tri_h3_request_free(struct tri_h3_request *r)
{
    if (r) {
        tri_timeout_disarm(&r->timeout);
        tri_request_builder_deinit(&r->builder);
        tri_buf_deinit(&r->held);
        tri_alloc_release(r->alloc, r);
    }
}

void tri_h3_request_add(struct tri_h3_request *r, struct tri_slice name, struct tri_slice value)
{
    if (r->err == TRI_OK) {
        r->err = tri_request_builder_add(&r->builder, name, value);
    }
}

enum tri_err tri_h3_request_finish(struct tri_h3_request *r)
{
    assert(r->head.method.len == 0); /* only once */
    if (r->err == TRI_OK) {
        r->err = tri_request_builder_finish(&r->builder, &r->head);
    }
    return r->err;
}
