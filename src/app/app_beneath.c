/* See app_beneath.h. */
#include "app_beneath.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* NONBLOCK: opening a FIFO must not wait for its other end. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int open_resolved(int root_fd, const char *name)
{
    struct open_how how = {
        .flags = READ_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root_fd, name, &how, sizeof how);
    return (int)fd;
}

/* Copies the segment at |*name| to |out|; |*name| moves behind its slash. False: too long. */
static bool take_segment(const char **name, char out[256])
{
    size_t len = strcspn(*name, "/");
    if (len == 0 || len >= 256) {
        return false;
    }
    memcpy(out, *name, len);
    out[len] = '\0';
    *name += len;
    if (**name == '/') {
        *name += 1;
    }
    return strcmp(out, "..") != 0;
}

static int open_walking(int root_fd, const char *name)
{
    int fd = root_fd;
    while (*name != '\0') {
        char segment[256];
        int next = -1;
        if (take_segment(&name, segment)) {
            next = openat(fd, segment, READ_FLAGS | O_NOFOLLOW);
        } else {
            errno = ENAMETOOLONG;
        }
        if (fd != root_fd) {
            int reason = errno;
            close(fd);
            errno = reason;
        }
        if (next < 0) {
            return -1;
        }
        fd = next;
    }
    return fd;
}

int tri_open_beneath(int root_fd, const char *name, bool *walk)
{
    assert(name[0] != '\0' && name[0] != '/');
    if (!*walk) {
        int fd = open_resolved(root_fd, name);
        /* EPERM is how old container filters say that they do not know the call. */
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return fd;
        }
        *walk = true;
    }
    return open_walking(root_fd, name);
}
