/* See cli_bridge.h. */
#include "cli_bridge.h"

#include "cli_signals.h"
#include "client_bridge.h"

#include <stdio.h>
#include <string.h>

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define ERROR_MAX 256
#define LISTEN_MAX 80

struct bridging {
    struct tri_client *client;
    struct tri_client_bridge *bridge;
    struct cli_signals signals;
    atomic_uint stops; /* how often it was asked to stop */
    bool is_stopped;
    bool verbose;
};

/* ---- what its threads tell */

static void take_stop(void *user)
{
    struct bridging *b = user;
    atomic_fetch_add(&b->stops, 1);
    tri_client_stop(b->client);
}

static void take_reload(void *user)
{
    (void)user; /* there is nothing to read again */
}

static void take_note(void *user, const char *text, bool is_error)
{
    const struct bridging *b = user;
    if (is_error || b->verbose) {
        (void)fprintf(stderr, "trisock: %s\n", text);
    }
}

static void take_stopped(void *user)
{
    struct bridging *b = user;
    b->is_stopped = true;
    tri_client_stop(b->client);
}

/* ---- the run */

/* A port alone is one of 127.0.0.1. */
static void complete_listen(char out[LISTEN_MAX], const char *listen)
{
    const char *port = listen[0] == ':' ? listen + 1 : listen;
    const bool is_port = port[0] != '\0' && strspn(port, "0123456789") == strlen(port);
    (void)snprintf(out, LISTEN_MAX, "%s%s", is_port ? "127.0.0.1:" : "", is_port ? port : listen);
}

static int make_bridge(struct bridging *b, const struct cli_bridge_options *o)
{
    char listen[LISTEN_MAX];
    char error[ERROR_MAX];
    complete_listen(listen, o->listen);
    const struct tri_client_bridge_setup setup = {
        .listen = listen,
        .url = o->url,
        .http = o->http,
        .h3_first = o->h3_first,
        .headers = o->headers,
        .headers_len = o->headers_len,
        .on_note = take_note,
        .on_stopped = take_stopped,
        .user = b,
    };
    const enum tri_err err =
        tri_client_bridge_new(&b->bridge, b->client, &setup, error, sizeof error);
    if (err == TRI_OK) {
        return 0;
    }
    (void)fprintf(stderr, "trisock: --bridge %s %s: %s\n", o->listen, o->url, error);
    return err == TRI_ERR_INVALID ? EXIT_USAGE : EXIT_FAILED;
}

static void print_ready(const struct bridging *b, const struct cli_bridge_options *o)
{
    (void)printf("trisock: bridging ws://%s to %s\n", tri_client_bridge_address(b->bridge), o->url);
    (void)fflush(stdout);
}

/* Each stop of the client is a signal's, or the bridge's last word. */
static int run(struct bridging *b)
{
    unsigned stops = 0;
    while (!b->is_stopped) {
        const enum tri_err err = tri_client_run(b->client);
        if (err != TRI_OK) {
            (void)fprintf(stderr, "trisock: %s\n", tri_err_text(err));
            return EXIT_FAILED;
        }
        for (const unsigned asked = atomic_load(&b->stops); stops < asked; stops++) {
            if (stops == 0) {
                tri_client_bridge_stop(b->bridge);
            } else {
                tri_client_bridge_cut(b->bridge);
            }
        }
    }
    return 0;
}

int cli_bridge(struct tri_client *client, const struct cli_bridge_options *o)
{
    struct bridging b = {.client = client, .verbose = o->verbose};
    atomic_init(&b.stops, 0);
    b.signals = (struct cli_signals){.on_stop = take_stop, .on_reload = take_reload, .user = &b};
    if (cli_signals_start(&b.signals) != TRI_OK) {
        (void)fprintf(stderr, "trisock: no thread for signals can be made\n");
        return EXIT_FAILED;
    }
    int code = make_bridge(&b, o);
    if (code == 0) {
        print_ready(&b, o);
        code = run(&b);
        if (b.is_stopped) {
            tri_client_bridge_free(b.bridge);
        }
    }
    cli_signals_end(&b.signals);
    return code;
}
