/* A hub is made and released, and every allocation of it may fail. */
#include "server_hub.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void ignore_time(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
}

static void ignore(void *user)
{
    (void)user;
}

static const struct tri_loop_events events = {
    .on_turn_end = ignore_time, .on_deadline = ignore_time, .on_wake = ignore};

static void a_hub_is_made_or_leaves_nothing(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct test_alloc heap;
        test_alloc_init(&heap);
        struct tri_shared shared = {.alloc = &heap.alloc};
        tri_config_init(&shared.config, &heap.alloc);
        struct tri_hub hub;
        heap.fail_at = n;
        enum tri_err err = tri_hub_init(&hub, &shared, &events, &hub);
        bool failed = test_alloc_has_failed(&heap);
        heap.fail_at = 0;
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        if (err == TRI_OK) {
            const uint64_t now = tri_hub_now_ns(&hub);
            assert_true(now > 0);
            assert_true(hub.sessions.now_ns == now && hub.bodies.now_ns == now);
            assert_ptr_equal(tri_hub_config(&hub), &shared.config);
            tri_hub_deinit(&hub);
        }
        tri_config_deinit(&shared.config);
        assert_int_equal(heap.live, 0);
        if (!failed) {
            assert_true(n > 1);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_hub_is_made_or_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
