/*
 * Static files below a folder: GET and HEAD, with content type, ETag, Last-Modified and 304;
 * index.html for a folder. Nothing outside of the folder can be reached, by name or by link, and
 * nothing that is no regular file. What is not there is left to the next handler.
 */
#ifndef APP_FILES_H
#define APP_FILES_H

#include "trisock/trisock.h"

struct tri_files {
    int root_fd;
    bool walk; /* the kernel has no openat2: names are walked, and links are not followed at all */
    const struct tri_http_handler *next; /* gets what is not found here */
    void *next_user;
};

/*
 * Opens the folder |root|. TRI_OK; TRI_ERR_NOT_FOUND if it does not exist or is none, TRI_ERR_IO
 * otherwise (errno says why).
 */
TRI_MUST_USE enum tri_err tri_files_init(struct tri_files *files, const char *root,
                                         const struct tri_http_handler *next, void *next_user);
void tri_files_deinit(struct tri_files *files);

/* For tri_config_http_route at "/"; the user is a struct tri_files that outlives the server. */
extern const struct tri_http_handler tri_files_handler;

#endif
