/* See app_files.h. */
#include "app_files.h"

#include "app_beneath.h"
#include "app_path.h"
#include "app_type.h"
#include "app_validator.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX "index.html"

struct opened {
    int fd;
    struct stat st;
    char name[TRI_FILE_NAME_MAX + sizeof INDEX + 1];
};

/* A file that is being sent. */
struct sending {
    int fd;
    off_t at;
};

enum tri_err tri_files_init(struct tri_files *files, const char *root,
                            const struct tri_http_handler *next, void *next_user)
{
    assert(next && next->on_request);
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? TRI_ERR_NOT_FOUND : TRI_ERR_IO;
    }
    *files = (struct tri_files){.root_fd = fd, .next = next, .next_user = next_user};
    return TRI_OK;
}

void tri_files_deinit(struct tri_files *files)
{
    close(files->root_fd);
    files->root_fd = -1;
}

/* ------------------------------------------------------------------------------------- finding */

/* 0, or the errno. */
static int open_file(struct tri_files *files, struct opened *file)
{
    file->fd = tri_open_beneath(files->root_fd, file->name, &files->walk);
    if (file->fd < 0) {
        return errno;
    }
    if (fstat(file->fd, &file->st) != 0) {
        int reason = errno;
        close(file->fd);
        return reason;
    }
    return 0;
}

/* The index of the folder that |file| is; the folder is closed. */
static int open_index(struct tri_files *files, struct opened *file)
{
    close(file->fd);
    size_t len = strlen(file->name);
    assert(len + sizeof "/" INDEX <= sizeof file->name);
    memcpy(file->name + len, "/" INDEX, sizeof "/" INDEX);
    return open_file(files, file);
}

/* ------------------------------------------------------------------------------------- sending */

static enum tri_err read_part(void *user, uint8_t *out, size_t max, size_t *len)
{
    struct sending *s = user;
    assert(s->fd >= 0 && max > 0);
    ssize_t n;
    do {
        n = pread(s->fd, out, max, s->at);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return TRI_ERR_IO;
    }
    s->at += n;
    *len = (size_t)n; /* 0: the file was cut meanwhile, and so is the response */
    return TRI_OK;
}

static void close_sending(void *user)
{
    struct sending *s = user;
    close(s->fd);
    free(s);
}

/* Takes |fd|. */
static void send_content(struct tri_request *req, int fd, uint64_t length,
                         const struct tri_header *headers, size_t headers_len)
{
    struct sending *s = malloc(sizeof *s);
    if (!s) {
        close(fd);
        tri_request_refuse(req, 503, "The server is short of memory. Try again later.");
        return;
    }
    *s = (struct sending){.fd = fd};
    const struct tri_body body = {
        .read = read_part, .close = close_sending, .user = s, .length = length};
    (void)tri_request_reply_body(req, 200, headers, headers_len, &body);
}

/* Takes the descriptor of |file|. */
static void reply_file(struct tri_request *req, const struct opened *file)
{
    char etag[64];
    (void)snprintf(etag, sizeof etag, "\"%" PRIxMAX "-%" PRIxMAX "-%lx\"",
                   (uintmax_t)file->st.st_size, (uintmax_t)file->st.st_mtim.tv_sec,
                   (unsigned long)file->st.st_mtim.tv_nsec);
    /* RFC 9110 section 8.8.2.1: never later than now, whatever the file claims. */
    time_t now = time(NULL);
    time_t modified = file->st.st_mtim.tv_sec < now ? file->st.st_mtim.tv_sec : now;
    char date[TRI_HTTP_DATE_BYTES];
    tri_http_date_format(date, modified);
    const struct tri_header headers[] = {
        {"content-type", tri_type_of_file(file->name)},
        {"etag", etag},
        {"last-modified", date},
        {"cache-control", "no-cache"}, /* files change: ask each time */
        {"x-content-type-options", "nosniff"},
    };
    size_t headers_len = sizeof headers / sizeof headers[0];
    if (tri_validator_is_unchanged(req, etag, modified)) {
        close(file->fd);
        (void)tri_request_reply(req, 304, headers, headers_len, NULL, 0);
        return;
    }
    send_content(req, file->fd, (uint64_t)file->st.st_size, headers, headers_len);
}

/* To the same path with a slash, so that the folder's relative links work. */
static void reply_redirect(struct tri_request *req)
{
    const char *path = tri_request_path(req);
    const char *query = tri_request_query(req);
    size_t max = strlen(path) + strlen(query) + 3;
    char *location = malloc(max);
    if (!location) {
        tri_request_refuse(req, 503, "The server is short of memory. Try again later.");
        return;
    }
    (void)snprintf(location, max, "%s/%s%s", path, *query ? "?" : "", query);
    const struct tri_header header = {"location", location};
    (void)tri_request_reply(req, 301, &header, 1, NULL, 0);
    free(location);
}

/* --------------------------------------------------------------------------------- the request */

static void reply_trouble(const struct tri_files *files, struct tri_request *req, int reason)
{
    if (reason == EACCES) {
        tri_request_refuse(req, 403, "The server may not read this file.");
    } else if (reason == EMFILE || reason == ENFILE || reason == ENOMEM) {
        tri_request_refuse(req, 503, "The server has too many files open. Try again later.");
    } else {
        files->next->on_request(files->next_user, req);
    }
}

static void serve_opened(struct tri_files *files, struct tri_request *req, struct opened *file)
{
    const char *path = tri_request_path(req);
    bool has_slash = path[strlen(path) - 1] == '/';
    bool is_folder = S_ISDIR(file->st.st_mode);
    if (is_folder) {
        int reason = open_index(files, file);
        if (reason != 0) {
            reply_trouble(files, req, reason);
            return;
        }
    }
    if (!S_ISREG(file->st.st_mode) || (!is_folder && has_slash)) {
        close(file->fd);
        files->next->on_request(files->next_user, req);
    } else if (is_folder && !has_slash) {
        close(file->fd);
        reply_redirect(req);
    } else {
        reply_file(req, file);
    }
}

static void serve(void *user, struct tri_request *req)
{
    struct tri_files *files = user;
    if (!tri_request_only_reads(req)) {
        return;
    }
    struct opened file;
    enum tri_err err = tri_path_to_file(file.name, tri_request_path(req));
    if (err == TRI_ERR_INVALID) {
        tri_request_refuse(req, 400, "The path is not well formed.");
        return;
    }
    if (err != TRI_OK) {
        files->next->on_request(files->next_user, req);
        return;
    }
    int reason = open_file(files, &file);
    if (reason != 0) {
        reply_trouble(files, req, reason);
        return;
    }
    serve_opened(files, req, &file);
}

const struct tri_http_handler tri_files_handler = {.on_request = serve};
