#include "seal_h3.h"

#include "base_cursor.h"

#include <assert.h>

#include <string.h>

#define SECRET_LEN ((size_t)32)

/* HKDF-Expand-Label: RFC 8446 section 7.1 */
static void expand(uint8_t *out, size_t out_len, const uint8_t *secret, const char *label)
{
    uint8_t info[64];
    size_t label_len = strlen(label);
    uint8_t *p = tri_put_u16(info, (uint16_t)out_len);
    p = tri_put_u8(p, (uint8_t)(6 + label_len));
    p = tri_put_bytes(p, "tls13 ", 6);
    p = tri_put_bytes(p, label, label_len);
    p = tri_put_u8(p, 0);
    int rv = wc_HKDF_Expand(WC_SHA256, secret, SECRET_LEN, info, (word32)(p - info), out,
                            (word32)out_len);
    assert(rv == 0);
}

void seal_h3_init(struct seal_h3 *s, const uint8_t *secret, size_t len)
{
    uint8_t key[16];
    uint8_t header_key[16];
    assert(len == SECRET_LEN);
    *s = (struct seal_h3){.iv = {0}};
    expand(key, sizeof key, secret, "quic key");
    expand(header_key, sizeof header_key, secret, "quic hp");
    expand(s->iv, sizeof s->iv, secret, "quic iv");
    int rv = wc_AesInit(&s->payload, NULL, INVALID_DEVID);
    assert(rv == 0);
    rv = wc_AesGcmSetKey(&s->payload, key, sizeof key);
    assert(rv == 0);
    rv = wc_AesInit(&s->header, NULL, INVALID_DEVID);
    assert(rv == 0);
    rv = wc_AesSetKeyDirect(&s->header, header_key, sizeof header_key, NULL, AES_ENCRYPTION);
    assert(rv == 0);
}

/* RFC 9001 section 5.2 */
void seal_h3_init_first(struct seal_h3 *s, const ngtcp2_cid *dcid)
{
    static const uint8_t salt[] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                   0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
    uint8_t initial[SECRET_LEN];
    uint8_t client[SECRET_LEN];
    int rv =
        wc_HKDF_Extract(WC_SHA256, salt, sizeof salt, dcid->data, (word32)dcid->datalen, initial);
    assert(rv == 0);
    expand(client, sizeof client, initial, "client in");
    seal_h3_init(s, client, sizeof client);
}

void seal_h3_deinit(struct seal_h3 *s)
{
    wc_AesFree(&s->payload);
    wc_AesFree(&s->header);
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
    p = tri_put_u16(p, (uint16_t)(v >> 16));
    return tri_put_u16(p, (uint16_t)v);
}

/* Encrypts behind the header of |header_len| bytes, which ends in a packet number of 4. */
static size_t seal(struct seal_h3 *s, uint8_t *out, size_t header_len, uint32_t number,
                   struct tri_slice frames)
{
    uint8_t nonce[12];
    memcpy(nonce, s->iv, sizeof nonce);
    for (size_t i = 0; i < 4; i++) {
        nonce[8 + i] ^= (uint8_t)(number >> (24 - 8 * i));
    }
    uint8_t *body = out + header_len;
    int rv = wc_AesGcmEncrypt(&s->payload, body, frames.data, (word32)frames.len, nonce,
                              sizeof nonce, body + frames.len, 16, out, (word32)header_len);
    assert(rv == 0);
    uint8_t mask[16]; /* RFC 9001 section 5.4: the number has 4 bytes, so the sample starts here */
    rv = wc_AesEncryptDirect(&s->header, mask, body);
    assert(rv == 0);
    out[0] ^= mask[0] & (out[0] & 0x80 ? 0x0f : 0x1f);
    for (size_t i = 0; i < 4; i++) {
        out[header_len - 4 + i] ^= mask[1 + i];
    }
    return header_len + frames.len + 16;
}

size_t seal_h3_short(struct seal_h3 *s, uint8_t *out, const ngtcp2_cid *dcid, uint32_t number,
                     struct tri_slice frames)
{
    uint8_t *p = tri_put_u8(out, 0x43);
    p = tri_put_bytes(p, dcid->data, dcid->datalen);
    p = put_u32(p, number);
    return seal(s, out, (size_t)(p - out), number, frames);
}

/* NOLINTNEXTLINE(readability-function-size) */
size_t seal_h3_long(struct seal_h3 *s, uint8_t *out, uint8_t type, const ngtcp2_cid *dcid,
                    const ngtcp2_cid *scid, uint32_t number, struct tri_slice frames)
{
    assert(frames.len + 20 < 0x4000);
    uint8_t *p = tri_put_u8(out, (uint8_t)(0xc3 | type << 4));
    p = put_u32(p, NGTCP2_PROTO_VER_V1);
    p = tri_put_u8(p, (uint8_t)dcid->datalen);
    p = tri_put_bytes(p, dcid->data, dcid->datalen);
    p = tri_put_u8(p, (uint8_t)scid->datalen);
    p = tri_put_bytes(p, scid->data, scid->datalen);
    if (type == 0) {
        p = tri_put_u8(p, 0); /* no token */
    }
    p = tri_put_u16(p, (uint16_t)(0x4000 | (frames.len + 4 + 16)));
    p = put_u32(p, number);
    return seal(s, out, (size_t)(p - out), number, frames);
}
