/* The key log file; see tls_keylog.h. */
#include "tls_keylog.h"

#include "base_alloc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct tri_tls_keylog {
    int fd;
};

struct tri_tls_keylog *tri_tls_keylog_open(const char *file)
{
    assert(file);
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        return NULL;
    }
    struct tri_tls_keylog *k = tri_alloc_get(tri_alloc_heap(), sizeof *k);
    if (!k) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    k->fd = fd;
    return k;
}

void tri_tls_keylog_close(struct tri_tls_keylog *k)
{
    if (k) {
        close(k->fd);
        tri_alloc_release(tri_alloc_heap(), k);
    }
}

void tri_tls_keylog_write(struct tri_tls_keylog *k, const char *line)
{
    assert(k && line);
    char out[TRI_TLS_KEYLOG_LINE_MAX];
    int len = snprintf(out, sizeof out, "%s\n", line);
    if (len > 0 && (size_t)len < sizeof out) {
        ssize_t put = write(k->fd, out, (size_t)len);
        (void)put;
    }
    explicit_bzero(out, sizeof out);
}

static void add_hex(char *line, const uint8_t *data, size_t len)
{
    size_t at = strlen(line);
    assert(at + 2 * len < TRI_TLS_KEYLOG_LINE_MAX);
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(line + at + 2 * i, 3, "%02X", data[i]);
    }
}

void tri_tls_keylog_session(struct tri_tls_keylog *k, WOLFSSL *ssl)
{
    assert(k && ssl);
    uint8_t random[32];
    uint8_t secret[48]; /* RFC 5246 section 8.1 */
    if (wolfSSL_version(ssl) == TLS1_2_VERSION &&
        wolfSSL_get_client_random(ssl, random, sizeof random) == sizeof random &&
        wolfSSL_SESSION_get_master_key(wolfSSL_get_session(ssl), secret, sizeof secret) ==
            (int)sizeof secret) {
        char line[TRI_TLS_KEYLOG_LINE_MAX] = "CLIENT_RANDOM ";
        add_hex(line, random, sizeof random);
        line[strlen(line)] = ' '; /* the array is zeroed behind it */
        add_hex(line, secret, sizeof secret);
        tri_tls_keylog_write(k, line);
        explicit_bzero(line, sizeof line);
    }
    explicit_bzero(secret, sizeof secret);
    wolfSSL_FreeArrays(ssl);
}
