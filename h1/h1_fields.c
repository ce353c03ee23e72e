#include "h1_fields.h"

bool tri_h1_parse_length(struct tri_slice value, uint64_t *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.data[i];
        if (c < '0' || c > '9') {
            return false;
        }
        const uint64_t digit = (uint64_t)(c - '0');
        sum = sum > (UINT64_MAX - digit) / 10 ? UINT64_MAX : sum * 10 + digit;
    }
    if (value.len == 0) {
        return false;
    }
    *out = sum;
    return true;
}

int tri_h1_check_codings(const struct tri_request_head *head)
{
    size_t all = 0;
    size_t chunked = 0;
    bool is_last = false;
    for (size_t i = 0; i < head->fields_len; i++) {
        if (!tri_slice_equal(head->fields[i].name, TRI_SLICE("transfer-encoding"))) {
            continue;
        }
        struct tri_slice rest = head->fields[i].value;
        struct tri_slice coding;
        while (tri_slice_next_element(&rest, &coding)) {
            is_last = tri_slice_equal_nocase(coding, TRI_SLICE("chunked"));
            chunked += is_last ? 1 : 0;
            all++;
        }
    }
    /* RFC 9112 section 6.3: not chunked at the end; section 7.1: chunked twice. */
    if (!is_last || chunked > 1) {
        return 400;
    }
    return all == 1 ? 0 : 501; /* RFC 9112 section 6.1 */
}
