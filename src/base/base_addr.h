/* A socket address, IPv4 or IPv6, and its text form. */
#ifndef TRI_BASE_ADDR_H
#define TRI_BASE_ADDR_H

#include "trisock/trisock.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295]:65535" and NUL */
#define TRI_ADDR_TEXT_MAX 72

struct tri_addr {
    socklen_t len; /* 0: none */
    union {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    };
};

/*
 * Reads "127.0.0.1:80", "[::1]:80" or "localhost:80" (meaning 127.0.0.1). The host is numeric
 * otherwise. Returns TRI_OK or TRI_ERR_INVALID; *out is written on TRI_OK only.
 */
TRI_MUST_USE enum tri_err tri_addr_parse(struct tri_addr *out, const char *text);

/* Writes the text form, NUL-terminated. An IPv4-mapped IPv6 address is written as IPv4. */
void tri_addr_format(const struct tri_addr *addr, char out[TRI_ADDR_TEXT_MAX]);

uint16_t tri_addr_port(const struct tri_addr *addr); /* host order */
void tri_addr_set_port(struct tri_addr *addr, uint16_t port);

/* Whether only this machine can reach it: 127.0.0.0/8 (RFC 1122 section 3.2.1.3), ::1. */
bool tri_addr_is_loopback(const struct tri_addr *addr);

bool tri_addr_equal(const struct tri_addr *a, const struct tri_addr *b);

/* Copies a kernel's sockaddr. TRI_ERR_INVALID if it is neither IPv4 nor IPv6. */
TRI_MUST_USE enum tri_err tri_addr_from_sockaddr(struct tri_addr *out, const struct sockaddr *sa,
                                                 socklen_t len);

#endif
