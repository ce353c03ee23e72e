/* See cli_connect_state.h: from standard input to the socket. */
#include "cli_connect_state.h"

#include "cli_connect.h"

#include <errno.h>
#include <string.h>

void cli_connect_end(struct cli_connect_state *r, int status)
{
    if (!r->is_over) {
        r->is_over = true;
        r->status = r->is_input_broken ? CLI_CONNECT_USAGE : status;
    }
}

void cli_connect_close(struct cli_connect_state *r, uint16_t code)
{
    if (r->ws && !r->is_closing) {
        r->is_closing = true;
        (void)tri_ws_close(r->ws, code, NULL);
    }
}

static void break_input(struct cli_connect_state *r)
{
    r->is_input_broken = true;
    cli_connect_close(r, TRI_CLOSE_NORMAL);
}

bool cli_connect_send(struct cli_connect_state *r, const struct cli_connect_message *m)
{
    const enum tri_err err = tri_ws_send(r->ws, m->type, m->data, m->len);
    r->has_pending = err == TRI_ERR_FULL;
    if (r->has_pending) {
        r->pending = *m;
    } else if (err != TRI_OK && err != TRI_ERR_CLOSED) {
        cli_connect_print_error(&r->print, "a message was not sent: %s", tri_err_text(err));
        break_input(r);
    }
    return err == TRI_OK;
}

static void explain_line(struct cli_connect_state *r, enum tri_err err)
{
    const unsigned long line = r->lines.number;
    if (err == TRI_ERR_UTF8) {
        cli_connect_print_error(&r->print,
                                "line %lu of standard input is not UTF-8, and was not sent; give "
                                "--binary and hexadecimal digits",
                                line);
    } else {
        cli_connect_print_error(
            &r->print,
            "line %lu of standard input is not pairs of hexadecimal digits, and "
            "was not sent; leave out --binary to send text",
            line);
    }
    break_input(r);
}

void cli_connect_send_lines(struct cli_connect_state *r)
{
    if (r->has_pending && !cli_connect_send(r, &r->pending)) {
        return;
    }
    while (r->ws && !r->is_closing) {
        struct cli_connect_message m;
        const enum tri_err err = cli_connect_lines_next(&r->lines, &m);
        if (err == TRI_AGAIN || err == TRI_ERR_NOT_FOUND) {
            return;
        }
        if (err != TRI_OK) {
            explain_line(r, err);
            return;
        }
        if (!cli_connect_send(r, &m)) {
            return;
        }
        r->quiet_ns = tri_client_now_ns();
    }
}

void cli_connect_read_lines(struct cli_connect_state *r)
{
    const enum tri_err err = cli_connect_lines_read(&r->lines);
    if (err == TRI_ERR_LIMIT) {
        cli_connect_print_error(&r->print,
                                "line %lu of standard input is longer than 16 MiB, and "
                                "was not sent; make it shorter",
                                r->lines.number + 1);
        break_input(r);
    } else if (err != TRI_OK) {
        const char *cause = err == TRI_ERR_IO ? strerror(errno) : tri_err_text(err);
        cli_connect_print_error(&r->print, "standard input cannot be read: %s", cause);
        break_input(r);
    }
    cli_connect_send_lines(r);
}
