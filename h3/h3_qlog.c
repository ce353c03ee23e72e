/* See h3_qlog.h. */
#include "h3_qlog.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

FILE *tri_h3_qlog_open(const char *dir, const ngtcp2_cid *original_dcid)
{
    char hex[2 * NGTCP2_MAX_CIDLEN + 1] = "";
    assert(original_dcid->datalen <= NGTCP2_MAX_CIDLEN);
    for (size_t i = 0; i < original_dcid->datalen; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", original_dcid->data[i]);
    }
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s.sqlog", dir, hex);
    if (len < 0 || (size_t)len >= sizeof path) {
        return NULL;
    }
    /* O_EXCL: a client chooses the name, and may choose the same twice. */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) {
        return NULL;
    }
    FILE *qlog = fdopen(fd, "w");
    if (!qlog) {
        (void)close(fd);
    }
    return qlog;
}

void tri_h3_qlog_write(FILE *qlog, const void *data, size_t len)
{
    if (!ferror(qlog)) {
        (void)fwrite(data, 1, len, qlog);
    }
}

void tri_h3_qlog_close(FILE *qlog)
{
    if (qlog) {
        (void)fclose(qlog);
    }
}
