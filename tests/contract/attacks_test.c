/*
 * Every attack that is known for the three HTTPs and needs no slowness: the one who tries it is
 * stopped, sockets beside it echo all the while, and the memory comes back to its level. A line for
 * each says what stopped it.
 *
 * The tables: attacks_h1, attacks_h2, attacks_h3, attacks_h3_strangers.
 */
#include "attacks.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* What a connection that lives on may have grown by: its table of header fields, its statistics. */
#define SLACK_BYTES ((size_t)(16 * 1024))

#define ATTACKS_MAX ((size_t)100)

static void run_attack(void **state)
{
    const struct attack *a = *state;
    struct attack_report r = {.echoes = 0};
    a->run(a, &r);
    printf("attacks: %s | stopped by %s | bystander %u echoes, %u beside it | memory %zu/%zu\n",
           a->name, r.stopped_by, r.echoes, r.echoes_beside, r.before, r.after);
    assert_true(r.stopped_by[0] != '\0');
    assert_true(r.echoes >= 2);
    assert_true(r.before > 0 && r.after <= r.before + SLACK_BYTES);
}

static size_t fill(struct CMUnitTest *tests, struct attacks part)
{
    for (size_t i = 0; i < part.len; i++) {
        const struct attack *a = &part.list[i];
        tests[i] = (struct CMUnitTest){
            .name = a->name, .test_func = run_attack, .initial_state = (void *)(uintptr_t)a};
    }
    return part.len;
}

int main(void)
{
    static struct CMUnitTest tests[ATTACKS_MAX];
    const struct attacks parts[] = {attacks_h1(), attacks_h2(), attacks_h3(),
                                    attacks_h3_strangers()};
    size_t n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert(n + parts[i].len <= ATTACKS_MAX);
        n += fill(tests + n, parts[i]);
    }
    return _cmocka_run_group_tests("attacks", tests, n, NULL, NULL);
}
