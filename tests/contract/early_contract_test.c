/*
 * Early data from the first packet to the handler: the server's rules on the HTTP/3 adapter, with a
 * client that comes back. Row N7.
 */
#include "rig_h3.h"

#include "server_request.h"
#include "test_hub.h"

static void answer(void *user, struct tri_request *req)
{
    (void)user;
    (void)tri_request_reply(req, 200, NULL, 0, "", 0);
}

static void take_open(void *user, struct tri_ws *ws)
{
    (void)ws;
    ++*(int *)user;
}

static const struct tri_http_handler http_handler = {.on_request = answer};
static const struct tri_ws_handler ws_handler = {.on_open = take_open};

struct scene {
    struct test_hub hub;
    struct rig_h3 *rig;
    struct peer_h3_ticket ticket;
    int opens;
};

/* A client that has been there, and is back with requests that are not sent yet. */
static void set_up(struct scene *s, enum tri_early_data mode)
{
    test_hub_init(&s->hub);
    s->opens = 0;
    struct tri_config *config = &s->hub.shared.config;
    assert_int_equal(tri_config_early_data(config, mode), TRI_OK);
    assert_int_equal(tri_config_http_route(config, "/", &http_handler, NULL), TRI_OK);
    assert_int_equal(tri_config_http_route_early(config, "/"), TRI_OK);
    assert_int_equal(tri_config_ws(config, "/echo", &ws_handler, &s->opens), TRI_OK);
    s->rig = rig_h3_new(&(struct rig_h3_options){
        .events = &tri_request_exchange_events, .user = &s->hub.link, .early_data = true});
    assert_true(peer_h3_take_ticket(s->rig->peer, &s->ticket));
    rig_h3_hang_up(s->rig);
    s->rig->peer =
        peer_h3_new(&(struct peer_h3_options){.ticket = &s->ticket, .early = true}, s->rig->now_ns);
}

static void tear_down(struct scene *s)
{
    peer_h3_drop_ticket(&s->ticket);
    rig_h3_free(s->rig);
    test_hub_deinit(&s->hub);
}

static void N7_a_websocket_in_early_data_opens_once_the_handshake_is_complete(void **state)
{
    (void)state;
    struct scene s;
    set_up(&s, TRI_EARLY_DATA_WAIT);
    int get = rig_h3_request(s.rig, rig_h3_get_fields, true);
    int socket = rig_h3_request(s.rig, rig_h3_websocket_fields, false);
    rig_h3_flush(s.rig);
    rig_h3_advance(s.rig, 1);
    assert_int_equal(s.hub.link.metrics->requests, 1); /* the GET */
    assert_int_equal(s.opens, 0);
    rig_h3_run(s.rig);
    assert_int_equal(rig_h3_seen(s.rig, get)->status, 200);
    assert_int_equal(rig_h3_seen(s.rig, socket)->status, 200);
    assert_int_equal(s.opens, 1);
    tear_down(&s);
}

static void N7_a_websocket_in_early_data_gets_425_where_that_is_wanted(void **state)
{
    (void)state;
    struct scene s;
    set_up(&s, TRI_EARLY_DATA_REFUSE);
    int early = rig_h3_request(s.rig, rig_h3_websocket_fields, false);
    rig_h3_run(s.rig);
    assert_int_equal(rig_h3_seen(s.rig, early)->status, 425);
    assert_int_equal(s.opens, 0);
    assert_int_equal(s.hub.link.metrics->refused[TRI_REFUSED_EARLY], 1);
    int again = rig_h3_websocket(s.rig);
    assert_int_equal(rig_h3_seen(s.rig, again)->status, 200);
    assert_int_equal(s.opens, 1);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N7_a_websocket_in_early_data_opens_once_the_handshake_is_complete),
        cmocka_unit_test(N7_a_websocket_in_early_data_gets_425_where_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
