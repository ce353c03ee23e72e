/*
 * How fast the pieces are that every byte or every frame goes through: masking, UTF-8, frame headers;
 * and what a session at rest costs in memory. `./dev bench micro`
 *
 * Bytes lie in the caches but for what is too large for them. The rows of a table take turns, so that
 * whatever else the machine does hits all alike; each figure is the median of ROUNDS.
 */
#include "ws_frame.h"
#include "ws_mask_impl.h"
#include "ws_session.h"
#include "ws_utf8_impl.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 151u
#define ROUND_NS UINT64_C(200000) /* short: most rounds run through without another process */
#define ROWS_MAX 12u
#define SIZE_MAX_BYTES ((size_t)(1024 * 1024))
#define ALIGNMENT 64u
/* An area: not whole pages, because a load and a store that far apart are taken for the same. */
#define AREA_BYTES (SIZE_MAX_BYTES + 17 * (size_t)ALIGNMENT)
#define HEADER_BYTES 8u /* payload begins behind its frame's header, on no border of a vector */

/* Bytes to work on: four areas, each with room for SIZE_MAX_BYTES. */
struct ground {
    uint8_t *a, *b;
    uint8_t *ascii;
    uint8_t *mixed; /* code points of 1, 2, 3 and 4 bytes, one as often as the other */
    size_t size;    /* bytes to take of them */
    uint64_t frame_len;
    bool is_frame_masked;
    uint8_t frame[TRI_FRAME_HEADER_MAX];
    size_t frame_header_len;
};

/* Does one thing once. */
typedef void run_fn(struct ground *g);

struct row {
    const char *name;
    const char *how; /* the implementation */
    run_fn *run;
};

/* The compiler must believe that all memory is read and written here. */
static void keep_all(void)
{
    __asm__ volatile("" : : : "memory");
}

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static void run_memcpy(struct ground *g)
{
    memcpy(g->b, g->a, g->size);
}

static void run_unmask_copy(struct ground *g)
{
    tri_mask_apply(g->b, g->a, g->size, key, 0);
}

static void run_unmask(struct ground *g)
{
    tri_mask_apply(g->b, g->b, g->size, key, 0);
}

static void run_unmask_scalar(struct ground *g)
{
    tri_mask_apply_scalar(g->b, g->b, g->size, key, 0);
}

static void run_utf8(const uint8_t *data, size_t len)
{
    const bool is_valid = tri_utf8_is_valid(data, len);
    assert(is_valid);
}

static void run_utf8_scalar(const uint8_t *data, size_t len)
{
    struct tri_utf8 u;
    tri_utf8_init(&u);
    const bool is_valid = tri_utf8_feed_scalar(&u, data, len);
    assert(is_valid);
}

static void run_ascii(struct ground *g)
{
    run_utf8(g->ascii, g->size);
}

static void run_ascii_scalar(struct ground *g)
{
    run_utf8_scalar(g->ascii, g->size);
}

static void run_mixed(struct ground *g)
{
    run_utf8(g->mixed, g->size);
}

static void run_mixed_scalar(struct ground *g)
{
    run_utf8_scalar(g->mixed, g->size);
}

static void run_encode(struct ground *g)
{
    const struct tri_frame frame = {.opcode = TRI_OP_BINARY,
                                    .fin = true,
                                    .masked = g->is_frame_masked,
                                    .mask = {0x37, 0xfa, 0x21, 0x3d},
                                    .payload_len = g->frame_len};
    g->frame_header_len = tri_frame_encode(&frame, g->frame);
}

static void run_decode(struct ground *g)
{
    struct tri_frame frame;
    size_t used = 0;
    const enum tri_err err = tri_frame_decode(g->frame, sizeof g->frame, &frame, &used);
    assert(err == TRI_OK && used == g->frame_header_len);
}

/* --- measuring --- */

static uint64_t read_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static uint64_t time_runs(run_fn *run, struct ground *g, uint64_t times)
{
    run(g); /* what the row before has left in the caches is not this one's */
    const uint64_t start_ns = read_clock_ns();
    for (uint64_t i = 0; i < times; i++) {
        run(g);
        keep_all();
    }
    return read_clock_ns() - start_ns;
}

