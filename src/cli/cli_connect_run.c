/* See cli_connect_run.h. */
#include "cli_connect_run.h"

#include "cli_connect.h"
#include "cli_connect_state.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define PATH_BYTES_MAX 8192
#define NS_PER_MS UINT64_C(1000000)

/* How long the connection may take to end in order, when its socket has. */
#define LINGER_NS (UINT64_C(1000) * NS_PER_MS)

/* ------------------------------------------------------------------------------------- the socket */

static void on_open(void *user, struct tri_ws *ws)
{
    struct cli_connect_state *r = user;
    r->ws = ws;
    r->quiet_ns = tri_client_now_ns();
    const struct cli_connect_opened opened = {
        .conn = r->conn, .ws = ws, .open_ns = r->quiet_ns - r->started_ns};
    cli_connect_print_open(&r->print, &opened);
    if (r->options->once) {
        (void)cli_connect_send(r, &r->pending); /* an empty queue takes any message */
    }
    if (r->stops > 0) {
        cli_connect_close(r, TRI_CLOSE_GOING_AWAY);
    }
}

static void on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                       size_t len)
{
    (void)ws;
    struct cli_connect_state *r = user;
    if (r->options->once && r->is_closing) {
        return; /* one answer was asked for */
    }
    cli_connect_print_message(&r->print, type, data, len);
    r->quiet_ns = tri_client_now_ns();
    if (r->options->once) {
        cli_connect_close(r, TRI_CLOSE_NORMAL);
    }
}

static void on_drain(void *user, struct tri_ws *ws)
{
    (void)ws;
    cli_connect_send_lines(user);
}

/* Whether --once waited in vain: its answer is what the socket is closed after. */
static bool lacks_answer(const struct cli_connect_state *r)
{
    return r->options->once && !r->is_closing;
}

static int judge_end(const struct cli_connect_state *r, const struct tri_ws_end *end)
{
    const bool is_usual = end->code == TRI_CLOSE_NORMAL || end->code == TRI_CLOSE_GOING_AWAY ||
                          end->code == TRI_CLOSE_NO_STATUS;
    if (end->code == TRI_CLOSE_ABNORMAL || (is_usual && !end->clean)) {
        return CLI_CONNECT_ABNORMAL;
    }
    return is_usual && !lacks_answer(r) ? CLI_CONNECT_CLOSED : CLI_CONNECT_OTHER;
}

/* A message over --max-message is an answer that came, and was not taken. */
static void explain_lack(const struct cli_connect_state *r, const struct tri_ws_end *end)
{
    const bool is_ours = end->code == TRI_CLOSE_TOO_BIG && end->messages_in == 0 && !end->clean;
    (void)fprintf(r->print.err, "trisock: %s\n",
                  is_ours ? "the answer is longer than --max-message (default 16m); allow more"
                          : "the server closed the socket before it answered");
}

static void on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)ws;
    struct cli_connect_state *r = user;
    r->ws = NULL;
    r->has_pending = false;
    if (r->is_over) {
        return; /* ended by a second signal */
    }
    cli_connect_print_close(&r->print, end);
    cli_connect_end(r, judge_end(r, end));
    if (r->status == CLI_CONNECT_ABNORMAL) {
        (void)fputs("trisock: the socket ended without a closing handshake\n", r->print.err);
    } else if (lacks_answer(r)) {
        explain_lack(r, end);
    }
}

static void on_fail(void *user, const struct tri_failure *why)
{
    struct cli_connect_state *r = user;
    if (!r->is_over) {
        cli_connect_print_failure(&r->print, why);
        cli_connect_end(r, CLI_CONNECT_NOT_OPEN);
    }
}

static void on_closed(void *user, struct tri_client_conn *conn, const struct tri_failure *why)
{
    (void)conn;
    struct cli_connect_state *r = user;
    r->conn = NULL;
    on_fail(r, why);
}

/* ------------------------------------------------------------------------------------------ start */

enum tri_err cli_connect_path(char *out, size_t max, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *at = scheme ? scheme + 3 : url;
    at += strcspn(at, "/?#");
    if (strchr(at, '#')) {
        return TRI_ERR_INVALID;
    }
    const int len = snprintf(out, max, "%s%s", at[0] == '/' ? "" : "/", at);
    return len >= 0 && (size_t)len < max ? TRI_OK : TRI_ERR_LIMIT;
}

/* What --once sends, decoded into |text|. False: a sentence has been printed. */
static bool prepare_once(struct cli_connect_state *r, char *text)
{
    const enum tri_err err =
        cli_connect_message_of(text, strlen(text), r->options->binary, &r->pending);
    if (err == TRI_ERR_UTF8) {
        cli_connect_print_error(&r->print, "--once is not UTF-8; give --binary and hexadecimal "
                                           "digits");
    } else if (err != TRI_OK) {
        cli_connect_print_error(&r->print, "--once is not pairs of hexadecimal digits; leave out "
                                           "--binary to send text");
    }
    return err == TRI_OK;
}

