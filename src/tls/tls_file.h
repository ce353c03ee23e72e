/*
 * Small files that hold certificates and keys: read whole, and written so that a crash leaves
 * either the old file or the new one.
 */
#ifndef TRI_TLS_FILE_H
#define TRI_TLS_FILE_H

#include "base_buf.h"

/* A chain of a dozen large certificates is 40 KiB; a device or a log given by mistake is more. */
#define TRI_TLS_FILE_BYTES_MAX ((size_t)(1024 * 1024))

/*
 * Appends the content of |file| to |out| (whose max bounds it).
 *
 * TRI_OK; TRI_ERR_NOT_FOUND (no such file); TRI_ERR_IO (errno is kept); TRI_ERR_LIMIT (longer than
 * |out| may hold); TRI_ERR_NOMEM. |out| may hold a part of the file after an error.
 */
TRI_MUST_USE enum tri_err tri_tls_file_read(struct tri_buf *out, const char *file);

/*
 * Writes |data| to |file| with |mode|, through a temporary file beside it and rename. Missing
 * folders are made, mode 0700.
 *
 * TRI_OK; TRI_ERR_IO (errno is kept; no temporary file is left); TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_tls_file_write(const char *file, const void *data, size_t len,
                                             unsigned mode);

#endif
