/*
 * An echo on libwebsockets, over HTTP/1.1 and HTTP/2: the server of others that `./dev bench server`
 * measures, to tell one machine from another, and that the tests of `trisock bench` drive. Known of it:
 * over HTTP/2 messages of 1 KiB and more on 100 sockets of one connection do not all come back.
 */
#include <libwebsockets.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 200
#define DESCRIPTORS_MAX 12000
#define READ_BYTES 65536
/* Of a socket: above the first it is not read, until what waits is below the second. */
#define WAITING_BYTES_MAX ((size_t)4 << 20)
#define WAITING_BYTES_LOW ((size_t)1 << 20)

/* A part of a message, as it came. */
struct part {
    struct part *next;
    size_t len;
    enum lws_write_protocol kind;
    unsigned char bytes[]; /* LWS_PRE for the library's header, then |len| */
};

struct socket {
    struct part *first, *last;
    size_t waiting_bytes;
    bool is_paused;
};

static int keep_part(struct lws *wsi, struct socket *s, const void *data, size_t len)
{
    struct part *p = malloc(sizeof *p + LWS_PRE + len);
    if (!p) {
        return -1;
    }
    bool is_last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    p->next = NULL;
    p->len = len;
    p->kind = lws_write_ws_flags(lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT,
                                 lws_is_first_fragment(wsi), is_last);
    memcpy(p->bytes + LWS_PRE, data, len);
    if (s->first) {
        s->last->next = p;
    } else {
        s->first = p;
    }
    s->last = p;
    s->waiting_bytes += len;
    if (s->waiting_bytes > WAITING_BYTES_MAX && !s->is_paused) {
        s->is_paused = true;
        lws_rx_flow_control(wsi, 0);
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static void drop_first(struct socket *s)
{
    struct part *p = s->first;
    s->first = p->next;
    s->waiting_bytes -= p->len;
    free(p);
}

static int write_parts(struct lws *wsi, struct socket *s)
{
    for (bool is_choked = false; s->first && !is_choked; is_choked = lws_send_pipe_choked(wsi)) {
        const struct part *p = s->first;
        if (lws_write(wsi, s->first->bytes + LWS_PRE, p->len, p->kind) < (int)p->len) {
            return -1;
        }
        drop_first(s);
    }
    if (s->is_paused && s->waiting_bytes < WAITING_BYTES_LOW) {
        s->is_paused = false;
        lws_rx_flow_control(wsi, 1);
    }
    if (s->first) {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct socket *s = user;
    switch ((int)reason) {
    case LWS_CALLBACK_ESTABLISHED:
        *s = (struct socket){.first = NULL};
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return keep_part(wsi, s, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_parts(wsi, s);
    case LWS_CALLBACK_CLOSED:
        while (s->first) {
            drop_first(s);
        }
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "echo",
     .callback = on_event,
     .per_session_data_size = sizeof(struct socket),
     .rx_buffer_size = READ_BYTES},
    {.name = NULL},
};

static const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    (void)fprintf(stderr, "usage: peer_lws --listen ADDRESS:PORT --cert FILE --key FILE\n");
    exit(2);
}

int main(int argc, char **argv)
{
    const char *port = strrchr(option(argc, argv, "--listen"), ':');
    struct lws_context_creation_info info = {
        .port = port ? (int)strtol(port + 1, NULL, 10) : 0,
        .iface = "lo",
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .ssl_cert_filepath = option(argc, argv, "--cert"),
        .ssl_private_key_filepath = option(argc, argv, "--key"),
        .tls1_3_plus_cipher_list = "TLS_AES_128_GCM_SHA256",
        .fd_limit_per_thread = DESCRIPTORS_MAX,
        /* RFC 9113 section 6.5.2: one number a place, the place is the setting; the first is unused. */
        .http2_settings = {1, 4096, 0, STREAMS_MAX, 65535, 16384, 4096},
    };
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    if (!context) {
        return 1;
    }
    (void)printf("peer_lws: serving https://127.0.0.1:%d\n",
                 lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
    (void)fflush(stdout);
    while (lws_service(context, 0) >= 0) {}
    lws_context_destroy(context);
    return 0;
}
