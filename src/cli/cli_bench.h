/* `trisock bench`: measures a server over HTTP/1.1, HTTP/2 and HTTP/3. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

/*
 * Runs the command with the arguments behind `bench`. Returns the exit status: 0; 1 faults were
 * counted; 2 the arguments or files cannot be used; 3 nothing was measured, or a version that
 * --http names was not.
 */
int cli_bench(int argc, const char *const *argv);

#endif
