/*
 * Measures a link from its two ends, with UDP:
 *
 *   link_probe serve PORT             sends each datagram back to where it came from; those that
 *                                     begin with "count" it only takes, and tells of at "end"
 *   link_probe ping HOST PORT COUNT GAP_US
 *                                     round trips, one datagram after another
 *   link_probe count HOST PORT COUNT GAP_US BYTES
 *                                     numbered datagrams one way: which did not arrive, which were
 *                                     overtaken, how long all took
 *   link_probe segments HOST PORT COUNT BYTES
 *                                     COUNT datagrams in one call of the kernel (UDP GSO), and back
 *
 * What it measured is a line of JSON.
 */
#include "link_forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 1000000u
#define BYTES_MAX 60000u
#define BUFFER_BYTES (32 << 20)
#define WAIT_MS 3000
#define QUIET_MS 500 /* after the last datagram: no more come */
#define END_TRIES 20
#define NS_A_US 1000.0
#define STATUS_USAGE 2

enum kind { ECHO, COUNT, END };

/* Everything in the host's order: both ends are this program. */
struct datagram {
    uint32_t kind;
    uint32_t number;
};

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "link_probe: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int bytes = BUFFER_BYTES;
    if (fd < 0) {
        fail("socket");
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    return fd;
}

static uint32_t number_of(const char *text, uint32_t most)
{
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (*end != '\0' || number > most) {
        (void)fprintf(stderr, "link_probe: not a number up to %u: %s\n", (unsigned)most, text);
        exit(STATUS_USAGE);
    }
    return (uint32_t)number;
}

static int dial(char *const *argv)
{
    int fd = open_socket();
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)number_of(argv[1], 65535))};
    if (inet_pton(AF_INET, argv[0], &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        fail(argv[0]);
    }
    return fd;
}

static bool wait_for(int fd, int ms)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, ms) > 0;
}

static void sleep_until(uint64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000u),
                                .tv_nsec = (long)(at_ns % 1000000000u)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* ---- serve */

/* What arrived of numbered datagrams. */
struct arrivals {
    bool *has; /* by number */
    uint32_t got, overtaken, highest;
    uint64_t first_ns, last_ns, bytes;
};

static void take_numbered(struct arrivals *a, const struct datagram *d, size_t len)
{
    uint64_t now_ns = link_now_ns();
    if (d->number > COUNT_MAX) {
        return;
    }
    a->has[d->number] = true;
    a->overtaken += d->number < a->highest;
    a->highest = d->number > a->highest ? d->number : a->highest;
    a->first_ns = a->got == 0 ? now_ns : a->first_ns;
    a->bytes += a->got > 0 ? len : 0; /* those of the time between first and last */
    a->last_ns = now_ns;
    a->got++;
}

/* On standard output, for whoever reads what the server says. */
static void tell_arrivals(const struct arrivals *a, uint32_t sent)
{
    const char *comma = "";
    (void)printf(
        "{\"sent\": %u, \"got\": %u, \"overtaken\": %u, \"seconds\": %.6f, \"bytes\": %" PRIu64
        ", \"missing\": [",
        (unsigned)sent, (unsigned)a->got, (unsigned)a->overtaken,
        (double)(a->last_ns - a->first_ns) / 1e9, a->bytes);
    for (uint32_t i = 1; i <= sent && i <= COUNT_MAX; i++) {
        if (!a->has[i]) {
            (void)printf("%s%u", comma, (unsigned)i);
            comma = ",";
        }
    }
    (void)printf("]}\n");
    (void)fflush(stdout);
}

static void serve_one(int fd, struct arrivals *a)
{
    static uint8_t data[BYTES_MAX];
    struct datagram d;
    struct sockaddr_storage from;
    socklen_t from_len = sizeof from;
    ssize_t len = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &from_len);
    if (len < (ssize_t)sizeof d) {
        return;
    }
    memcpy(&d, data, sizeof d);
    if (d.kind == COUNT) {
        take_numbered(a, &d, (size_t)len);
        return;
    }
    if (d.kind == END && a->got > 0) {
        tell_arrivals(a, d.number);
        memset(a->has, 0, COUNT_MAX + 1);
        *a = (struct arrivals){.has = a->has};
    }
    (void)sendto(fd, data, (size_t)len, 0, (struct sockaddr *)&from, from_len);
}

static void serve(char *const *argv)
{
    int fd = open_socket();
    struct arrivals a = {.has = calloc(COUNT_MAX + 1, 1)};
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)number_of(argv[0], 65535))};
    if (!a.has || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        fail("bind");
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    for (;;) {
        serve_one(fd, &a);
    }
}

