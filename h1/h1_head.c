#include "h1_head.h"

#include <assert.h>

#include "h1_fields.h"
#include "h1_lines.h"
#include "h1_target.h"
#include "http_token.h"

static enum tri_err refuse(struct tri_h1_head *head, int status)
{
    head->status = status;
    return TRI_ERR_PROTOCOL;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* HTTP-version, RFC 9112 section 2.3. The preface of HTTP/2 ends here too (row N3). */
static enum tri_err parse_version(struct tri_h1_head *head, struct tri_slice version)
{
    const struct tri_slice name = TRI_SLICE("HTTP/");
    if (version.len != 8 || memcmp(version.data, name.data, name.len) != 0 ||
        !is_digit(version.data[5]) || version.data[6] != '.' || !is_digit(version.data[7])) {
        return refuse(head, 400);
    }
    if (version.data[5] != '1') {
        return refuse(head, 505); /* RFC 9110 section 15.6.6 */
    }
    head->minor = (unsigned)(version.data[7] - '0');
    return TRI_OK;
}

/* method SP request-target SP HTTP-version, with single spaces: RFC 9112 section 3 */
static enum tri_err parse_request_line(struct tri_h1_head *head, struct tri_slice line)
{
    const struct tri_slice method = tri_h1_lines_until(&line, ' ');
    const struct tri_slice target = tri_h1_lines_until(&line, ' ');
    if (!tri_token_is(method)) {
        return refuse(head, 400);
    }
    head->request.method = method;
    const enum tri_err err = parse_version(head, line);
    if (err != TRI_OK) {
        return err;
    }
    if (tri_slice_equal(method, TRI_SLICE("CONNECT"))) {
        return refuse(head, 501); /* row U6: no tunnel to elsewhere is made here */
    }
    if (!tri_h1_target_parse(&head->request, target)) {
        return refuse(head, 400);
    }
    return TRI_OK;
}

static enum tri_err parse_fields(struct tri_h1_head *head, struct tri_h1_lines *rest,
                                 struct tri_field *fields, size_t fields_max)
{
    head->request.fields = fields;
    const enum tri_err err =
        tri_h1_lines_fields(rest, fields, fields_max, &head->request.fields_len);
    return err == TRI_OK ? TRI_OK : refuse(head, 400);
}

/* RFC 9112 section 3.2: exactly one Host, well-formed, and ignored beside an absolute target. */
static enum tri_err check_host(struct tri_h1_head *head)
{
    const struct tri_field *host = tri_request_head_field(&head->request, "host");
    if (!host || tri_request_head_count(&head->request, "host") != 1 ||
        !tri_h1_is_authority(host->value)) {
        return refuse(head, 400);
    }
    if (head->request.authority.len == 0) {
        head->request.authority = host->value;
    }
    return TRI_OK;
}

/* RFC 9112 section 6.1, 6.3: which of the two framings the body has, if any. */
static enum tri_err check_framing(struct tri_h1_head *head)
{
    const struct tri_request_head *request = &head->request;
    const size_t lengths = tri_request_head_count(request, "content-length");
    const size_t codings = tri_request_head_count(request, "transfer-encoding");
    if (lengths > 1 || (lengths == 1 && codings > 0) || (codings > 0 && head->minor == 0)) {
        return refuse(head, 400);
    }
    if (lengths == 1) {
        const struct tri_field *length = tri_request_head_field(request, "content-length");
        return tri_h1_parse_length(length->value, &head->body_len) ? TRI_OK : refuse(head, 400);
    }
    if (codings > 0) {
        const int status = tri_h1_check_codings(request);
        head->is_chunked = status == 0;
        return status == 0 ? TRI_OK : refuse(head, status);
    }
    return TRI_OK;
}

/* RFC 9112 section 9.3, and RFC 9110 section 10.1.1: an expectation of HTTP/1.0 is ignored. */
static enum tri_err check_options(struct tri_h1_head *head)
{
    head->keeps_alive = head->minor > 0 && !tri_request_head_has_token(&head->request, "connection",
                                                                       TRI_SLICE("close"));
    const struct tri_field *expect = tri_request_head_field(&head->request, "expect");
    if (!expect || head->minor == 0) {
        return TRI_OK;
    }
    if (tri_request_head_count(&head->request, "expect") != 1 ||
        !tri_slice_equal_nocase(expect->value, TRI_SLICE("100-continue"))) {
        return refuse(head, 417);
    }
    head->expects_continue = true;
    return TRI_OK;
}

enum tri_err tri_h1_head_parse(struct tri_h1_head *head, uint8_t *data, size_t len,
                               struct tri_field *fields, size_t fields_max)
{
    assert(len >= 4 && memcmp(data + len - 4, "\r\n\r\n", 4) == 0);
    *head = (struct tri_h1_head){.status = 0};
    struct tri_h1_lines rest = {.data = data, .len = len};
    struct tri_h1_lines line = tri_h1_lines_take(&rest);
    if (line.len == 0) {
        line = tri_h1_lines_take(&rest); /* the empty line that a scan passes over */
    }
    enum tri_err err = parse_request_line(head, tri_slice_of(line.data, line.len));
    if (err == TRI_OK) {
        err = parse_fields(head, &rest, fields, fields_max);
    }
    if (err == TRI_OK) {
        err = check_host(head);
    }
    if (err == TRI_OK) {
        err = check_framing(head);
    }
    if (err == TRI_OK) {
        err = check_options(head);
    }
    assert(err != TRI_OK || rest.len == 0);
    return err;
}
