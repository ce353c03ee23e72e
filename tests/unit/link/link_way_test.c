/* One direction: numbers, fates and counts. */
#include "link_way.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#define PACKETS 10000u
#define MS UINT64_C(1000000)

/* Sends numbered packets |gap_ns| apart; |got| says which came out, in which order. */
static size_t play(struct link_way *w, uint64_t gap_ns, uint32_t *got)
{
    size_t got_len = 0;
    uint64_t now_ns = MS;
    for (uint32_t i = 1; i <= PACKETS + 1; i++, now_ns += gap_ns) {
        if (i <= PACKETS) {
            link_way_take(w, (const uint8_t *)&i, sizeof i, now_ns);
        } else {
            now_ns += 1000 * MS; /* all arrive */
        }
        for (struct link_packet *packet; (packet = link_way_give(w, now_ns));) {
            got[got_len++] = *(const uint32_t *)(const void *)packet->data;
            free(packet);
        }
    }
    return got_len;
}

static void those_that_the_dice_name_are_lost_and_no_other(void **state)
{
    (void)state;
    static uint32_t got[PACKETS];
    const struct link_options options = {.seed = 7, .loss = 0.02, .line = {.delay_ns = 5 * MS}};
    struct link_way w;
    link_way_init(&w, &options, 0);
    size_t len = play(&w, MS / 10, got);
    size_t at = 0;
    for (uint32_t i = 1; i <= PACKETS; i++) {
        if (!link_way_is_lost(&w, i)) {
            assert_true(at < len && got[at] == i);
            at++;
        }
    }
    assert_int_equal(at, len);
    assert_int_equal(w.counts.packets, PACKETS);
    assert_int_equal(w.counts.bytes, PACKETS * sizeof(uint32_t));
    assert_int_equal(w.counts.lost, PACKETS - len);
    assert_in_range(w.counts.lost, 160, 240);
    assert_int_equal(w.counts.delivered, len);
    link_way_deinit(&w);
}

static void time_changes_no_fate(void **state)
{
    (void)state;
    static uint32_t slow[PACKETS];
    static uint32_t fast[PACKETS];
    const struct link_options options = {.seed = 7, .loss = 0.1};
    struct link_way w;
    link_way_init(&w, &options, 0);
    size_t slow_len = play(&w, 3 * MS, slow);
    link_way_deinit(&w);
    link_way_init(&w, &options, 0);
    assert_int_equal(play(&w, 0, fast), slow_len);
    assert_memory_equal(slow, fast, slow_len * sizeof slow[0]);
    link_way_deinit(&w);
}

static void directions_have_dice_of_their_own(void **state)
{
    (void)state;
    const struct link_options options = {.seed = 7, .loss = 0.5};
    struct link_way up;
    struct link_way down;
    unsigned same = 0;
    link_way_init(&up, &options, 0);
    link_way_init(&down, &options, 1);
    for (uint64_t i = 1; i <= PACKETS; i++) {
        same += link_way_is_lost(&up, i) == link_way_is_lost(&down, i);
    }
    assert_in_range(same, PACKETS * 45 / 100, PACKETS * 55 / 100);
}

static void those_held_back_are_overtaken_and_counted(void **state)
{
    (void)state;
    static uint32_t got[PACKETS];
    const struct link_options options = {
        .seed = 7, .reorder = 0.01, .line = {.delay_ns = 8 * MS, .hold_ns = 2 * MS}};
    struct link_way w;
    unsigned overtaken = 0;
    link_way_init(&w, &options, 1);
    assert_int_equal(play(&w, MS / 10, got), PACKETS);
    for (size_t i = 1; i < PACKETS; i++) {
        overtaken += got[i] < got[i - 1];
        if (got[i] < got[i - 1]) {
            assert_true(link_way_is_held(&w, got[i]));
        }
    }
    assert_in_range(w.counts.reordered, 70, 130);
    assert_in_range(overtaken, w.counts.reordered - 5, w.counts.reordered);
    link_way_deinit(&w);
}

static void what_the_queue_drops_is_no_loss(void **state)
{
    (void)state;
    static uint32_t got[PACKETS];
    const struct link_options options = {.seed = 7, .line = {.rate_bps = 1000000}};
    struct link_way w;
    link_way_init(&w, &options, 0);
    size_t len = play(&w, MS / 100, got);
    assert_int_equal(w.counts.lost, 0);
    assert_int_equal(w.counts.dropped, PACKETS - len);
    assert_true(w.counts.dropped > 0);
    link_way_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_the_dice_name_are_lost_and_no_other),
        cmocka_unit_test(time_changes_no_fate),
        cmocka_unit_test(directions_have_dice_of_their_own),
        cmocka_unit_test(those_held_back_are_overtaken_and_counted),
        cmocka_unit_test(what_the_queue_drops_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
