/* See bench_file.h. */
#include "bench_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum tri_err fail(char error[BENCH_ERROR_MAX], const char *name, int cause)
{
    (void)snprintf(error, BENCH_ERROR_MAX, "%s: %s; give a file that can be written", name,
                   strerror(cause));
    return cause == ENOMEM ? TRI_ERR_NOMEM : TRI_ERR_IO;
}

static void release(struct bench_file *f)
{
    free(f->target);
    free(f->temporary);
    *f = (struct bench_file){.name = f->name};
}

/* Readable as a file is that any program makes; mkstemp makes it for its owner alone. */
static int make_readable(int fd)
{
    const mode_t mask = umask(0);
    (void)umask(mask);
    return fchmod(fd, 0666 & ~mask);
}

/* Opens a file beside |f->target|. 0, or the cause. */
static int open_temporary(struct bench_file *f)
{
    if (asprintf(&f->temporary, "%s.XXXXXX", f->target) < 0) {
        f->temporary = NULL;
        return ENOMEM;
    }
    const int fd = mkstemp(f->temporary);
    if (fd < 0) {
        return errno;
    }
    f->out = make_readable(fd) == 0 ? fdopen(fd, "w") : NULL;
    if (!f->out) {
        const int cause = errno;
        (void)close(fd);
        (void)unlink(f->temporary);
        return cause;
    }
    return 0;
}

enum tri_err bench_file_open(struct bench_file *f, const char *name, char error[BENCH_ERROR_MAX])
{
    assert(name);
    *f = (struct bench_file){.name = name};
    struct stat st;
    const bool is_there = stat(name, &st) == 0;
    if (is_there && !S_ISREG(st.st_mode)) {
        f->out = fopen(name, "w");
        return f->out ? TRI_OK : fail(error, name, errno);
    }
    /* Behind a symbolic link, it is the file that is replaced. */
    f->target = is_there ? realpath(name, NULL) : strdup(name);
    /* release() frees what it leaves behind: the analyser loses sight of it. */
    const int cause = f->target ? open_temporary(f) : errno; /* NOLINT(*-unix.Malloc) */
    if (cause != 0) {
        release(f);
        return fail(error, name, cause);
    }
    return TRI_OK;
}

/* A pipe is not opened: whoever reads it would see its end. */
enum tri_err bench_file_check(const char *name, char error[BENCH_ERROR_MAX])
{
    struct stat st;
    if (stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
        const int cause = S_ISDIR(st.st_mode) ? EISDIR : access(name, W_OK) == 0 ? 0 : errno;
        return cause == 0 ? TRI_OK : fail(error, name, cause);
    }
    struct bench_file f;
    enum tri_err err = bench_file_open(&f, name, error);
    if (err == TRI_OK) {
        bench_file_abandon(&f);
    }
    return err;
}

enum tri_err bench_file_commit(struct bench_file *f, char error[BENCH_ERROR_MAX])
{
    assert(f->out);
    errno = 0;
    bool is_written = fflush(f->out) == 0 && !ferror(f->out);
    int cause = errno;
    if (fclose(f->out) != 0 && is_written) {
        is_written = false;
        cause = errno;
    }
    if (is_written && f->target && rename(f->temporary, f->target) != 0) {
        is_written = false;
        cause = errno;
    }
    if (!is_written && f->temporary) {
        (void)unlink(f->temporary);
    }
    release(f);
    return is_written ? TRI_OK : fail(error, f->name, cause != 0 ? cause : EIO);
}

void bench_file_abandon(struct bench_file *f)
{
    assert(f->out);
    (void)fclose(f->out);
    if (f->temporary) {
        (void)unlink(f->temporary);
    }
    release(f);
}
