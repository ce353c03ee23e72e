/*
 * The processes at the ends. The server has a process group of its own, which is ended as a whole;
 * the command stays in that of this process, so that a terminal's Ctrl-C reaches it. None outlives
 * this process, however it ends: a guard sees it go and kills the rest.
 */
#ifndef LINK_CHILD_H
#define LINK_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct link_child {
    pid_t pid;      /* 0: none */
    bool is_leader; /* of a group of its own */
    bool has_ended;
    int status; /* as of waitpid, once it has ended */
};

struct link_child_options {
    int namespace_fd;
    int stdout_fd;  /* -1: as it is */
    bool is_leader; /* gets a group of its own, and nothing to read */
};

/* False: errno. A program that is not there ends with 127, as in a shell. */
bool link_child_start(struct link_child *child, const struct link_child_options *options,
                      char *const *argv);

/* Looks whether it has ended. */
bool link_child_has_ended(struct link_child *child);

/* To the whole group, if it leads one. */
void link_child_signal(const struct link_child *child, int signal);

/* The exit status, as a shell tells it. */
int link_child_status(const struct link_child *child);

/*
 * Kills what is left of both when this process dies before link_guard_stop. |server| may be none.
 * *|fd| is what the guard watches. False: errno.
 */
bool link_guard_start(const struct link_child *server, const struct link_child *command, int *fd);
void link_guard_stop(int fd);

#endif
