/* See link_tun.h. */
#include "link_tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE "link0"
#define PREFIX_BITS 64
/* In /proc/net/dev: eight numbers of receiving, then bytes, packets, errors and drops of sending. */
#define SENT_DROPPED 11
/* Packets that wait for this process to read them; what does not fit is lost without dice. */
#define PACKETS_MAX 65536

/* As in linux/ipv6.h, which cannot be included beside the libc's own headers. */
struct in6_ifreq {
    struct in6_addr address;
    uint32_t prefix_bits;
    int index;
};

static struct ifreq named(const char *device)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
    return request;
}

static const char *open_tun(int *fd)
{
    struct ifreq request = named(DEVICE);
    *fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0) {
        return "/dev/net/tun";
    }
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    return ioctl(*fd, TUNSETIFF, &request) < 0 ? "TUNSETIFF" : NULL;
}

static int set_address(int fd, unsigned long what, const char *device, const char *address)
{
    struct ifreq request = named(device);
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    memcpy(&request.ifr_addr, &in, sizeof in);
    return ioctl(fd, what, &request);
}

static int set_address6(const char *address)
{
    struct in6_ifreq request = {.prefix_bits = PREFIX_BITS, .index = (int)if_nametoindex(DEVICE)};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int rv = -1;
    if (inet_pton(AF_INET6, address, &request.address) == 1) {
        rv = ioctl(fd, SIOCSIFADDR, &request);
    }
    (void)close(fd);
    return rv;
}

static int set_up(int fd, const char *device)
{
    struct ifreq request = named(device);
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
        return -1;
    }
    request.ifr_flags |= IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &request);
}

static int set_number(int fd, unsigned long what, int number)
{
    struct ifreq request = named(DEVICE);
    if (what == SIOCSIFMTU) {
        request.ifr_mtu = number;
    } else {
        request.ifr_qlen = number;
    }
    return ioctl(fd, what, &request);
}

static const char *configure(int fd, const struct link_end_options *options)
{
    if (set_up(fd, "lo") < 0) {
        return "the loopback device";
    }
    if (set_number(fd, SIOCSIFMTU, options->mtu) < 0) {
        return "the MTU";
    }
    /* Not for the root of a user namespace, who does with the default and counts what it costs. */
    if (set_number(fd, SIOCSIFTXQLEN, PACKETS_MAX) < 0 && errno != EPERM) {
        return "the length of the device's queue";
    }
    if (set_address(fd, SIOCSIFADDR, DEVICE, options->address) < 0 ||
        set_address(fd, SIOCSIFDSTADDR, DEVICE, options->peer) < 0) {
        return "the IPv4 address";
    }
    if (set_up(fd, DEVICE) < 0) {
        return "the TUN device";
    }
    /* A kernel without IPv6 has a link all the same. */
    return set_address6(options->address6) < 0 && errno != EAFNOSUPPORT ? "the IPv6 address" : NULL;
}

const char *link_end_open(struct link_end *end, const struct link_end_options *options)
{
    *end = (struct link_end){.namespace_fd = -1, .tun_fd = -1};
    if (unshare(CLONE_NEWNET) < 0) {
        return "a network namespace";
    }
    end->namespace_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (end->namespace_fd < 0) {
        return "/proc/self/ns/net";
    }
    const char *failed = open_tun(&end->tun_fd);
    if (failed) {
        return failed;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return "a socket";
    }
    failed = configure(fd, options);
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return failed;
}

/* The |index|th number of |text|, from 0. */
static uint64_t number_at(const char *text, int index)
{
    uint64_t number = 0;
    char *end = NULL;
    for (int i = 0; i <= index; i++) {
        number = strtoull(text, &end, 10);
        text = end;
    }
    return number;
}

uint64_t link_end_overruns(const struct link_end *end)
{
    char line[512];
    uint64_t dropped = 0;
    FILE *file = NULL;
    if (setns(end->namespace_fd, CLONE_NEWNET) == 0) {
        file = fopen("/proc/self/net/dev", "re");
    }
    while (file && fgets(line, sizeof line, file)) {
        const char *numbers = strstr(line, DEVICE ":");
        if (numbers) {
            dropped = number_at(numbers + strlen(DEVICE ":"), SENT_DROPPED);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return dropped;
}

static bool write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool is_written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(fd);
    return is_written;
}

const char *link_become_root(void)
{
    char users[64];
    char groups[64];
    (void)snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
    (void)snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
    if (unshare(CLONE_NEWUSER) < 0) {
        return "a user namespace";
    }
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", users) ||
        !write_file("/proc/self/gid_map", groups)) {
        return "the map of users";
    }
    return NULL;
}
