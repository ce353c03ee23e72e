/* See link_child.h. */
#include "link_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_CANNOT_RUN 127
#define STATUS_SIGNAL 128

static void become(const struct link_child_options *options, char *const *argv)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (options->is_leader) {
        (void)setpgid(0, 0);
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        (void)dup2(null, STDIN_FILENO);
    }
    if (options->stdout_fd >= 0) {
        (void)dup2(options->stdout_fd, STDOUT_FILENO);
    }
    if (setns(options->namespace_fd, CLONE_NEWNET) == 0) {
        (void)execvp(argv[0], argv);
    }
    (void)fprintf(stderr, "link: %s: %s\n", argv[0], strerror(errno));
    _exit(STATUS_CANNOT_RUN);
}

bool link_child_start(struct link_child *child, const struct link_child_options *options,
                      char *const *argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        become(options, argv);
    }
    if (pid < 0) {
        return false;
    }
    if (options->is_leader) {
        (void)setpgid(pid, pid); /* whoever is first */
    }
    *child = (struct link_child){.pid = pid, .is_leader = options->is_leader};
    return true;
}

bool link_child_has_ended(struct link_child *child)
{
    if (child->pid == 0) {
        return true;
    }
    if (!child->has_ended) {
        child->has_ended = waitpid(child->pid, &child->status, WNOHANG) == child->pid;
    }
    return child->has_ended;
}

void link_child_signal(const struct link_child *child, int signal)
{
    /* Of a group, some may be there when its leader is not. */
    if (child->pid > 0 && (child->is_leader || !child->has_ended)) {
        (void)kill(child->is_leader ? -child->pid : child->pid, signal);
    }
}

int link_child_status(const struct link_child *child)
{
    return WIFSIGNALED(child->status) ? STATUS_SIGNAL + WTERMSIG(child->status)
                                      : WEXITSTATUS(child->status);
}

static void guard(const struct link_child *server, const struct link_child *command, int fd)
{
    char byte;
    (void)setpgid(0, 0); /* what ends the others' groups is not to end this */
    if (read(fd, &byte, 1) == 0) {
        link_child_signal(server, SIGKILL);
        link_child_signal(command, SIGKILL);
    }
    _exit(0);
}

/* The guard holds nothing open that somebody may wait for the end of. */
static void close_all_but(int fd)
{
    long limit = sysconf(_SC_OPEN_MAX);
    for (int i = 0; i < (limit > 0 && limit < 1024 ? (int)limit : 1024); i++) {
        if (i != fd) {
            (void)close(i);
        }
    }
}

bool link_guard_start(const struct link_child *server, const struct link_child *command, int *fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close_all_but(ends[0]);
        guard(server, command, ends[0]);
    }
    (void)close(ends[0]);
    *fd = ends[1];
    return pid > 0;
}

void link_guard_stop(int fd)
{
    ssize_t written = write(fd, "", 1);
    (void)written; /* it has gone by itself */
    (void)close(fd);
}
