/* See link_server.h. */
#include "link_server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCP_LISTEN 0x0a /* as /proc/net/tcp tells states */
#define PORT_MAX 65535

bool link_server_start(struct link_server *s, const struct link_options *options, int namespace_fd)
{
    *s = (struct link_server){.options = options, .stdout_fd = -1, .is_ready = !options->server};
    if (!options->server) {
        return true;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return false;
    }
    char shell[] = "/bin/sh";
    char flag[] = "-c";
    char *command = strdup(options->server);
    char *argv[] = {shell, flag, command, NULL};
    const struct link_child_options how = {
        .namespace_fd = namespace_fd, .stdout_fd = ends[1], .is_leader = true};
    bool is_started = command && link_child_start(&s->child, &how, argv);
    free(command);
    (void)close(ends[1]);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    s->stdout_fd = ends[0];
    return is_started;
}

/* 0: it is none */
static unsigned port_of(const char *text)
{
    char *end = NULL;
    unsigned long port = strtoul(text, &end, 10);
    return *end == '\0' && *text != '\0' && port <= PORT_MAX ? (unsigned)port : 0;
}

static void take_line(struct link_server *s)
{
    const char *wanted = s->options->ready ? s->options->ready : "";
    s->line[s->line_len] = '\0';
    if (port_of(wanted) == 0 && strstr(s->line, wanted)) {
        s->is_ready = true;
    }
    s->line_len = 0;
}

void link_server_read(struct link_server *s)
{
    char data[LINK_LINE_MAX];
    ssize_t len = read(s->stdout_fd, data, sizeof data);
    if (len <= 0) {
        (void)close(s->stdout_fd);
        s->stdout_fd = -1;
        return;
    }
    (void)fwrite(data, 1, (size_t)len, stderr);
    for (ssize_t i = 0; i < len; i++) {
        if (data[i] == '\n') {
            take_line(s);
        } else if (s->line_len < sizeof s->line - 1) {
            s->line[s->line_len++] = data[i];
        }
    }
}

/* What follows the first |mark|, or "". */
static const char *after(const char *text, char mark)
{
    const char *found = strchr(text, mark);
    return found ? found + 1 : "";
}

/* A line is "0: 0100007F:2328 00000000:0000 0A ...": number, local, remote, state, all hexadecimal. */
static bool is_listener(const char *line, unsigned port, bool is_udp)
{
    const char *local = after(after(line, ':'), ':');
    const char *state = after(after(local, ' '), ' ');
    return strtoul(local, NULL, 16) == port && (is_udp || strtoul(state, NULL, 16) == TCP_LISTEN);
}

/* Whether a socket of |file| in the server's namespace listens (UDP: is bound) at |port|. */
static bool has_port(const struct link_server *s, const char *file, unsigned port)
{
    char name[64];
    char line[512];
    bool is_found = false;
    (void)snprintf(name, sizeof name, "/proc/%d/net/%s", (int)s->child.pid, file);
    FILE *in = fopen(name, "re");
    while (in && !is_found && fgets(line, sizeof line, in)) {
        is_found = is_listener(line, port, file[0] == 'u');
    }
    if (in) {
        (void)fclose(in);
    }
    return is_found;
}

bool link_server_is_ready(struct link_server *s)
{
    static const char *const files[] = {"tcp", "tcp6", "udp", "udp6"};
    unsigned port = s->options->ready ? port_of(s->options->ready) : 0;
    for (size_t i = 0; port > 0 && !s->is_ready && i < sizeof files / sizeof files[0]; i++) {
        s->is_ready = has_port(s, files[i], port);
    }
    return s->is_ready;
}
