#include "h1_answer.h"

#include <assert.h>

#include "base_limits.h"
#include "h1_lines.h"
#include "http_upgrade.h"

void tri_h1_answer_init(struct tri_h1_answer *a, const struct tri_alloc *alloc)
{
    *a = (struct tri_h1_answer){.scan = {.is_response = true}};
    tri_buf_init(&a->bytes, alloc, TRI_RESPONSE_HEAD_BYTES_MAX);
}

void tri_h1_answer_deinit(struct tri_h1_answer *a)
{
    tri_alloc_release(a->bytes.alloc, a->fields);
    tri_buf_deinit(&a->bytes);
    *a = (struct tri_h1_answer){.scan = {.is_response = true}, .bytes = a->bytes};
}

void tri_h1_answer_reset(struct tri_h1_answer *a)
{
    tri_h1_answer_deinit(a);
}

static enum tri_err refuse(struct tri_h1_answer *a, enum tri_err err, const char *text)
{
    a->text = text;
    return err;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* HTTP-version SP status-code SP [ reason-phrase ]: RFC 9112 section 4 */
static enum tri_err parse_status_line(struct tri_h1_answer *a, struct tri_slice line)
{
    static const char *const not_http = "the answer is not HTTP/1.1";
    static const char *const bad_status = "the status line of the answer is malformed";
    const struct tri_slice name = TRI_SLICE("HTTP/1.");
    if (line.len < name.len + 1 || memcmp(line.data, name.data, name.len) != 0 ||
        !is_digit(line.data[name.len])) {
        return refuse(a, TRI_ERR_PROTOCOL, not_http);
    }
    a->minor = (unsigned)(line.data[name.len] - '0');
    const struct tri_slice version = tri_h1_lines_until(&line, ' ');
    if (version.len != name.len + 1 || line.len < 4 || line.data[3] != ' ') {
        return refuse(a, TRI_ERR_PROTOCOL, bad_status);
    }
    for (size_t i = 0; i < 3; i++) {
        if (!is_digit(line.data[i])) {
            return refuse(a, TRI_ERR_PROTOCOL, bad_status);
        }
        a->status = a->status * 10 + (line.data[i] - '0');
    }
    /* RFC 9110 section 15 */
    return a->status >= 100 && a->status <= 599 ? TRI_OK : refuse(a, TRI_ERR_PROTOCOL, bad_status);
}

/*
 * RFC 9112 section 5.2: a user agent MUST replace each fold by space. One in front of the first
 * field is left as it is: that is no field (section 2.2).
 */
static void unfold(struct tri_h1_lines rest)
{
    for (size_t i = 0; i + 2 < rest.len; i++) {
        const uint8_t next = rest.data[i + 2];
        if (rest.data[i] == '\r' && rest.data[i + 1] == '\n' && (next == ' ' || next == '\t')) {
            rest.data[i] = ' ';
            rest.data[i + 1] = ' ';
        }
    }
}

static enum tri_err parse_head(struct tri_h1_answer *a)
{
    assert(a->scan.lines > 0 && a->bytes.off == 0);
    a->fields = tri_alloc_get(a->bytes.alloc, a->scan.lines * sizeof *a->fields);
    if (!a->fields) {
        return TRI_ERR_NOMEM;
    }
    struct tri_h1_lines rest = {.data = a->bytes.data, .len = a->bytes.len};
    const struct tri_h1_lines line = tri_h1_lines_take(&rest);
    const enum tri_err err = parse_status_line(a, tri_slice_of(line.data, line.len));
    if (err != TRI_OK) {
        return err;
    }
    unfold(rest);
    if (tri_h1_lines_fields(&rest, a->fields, a->scan.lines, &a->fields_len) != TRI_OK) {
        return refuse(a, TRI_ERR_PROTOCOL, "a line of the answer's head is not a field");
    }
    return TRI_OK;
}

static enum tri_err refuse_scanned(struct tri_h1_answer *a, enum tri_err err)
{
    if (err == TRI_ERR_LIMIT) {
        return refuse(a, err, "the answer's head is longer than 64 KiB or has over 256 fields");
    }
    return refuse(a, err, "the answer's head holds a byte or a line's end that none may hold");
}

enum tri_err tri_h1_answer_feed(struct tri_h1_answer *a, const uint8_t *data, size_t len,
                                size_t *used)
{
    assert(!a->text && !a->fields);
    const enum tri_err scanned = tri_h1_scan_feed(&a->scan, data, len, used);
    if (scanned != TRI_OK && scanned != TRI_PARTIAL) {
        return refuse_scanned(a, scanned);
    }
    const enum tri_err err = tri_buf_append(&a->bytes, data, *used);
    if (err != TRI_OK) {
        assert(err == TRI_ERR_NOMEM); /* the scan keeps to the same limit */
        return err;
    }
    return scanned == TRI_OK ? parse_head(a) : TRI_PARTIAL;
}

/* Whether the fields called upgrade name one protocol, and that is WebSocket. */
static bool is_upgraded(const struct tri_request_head *head)
{
    const struct tri_field *field = tri_request_head_field(head, "upgrade");
    return field && tri_request_head_count(head, "upgrade") == 1 &&
           tri_slice_equal_nocase(field->value, TRI_SLICE("websocket"));
}

static bool is_right_accept(struct tri_slice accept, struct tri_slice key)
{
    char want[TRI_ACCEPT_LEN];
    tri_upgrade_accept(key, want);
    return tri_slice_equal(accept, tri_slice_of(want, sizeof want));
}

/* RFC 6455 section 4.1: the client MUST fail the connection unless all of this holds. */
const char *tri_h1_answer_check(const struct tri_h1_answer *a, struct tri_slice key)
{
    assert(a->status == 101);
    const struct tri_request_head head = {.fields = a->fields, .fields_len = a->fields_len};
    if (a->minor == 0) {
        return "the answer 101 is of HTTP/1.0, which cannot switch protocols";
    }
    if (!is_upgraded(&head)) {
        return "the answer 101 does not say Upgrade: websocket";
    }
    if (!tri_request_head_has_token(&head, "connection", TRI_SLICE("upgrade"))) {
        return "the answer 101 does not say Connection: Upgrade";
    }
    const struct tri_field *accept = tri_request_head_field(&head, "sec-websocket-accept");
    if (!accept) {
        return "the answer 101 has no Sec-WebSocket-Accept";
    }
    /* RFC 6455 section 11.3.3: not more than once. */
    if (tri_request_head_count(&head, "sec-websocket-accept") != 1) {
        return "the answer 101 has more than one Sec-WebSocket-Accept";
    }
    return is_right_accept(accept->value, key)
               ? NULL
               : "Sec-WebSocket-Accept of the answer 101 does not belong to the key that was sent";
}
