#include "h1_reader.h"

#include <assert.h>

#include "base_limits.h"

void tri_h1_reader_init(struct tri_h1_reader *r, const struct tri_alloc *alloc)
{
    *r = (struct tri_h1_reader){.status = 0};
    tri_buf_init(&r->bytes, alloc, TRI_REQUEST_HEAD_BYTES_MAX);
}

void tri_h1_reader_deinit(struct tri_h1_reader *r)
{
    tri_alloc_release(r->bytes.alloc, r->fields);
    tri_buf_deinit(&r->bytes);
    *r = (struct tri_h1_reader){.bytes = r->bytes};
}

void tri_h1_reader_reset(struct tri_h1_reader *r)
{
    tri_h1_reader_deinit(r);
}

static enum tri_err parse_head(struct tri_h1_reader *r)
{
    assert(r->scan.lines > 0 && r->bytes.off == 0);
    r->fields = tri_alloc_get(r->bytes.alloc, r->scan.lines * sizeof *r->fields);
    if (!r->fields) {
        return TRI_ERR_NOMEM;
    }
    const enum tri_err err =
        tri_h1_head_parse(&r->head, r->bytes.data, r->bytes.len, r->fields, r->scan.lines);
    r->status = r->head.status;
    return err;
}

enum tri_err tri_h1_reader_feed(struct tri_h1_reader *r, const uint8_t *data, size_t len,
                                size_t *used)
{
    assert(r->status == 0 && !r->fields);
    const enum tri_err scanned = tri_h1_scan_feed(&r->scan, data, len, used);
    if (scanned != TRI_OK && scanned != TRI_PARTIAL) {
        r->status = r->scan.status;
        return scanned;
    }
    const enum tri_err err = tri_buf_append(&r->bytes, data, *used);
    if (err != TRI_OK) {
        assert(err == TRI_ERR_NOMEM); /* the scan keeps to the same limit */
        return err;
    }
    return scanned == TRI_OK ? parse_head(r) : TRI_PARTIAL;
}

bool tri_h1_reader_has_begun(const struct tri_h1_reader *r)
{
    return tri_h1_scan_has_begun(&r->scan);
}
