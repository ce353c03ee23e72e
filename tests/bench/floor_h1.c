/*
 * The floor of HTTP/1.1: an echo on epoll and wolfSSL, RFC 6455. Of the request it reads nothing but its
 * end and its key.
 */
#include "floor_tcp.h"

#include <wolfssl/wolfcrypt/coding.h>
#include <wolfssl/wolfcrypt/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LENGTH ((size_t)24) /* RFC 6455 section 4.2.1 */

struct h1_server {
    struct floor_tcp tcp;
    struct floor_bytes *out; /* of the connection whose turn it is */
    size_t ready;            /* of it: whole frames */
};

struct h1_conn {
    struct floor_tcp_conn tcp;
    struct floor_echo echo;
    struct floor_bytes *request; /* so far; NULL once it is answered */
    struct floor_bytes *partial; /* the answer to a frame that came in part; else NULL */
    bool is_upgraded;
};

/* ------------------------------------------------------------------------------ opening handshake */

/* RFC 6455 section 4.2.2, step 5.4. |out| has room for 28 characters and a zero. */
static bool accept_key(const char *key, char out[32])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[WC_SHA_DIGEST_SIZE];
    word32 len = 31;
    wc_Sha sha;
    bool is_made = wc_InitSha(&sha) == 0 &&
                   wc_ShaUpdate(&sha, (const byte *)key, KEY_LENGTH) == 0 &&
                   wc_ShaUpdate(&sha, (const byte *)guid, sizeof guid - 1) == 0 &&
                   wc_ShaFinal(&sha, digest) == 0 &&
                   Base64_Encode_NoNl(digest, sizeof digest, (byte *)out, &len) == 0;
    out[is_made ? len : 0] = '\0';
    return is_made;
}

static bool write_response(struct h1_server *s, const char *request)
{
    static const char field[] = "\r\nsec-websocket-key: ";
    char response[160], accept[32];
    const char *at = strcasestr(request, field);
    if (!at || strlen(at) < sizeof field - 1 + KEY_LENGTH ||
        !accept_key(at + sizeof field - 1, accept)) {
        return false;
    }
    int len = snprintf(response, sizeof response,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                       accept);
    floor_bytes_append(&s->out, response, (size_t)len);
    s->ready = s->out->len;
    return true;
}

/* Takes what |data| has of the request; frames that follow wait for the next bytes, as none may. */
static bool read_request(struct h1_conn *c, const uint8_t *data, size_t len)
{
    floor_bytes_append(&c->request, data, len);
    if (!memmem(c->request->data, c->request->len, "\r\n\r\n", 4)) {
        return true;
    }
    floor_bytes_append(&c->request, "", 1);
    c->is_upgraded =
        write_response((struct h1_server *)c->tcp.server, (const char *)c->request->data);
    free(c->request);
    c->request = NULL;
    return c->is_upgraded;
}

/* ------------------------------------------------------------------------------------ connection */

static bool on_open(struct floor_tcp_conn *conn)
{
    return true;
}

/* The answer moves to where all connections write theirs. */
static void resume_partial(struct h1_server *s, struct h1_conn *c)
{
    if (c->partial) {
        floor_bytes_append(&s->out, c->partial->data, c->partial->len);
        floor_bytes_reserve(&s->out, (size_t)c->echo.left);
        free(c->partial);
        c->partial = NULL;
    }
}

static bool on_data(struct floor_tcp_conn *conn, const uint8_t *data, size_t len)
{
    struct h1_conn *c = (struct h1_conn *)conn;
    struct h1_server *s = (struct h1_server *)conn->server;
    if (!c->is_upgraded) {
        return read_request(c, data, len);
    }
    resume_partial(s, c);
    s->ready = floor_echo_feed(&c->echo, &s->out, s->ready, data, len);
    return true;
}

static bool on_turn(struct floor_tcp_conn *conn)
{
    struct h1_conn *c = (struct h1_conn *)conn;
    struct h1_server *s = (struct h1_server *)conn->server;
    bool is_sealed = floor_tcp_seal(conn, s->out->data, s->ready);
    if (s->out->len > s->ready) {
        floor_bytes_append(&c->partial, s->out->data + s->ready, s->out->len - s->ready);
    }
    s->out->len = s->ready = 0;
    return is_sealed && !c->echo.is_closed;
}

static void on_end(struct floor_tcp_conn *conn)
{
    struct h1_conn *c = (struct h1_conn *)conn;
    free(c->request);
    free(c->partial);
}

static const struct floor_tcp_calls calls = {
    .alpn = "http/1.1",
    .conn_size = sizeof(struct h1_conn),
    .on_open = on_open,
    .on_data = on_data,
    .on_turn = on_turn,
    .on_end = on_end,
};

int main(int argc, char **argv)
{
    struct h1_server server = {.ready = 0};
    struct floor_options options;
    floor_options_read(&options, argc, argv);
    floor_bytes_reserve(&server.out, 1);
    floor_tcp_run(&server.tcp, &options, &calls);
}