/* How many runs fill a round. */
static uint64_t count_runs(run_fn *run, struct ground *g)
{
    uint64_t times = 1;
    while (time_runs(run, g, times) < ROUND_NS) {
        times *= 2;
    }
    return times;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median time of one run of each of the |rows|, in |ns|. */
static void measure(const struct row *rows, size_t len, struct ground *g, double *ns)
{
    double took[ROWS_MAX][ROUNDS];
    uint64_t times[ROWS_MAX];
    assert(len <= ROWS_MAX);
    for (size_t i = 0; i < len; i++) {
        times[i] = count_runs(rows[i].run, g);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < len; i++) {
            took[i][round] = (double)time_runs(rows[i].run, g, times[i]) / (double)times[i];
        }
    }
    for (size_t i = 0; i < len; i++) {
        qsort(took[i], ROUNDS, sizeof took[i][0], compare);
        ns[i] = took[i][ROUNDS / 2];
    }
}

/* --- bytes --- */

/* Four areas in one piece of memory, which the caller frees. */
static uint8_t *new_areas(struct ground *g)
{
    uint8_t *bytes = aligned_alloc(ALIGNMENT, 4 * AREA_BYTES);
    if (!bytes) {
        perror("bench");
        exit(1);
    }
    memset(bytes, 'x', 4 * AREA_BYTES);
    g->a = bytes + HEADER_BYTES;
    g->b = g->a + AREA_BYTES;
    g->ascii = g->b + AREA_BYTES;
    g->mixed = g->ascii + AREA_BYTES;
    return bytes;
}

/* Whole code points only, of |len| bytes together. */
static void fill_mixed(uint8_t *data, size_t len)
{
    static const char *const code_points[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    size_t i = 0;
    for (unsigned turn = 0; i < len; turn = turn * 5 + 3) {
        const size_t width = 1 + turn / 64 % 4;
        if (width > len - i) {
            data[i++] = 'a';
        } else {
            memcpy(data + i, code_points[width - 1], width);
            i += width;
        }
    }
}

/* --- tables --- */

#define SIZES 5u
static const size_t sizes[SIZES] = {32, 125, 1024, (size_t)16 * 1024, SIZE_MAX_BYTES};

static void print_bytes(struct ground *g)
{
    const char *mask = tri_mask_impl_name(), *utf8 = tri_utf8_impl_name();
    const struct row rows[] = {
        {"memcpy, one buffer to another", "libc", run_memcpy},
        {"unmask, one buffer to another", mask, run_unmask_copy},
        {"unmask, in one buffer", mask, run_unmask},
        {"unmask, in one buffer", "scalar", run_unmask_scalar},
        {"validate UTF-8, ASCII", utf8, run_ascii},
        {"validate UTF-8, ASCII", "scalar", run_ascii_scalar},
        {"validate UTF-8, 1 to 4 bytes", utf8, run_mixed},
        {"validate UTF-8, 1 to 4 bytes", "scalar", run_mixed_scalar},
    };
    const size_t len = sizeof rows / sizeof rows[0];
    double ns[SIZES][ROWS_MAX];
    for (size_t s = 0; s < SIZES; s++) {
        g->size = sizes[s];
        fill_mixed(g->mixed, g->size);
        measure(rows, len, g, ns[s]);
    }

    printf("chosen on this machine: %s for masking, %s for UTF-8\n\n", mask, utf8);
    printf(
        "GB/s of payload, and in brackets the share of memcpy's. memcpy reads one buffer and writes\n"
        "another; unmasking does either that, or reads and writes one; validating only reads.\n\n");
    printf("%-31s%-7s%14s%14s%14s%14s%14s\n", "", "by", "32 B", "125 B", "1 KiB", "16 KiB",
           "1 MiB");
    for (size_t i = 0; i < len; i++) {
        printf("%-31s%-7s", rows[i].name, rows[i].how);
        for (size_t s = 0; s < SIZES; s++) {
            printf("%7.2f (%4.2f)", (double)sizes[s] / ns[s][i], ns[s][0] / ns[s][i]);
        }
        printf("\n");
    }
}

static void print_frames(struct ground *g)
{
    static const uint64_t lens[] = {32, 1024, 65536};
    const struct row rows[] = {{"encode", "", run_encode}, {"decode", "", run_decode}};
    double ns[2];
    printf("\nns per frame header        encode    decode\n\n");
    for (unsigned masked = 0; masked < 2; masked++) {
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            g->frame_len = lens[i];
            g->is_frame_masked = masked != 0;
            measure(rows, 2, g, ns);
            printf("%6u B payload, %-8s %8.2f  %8.2f\n", (unsigned)lens[i],
                   masked ? "masked" : "plain", ns[0], ns[1]);
        }
    }
}

int main(void)
{
    struct ground g = {.size = 0};
    uint8_t *areas = new_areas(&g);
    print_bytes(&g);
    print_frames(&g);
    printf("\nan idle session, without its stream: %zu bytes\n", tri_session_idle_bytes());
    free(areas);
    return 0;
}
