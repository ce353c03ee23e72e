/* Reading and replacing small files; see tls_file.h. */
#include "tls_file.h"

#include "base_alloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP_BYTES ((size_t)4096)

static enum tri_err read_step(struct tri_buf *out, int fd, bool *end)
{
    uint8_t step[READ_STEP_BYTES];
    ssize_t got = read(fd, step, sizeof step);
    if (got < 0) {
        return errno == EINTR ? TRI_OK : TRI_ERR_IO;
    }
    *end = got == 0;
    enum tri_err err = *end ? TRI_OK : tri_buf_append(out, step, (size_t)got);
    explicit_bzero(step, sizeof step); /* it may have been a key */
    return err;
}

enum tri_err tri_tls_file_read(struct tri_buf *out, const char *file)
{
    assert(out && file);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang the start */
    if (fd < 0) {
        return errno == ENOENT ? TRI_ERR_NOT_FOUND : TRI_ERR_IO;
    }
    enum tri_err err = TRI_OK;
    bool end = false;
    while (!err && !end) {
        err = read_step(out, fd, &end);
    }
    int kept = errno;
    close(fd);
    errno = kept;
    return err;
}

/* Makes each folder that |file|'s path names; |file| is changed during the call. */
static enum tri_err make_folders(char *file)
{
    for (char *p = file + 1; *file && *p; p++) {
        if (*p != '/') {
            continue;
        }
        *p = '\0';
        int failed = mkdir(file, 0700) != 0 && errno != EEXIST;
        *p = '/';
        if (failed) {
            return TRI_ERR_IO;
        }
    }
    return TRI_OK;
}

static enum tri_err write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno != EINTR) {
            return TRI_ERR_IO;
        }
        if (put > 0) {
            data += put;
            len -= (size_t)put;
        }
    }
    return TRI_OK;
}

/* Fills the new, empty file |fd| and brings it to the disk, then closes it. */
static enum tri_err fill_and_close(int fd, const void *data, size_t len, unsigned mode)
{
    enum tri_err err = write_all(fd, (const uint8_t *)data, len);
    if (!err && (fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0)) {
        err = TRI_ERR_IO;
    }
    int kept = errno;
    if (close(fd) != 0 && !err) {
        return TRI_ERR_IO;
    }
    errno = kept;
    return err;
}

static enum tri_err replace_file(const char *file, char *temporary, struct tri_slice content,
                                 unsigned mode)
{
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600: a key is never readable by others */
    if (fd < 0) {
        return TRI_ERR_IO;
    }
    enum tri_err err = fill_and_close(fd, content.data, content.len, mode);
    if (!err && rename(temporary, file) != 0) {
        err = TRI_ERR_IO;
    }
    if (err) {
        int kept = errno;
        unlink(temporary);
        errno = kept;
    }
    return err;
}

enum tri_err tri_tls_file_write(const char *file, const void *data, size_t len, unsigned mode)
{
    assert(file && (data || len == 0));
    static const char suffix[] = ".XXXXXX";
    const struct tri_alloc *alloc = tri_alloc_heap();
    size_t temporary_len = strlen(file) + sizeof suffix;
    char *temporary = tri_alloc_get(alloc, temporary_len);
    if (!temporary) {
        return TRI_ERR_NOMEM;
    }
    (void)snprintf(temporary, temporary_len, "%s%s", file, suffix);
    enum tri_err err = make_folders(temporary);
    if (!err) {
        err = replace_file(file, temporary, tri_slice_of(data, len), mode);
    }
    int kept = errno;
    tri_alloc_release(alloc, temporary);
    errno = kept;
    return err;
}
