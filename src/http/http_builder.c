#include "http_builder.h"

#include <assert.h>

#include "base_limits.h"

/* :method :scheme :authority :path :protocol; the engine refuses any other, and repetition. */
#define PSEUDO_FIELDS_MAX 5u

/* Where a field stands in |bytes|: the name, and the value behind it. */
struct mark {
    size_t at;
    size_t name_len;
    size_t value_len;
};

void tri_request_builder_init(struct tri_request_builder *b, const struct tri_alloc *alloc)
{
    *b = (struct tri_request_builder){.over = false};
    tri_buf_init(&b->bytes, alloc, TRI_REQUEST_HEAD_BYTES_MAX);
    tri_buf_init(&b->marks, alloc,
                 (TRI_REQUEST_FIELDS_MAX + PSEUDO_FIELDS_MAX) * sizeof(struct mark));
}

void tri_request_builder_deinit(struct tri_request_builder *b)
{
    tri_alloc_release(b->bytes.alloc, b->fields);
    b->fields = NULL;
    tri_buf_deinit(&b->bytes);
    tri_buf_deinit(&b->marks);
}

static bool is_pseudo(struct tri_slice name)
{
    return name.len > 0 && name.data[0] == ':';
}

/* Room is made for both halves first, so that a failure leaves nothing half added. */
static enum tri_err append_field(struct tri_request_builder *b, struct tri_slice name,
                                 struct tri_slice value)
{
    enum tri_err err = TRI_OK;
    uint8_t *bytes = tri_buf_reserve(&b->bytes, name.len + value.len, &err);
    if (!bytes) {
        return err;
    }
    const struct mark mark = {
        .at = tri_buf_peek(&b->bytes).len, .name_len = name.len, .value_len = value.len};
    err = tri_buf_append(&b->marks, &mark, sizeof mark);
    if (err != TRI_OK) {
        return err;
    }
    if (name.len > 0) {
        memcpy(bytes, name.data, name.len);
    }
    if (value.len > 0) {
        memcpy(bytes + name.len, value.data, value.len);
    }
    tri_buf_commit(&b->bytes, name.len + value.len);
    return TRI_OK;
}

enum tri_err tri_request_builder_add(struct tri_request_builder *b, struct tri_slice name,
                                     struct tri_slice value)
{
    assert(!b->fields); /* not after finish */
    assert(name.len > 0);
    const bool regular = !is_pseudo(name);
    if (b->over || (regular && b->fields_len == TRI_REQUEST_FIELDS_MAX)) {
        b->over = true;
        return TRI_ERR_LIMIT;
    }
    const enum tri_err err = append_field(b, name, value);
    if (err == TRI_ERR_LIMIT) {
        b->over = true;
    }
    if (err == TRI_OK && regular) {
        b->fields_len++;
    }
    return err;
}

/* Where the value of a pseudo-field belongs; NULL: we know of none such. */
static struct tri_slice *find_place(struct tri_request_head *head, struct tri_slice name)
{
    const struct {
        struct tri_slice name;
        struct tri_slice *place;
    } places[PSEUDO_FIELDS_MAX] = {
        {TRI_SLICE(":method"), &head->method},       {TRI_SLICE(":scheme"), &head->scheme},
        {TRI_SLICE(":authority"), &head->authority}, {TRI_SLICE(":path"), &head->path},
        {TRI_SLICE(":protocol"), &head->protocol},
    };
    for (size_t i = 0; i < PSEUDO_FIELDS_MAX; i++) {
        if (tri_slice_equal(places[i].name, name)) {
            return places[i].place;
        }
    }
    return NULL;
}

static void place_field(struct tri_request_builder *b, struct tri_request_head *head,
                        const struct mark *mark)
{
    const uint8_t *at = tri_buf_peek(&b->bytes).data + mark->at;
    const struct tri_field field = {.name = tri_slice_of(at, mark->name_len),
                                    .value = tri_slice_of(at + mark->name_len, mark->value_len)};
    if (!is_pseudo(field.name)) {
        assert(head->fields_len < b->fields_len);
        b->fields[head->fields_len++] = field;
        return;
    }
    struct tri_slice *place = find_place(head, field.name);
    if (place) {
        *place = field.value;
    }
}

enum tri_err tri_request_builder_finish(struct tri_request_builder *b, struct tri_request_head *out)
{
    assert(!b->fields);
    if (b->over) {
        return TRI_ERR_LIMIT;
    }
    if (b->fields_len > 0) {
        b->fields = tri_alloc_get(b->bytes.alloc, b->fields_len * sizeof *b->fields);
        if (!b->fields) {
            return TRI_ERR_NOMEM;
        }
    }
    struct tri_request_head head = {.fields = b->fields};
    const struct tri_slice marks = tri_buf_peek(&b->marks);
    for (size_t at = 0; at < marks.len; at += sizeof(struct mark)) {
        struct mark mark;
        memcpy(&mark, marks.data + at, sizeof mark);
        place_field(b, &head, &mark);
    }
    assert(head.fields_len == b->fields_len);
    /* RFC 9113 section 8.3.1, RFC 9114 section 4.3.1: Host stands in for :authority. */
    const struct tri_field *host = tri_request_head_field(&head, "host");
    if (head.authority.len == 0 && host) {
        head.authority = host->value;
    }
    *out = head;
    return TRI_OK;
}