/* ---- ping */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell_times(double *us, size_t count, size_t missing)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += us[i];
    }
    qsort(us, count, sizeof us[0], compare);
    (void)printf("{\"got\": %zu, \"missing\": %zu, \"min_us\": %.1f, \"median_us\": %.1f, "
                 "\"mean_us\": %.1f, \"max_us\": %.1f}\n",
                 count, missing, count ? us[0] : 0, count ? us[count / 2] : 0,
                 count ? sum / (double)count : 0, count ? us[count - 1] : 0);
}

/* The answer to |number|; false: it does not come. */
static bool take_answer(int fd, uint32_t number)
{
    struct datagram d;
    while (wait_for(fd, WAIT_MS)) {
        if (recv(fd, &d, sizeof d, 0) == (ssize_t)sizeof d && d.number == number) {
            return true;
        }
    }
    return false;
}

static void ping(char *const *argv)
{
    int fd = dial(argv);
    uint32_t count = number_of(argv[2], COUNT_MAX);
    uint64_t gap_ns = (uint64_t)number_of(argv[3], 1000000) * 1000;
    double *us = calloc(count + 1, sizeof us[0]);
    size_t got = 0;
    if (!us) {
        fail("memory");
    }
    for (uint32_t i = 1; i <= count; i++) {
        const struct datagram d = {.kind = ECHO, .number = i};
        uint64_t start_ns = link_now_ns();
        if (send(fd, &d, sizeof d, 0) < 0) {
            fail("send");
        }
        if (take_answer(fd, i)) {
            us[got++] = (double)(link_now_ns() - start_ns) / NS_A_US;
        }
        sleep_until(start_ns + gap_ns);
    }
    tell_times(us, got, count - got);
    free(us);
}

/* ---- count */

/* The server tells what arrived once it gets this, which may get lost too. */
static bool end_count(int fd, uint32_t count)
{
    struct datagram d = {.kind = END, .number = count};
    sleep_until(link_now_ns() + QUIET_MS * UINT64_C(1000000));
    for (int i = 0; i < END_TRIES; i++) {
        if (send(fd, &d, sizeof d, 0) < 0) {
            fail("send");
        }
        if (take_answer(fd, count)) {
            return true;
        }
    }
    return false;
}

static void count_one_way(char *const *argv)
{
    static uint8_t data[BYTES_MAX];
    int fd = dial(argv);
    uint32_t count = number_of(argv[2], COUNT_MAX);
    uint64_t gap_ns = (uint64_t)number_of(argv[3], 1000000) * 1000;
    size_t bytes = number_of(argv[4], BYTES_MAX);
    uint64_t start_ns = link_now_ns();
    for (uint32_t i = 1; i <= count; i++) {
        const struct datagram d = {.kind = COUNT, .number = i};
        memcpy(data, &d, sizeof d);
        if (send(fd, data, bytes < sizeof d ? sizeof d : bytes, 0) < 0) {
            fail("send");
        }
        if (link_now_ns() < start_ns + i * gap_ns) {
            sleep_until(start_ns + i * gap_ns);
        }
    }
    if (!end_count(fd, count)) {
        fail("the server does not answer");
    }
}

/* ---- segments */

static void send_segments(char *const *argv)
{
    static uint8_t data[BYTES_MAX];
    int fd = dial(argv);
    uint32_t count = number_of(argv[2], 64);
    uint32_t bytes = number_of(argv[3], 1472);
    int segment = (int)bytes;
    size_t back = 0;
    if (count * bytes > sizeof data || bytes < sizeof(struct datagram) ||
        setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0) {
        fail("UDP_SEGMENT");
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct datagram d = {.kind = ECHO, .number = i + 1};
        memcpy(data + (size_t)i * bytes, &d, sizeof d);
    }
    if (send(fd, data, (size_t)count * bytes, 0) < 0) {
        fail("send");
    }
    while (back < count && wait_for(fd, WAIT_MS) &&
           recv(fd, data, sizeof data, 0) == (ssize_t)bytes) {
        back++;
    }
    (void)printf("{\"sent\": %u, \"back\": %zu}\n", (unsigned)count, back);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int arguments;
        void (*run)(char *const *argv);
    } modes[] = {{"serve", 1, serve},
                 {"ping", 4, ping},
                 {"count", 5, count_one_way},
                 {"segments", 4, send_segments}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (argc == modes[i].arguments + 2 && strcmp(argv[1], modes[i].name) == 0) {
            link_forward_hurry();
            modes[i].run(argv + 2);
            return 0;
        }
    }
    (void)fprintf(stderr, "usage: link_probe serve|ping|count|segments ARGUMENT...\n");
    return STATUS_USAGE;
}
