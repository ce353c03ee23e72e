/* Opening and binding; see net_socket.h. */
#include "net_socket.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

enum tri_err tri_socket_open(int *out, int family, int type)
{
    assert(out && (family == AF_INET || family == AF_INET6));
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return TRI_ERR_IO;
    }
    const int on = 1;
    if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        tri_socket_close(fd);
        return TRI_ERR_IO;
    }
    *out = fd;
    return TRI_OK;
}

enum tri_err tri_socket_bind(int fd, struct tri_addr *addr)
{
    assert(fd >= 0 && addr && addr->len > 0);
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    if (bind(fd, &addr->sa, addr->len) != 0) {
        return errno == EADDRINUSE ? TRI_ERR_INUSE : TRI_ERR_IO;
    }
    if (getsockname(fd, (struct sockaddr *)&bound, &bound_len) != 0 ||
        tri_addr_from_sockaddr(addr, (struct sockaddr *)&bound, bound_len) != TRI_OK) {
        return TRI_ERR_IO;
    }
    return TRI_OK;
}

void tri_socket_close(int fd)
{
    int kept = errno;
    close(fd);
    errno = kept;
}
