/*
 * An end of the link: a network namespace with a loopback device and a TUN device, "link0", that
 * everything for the other end leaves through. Both live as long as this process, or another in the
 * namespace, does; nothing is left to clear away.
 *
 * The device offers no offloads: what the kernel hands over are packets of at most the MTU, with
 * checksums, whatever a program sent in one call (TCP segmentation, UDP GSO).
 */
#ifndef LINK_TUN_H
#define LINK_TUN_H

#include <stdint.h>

struct link_end {
    int namespace_fd;
    int tun_fd; /* not blocking; a packet a read or write */
};

struct link_end_options {
    const char *address, *peer; /* IPv4, of the two ends */
    const char *address6;       /* IPv6; a network of 64 bits goes to the other end */
    int mtu;
};

/*
 * Makes the namespace; this process is in it afterwards. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN.
 * Returns NULL, or what failed, with errno.
 */
const char *link_end_open(struct link_end *end, const struct link_end_options *options);

/* Packets that the device dropped because they were not read in time. This process is in the
 * namespace afterwards. */
uint64_t link_end_overruns(const struct link_end *end);

/* Gives a process that is not root the rights over namespaces of its own. NULL, or what failed. */
const char *link_become_root(void);

#endif
