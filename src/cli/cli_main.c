/* The program: `trisock COMMAND`. */
#include "cli_bench.h"
#include "cli_connect.h"
#include "cli_help.h"
#include "cli_serve.h"
#include "trisock/trisock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

/* A standard descriptor that is closed would be the next one to be opened: a socket, say, that lines
 * are then read from or written to, or one of the loop's, which does not close such a descriptor. */
static void keep_standard_descriptors(void)
{
    while (fcntl(STDERR_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0 ||
           fcntl(STDIN_FILENO, F_GETFD) < 0) {
        if (open("/dev/null", O_RDWR) < 0) {
            return;
        }
    }
}

int main(int argc, char **argv)
{
    keep_standard_descriptors();
    /* A reader of our output that went away is an error of that write, not the end of us. */
    (void)signal(SIGPIPE, SIG_IGN);
    const char *command = argc > 1 ? argv[1] : "help";
    if (strcmp(command, "serve") == 0) {
        return cli_serve(argc - 2, (const char *const *)(argv + 2));
    }
    if (strcmp(command, "bench") == 0) {
        return cli_bench(argc - 2, (const char *const *)(argv + 2));
    }
    if (strcmp(command, "connect") == 0) {
        return cli_connect(argc - 2, (const char *const *)(argv + 2));
    }
    if (is_one_of(command, "help", "--help", "-h")) {
        (void)fputs(cli_help(), stdout);
        return 0;
    }
    if (is_one_of(command, "version", "--version", "-V")) {
        (void)printf("trisock %s\n", tri_version());
        return 0;
    }
    (void)fprintf(stderr, "trisock: unknown command %s; see trisock help\n", command);
    return 2;
}
