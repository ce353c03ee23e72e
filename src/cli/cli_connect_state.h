/* What a run of `trisock connect` holds, and its way from lines to messages. For cli_connect_run.c and
 * cli_connect_send.c alone. */
#ifndef CLI_CONNECT_STATE_H
#define CLI_CONNECT_STATE_H

#include "cli_connect_lines.h"
#include "cli_connect_output.h"
#include "cli_connect_print.h"

struct cli_connect_state {
    const struct cli_connect_options *options;
    struct cli_connect_print print;
    struct cli_connect_output output; /* what |print| prints to */
    struct tri_client *client;
    struct tri_client_conn *conn; /* NULL when it is gone */
    struct tri_ws *ws;            /* NULL but while it is open */
    struct cli_connect_lines lines;
    struct cli_connect_message pending; /* the line that the socket's queue had no room for */
    bool has_pending;
    bool is_closing;      /* by us: nothing is sent any more */
    bool is_input_broken; /* the status is ..._USAGE, however the socket ends */
    bool is_paused;       /* nothing is received: what is printed is not taken */
    bool is_cut;          /* nothing is waited for any more */
    bool is_over;         /* |status| is how */
    int status;
    int signals;          /* a signalfd */
    unsigned stops;       /* signals that came */
    uint64_t started_ns;  /* tri_client_connect */
    uint64_t quiet_ns;    /* the last message, or other sign that somebody has something to say */
    uint64_t deadline_ns; /* of the connection's end, once the socket's is known; 0: none */
};

/* It is over; the first to say so says with which status. */
void cli_connect_end(struct cli_connect_state *r, int status);

/* Closes the socket, if it is open, with |code|, after what is queued. */
void cli_connect_close(struct cli_connect_state *r, uint16_t code);

/* False: |m| has to wait for on_drain, or cannot be sent at all, which then has been told. */
bool cli_connect_send(struct cli_connect_state *r, const struct cli_connect_message *m);

/* Sends what has been read, as far as the queue takes it. */
void cli_connect_send_lines(struct cli_connect_state *r);

/* Reads from standard input once, and sends. */
void cli_connect_read_lines(struct cli_connect_state *r);

#endif
