/*
 * A connection of HTTP/2 lives through each of its allocations failing once: no crash, no leak, no
 * wait without end, and what the failure does not hit is served.
 */
#include "alloc_life.h"
#include "fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void each_allocation_of_a_life_may_fail(void **state)
{
    (void)state;
    alloc_life_sweep(&fixture_h2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_of_a_life_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