static int start(struct cli_connect_state *r, const char *path)
{
    static const struct tri_ws_handler handler = {
        .on_open = on_open, .on_message = on_message, .on_drain = on_drain, .on_close = on_close};
    const struct cli_connect_options *o = r->options;
    const struct tri_client_conn_setup conn = {
        .url = o->url, .http = o->http, .h3_first = o->h3_first, .on_closed = on_closed, .user = r};
    const struct tri_client_ws_setup ws = {.path = path,
                                           .headers = o->headers,
                                           .headers_len = o->headers_len,
                                           .origin = o->origin,
                                           .subprotocols = o->subprotocols,
                                           .deflate = o->deflate,
                                           .handler = &handler,
                                           .on_fail = on_fail,
                                           .user = r};
    char error[CLI_ERROR_MAX] = "";
    r->started_ns = tri_client_now_ns();
    enum tri_err err = tri_client_connect(&r->conn, r->client, &conn, error, sizeof error);
    if (err == TRI_OK) {
        err = tri_client_open(r->conn, &ws, error, sizeof error);
    }
    if (err != TRI_OK) {
        cli_connect_print_error(&r->print, "%s", error[0] != '\0' ? error : tri_err_text(err));
        return err == TRI_ERR_INVALID ? CLI_CONNECT_USAGE : CLI_CONNECT_NOT_OPEN;
    }
    return 0;
}

/* From now on SIGINT and SIGTERM are read from a descriptor. */
static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* ------------------------------------------------------------------------------------------- loop */

