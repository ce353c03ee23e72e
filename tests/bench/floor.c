/* See floor.h. */
#include "floor.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MIN ((size_t)40) /* a small message with its header */

/* ---------------------------------------------------------------------------------- command line */

_Noreturn void floor_die(const char *what)
{
    perror(what);
    exit(1);
}

static _Noreturn void refuse(const char *name)
{
    (void)fprintf(stderr, "usage: %s --listen ADDRESS:PORT --cert FILE --key FILE\n", name);
    exit(2);
}

static bool read_address(struct sockaddr_in *out, const char *text)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : sizeof host;
    if (len >= sizeof host) {
        return false;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return end != colon + 1 && *end == '\0' && port <= UINT16_MAX &&
           inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

void floor_options_read(struct floor_options *out, int argc, char **argv)
{
    bool has_address = false;
    *out =
        (struct floor_options){.name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0]};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--listen") == 0) {
            has_address = read_address(&out->address, argv[i + 1]);
        } else if (strcmp(argv[i], "--cert") == 0) {
            out->cert = argv[i + 1];
        } else if (strcmp(argv[i], "--key") == 0) {
            out->key = argv[i + 1];
        } else {
            refuse(out->name);
        }
    }
    if (!has_address || !out->cert || !out->key) {
        refuse(out->name);
    }
}

int floor_bind(struct floor_options *o, int type)
{
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    socklen_t len = sizeof o->address;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&o->address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&o->address, &len) != 0) {
        floor_die("cannot listen");
    }
    return fd;
}

void floor_say_ready(const struct floor_options *o)
{
    char host[INET_ADDRSTRLEN];
    (void)printf("%s: serving https://%s:%u\n", o->name,
                 inet_ntop(AF_INET, &o->address.sin_addr, host, sizeof host),
                 ntohs(o->address.sin_port));
    (void)fflush(stdout);
}

WOLFSSL_CTX *floor_tls_new(const struct floor_options *o)
{
    int groups[] = {WOLFSSL_ECC_X25519};
    (void)wolfSSL_Init();
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(wolfTLSv1_3_server_method());
    if (!ctx || wolfSSL_CTX_use_certificate_chain_file(ctx, o->cert) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_use_PrivateKey_file(ctx, o->key, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_cipher_list(ctx, "TLS13-AES128-GCM-SHA256") != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(ctx, groups, 1) != WOLFSSL_SUCCESS) {
        floor_die("cannot use the certificate and its key");
    }
    return ctx;
}

/* ---------------------------------------------------------------------------------------- bytes */

void floor_bytes_reserve(struct floor_bytes **bytes, size_t more)
{
    struct floor_bytes *old = *bytes;
    size_t len = old ? old->len : 0, max = len + more;
    if (old && max <= old->max) {
        return;
    }
    max += len / 2; /* what grows again and again moves seldom */
    max = max < BYTES_MIN ? BYTES_MIN : max;
    struct floor_bytes *b = realloc(old, sizeof *b + max);
    if (!b) {
        floor_die("memory is short");
    }
    b->next = NULL;
    b->len = len;
    b->max = max;
    *bytes = b;
}

void floor_bytes_append(struct floor_bytes **bytes, const void *data, size_t len)
{
    floor_bytes_reserve(bytes, len);
    memcpy((*bytes)->data + (*bytes)->len, data, len);
    (*bytes)->len += len;
}

void floor_bytes_drop(struct floor_bytes *bytes, size_t len)
{
    assert(len <= bytes->len);
    bytes->len -= len;
    if (bytes->len > 0) {
        memmove(bytes->data, bytes->data + len, bytes->len);
    }
}

/* ----------------------------------------------------------------------------------------- echo */

enum { OPCODE = 0x0f, OP_CLOSE = 0x8, OP_PING = 0x9, OP_PONG = 0xa };

/* RFC 6455 section 5.3. |*mask| is then the one of the byte after these. */
static void unmask(uint8_t *out, const uint8_t *in, size_t len, uint32_t *mask)
{
    const uint64_t wide = *mask | (uint64_t)*mask << 32;
    size_t i = 0;
    for (; i + sizeof wide <= len; i += sizeof wide) {
        uint64_t word;
        memcpy(&word, in + i, sizeof word);
        word ^= wide;
        memcpy(out + i, &word, sizeof word);
    }
    for (unsigned shift = 0; i < len; i++, shift += 8) {
        out[i] = (uint8_t)(in[i] ^ (wide >> shift));
    }
    const unsigned turned = 8 * (len & 3);
    *mask = (uint32_t)(wide >> turned);
}

/* How long a masked frame's header is whose first two bytes are |head|. */
static uint8_t header_length(const uint8_t *head)
{
    const uint8_t len = head[1] & 0x7f;
    return (uint8_t)(2 + (len == 126 ? 2 : len == 127 ? 8 : 0) + 4);
}

static uint64_t payload_length(const uint8_t *head, uint8_t head_len)
{
    if (head_len == 2 + 4) {
        return head[1] & 0x7f;
    }
    uint64_t len = 0;
    for (unsigned i = 2; i < head_len - 4u; i++) {
        len = len << 8 | head[i];
    }
    return len;
}

/* The header of the answer is the same but for the mask; a pong answers a ping. */
static void write_header(struct floor_echo *e, struct floor_bytes **out)
{
    const uint8_t len = e->head_need - 4;
    floor_bytes_reserve(out, len + (size_t)e->left);
    uint8_t *to = (*out)->data + (*out)->len;
    memcpy(to, e->head, len);
    to[0] = (to[0] & OPCODE) == OP_PING ? to[0] ^ (OP_PING ^ OP_PONG) : to[0];
    to[1] &= 0x7f;
    (*out)->len += len;
}

/* Takes what |data| has of a header. Returns how much that is. */
static size_t take_header(struct floor_echo *e, struct floor_bytes **out, const uint8_t *data,
                          size_t len)
{
    size_t used = 0;
    while (used < len && !e->is_in_payload) {
        e->head[e->head_len++] = data[used++];
        if (e->head_len == 2) {
            e->head_need = header_length(e->head);
        }
        if (e->head_len == e->head_need) {
            e->left = payload_length(e->head, e->head_need);
            memcpy(&e->mask, e->head + e->head_need - 4, 4);
            write_header(e, out);
            e->is_in_payload = true;
        }
    }
    return used;
}

static size_t take_payload(struct floor_echo *e, struct floor_bytes *out, const uint8_t *data,
                           size_t len)
{
    const size_t now = len < e->left ? len : (size_t)e->left;
    unmask(out->data + out->len, data, now, &e->mask);
    out->len += now;
    e->left -= now;
    return now;
}

size_t floor_echo_feed(struct floor_echo *e, struct floor_bytes **out, size_t ready,
                       const uint8_t *data, size_t len)
{
    size_t used = 0;
    while (used < len && !e->is_closed) {
        if (!e->is_in_payload) {
            used += take_header(e, out, data + used, len - used);
        }
        if (e->is_in_payload) {
            used += take_payload(e, *out, data + used, len - used);
            if (e->left == 0) {
                ready = (*out)->len;
                e->is_closed = (e->head[0] & OPCODE) == OP_CLOSE;
                e->is_in_payload = false;
                e->head_len = e->head_need = 0;
            }
        }
    }
    return ready;
}
