#include "http_upgrade.h"

#include <assert.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/coding.h>
#include <wolfssl/wolfcrypt/hash.h>
#include <wolfssl/wolfcrypt/sha.h>

#define KEY_DIGITS_LEN 22u

static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */

static bool is_base64_digit(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/*
 * Base64 of 16 bytes. The last digit's spare bits are not looked at: RFC 4648 section 3.5 leaves
 * that open, and nothing but the text itself goes into the answer.
 */
static bool is_key(struct tri_slice key)
{
    if (key.len != TRI_KEY_LEN) {
        return false;
    }
    for (size_t i = 0; i < KEY_DIGITS_LEN; i++) {
        if (!is_base64_digit(key.data[i])) {
            return false;
        }
    }
    return key.data[KEY_DIGITS_LEN] == '=' && key.data[KEY_DIGITS_LEN + 1] == '=';
}

/* What would be a body and what would be frames could be told apart only by guessing. */
static bool announces_body(const struct tri_request_head *head)
{
    if (tri_request_head_field(head, "transfer-encoding")) {
        return true;
    }
    const struct tri_field *length = tri_request_head_field(head, "content-length");
    return length && !tri_slice_equal(length->value, TRI_SLICE("0"));
}

enum tri_err tri_upgrade_normalise(struct tri_request_head *head, struct tri_slice *key)
{
    assert(head->protocol.len == 0);
    *key = TRI_SLICE("");
    /* RFC 9110 section 7.8: Upgrade counts only with the connection option; others are passed
     * over, h2c among them (RFC 9113 section 3.1). */
    if (!tri_request_head_has_token(head, "connection", TRI_SLICE("upgrade")) ||
        !tri_request_head_has_token(head, "upgrade", TRI_SLICE("websocket"))) {
        return TRI_OK;
    }
    /* RFC 6455 section 4.2.1: GET, and one key of 16 bytes. Methods know case (RFC 9110 9.1). */
    const struct tri_field *field = tri_request_head_field(head, "sec-websocket-key");
    if (!tri_slice_equal(head->method, TRI_SLICE("GET")) || !field || !is_key(field->value) ||
        tri_request_head_count(head, "sec-websocket-key") != 1 || announces_body(head)) {
        return TRI_ERR_PROTOCOL;
    }
    head->protocol = TRI_SLICE("websocket");
    *key = field->value;
    return TRI_OK;
}

void tri_upgrade_key(const uint8_t random[TRI_KEY_RANDOM_BYTES], char out[TRI_KEY_LEN])
{
    word32 len = TRI_KEY_LEN;
    const int err = Base64_Encode_NoNl(random, TRI_KEY_RANDOM_BYTES, (uint8_t *)out, &len);
    assert(err == 0 && len == TRI_KEY_LEN);
}

/* RFC 6455 section 4.2.2, step 5.4 */
void tri_upgrade_accept(struct tri_slice key, char out[TRI_ACCEPT_LEN])
{
    assert(key.len == TRI_KEY_LEN);
    uint8_t text[TRI_KEY_LEN + sizeof accept_guid - 1];
    memcpy(text, key.data, TRI_KEY_LEN);
    memcpy(text + TRI_KEY_LEN, accept_guid, sizeof accept_guid - 1);

    uint8_t digest[WC_SHA_DIGEST_SIZE];
    int err = wc_ShaHash(text, (word32)sizeof text, digest);
    assert(err == 0);
    word32 len = TRI_ACCEPT_LEN;
    err = Base64_Encode_NoNl(digest, (word32)sizeof digest, (uint8_t *)out, &len);
    assert(err == 0 && len == TRI_ACCEPT_LEN);
}