/* The first closes in order, the second ends at once. */
static void take_signals(struct cli_connect_state *r)
{
    struct signalfd_siginfo info;
    while (read(r->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        r->stops += 1;
    }
    if (r->stops == 0) {
        return;
    }
    if (!r->ws || r->stops > 1) {
        cli_connect_end(r, r->ws ? CLI_CONNECT_ABNORMAL : CLI_CONNECT_NOT_OPEN);
        r->is_cut = true;
        return;
    }
    cli_connect_close(r, TRI_CLOSE_GOING_AWAY);
}

static bool wants_input(const struct cli_connect_state *r)
{
    return r->ws && !r->options->once && !r->is_closing && !r->has_pending && !r->lines.has_ended;
}

/* Nothing is to be sent any more, and answers are waited for. */
static bool is_waiting(const struct cli_connect_state *r)
{
    return r->ws && !r->options->once && !r->is_closing && !r->has_pending && r->lines.has_ended;
}

/* When standard input has ended, the socket is closed after some silence. */
static void close_when_quiet(struct cli_connect_state *r)
{
    if (!is_waiting(r)) {
        return;
    }
    const uint64_t now = tri_client_now_ns();
    if (tri_ws_queued_bytes(r->ws) > 0) {
        r->quiet_ns = now;
    } else if (now - r->quiet_ns >= r->options->wait_ms * NS_PER_MS) {
        cli_connect_close(r, TRI_CLOSE_NORMAL);
    }
}

/* Milliseconds until something has to be done without anything happening; -1: never. */
static int plan_timeout(const struct cli_connect_state *r)
{
    int timeout = tri_client_timeout_ms(r->client);
    uint64_t due = r->conn ? r->deadline_ns : 0;
    if (is_waiting(r) && tri_ws_queued_bytes(r->ws) == 0) {
        due = r->quiet_ns + r->options->wait_ms * NS_PER_MS;
    }
    if (due != 0) {
        const uint64_t now = tri_client_now_ns();
        const uint64_t left = due > now ? (due - now + NS_PER_MS - 1) / NS_PER_MS : 0;
        timeout = timeout < 0 || (uint64_t)timeout > left ? (int)left : timeout;
    }
    return timeout;
}

/* While nobody takes what is printed, no more is received. */
static void pause_or_resume(struct cli_connect_state *r)
{
    const size_t kept = cli_connect_output_kept(&r->output);
    if (!r->ws || (r->is_paused ? kept > 0 : kept <= CLI_CONNECT_OUTPUT_HIGH)) {
        return;
    }
    if (r->is_paused) {
        tri_ws_resume(r->ws);
    } else {
        tri_ws_pause(r->ws);
    }
    r->is_paused = !r->is_paused;
}

/* Who read our output may have gone: then there is nobody to receive for. */
static void write_output(struct cli_connect_state *r)
{
    if (cli_connect_output_write(&r->output) == TRI_ERR_IO && !r->is_over) {
        if (errno != EPIPE) {
            (void)fprintf(r->print.err, "trisock: standard output cannot be written: %s\n",
                          strerror(errno));
        }
        cli_connect_close(r, TRI_CLOSE_GOING_AWAY);
        cli_connect_end(r, CLI_CONNECT_NOT_OPEN);
    }
    pause_or_resume(r);
}

static void take_turn(struct cli_connect_state *r)
{
    const bool has_output = cli_connect_output_kept(&r->output) > 0;
    struct pollfd fds[] = {{.fd = tri_client_fd(r->client), .events = POLLIN},
                           {.fd = r->signals, .events = POLLIN},
                           {.fd = wants_input(r) ? r->lines.fd : -1, .events = POLLIN},
                           {.fd = has_output ? r->output.fd : -1, .events = POLLOUT}};
    if (poll(fds, sizeof fds / sizeof fds[0], plan_timeout(r)) < 0 && errno != EINTR) {
        cli_connect_print_error(&r->print, "poll: %s", strerror(errno));
        cli_connect_end(r, CLI_CONNECT_NOT_OPEN);
        r->is_cut = true;
        return;
    }
    if (fds[1].revents != 0) {
        take_signals(r);
    }
    if (fds[2].revents != 0 && wants_input(r)) {
        cli_connect_read_lines(r);
    }
    if (tri_client_step(r->client) != TRI_OK) {
        cli_connect_end(r, CLI_CONNECT_NOT_OPEN);
        r->is_cut = true;
    }
    close_when_quiet(r);
    write_output(r);
}

/* True when all has ended, or has had its time to. */
static bool has_ended(struct cli_connect_state *r)
{
    if (!r->is_over || r->is_cut) {
        return r->is_cut;
    }
    if (r->conn && r->deadline_ns == 0) {
        tri_client_conn_close(r->conn);
        r->deadline_ns = tri_client_now_ns() + LINGER_NS;
    }
    const bool is_gone = !r->conn || tri_client_now_ns() >= r->deadline_ns;
    return is_gone && cli_connect_output_kept(&r->output) == 0;
}

static int carry(struct cli_connect_state *r, const char *path)
{
    r->signals = open_signals();
    if (r->signals < 0) {
        cli_connect_print_error(&r->print, "signals: %s", strerror(errno));
        return CLI_CONNECT_NOT_OPEN;
    }
    const int code = start(r, path);
    while (code == 0 && !has_ended(r)) {
        take_turn(r);
    }
    return code == 0 ? r->status : code;
}

static const char *explain_path(enum tri_err err)
{
    return err == TRI_ERR_LIMIT ? "the URL is longer than 8 KiB; give a shorter one"
                                : "the URL has a fragment; leave out # and what is behind it";
}

/* |once| is memory for the message of --once; NULL: there was none. */
static int run(struct cli_connect_state *r, char *once)
{
    char path[PATH_BYTES_MAX];
    const enum tri_err err = cli_connect_path(path, sizeof path, r->options->url);
    if (err != TRI_OK) {
        cli_connect_print_error(&r->print, "%s", explain_path(err));
        return CLI_CONNECT_USAGE;
    }
    if (!once) {
        cli_connect_print_error(&r->print, "%s", tri_err_text(TRI_ERR_NOMEM));
        return CLI_CONNECT_NOT_OPEN;
    }
    if (r->options->once && !prepare_once(r, once)) {
        return CLI_CONNECT_USAGE;
    }
    return carry(r, path);
}

static void tear_down(struct cli_connect_state *r)
{
    r->is_over = true; /* what is left calls back while it is dropped, and is not told of */
    tri_client_free(r->client);
    cli_connect_lines_deinit(&r->lines);
    if (r->signals >= 0) {
        (void)close(r->signals);
    }
    if (cli_connect_output_write(&r->output) != TRI_OK && !r->is_cut) { /* it did not begin */
        (void)fputs("trisock: standard output cannot be written\n", r->print.err);
    }
    cli_connect_output_deinit(&r->output);
}

int cli_connect_run(struct tri_client *client, const struct cli_connect_options *options)
{
    struct cli_connect_state r = {.options = options, .client = client, .signals = -1};
    if (cli_connect_output_init(&r.output, STDOUT_FILENO) != TRI_OK) {
        (void)fprintf(stderr, "trisock: %s\n", tri_err_text(TRI_ERR_NOMEM));
        tri_client_free(client);
        return CLI_CONNECT_NOT_OPEN;
    }
    r.print = (struct cli_connect_print){.out = r.output.stream,
                                         .err = stderr,
                                         .options = options,
                                         .is_terminal = isatty(STDOUT_FILENO) == 1};
    cli_connect_lines_init(&r.lines, STDIN_FILENO, options->binary);
    char *once = strdup(options->once ? options->once : "");
    const int code = run(&r, once);
    tear_down(&r);
    free(once);
    return code;
}
