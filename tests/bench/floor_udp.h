/* Datagrams of floor_h3: many a system call, by recvmmsg, UDP_GRO and UDP_SEGMENT. */
#ifndef FLOOR_UDP_H
#define FLOOR_UDP_H

#include "floor.h"

/* Buffers of one call. */
struct floor_udp;

struct floor_udp *floor_udp_new(int fd);

/* One packet of |from|. */
typedef void floor_udp_packet_fn(void *user, const uint8_t *data, size_t len,
                                 struct sockaddr_in *from);

/* Hands out what has arrived. False: nothing more waits. */
bool floor_udp_receive(struct floor_udp *u, floor_udp_packet_fn *on_packet, void *user);

/* Sends packets of |segment| bytes, the last may be shorter. False: the socket is full. */
bool floor_udp_send(const struct floor_udp *u, struct sockaddr_in *to, uint8_t *data, size_t len,
                    size_t segment);

#endif
