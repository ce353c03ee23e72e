/* See link_forward.h. */
#include "link_forward.h"

#include <assert.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define PACKET_BYTES_MAX 65536
#define LATE_NS_MAX UINT64_C(150000)
#define LATE_MEMORY 16 /* wakings that its mean remembers */
#define BATCH 64       /* packets read from one end before the other gets its turn */

uint64_t link_now_ns(void)
{
    struct timespec now;
    int rv = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(rv == 0);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

void link_forward_hurry(void)
{
    const struct sched_param param = {.sched_priority = 1};
    (void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
}

/* RFC 791 section 3.1, RFC 8200 section 3: where the destination stands. */
static bool is_for_one(const uint8_t *data, size_t len)
{
    if (len >= 20 && data[0] >> 4 == 4) {
        return data[16] < 224;
    }
    return len >= 40 && data[0] >> 4 == 6 && data[24] != 0xff;
}

static void take(struct link_way *way, int fd)
{
    uint8_t data[PACKET_BYTES_MAX];
    for (int i = 0; i < BATCH; i++) {
        ssize_t len = read(fd, data, sizeof data);
        if (len <= 0) {
            return;
        }
        if (is_for_one(data, (size_t)len)) {
            link_way_take(way, data, (size_t)len, link_now_ns());
        }
    }
}

static void give(struct link_way *way, int fd, uint64_t late_ns)
{
    for (struct link_packet *packet; (packet = link_way_give(way, link_now_ns() + late_ns));) {
        ssize_t written = write(fd, packet->data, packet->len);
        (void)written; /* the kernel takes it, or drops it as any network may */
        free(packet);
    }
}

/* When something is to be done, if nothing comes. */
static uint64_t find_due(const struct link_forward *f, uint64_t until_ns)
{
    for (size_t i = 0; i < LINK_ENDS; i++) {
        uint64_t due_ns = link_queue_due_ns(&f->ways[i].queue);
        if (due_ns < UINT64_MAX && due_ns - f->late_ns < until_ns) {
            until_ns = due_ns - f->late_ns;
        }
    }
    return until_ns;
}

/* Waits until then, or until something comes; learns how late one wakes. */
static bool wait_until(struct link_forward *f, struct pollfd *polled, size_t len, uint64_t due_ns)
{
    uint64_t now_ns = link_now_ns();
    uint64_t left_ns = due_ns > now_ns ? due_ns - now_ns : 0;
    left_ns = left_ns < SECOND_NS ? left_ns : SECOND_NS;
    const struct timespec timeout = {.tv_sec = (time_t)(left_ns / SECOND_NS),
                                     .tv_nsec = (long)(left_ns % SECOND_NS)};
    int ready = ppoll(polled, len, &timeout, NULL);
    if (ready == 0 && left_ns > 0) {
        uint64_t late_ns = link_now_ns() - now_ns - left_ns;
        late_ns = late_ns < LATE_NS_MAX ? late_ns : LATE_NS_MAX;
        f->late_ns += late_ns / LATE_MEMORY - f->late_ns / LATE_MEMORY;
    }
    return ready >= 0; /* else a signal that nobody waits for */
}

size_t link_forward_until(struct link_forward *f, const int *fds, size_t fds_len, uint64_t until_ns)
{
    struct pollfd polled[LINK_ENDS + LINK_FDS_MAX];
    assert(fds_len <= LINK_FDS_MAX);
    for (size_t i = 0; i < LINK_ENDS + fds_len; i++) {
        int fd = i < LINK_ENDS ? f->ends[i].tun_fd : fds[i - LINK_ENDS];
        polled[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    while (link_now_ns() < until_ns) {
        if (!wait_until(f, polled, LINK_ENDS + fds_len, find_due(f, until_ns))) {
            continue;
        }
        for (size_t i = 0; i < LINK_ENDS; i++) {
            if (polled[i].revents) {
                take(&f->ways[i], f->ends[i].tun_fd);
            }
        }
        for (size_t i = 0; i < LINK_ENDS; i++) {
            give(&f->ways[i], f->ends[LINK_ENDS - 1 - i].tun_fd, f->late_ns);
        }
        for (size_t i = 0; i < fds_len; i++) {
            if (polled[LINK_ENDS + i].revents) {
                return i;
            }
        }
    }
    return fds_len;
}
