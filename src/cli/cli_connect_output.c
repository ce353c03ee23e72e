/* See cli_connect_output.h. */
#include "cli_connect_output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum tri_err cli_connect_output_init(struct cli_connect_output *o, int fd)
{
    *o = (struct cli_connect_output){.fd = fd};
    o->stream = open_memstream(&o->text, &o->len);
    return o->stream ? TRI_OK : TRI_ERR_NOMEM;
}

void cli_connect_output_deinit(struct cli_connect_output *o)
{
    if (o->stream) {
        (void)fclose(o->stream);
        free(o->text);
    }
}

/* All has been taken: the memory is used again. */
static void begin_again(struct cli_connect_output *o)
{
    o->written = 0;
    (void)fseek(o->stream, 0, SEEK_SET);
    (void)fflush(o->stream);
}

/* One write that does not wait: where there is room at all, a pipe takes PIPE_BUF bytes at once. The
 * descriptor may be shared with others, so that it is not made non-blocking. */
static enum tri_err write_some(struct cli_connect_output *o)
{
    struct pollfd fd = {.fd = o->fd, .events = POLLOUT};
    if (poll(&fd, 1, 0) <= 0) {
        return TRI_AGAIN;
    }
    const size_t left = o->len - o->written;
    const ssize_t taken = write(o->fd, o->text + o->written, left < PIPE_BUF ? left : PIPE_BUF);
    if (taken < 0) {
        return errno == EINTR || errno == EAGAIN ? TRI_AGAIN : TRI_ERR_IO;
    }
    o->written += (size_t)taken;
    return TRI_OK;
}

enum tri_err cli_connect_output_write(struct cli_connect_output *o)
{
    if (fflush(o->stream) != 0) {
        return TRI_ERR_IO;
    }
    enum tri_err err = TRI_OK;
    while (o->written < o->len && err == TRI_OK) {
        err = write_some(o);
    }
    if (err != TRI_AGAIN && o->len > 0) {
        const int cause = errno;
        begin_again(o);
        errno = cause;
    }
    return err;
}

size_t cli_connect_output_kept(const struct cli_connect_output *o)
{
    return o->len - o->written;
}
