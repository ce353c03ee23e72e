/* Runs another program and waits for it: for what openssl and curl say about our work. */
#ifndef TRI_TESTS_RUN_PROGRAM_H
#define TRI_TESTS_RUN_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Runs |argv| (found on the PATH, NULL at the end) with |input_fd| (-1: empty) as its input. What
 * it prints, errors too, comes NUL-terminated into |out|, cut at |max|. Returns its exit status;
 * 128 + the signal that ended it; -1 if it cannot be run.
 */
int run_program(const char *const argv[], int input_fd, char *out, size_t max);

/* The same as a shell line would run it. */
int run_shell(const char *line, char *out, size_t max);

/* Starts it without waiting; its output can be read from |*output_fd|. -1 if it cannot be run. */
pid_t start_program(const char *const argv[], int input_fd, int *output_fd);

/* Reads |output_fd| to its end, closes it, and waits for |pid|. Returns as run_program. */
int finish_program(pid_t pid, int output_fd, char *out, size_t max);

#endif
