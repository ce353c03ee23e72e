/* See tls_hosts.h. */
#include "tls_hosts.h"

#include <arpa/inet.h>
#include <assert.h>
#include <strings.h>

#include <wolfssl/openssl/x509v3.h>

/* RFC 1035 section 2.3.4: 255 octets on the wire, which are 253 characters. */
#define NAME_BYTES_MAX 253

/* ------------------------------------------------------------------------------- the reading */

/* RFC 9525 section 6.3: a wildcard is the whole left-most label, and the only one. */
static bool is_name(const char *name, size_t len)
{
    size_t at = len > 2 && name[0] == '*' && name[1] == '.' ? 2 : 0;
    for (; at < len; at++) {
        if (name[at] <= ' ' || name[at] > '~' || name[at] == '*') {
            return false;
        }
    }
    return len > 0 && len <= NAME_BYTES_MAX;
}

static enum tri_err add_name(struct tri_buf *out, const char *name, size_t len)
{
    char lower[NAME_BYTES_MAX + 1];
    assert(len < sizeof lower);
    for (size_t i = 0; i < len; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        lower[i] = (char)(is_upper ? name[i] + ('a' - 'A') : name[i]);
    }
    lower[len] = '\0';
    return tri_buf_append(out, lower, len + 1);
}

/* Some clients send an address as the server name, though RFC 6066 section 3 forbids it. */
static enum tri_err add_address(struct tri_buf *out, const void *bytes, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    if (len != 4 && len != 16) {
        return TRI_OK;
    }
    const char *made = inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    return made ? add_name(out, text, strlen(text)) : TRI_OK;
}

static enum tri_err add_general_name(struct tri_buf *out, WOLFSSL_GENERAL_NAME *name)
{
    bool is_dns = name->type == WOLFSSL_GEN_DNS;
    if (!is_dns && name->type != WOLFSSL_GEN_IPADD) {
        return TRI_OK;
    }
    WOLFSSL_ASN1_STRING *string = is_dns ? name->d.dNSName : name->d.iPAddress;
    const unsigned char *data = wolfSSL_ASN1_STRING_get0_data(string);
    int len = wolfSSL_ASN1_STRING_length(string);
    if (!data || len <= 0) {
        return TRI_OK;
    }
    if (!is_dns) {
        return add_address(out, data, (size_t)len);
    }
    bool good = is_name((const char *)data, (size_t)len);
    return good ? add_name(out, (const char *)data, (size_t)len) : TRI_OK;
}

enum tri_err tri_tls_hosts_read(struct tri_buf *out, WOLFSSL_X509 *leaf)
{
    assert(out && leaf);
    WOLFSSL_STACK *names = wolfSSL_X509_get_ext_d2i(leaf, WC_NID_subject_alt_name, NULL, NULL);
    enum tri_err err = TRI_OK;
    for (int i = 0; i < wolfSSL_sk_GENERAL_NAME_num(names) && err == TRI_OK; i++) {
        err = add_general_name(out, wolfSSL_sk_GENERAL_NAME_value(names, i));
    }
    wolfSSL_sk_GENERAL_NAME_pop_free(names, wolfSSL_GENERAL_NAME_free);
    return err;
}

/* ------------------------------------------------------------------------------- the finding */

/* Whether |host|, "*.example.org", stands for |name|, "a.example.org": one label, never more. */
static bool is_covered(const char *host, const char *name, size_t len)
{
    const char *dot = memchr(name, '.', len);
    if (host[0] != '*' || !dot || dot == name) {
        return false;
    }
    size_t rest = len - (size_t)(dot - name);
    return strlen(host + 1) == rest && strncasecmp(host + 1, dot, rest) == 0;
}

enum tri_tls_host_match tri_tls_hosts_find(const struct tri_buf *hosts, const char *name,
                                           size_t len)
{
    assert(hosts && (name || len == 0));
    if (len == 0) {
        return TRI_TLS_HOST_NONE;
    }
    enum tri_tls_host_match found = TRI_TLS_HOST_NONE;
    struct tri_slice left = tri_buf_peek(hosts);
    while (left.len > 0) {
        const char *host = (const char *)left.data;
        size_t host_len = strlen(host); /* our own text: every name ends in a NUL */
        if (host_len == len && strncasecmp(host, name, len) == 0) {
            return TRI_TLS_HOST_EXACT;
        }
        if (is_covered(host, name, len)) {
            found = TRI_TLS_HOST_WILDCARD;
        }
        left.data += host_len + 1;
        left.len -= host_len + 1;
    }
    return found;
}
