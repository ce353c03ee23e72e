/* Running another program; see run_program.h. */
#include "run_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t start_program(const char *const argv[], int input_fd, int *output_fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    if (input_fd >= 0) {
        posix_spawn_file_actions_adddup2(&actions, input_fd, 0);
    } else {
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    }
    pid_t pid = -1;
    union {
        const char *const *given;
        char *const *wanted; /* posix_spawnp does not change them */
    } args = {.given = argv};
    if (posix_spawnp(&pid, argv[0], &actions, NULL, args.wanted, environ) != 0) {
        pid = -1;
        close(ends[0]);
    } else {
        *output_fd = ends[0];
    }
    close(ends[1]);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

int finish_program(pid_t pid, int output_fd, char *out, size_t max)
{
    size_t len = 0;
    char rest[512];
    for (;;) {
        size_t room = max - 1 - len;
        ssize_t got = read(output_fd, room ? out + len : rest, room ? room : sizeof rest);
        if (got <= 0) {
            break;
        }
        len += room ? (size_t)got : 0;
    }
    out[len] = '\0';
    close(output_fd);
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_program(const char *const argv[], int input_fd, char *out, size_t max)
{
    int output_fd = -1;
    pid_t pid = start_program(argv, input_fd, &output_fd);
    return pid < 0 ? -1 : finish_program(pid, output_fd, out, max);
}

int run_shell(const char *line, char *out, size_t max)
{
    return run_program((const char *const[]){"sh", "-c", line, NULL}, -1, out, max);
}
