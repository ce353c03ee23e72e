/* See temp_dir.h. */
#include "temp_dir.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(int happened, const char *what)
{
    if (!happened) {
        perror(what);
        abort();
    }
}

void temp_dir_make(struct temp_dir *d)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(d->path, sizeof d->path, "%s/trisock-test-XXXXXX", base ? base : "/tmp");
    must(mkdtemp(d->path) != NULL, d->path);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void temp_dir_remove(struct temp_dir *d)
{
    must(nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, d->path);
}

const char *temp_dir_path(const struct temp_dir *d, const char *name)
{
    static char paths[4][1024];
    static size_t next;
    char *path = paths[next++ % 4];
    int len = snprintf(path, sizeof paths[0], "%s/%s", d->path, name);
    must(len > 0 && (size_t)len < sizeof paths[0], name);
    return path;
}

void temp_dir_write(const struct temp_dir *d, const char *name, const void *data, size_t len)
{
    FILE *file = fopen(temp_dir_path(d, name), "we");
    must(file != NULL, name);
    must(fwrite(data, 1, len, file) == len, name);
    must(fclose(file) == 0, name);
}

void temp_dir_text(const struct temp_dir *d, const char *name, const char *text)
{
    temp_dir_write(d, name, text, strlen(text));
}

void temp_dir_folder(const struct temp_dir *d, const char *name)
{
    must(mkdir(temp_dir_path(d, name), 0700) == 0, name);
}

void temp_dir_link(const struct temp_dir *d, const char *name, const char *target)
{
    must(symlink(target, temp_dir_path(d, name)) == 0, name);
}
