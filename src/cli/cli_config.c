/* See cli_config.h. */
#include "cli_config.h"

#include "base_alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a person may leave around words. "\r" is of files that came from elsewhere. */
#define BLANKS " \t\r"

static enum tri_err fail(char error[CLI_ERROR_MAX], const char *file, const char *why)
{
    (void)snprintf(error, CLI_ERROR_MAX, "--config %.200s %s", file, why);
    return TRI_ERR_INVALID;
}

static enum tri_err fail_read(char error[CLI_ERROR_MAX], const char *file, int number)
{
    char text[128];
    char why[256];
    (void)snprintf(why, sizeof why, "cannot be read: %s; give a file that can",
                   strerror_r(number, text, sizeof text));
    return fail(error, file, why);
}

/* Up to |max| bytes of |fd|; false: errno says why. */
static bool read_all(int fd, char *out, size_t max, size_t *len)
{
    *len = 0;
    while (*len < max) {
        ssize_t got = read(fd, out + *len, max - *len);
        if (got == 0) {
            return true;
        }
        if (got > 0) {
            *len += (size_t)got;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static enum tri_err read_text(char *text, int fd, const char *file, char error[CLI_ERROR_MAX])
{
    size_t len = 0;
    if (!read_all(fd, text, CLI_CONFIG_BYTES_MAX + 1, &len)) {
        return fail_read(error, file, errno);
    }
    if (len > CLI_CONFIG_BYTES_MAX) {
        return fail(error, file, "is longer than 1 MiB; give a shorter one");
    }
    if (memchr(text, '\0', len)) {
        return fail(error, file, "holds a NUL byte; give a text file");
    }
    text[len] = '\0';
    return TRI_OK;
}

static enum tri_err read_open(char **text, int fd, const char *file, char error[CLI_ERROR_MAX])
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return fail_read(error, file, errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return fail(error, file, "is no regular file; give one");
    }
    char *all = tri_alloc_get(tri_alloc_heap(), CLI_CONFIG_BYTES_MAX + 1);
    if (!all) {
        (void)fail(error, file, "cannot be read: memory is short");
        return TRI_ERR_NOMEM;
    }
    const enum tri_err err = read_text(all, fd, file, error);
    if (err != TRI_OK) {
        cli_config_release(all);
        return err;
    }
    char *smaller = tri_alloc_resize(tri_alloc_heap(), all, strlen(all) + 1);
    *text = smaller ? smaller : all;
    return TRI_OK;
}

enum tri_err cli_config_read(char **text, const char *file, char error[CLI_ERROR_MAX])
{
    *text = NULL;
    /* A reload must not wait for the writer of a pipe. */
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail_read(error, file, errno);
    }
    const enum tri_err err = read_open(text, fd, file, error);
    (void)close(fd);
    return err;
}

void cli_config_release(char *text)
{
    tri_alloc_release(tri_alloc_heap(), text);
}

/* Ends |text| before the blanks at its end. */
static void trim_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && strchr(BLANKS, text[len - 1])) {
        len--;
    }
    text[len] = '\0';
}

enum tri_err cli_config_next(struct cli_config_lines *lines, const char **name, const char **value)
{
    while (*lines->at != '\0') {
        char *line = lines->at;
        const size_t len = strcspn(line, "\n");
        lines->at += line[len] == '\n' ? len + 1 : len;
        lines->number++;
        if (len > CLI_CONFIG_LINE_BYTES_MAX) {
            return TRI_ERR_LIMIT;
        }
        line[len] = '\0';
        trim_end(line);
        line += strspn(line, BLANKS);
        if (*line == '\0' || *line == '#') {
            continue;
        }
        char *end = line + strcspn(line, BLANKS);
        *name = line;
        *value = end + strspn(end, BLANKS);
        *end = '\0'; /* last: a value may start where the name ends, as "" */
        return TRI_OK;
    }
    return TRI_ERR_NOT_FOUND;
}
