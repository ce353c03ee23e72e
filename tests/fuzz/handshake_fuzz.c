/*
 * The handshake on any fields: the builder, the HTTP/1.1 normalisation, the routes, the verdict,
 * and what would be agreed on compression.
 * The input is a run of names and values, each ended by NUL; names are taken as they are, for the
 * engines in front have checked them.
 */
#include "http_builder.h"
#include "http_handshake.h"
#include "http_origins.h"
#include "http_upgrade.h"
#include "test_alloc.h"

#include <assert.h>

static const struct tri_ws_handler ws;
static const struct tri_http_handler http;

static struct tri_slice take_text(struct tri_slice *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\0', rest->len) : NULL;
    const struct tri_slice text =
        tri_slice_of(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    const size_t used = text.len + (end ? 1 : 0);
    rest->data += used;
    rest->len -= used;
    return text;
}

static void fill(struct tri_request_builder *b, struct tri_slice rest)
{
    enum tri_err err = TRI_OK;
    while (rest.len > 0 && err == TRI_OK) {
        const struct tri_slice name = take_text(&rest);
        const struct tri_slice value = take_text(&rest);
        if (name.len > 0) {
            err = tri_request_builder_add(b, name, value);
        }
    }
}

static bool is_between(unsigned bits, unsigned least, unsigned most)
{
    return bits >= least && bits <= most;
}

/* Whatever was offered, the answer can be given and kept. */
static void agree(const struct tri_deflate_offers *offers, enum tri_deflate mode, unsigned bits)
{
    struct tri_deflate_params params;
    tri_deflate_agree(offers, mode, bits, &params);
    assert(params.mode <= mode);
    if (params.mode == TRI_DEFLATE_OFF) {
        return;
    }
    char answer[TRI_DEFLATE_ANSWER_MAX];
    const size_t len = tri_deflate_answer(&params, answer);
    assert(len > 0 && len <= sizeof answer);
    const bool keeps = !params.server_no_context_takeover || !params.client_no_context_takeover;
    assert(keeps == (params.mode == TRI_DEFLATE_DEDICATED));
    assert(is_between(params.server_max_window_bits, TRI_DEFLATE_BITS_MIN, TRI_DEFLATE_BITS_MAX));
    assert(is_between(params.client_max_window_bits, 8, TRI_DEFLATE_BITS_MAX));
}

static void agree_on_all(const struct tri_deflate_offers *offers)
{
    assert(offers->len <= TRI_DEFLATE_OFFERS_MAX);
    for (unsigned bits = TRI_DEFLATE_BITS_MIN; bits <= TRI_DEFLATE_BITS_MAX; bits++) {
        agree(offers, TRI_DEFLATE_OFF, bits);
        agree(offers, TRI_DEFLATE_SHARED, bits);
        agree(offers, TRI_DEFLATE_DEDICATED, bits);
    }
}

static void check_opening(const struct tri_request_head *head, const struct tri_route *route,
                          const struct tri_handshake *out)
{
    assert(route && route->ws && head->protocol.len > 0);
    assert(out->subprotocol.len == 0 || strstr(route->subprotocols, "chat") != NULL);
    assert(tri_request_head_count(head, "origin") <= 1 || !route->origins);
    agree_on_all(&out->deflate);
}

static void judge(const struct tri_request_head *head, const struct tri_routes *routes)
{
    const struct tri_route *route = tri_routes_find(routes, tri_request_head_path(head));
    struct tri_handshake out;
    switch (tri_handshake_verdict(head, route, &out)) {
    case TRI_VERDICT_WEBSOCKET:
        check_opening(head, route, &out);
        break;
    case TRI_VERDICT_PLAIN:
        assert(route && route->http);
        break;
    case TRI_VERDICT_REFUSE:
        assert(out.reason && out.reason[0] != '\0');
        assert(out.refusal.answer != TRI_ANSWER_PLAIN || out.refusal.status >= 400);
        break;
    }
    (void)tri_request_head_query(head);
}

/* One WebSocket route that asks for nothing, one that is choosy, and pages below both. */
static void add_routes(struct tri_routes *routes)
{
    enum tri_err err = tri_routes_add_ws(routes, "/echo", &ws, NULL);
    assert(err == TRI_OK);
    err = tri_routes_add_ws(routes, "/chat/", &ws, NULL);
    assert(err == TRI_OK);
    struct tri_route *chat = tri_routes_get_ws(routes, "/chat/");
    assert(chat);
    static const char subprotocols[] = "chat, superchat";
    static const char origins[] = "https://localhost, https://example.com:8443, null";
    assert(tri_subprotocols_are_valid(subprotocols) && tri_origins_are_valid(origins));
    chat->subprotocols = tri_alloc_string(routes->alloc, subprotocols, strlen(subprotocols));
    chat->origins = tri_alloc_string(routes->alloc, origins, strlen(origins));
    assert(chat->subprotocols && chat->origins);
    err = tri_routes_add_http(routes, "/", &http, NULL);
    assert(err == TRI_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes routes;
    tri_routes_init(&routes, &t.alloc);
    add_routes(&routes);

    struct tri_request_builder b;
    tri_request_builder_init(&b, &t.alloc);
    fill(&b, tri_slice_of(data, len));
    struct tri_request_head head;
    if (tri_request_builder_finish(&b, &head) == TRI_OK) {
        struct tri_request_head dialect = head;
        struct tri_slice key;
        judge(&head, &routes);
        dialect.protocol = TRI_SLICE("");
        if (tri_upgrade_normalise(&dialect, &key) == TRI_OK) {
            char accept[TRI_ACCEPT_LEN];
            judge(&dialect, &routes);
            if (dialect.protocol.len > 0) {
                tri_upgrade_accept(key, accept);
            }
        }
    }
    tri_request_builder_deinit(&b);
    tri_routes_deinit(&routes);
    assert(t.live == 0);
    return 0;
}
