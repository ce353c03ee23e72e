/*
 * Runs a command on one end of an emulated link, and a server on the other: `./dev link --help`.
 *
 * Two network namespaces, each with a TUN device whose other side this process holds. It reads the
 * packets of each, and hands them to the other when the link would have. Namespaces have no name,
 * so that there is nothing to clear away however this process ends.
 */
#include "link_child.h"
#include "link_forward.h"
#include "link_server.h"
#include "link_stats.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STATUS_USAGE 2
#define STATUS_FAILED 125
#define SECOND_NS UINT64_C(1000000000)
#define LOOK_NS (SECOND_NS / 100) /* for the port of the server */
#define READY_NS (30 * SECOND_NS) /* for the server to start */
#define END_NS (5 * SECOND_NS)    /* for the server to end, before it is killed */
#define LAST_PACKETS_NS (SECOND_NS / 5)

static const struct link_end_options ends[LINK_ENDS] = {
    [LINK_CLIENT] = {.address = "10.77.0.1", .peer = "10.77.0.2", .address6 = "fd77::1"},
    [LINK_SERVER] = {.address = "10.77.0.2", .peer = "10.77.0.1", .address6 = "fd77::2"},
};

struct link {
    struct link_options options;
    struct link_forward forward;
    struct link_server server;
    struct link_child command;
    int signals;
    unsigned ends_asked; /* signals that asked this process to end */
};

static bool fail(const char *what)
{
    (void)fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
    return false;
}

/* ---- set-up */

static const char *open_each(struct link *l)
{
    for (size_t i = 0; i < LINK_ENDS; i++) {
        struct link_end_options options = ends[i];
        options.mtu = l->options.mtu;
        const char *failed = link_end_open(&l->forward.ends[i], &options);
        if (failed) {
            return failed;
        }
        link_way_init(&l->forward.ways[i], &l->options, i);
    }
    return NULL;
}

static bool open_ends(struct link *l)
{
    bool is_root = geteuid() == 0;
    const char *failed = is_root ? NULL : link_become_root();
    failed = failed ? failed : open_each(l);
    if (failed) {
        (void)fail(failed);
        if (!is_root) {
            (void)fprintf(stderr, "link: it takes root, or a user who may make user namespaces and "
                                  "open /dev/net/tun\n");
        }
    }
    return !failed;
}

static bool tell_addresses(void)
{
    return setenv("LINK_CLIENT", ends[LINK_CLIENT].address, 1) == 0 &&
           setenv("LINK_SERVER", ends[LINK_SERVER].address, 1) == 0 &&
           setenv("LINK_CLIENT6", ends[LINK_CLIENT].address6, 1) == 0 &&
           setenv("LINK_SERVER6", ends[LINK_SERVER].address6, 1) == 0;
}

static bool open_signals(struct link *l)
{
    static const int kinds[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        (void)sigaddset(&set, kinds[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return l->signals >= 0;
}

/* ---- events */

/* Passes on what asks for the end; the second time it is an order. A terminal tells the command. */
static void take_signal(struct link *l)
{
    struct signalfd_siginfo info;
    if (read(l->signals, &info, sizeof info) != (ssize_t)sizeof info || info.ssi_signo == SIGCHLD) {
        return;
    }
    bool is_from_terminal = info.ssi_signo == SIGINT && info.ssi_code == SI_KERNEL;
    l->ends_asked++;
    if (l->ends_asked > 1) {
        link_child_signal(&l->command, SIGKILL);
    } else if (!is_from_terminal) {
        link_child_signal(&l->command, (int)info.ssi_signo);
    }
}

/* Carries packets, and takes what the server says and signals, until |until_ns| or the next event. */
static void step(struct link *l, uint64_t until_ns)
{
    const int fds[] = {l->signals, l->server.stdout_fd};
    switch (link_forward_until(&l->forward, fds, 2, until_ns)) {
    case 0:
        take_signal(l);
        break;
    case 1:
        link_server_read(&l->server);
        break;
    default:
        break;
    }
}

static bool start_server(struct link *l)
{
    uint64_t until_ns = link_now_ns() + READY_NS;
    if (!link_server_start(&l->server, &l->options, l->forward.ends[LINK_SERVER].namespace_fd)) {
        return fail("the server");
    }
    while (!link_server_is_ready(&l->server)) {
        if (link_child_has_ended(&l->server.child)) {
            (void)fprintf(stderr, "link: the server ended with status %d before it was ready\n",
                          link_child_status(&l->server.child));
            return false;
        }
        if (link_now_ns() > until_ns || l->ends_asked > 0) {
            (void)fprintf(stderr, "link: the server does not get ready\n");
            return false;
        }
        step(l, link_now_ns() + LOOK_NS);
    }
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%d", (int)l->server.child.pid);
    return !l->options.server || setenv("LINK_SERVER_PID", pid, 1) == 0;
}

static bool run_command(struct link *l)
{
    const struct link_child_options how = {
        .namespace_fd = l->forward.ends[LINK_CLIENT].namespace_fd, .stdout_fd = -1};
    int guard = -1;
    if (!link_child_start(&l->command, &how, l->options.command)) {
        return fail("the command");
    }
    bool is_guarded = link_guard_start(&l->server.child, &l->command, &guard);
    while (is_guarded && !link_child_has_ended(&l->command)) {
        step(l, UINT64_MAX);
    }
    if (is_guarded) {
        link_guard_stop(guard);
    }
    return is_guarded || fail("the guard");
}

/* Packets still move: the server may want to say goodbye. */
static void end_server(struct link *l)
{
    uint64_t until_ns = link_now_ns() + LAST_PACKETS_NS;
    until_ns += l->options.line.delay_ns;
    while (link_now_ns() < until_ns) {
        step(l, until_ns);
    }
    until_ns = link_now_ns() + END_NS;
    link_child_signal(&l->server.child, SIGTERM);
    while (!link_child_has_ended(&l->server.child) && link_now_ns() < until_ns) {
        step(l, until_ns);
    }
    link_child_signal(&l->server.child, SIGKILL);
}

static bool tell(const struct link *l)
{
    struct link_overruns overruns;
    for (size_t i = 0; i < LINK_ENDS; i++) {
        overruns.ends[i] = link_end_overruns(&l->forward.ends[i]);
    }
    link_stats_tell(&l->forward, &overruns);
    return !l->options.stats || link_stats_write(&l->forward, &overruns, l->options.stats) ||
           fail(l->options.stats);
}

static int run(struct link *l)
{
    if (!open_signals(l)) {
        (void)fail("signals");
        return STATUS_FAILED;
    }
    if (!open_ends(l) || !tell_addresses()) {
        return STATUS_FAILED;
    }
    link_forward_hurry();
    bool has_run = start_server(l) && run_command(l);
    end_server(l);
    if (!has_run || !tell(l)) {
        return STATUS_FAILED;
    }
    return link_child_status(&l->command);
}

int main(int argc, char **argv)
{
    struct link l = {.server = {.stdout_fd = -1}};
    char error[LINK_ERROR_MAX];
    if (!link_options_parse(&l.options, argc, argv, error)) {
        (void)fprintf(stderr, "link: %s (see ./dev link --help)\n", error);
        return STATUS_USAGE;
    }
    if (l.options.help) {
        (void)fputs(link_options_usage, stdout);
        return 0;
    }
    int status = run(&l);
    for (size_t i = 0; i < LINK_ENDS; i++) {
        link_way_deinit(&l.forward.ways[i]);
    }
    return status;
}
