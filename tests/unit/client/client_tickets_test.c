/* Sessions that can be resumed: which is given out, and how many are kept. */
#include "client_tickets.h"
#include "test_alloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void a_session_is_given_out_once_for_what_it_was_made_for(void **state)
{
    (void)state;
    struct test_alloc heap;
    test_alloc_init(&heap);
    struct tri_client_tickets t;
    tri_client_tickets_init(&t, &heap.alloc);
    WOLFSSL_SESSION *a = wolfSSL_SESSION_new(), *b = wolfSSL_SESSION_new();
    tri_client_tickets_put(&t, "host", TRI_HTTP_2, a);
    tri_client_tickets_put(&t, "host", TRI_HTTP_2, b);
    tri_client_tickets_put(&t, "host", TRI_HTTP_2, NULL);
    assert_int_equal(t.len, 2);
    assert_null(tri_client_tickets_take(&t, "host", TRI_HTTP_3));
    assert_null(tri_client_tickets_take(&t, "host", TRI_HTTP_1_1 | TRI_HTTP_2));
    assert_null(tri_client_tickets_take(&t, "host:444", TRI_HTTP_2));
    assert_ptr_equal(tri_client_tickets_take(&t, "host", TRI_HTTP_2), b); /* the newest */
    assert_ptr_equal(tri_client_tickets_take(&t, "host", TRI_HTTP_2), a);
    assert_null(tri_client_tickets_take(&t, "host", TRI_HTTP_2));
    wolfSSL_SESSION_free(a);
    heap.fail_at = heap.calls + 1;
    tri_client_tickets_put(&t, "host", TRI_HTTP_2, b); /* no memory: it is freed */
    assert_int_equal(t.len, 0);
    tri_client_tickets_deinit(&t);
    assert_int_equal(heap.live, 0);
}

static void of_too_many_the_oldest_goes(void **state)
{
    (void)state;
    struct test_alloc heap;
    test_alloc_init(&heap);
    struct tri_client_tickets t;
    tri_client_tickets_init(&t, &heap.alloc);
    tri_client_tickets_put(&t, "oldest", TRI_HTTP_2, wolfSSL_SESSION_new());
    for (unsigned i = 0; i < TRI_CLIENT_TICKETS_MAX; i++) {
        tri_client_tickets_put(&t, "host", TRI_HTTP_2, wolfSSL_SESSION_new());
    }
    assert_int_equal(t.len, TRI_CLIENT_TICKETS_MAX);
    assert_int_equal(heap.live, TRI_CLIENT_TICKETS_MAX);
    assert_null(tri_client_tickets_take(&t, "oldest", TRI_HTTP_2));
    tri_client_tickets_deinit(&t);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_given_out_once_for_what_it_was_made_for),
        cmocka_unit_test(of_too_many_the_oldest_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
