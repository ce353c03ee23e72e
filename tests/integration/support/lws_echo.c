/*
 * An echo on Debian's libwebsockets, over HTTP/1.1 and HTTP/2: lws_echo PORT CERT KEY.
 *
 * What a socket received waits in a list until libwebsockets says that it can be written; a piece
 * goes back as it came, with the flags of its place in the message.
 */
#include <libwebsockets.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above it no more is read from the socket until the list is empty. */
#define HELD_BYTES_MAX ((size_t)(1024 * 1024))

#define STREAMS_MAX 200

struct piece {
    struct piece *next;
    size_t len;
    int flags;
    unsigned char bytes[]; /* LWS_PRE that the library writes its header into, then |len| */
};

/* All zero when a socket opens. */
struct echo {
    struct piece *first, **last;
    size_t held_bytes;
    int is_paused;
};

static int hold(struct lws *wsi, struct echo *e, const void *data, size_t len)
{
    struct piece *p = malloc(sizeof *p + LWS_PRE + len);
    if (!p) {
        return -1;
    }
    int is_end = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    *p = (struct piece){.len = len};
    p->flags = lws_write_ws_flags(lws_frame_is_binary(wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT,
                                  lws_is_first_fragment(wsi), is_end);
    memcpy(p->bytes + LWS_PRE, data, len);
    if (!e->first) {
        e->last = &e->first;
    }
    *e->last = p;
    e->last = &p->next;
    e->held_bytes += len;
    if (e->held_bytes > HELD_BYTES_MAX && !e->is_paused) {
        e->is_paused = 1;
        lws_rx_flow_control(wsi, 0);
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static struct piece *take_first(struct echo *e)
{
    struct piece *p = e->first;
    if (p) {
        e->first = p->next;
        e->held_bytes -= p->len;
    }
    return p;
}

/* A write may be asked for only once each time that the socket can be written. */
static int write_one(struct lws *wsi, struct echo *e)
{
    struct piece *p = take_first(e);
    if (!p) {
        return 0;
    }
    int written = lws_write(wsi, p->bytes + LWS_PRE, p->len, (enum lws_write_protocol)p->flags);
    int is_written = written >= (int)p->len;
    free(p);
    if (e->first) {
        lws_callback_on_writable(wsi);
    } else if (e->is_paused) {
        e->is_paused = 0;
        lws_rx_flow_control(wsi, 1);
    }
    return is_written ? 0 : -1;
}

static int take_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                      size_t len)
{
    struct echo *e = user;
    switch ((int)reason) {
    case LWS_CALLBACK_ESTABLISHED:
        memset(e, 0, sizeof *e);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return hold(wsi, e, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return write_one(wsi, e);
    case LWS_CALLBACK_CLOSED:
        for (struct piece *p = take_first(e); p; p = take_first(e)) {
            free(p);
        }
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "echo",
     .callback = take_event,
     .per_session_data_size = sizeof(struct echo),
     .rx_buffer_size = 65536},
    {.name = NULL},
};

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: lws_echo PORT CERT KEY\n");
        return 2;
    }
    lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
    struct lws_context_creation_info info = {
        .port = (int)strtol(argv[1], NULL, 10),
        .iface = "lo",
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .ssl_cert_filepath = argv[2],
        .ssl_private_key_filepath = argv[3],
        .fd_limit_per_thread = 1000,
        /* By number, RFC 9113 section 6.5.2, and RFC 8441 section 3 follows by itself. */
        .http2_settings = {1, 4096, 0, STREAMS_MAX, 65535, 16384, 4096},
    };
    struct lws_context *context = lws_create_context(&info);
    if (!context) {
        return 1;
    }
    while (lws_service(context, 0) >= 0) {}
    lws_context_destroy(context);
    return 0;
}
