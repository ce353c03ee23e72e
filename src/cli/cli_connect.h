/* `trisock connect`: one socket to any server, from standard input to standard output. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

/* How it ended: the exit status. */
enum cli_connect_status {
    CLI_CONNECT_CLOSED = 0,   /* by a closing handshake with 1000, 1001 or no code */
    CLI_CONNECT_NOT_OPEN = 1, /* it did not open, or standard output cannot be written */
    CLI_CONNECT_USAGE = 2,    /* the arguments, or what standard input holds, cannot be used */
    CLI_CONNECT_OTHER =
        3, /* by a closing handshake with another code, failed by us with one, or closed
                                  before the answer to --once came */
    CLI_CONNECT_ABNORMAL = 4, /* without a closing handshake: 1006 */
};

/* Runs the command with the arguments behind `connect`. Returns the exit status. */
int cli_connect(int argc, const char *const *argv);

#endif
