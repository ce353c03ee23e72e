#include "bare_h3.h"

#include "base_cursor.h"
#include "seal_h3.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ECHO_BYTES_MAX ((size_t)4096) /* of all echoes together */
#define FIRST_NUMBER 10000u           /* the client's own packets have smaller ones */

static void open_uni(struct peer_h3 *p, int64_t id, const char *bytes, size_t len)
{
    int64_t got = peer_h3_raw_open(p, true);
    assert(got == id);
    peer_h3_raw_send(p, id, bytes, len, false);
}

void bare_h3_init(struct bare_h3 *b, struct rig_h3 *r, bool has_streams)
{
    assert(r->options.peer.is_bare && !r->peer);
    *b = (struct bare_h3){.rig = r, .tenant = r->tenants_len, .packet_number = FIRST_NUMBER};
    rig_h3_dial(r);
    assert_true(peer_h3_is_ready(r->peer));
    if (has_streams) {
        open_uni(r->peer, BARE_H3_CONTROL, "\x00\x04\x00", 3);
        open_uni(r->peer, BARE_H3_ENCODER, "\x02", 1);
        open_uni(r->peer, BARE_H3_DECODER, "\x03", 1);
    }
    uint8_t *head = malloc(BARE_H3_BYTES_MAX);
    assert(head);
    b->socket = peer_h3_raw_open(r->peer, false);
    peer_h3_raw_send(r->peer, b->socket, head, bare_h3_headers(head, rig_h3_websocket_fields),
                     false);
    free(head);
    rig_h3_run(r);
    tenant_room(rig_h3_tenant(r, b->tenant), ECHO_BYTES_MAX);
    bare_h3_assert_echo(b);
}

void bare_h3_assert_echo(struct bare_h3 *b)
{
    struct rig_h3 *r = b->rig;
    struct tenant *t = rig_h3_tenant(r, b->tenant);
    char text[16];
    int n = snprintf(text, sizeof text, "echo %04u", (unsigned)++b->echoes);
    assert(n == 9);
    peer_h3_raw_send(r->peer, b->socket, "\x00\x09", 2, false);
    peer_h3_raw_send(r->peer, b->socket, text, 9, false);
    rig_h3_run(r);
    assert_int_equal(t->in_len, 9 * b->echoes);
    assert_memory_equal(t->in + t->in_len - 9, text, 9);
    tenant_send(t, text, 9);
    rig_h3_run(r);
    struct tri_slice in = tri_buf_peek(&r->peer->raw_in);
    assert_true(in.len >= 9);
    assert_memory_equal(in.data + in.len - 9, text, 9);
}

/* RFC 9204 section 4.1.1 */
static uint8_t *put_integer(uint8_t *p, uint8_t bits, unsigned prefix, size_t v)
{
    size_t max = ((size_t)1 << prefix) - 1;
    if (v < max) {
        return tri_put_u8(p, (uint8_t)(bits | v));
    }
    p = tri_put_u8(p, (uint8_t)(bits | max));
    for (v -= max; v >= 128; v /= 128) {
        p = tri_put_u8(p, (uint8_t)(128 | v % 128));
    }
    return tri_put_u8(p, (uint8_t)v);
}

size_t bare_h3_headers(uint8_t *out, const struct tri_header *fields)
{
    uint8_t *begin = out + 5; /* type, and a length of 4 bytes */
    uint8_t *p = tri_put_u16(begin, 0);
    for (const struct tri_header *f = fields; f->name; f++) {
        size_t name_len = strlen(f->name);
        size_t value_len = strlen(f->value);
        assert((size_t)(p - out) + name_len + value_len + 16 <= BARE_H3_BYTES_MAX);
        p = put_integer(p, 0x20, 3, name_len); /* RFC 9204 section 4.5.6 */
        p = tri_put_bytes(p, f->name, name_len);
        p = put_integer(p, 0, 7, value_len);
        p = tri_put_bytes(p, f->value, value_len);
    }
    size_t len = (size_t)(p - begin);
    uint8_t *h = tri_put_u8(out, 1);
    h = tri_put_u16(h, (uint16_t)(0x8000 | len >> 16));
    tri_put_u16(h, (uint16_t)len);
    return 5 + len;
}

void bare_h3_inject(struct bare_h3 *b, const void *frames, size_t len)
{
    const struct peer_h3 *p = b->rig->peer;
    uint8_t padded[1400] = {0};
    uint8_t packet[1400 + SEAL_H3_OVERHEAD];
    struct seal_h3 seal;
    assert(len <= sizeof padded);
    memcpy(padded, frames, len);
    len = len > 4 ? len : 4; /* or there is no sample */
    seal_h3_init(&seal, p->secrets[NGTCP2_ENCRYPTION_LEVEL_1RTT], p->secrets_len);
    len = seal_h3_short(&seal, packet, ngtcp2_conn_get_dcid2(p->quic), b->packet_number++,
                        tri_slice_of(padded, len));
    seal_h3_deinit(&seal);
    rig_h3_inject(b->rig, packet, len);
}
