/*
 * The handshake on any fields: the builder, the HTTP/1.1 normalisation, the routes and the verdict.
 * The input is a run of names and values, each ended by NUL; names are taken as they are, for the
 * engines in front have checked them.
 */
#include "http_builder.h"
#include "http_handshake.h"
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

static void judge(const struct tri_request_head *head, const struct tri_routes *routes)
{
    const struct tri_route *route = tri_routes_find(routes, tri_request_head_path(head));
    struct tri_response refusal;
    const char *reason = NULL;
    const enum tri_verdict verdict = tri_handshake_verdict(head, route, &refusal, &reason);
    assert(verdict != TRI_VERDICT_PLAIN || (route && route->http));
    assert(verdict != TRI_VERDICT_WEBSOCKET || (route && route->ws && head->protocol.len > 0));
    if (verdict == TRI_VERDICT_REFUSE) {
        assert(reason && reason[0] != '\0');
        assert(refusal.answer != TRI_ANSWER_PLAIN || refusal.status >= 400);
    }
    (void)tri_request_head_query(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct test_alloc t;
    test_alloc_init(&t);
    struct tri_routes routes;
    tri_routes_init(&routes, &t.alloc);
    enum tri_err err = tri_routes_add_ws(&routes, "/echo", &ws, NULL);
    assert(err == TRI_OK);
    err = tri_routes_add_http(&routes, "/", &http, NULL);
    assert(err == TRI_OK);

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
