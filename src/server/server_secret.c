/* See server_secret.h. The file has the secret in hexadecimal digits, as openssl rand -hex 32 has. */
#include "server_secret.h"

#include "base_buf.h"
#include "base_random.h"
#include "tls_file.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define DIGITS_LEN ((size_t)2 * TRI_SECRET_LEN)
#define FILE_BYTES_MAX ((size_t)4096) /* more than anybody writes around 64 digits */

static int value_of(uint8_t digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = memchr(digits, digit | (digit > '9' ? 0x20 : 0), sizeof digits - 1);
    return at ? (int)(at - digits) : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* False if it is not 64 digits and blanks behind them. */
static bool parse(uint8_t out[TRI_SECRET_LEN], struct tri_slice text)
{
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    if (text.len != DIGITS_LEN) {
        return false;
    }
    for (size_t i = 0; i < TRI_SECRET_LEN; i++) {
        int high = value_of(text.data[2 * i]);
        int low = value_of(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void make(uint8_t out[TRI_SECRET_LEN])
{
    const struct tri_random *random = tri_random_system();
    random->fill(random->user, out, TRI_SECRET_LEN);
}

static enum tri_err write_new(const uint8_t secret[TRI_SECRET_LEN], const char *file)
{
    static const char digits[] = "0123456789abcdef";
    char text[DIGITS_LEN + 1];
    for (size_t i = 0; i < TRI_SECRET_LEN; i++) {
        text[2 * i] = digits[secret[i] >> 4];
        text[2 * i + 1] = digits[secret[i] & 15];
    }
    text[DIGITS_LEN] = '\n';
    enum tri_err err = tri_tls_file_write(file, text, sizeof text, 0600);
    explicit_bzero(text, sizeof text);
    return err;
}

/* TRI_ERR_NOT_FOUND: no such file. TRI_ERR_INVALID: no secret is in it. */
static enum tri_err read_kept(uint8_t out[TRI_SECRET_LEN], const struct tri_alloc *alloc,
                              const char *file)
{
    struct tri_buf text;
    tri_buf_init(&text, alloc, FILE_BYTES_MAX);
    enum tri_err err = tri_tls_file_read(&text, file);
    struct tri_slice read = tri_buf_peek(&text);
    if (err == TRI_ERR_LIMIT || (err == TRI_OK && !parse(out, read))) {
        err = TRI_ERR_INVALID;
    }
    if (read.len > 0) {
        explicit_bzero((void *)(uintptr_t)read.data, read.len);
    }
    tri_buf_deinit(&text);
    return err;
}

/* errno is kept on TRI_ERR_IO. */
static enum tri_err read_or_make(uint8_t out[TRI_SECRET_LEN], const struct tri_alloc *alloc,
                                 const char *file)
{
    enum tri_err err = read_kept(out, alloc, file);
    if (err != TRI_ERR_NOT_FOUND) {
        return err;
    }
    make(out);
    return write_new(out, file);
}

static enum tri_err obtain_named(uint8_t out[TRI_SECRET_LEN], const struct tri_config *config,
                                 struct tri_sentence error)
{
    const char *file = config->secret_file;
    errno = 0;
    enum tri_err err = read_or_make(out, config->alloc, file);
    if (err == TRI_ERR_INVALID) {
        tri_sentence_write(error,
                           "the secret file %s does not hold %zu hexadecimal digits; remove it, "
                           "and one is made, or give another",
                           file, DIGITS_LEN);
    } else if (err == TRI_ERR_IO) {
        char text[128];
        tri_sentence_write(error,
                           "the secret file %s cannot be read or made: %s; give one in a folder "
                           "that you may write to",
                           file, strerror_r(errno, text, sizeof text));
    }
    return err;
}

/* Nobody asked for it, so that a folder that cannot be written to is no reason not to serve. */
static enum tri_err obtain_beside(uint8_t out[TRI_SECRET_LEN], const struct tri_config *config,
                                  const char *made_certificate)
{
    const char *slash = strrchr(made_certificate, '/');
    int folder_len = slash ? (int)(slash - made_certificate) : 0;
    struct tri_buf name;
    tri_buf_init(&name, config->alloc, FILE_BYTES_MAX);
    enum tri_err err = tri_buf_printf(&name, "%.*s/secret%c", folder_len, made_certificate, '\0');
    if (err == TRI_OK) {
        err = read_or_make(out, config->alloc, (const char *)tri_buf_peek(&name).data);
    }
    tri_buf_deinit(&name);
    if (err == TRI_OK || err == TRI_ERR_NOMEM) {
        return err;
    }
    make(out);
    return TRI_OK;
}

enum tri_err tri_secret_obtain(uint8_t out[TRI_SECRET_LEN], const struct tri_config *config,
                               const char *made_certificate, struct tri_sentence error)
{
    assert(out && config);
    if (config->secret_file) {
        return obtain_named(out, config, error);
    }
    if (made_certificate) {
        return obtain_beside(out, config, made_certificate);
    }
    make(out);
    return TRI_OK;
}
