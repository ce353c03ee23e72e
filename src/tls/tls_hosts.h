/*
 * The names that a certificate is for, as its subjectAltName has them, and whether a server name is
 * one of them: RFC 9525 section 6.3, for the server that chooses by RFC 6066 section 3. The common
 * name of the subject counts for nothing, as in browsers (RFC 9525 section 2). Row N6. Private to
 * tls.
 */
#ifndef TRI_TLS_HOSTS_H
#define TRI_TLS_HOSTS_H

#include "base_buf.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

enum tri_tls_host_match {
    TRI_TLS_HOST_NONE,
    TRI_TLS_HOST_WILDCARD, /* "a.example.org" by "*.example.org" */
    TRI_TLS_HOST_EXACT,
};

/*
 * Appends the names of |leaf| to |out|: in lower case, each with its NUL; DNS names and addresses.
 * What is no name (with a "*" that is not the whole first label, or with odd bytes) is left out.
 * TRI_OK, also if there is none; TRI_ERR_NOMEM, TRI_ERR_LIMIT.
 */
TRI_MUST_USE enum tri_err tri_tls_hosts_read(struct tri_buf *out, WOLFSSL_X509 *leaf);

/* How |name|, |len| bytes in any case, is among |hosts|, which tri_tls_hosts_read filled. */
enum tri_tls_host_match tri_tls_hosts_find(const struct tri_buf *hosts, const char *name,
                                           size_t len);

#endif
