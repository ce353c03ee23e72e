/*
 * Datagrams into an h3 endpoint. The first byte says which kind, the rest is cut into pieces by
 * two-byte lengths:
 *
 *   even   raw datagrams to an endpoint that knows nobody
 *   odd    frames, sealed with a client's keys: bit 1 tells whether in first packets (a handshake
 *          of the input's own making), or in packets of a connection that stands. Bit 2: the
 *          connection has a socket that sends.
 *
 * Sealed frames are what no proper client sends and what any attacker can.
 */
#include "base_timeout.h"
#include "peer_h3.h"
#include "rig_h3.h"
#include "seal_h3.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* ---- whoever lives on a stream: sends as much as is taken, and keeps count */

struct guest {
    struct tri_exchange *exchange;
    size_t sent, released;
};

static uint8_t bytes[70000];

static void on_data(void *session, const uint8_t *data, size_t len)
{
    struct guest *g = session;
    assert(len > 0 && data);
    g->exchange->stream.ops->consume(&g->exchange->stream, len);
}

static void on_fin(void *session)
{
    (void)session;
}

static size_t peek(void *session, struct tri_slice *out, size_t out_max, bool *fin)
{
    const struct guest *g = session;
    assert(out_max > 0);
    *fin = true;
    out[0] = tri_slice_of(bytes + g->sent, sizeof bytes - g->sent);
    return 1;
}

static void on_sent(void *session, size_t len)
{
    struct guest *g = session;
    g->sent += len;
    assert(g->sent <= sizeof bytes);
}

static void on_released(void *session, size_t len)
{
    struct guest *g = session;
    g->released += len;
    assert(g->released <= g->sent);
}

static void on_closed(void *session, enum tri_stream_cause cause)
{
    (void)cause;
    free(session);
}

static const struct tri_stream_events guest_events = {
    .on_data = on_data,
    .on_fin = on_fin,
    .peek = peek,
    .on_sent = on_sent,
    .on_released = on_released,
    .on_closed = on_closed,
};

static void on_request(void *user, struct tri_exchange *x, const struct tri_request_head *head)
{
    (void)user;
    if (head->path.len % 3 == 0) {
        return; /* never answered */
    }
    struct guest *g = calloc(1, sizeof *g);
    assert(g);
    g->exchange = x;
    const struct tri_response r = {.answer = head->protocol.len > 0 ? TRI_ANSWER_WEBSOCKET
                                                                    : TRI_ANSWER_PLAIN,
                                   .status = 200,
                                   .content_length = TRI_LENGTH_NONE,
                                   .events = &guest_events,
                                   .session = g};
    if (x->ops->respond(x, &r) != TRI_OK) {
        free(g);
    }
}

static void on_cancel(void *user, struct tri_exchange *x)
{
    (void)user;
    assert(!x->stream.events);
}

static void on_wake(void *user)
{
    (void)user;
}

static const struct tri_exchange_events events = {
    .on_request = on_request, .on_cancel = on_cancel, .on_wake = on_wake};

/* ---- pieces */

static bool next_piece(struct tri_slice *rest, struct tri_slice *piece)
{
    if (rest->len < 2) {
        return false;
    }
    size_t len = (size_t)rest->data[0] << 8 | rest->data[1];
    *rest = tri_slice_of(rest->data + 2, rest->len - 2);
    len = len < rest->len ? len : rest->len;
    len = len < 1300 ? len : 1300;
    *piece = tri_slice_of(rest->data, len);
    *rest = tri_slice_of(rest->data + len, rest->len - len);
    return true;
}

/* What the server does with it: answers, and timers. Nobody listens. */
static void settle(struct rig_h3 *r)
{
    rig_h3_flush(r);
    r->now_ns += 3 * TRI_NS_PER_MS;
    if (tri_h3_endpoint_deadline_ns(r->endpoint) <= r->now_ns) {
        tri_h3_endpoint_expire(r->endpoint, r->now_ns);
        rig_h3_flush(r);
    }
}

static void inject_raw(struct rig_h3 *r, struct tri_slice rest)
{
    for (struct tri_slice piece; next_piece(&rest, &piece);) {
        rig_h3_inject(r, piece.data, piece.len);
        settle(r);
    }
}

static void inject_first(struct rig_h3 *r, struct tri_slice rest)
{
    const ngtcp2_cid dcid = {.datalen = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}};
    const ngtcp2_cid scid = {.datalen = 4, .data = {9, 9, 9, 9}};
    struct seal_h3 seal;
    uint32_t number = 0;
    seal_h3_init_first(&seal, &dcid);
    for (struct tri_slice piece; next_piece(&rest, &piece);) {
        uint8_t frames[1400] = {0}; /* PADDING behind, so that it is a client's first packet */
        uint8_t packet[1400 + SEAL_H3_OVERHEAD];
        if (piece.len > 0) {
            memcpy(frames, piece.data, piece.len);
        }
        size_t len = piece.len > 1200 ? piece.len : 1200;
        len = seal_h3_long(&seal, packet, 0, &dcid, &scid, number++, tri_slice_of(frames, len));
        rig_h3_inject(r, packet, len);
        settle(r);
    }
    seal_h3_deinit(&seal);
}

static void inject_later(struct rig_h3 *r, struct tri_slice rest, bool has_socket)
{
    rig_h3_dial(r);
    if (!peer_h3_is_ready(r->peer)) {
        return;
    }
    if (has_socket) {
        int stream = rig_h3_request(r, rig_h3_websocket_fields, false);
        assert(stream >= 0);
        rig_h3_flush(r);
        r->now_ns += 2 * TRI_NS_PER_MS;
    }
    struct seal_h3 seal;
    uint32_t number = 1000;
    ngtcp2_cid dcid = *ngtcp2_conn_get_dcid2(r->peer->quic);
    seal_h3_init(&seal, r->peer->secrets[NGTCP2_ENCRYPTION_LEVEL_1RTT], r->peer->secrets_len);
    rig_h3_run(r);
    rig_h3_hang_up(r);
    for (struct tri_slice piece; next_piece(&rest, &piece);) {
        uint8_t frames[1400] = {0};
        uint8_t packet[1400 + SEAL_H3_OVERHEAD];
        if (piece.len > 0) {
            memcpy(frames, piece.data, piece.len);
        }
        size_t len = piece.len > 4 ? piece.len : 4; /* or there is no sample */
        len = seal_h3_short(&seal, packet, &dcid, number++, tri_slice_of(frames, len));
        rig_h3_inject(r, packet, len);
        settle(r);
    }
    seal_h3_deinit(&seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    static struct rig_h3 rig;
    bool made = rig_h3_init(&rig, &(struct rig_h3_options){.events = &events, .user = &rig});
    assert(made);
    struct tri_slice rest = tri_slice_of(data + 1, len - 1);
    if ((data[0] & 1) == 0) {
        inject_raw(&rig, rest);
    } else if ((data[0] & 2) == 0) {
        inject_first(&rig, rest);
    } else {
        inject_later(&rig, rest, (data[0] & 4) != 0);
    }
    rig_h3_advance(&rig, 1000);
    rig_h3_deinit(&rig);
    return 0;
}
