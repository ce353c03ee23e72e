/* Memory that is short for one stream costs that stream. */
#include "rig_h3.h"

#include <stdlib.h>

static void answer_if_possible(struct rig_h3 *r, struct tenant *t)
{
    (void)r;
    const struct tri_response answer = {.answer = TRI_ANSWER_PLAIN, .status = 200};
    enum tri_err err = t->exchange->ops->respond(t->exchange, &answer);
    assert_true(err == TRI_OK || err == TRI_ERR_NOMEM);
}

static void a_stream_that_memory_is_short_for_is_refused_alone(void **state)
{
    (void)state;
    size_t refused = 0;
    for (size_t n = 1; n <= 12; n++) {
        struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.lossy = false});
        int socket = rig_h3_websocket(r);
        r->on_request = answer_if_possible;
        rig_h3_advance(r, 5000); /* nothing else is under way */
        r->alloc.fail_at = r->alloc.calls + n;
        int stream = rig_h3_request(r, rig_h3_get_fields, true);
        rig_h3_run(r);
        if (!r->peer->closed && rig_h3_seen(r, stream)->reset_seen) {
            assert_int_equal(rig_h3_seen(r, stream)->reset_code, NGHTTP3_H3_INTERNAL_ERROR);
            peer_h3_data(r->peer, socket, "on", 2);
            rig_h3_run(r);
            assert_int_equal(rig_h3_tenant(r, 0)->in_len, 2);
            rig_h3_assert_alive(r);
            refused++;
        }
        rig_h3_free(r);
    }
    assert_true(refused >= 3); /* the stream, its request, and a field of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_memory_is_short_for_is_refused_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
