/* See test_death.h. */
#include "test_death.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

bool test_death_is_met(void (*run)(void *user), void *user)
{
    const pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL); /* not the test library's */
        const int nothing = open("/dev/null", O_WRONLY);
        (void)dup2(nothing, STDERR_FILENO);
        run(user);
        _exit(0);
    }
    int status = 0;
    const pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
