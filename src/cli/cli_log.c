/* See cli_log.h. */
#include "cli_log.h"

#include <assert.h>
#include <string.h>

enum tri_err cli_log_open(struct cli_log *log, const char *file)
{
    log->out = !file || strcmp(file, "-") == 0 ? stderr : fopen(file, "ae");
    if (!log->out) {
        return TRI_ERR_IO;
    }
    (void)setvbuf(log->out, NULL, _IOLBF, BUFSIZ);
    return TRI_OK;
}

void cli_log_close(struct cli_log *log)
{
    if (log->out != stderr) {
        (void)fclose(log->out);
    }
}

void cli_log_write(void *user, enum tri_log_level level, const char *line)
{
    (void)level;
    struct cli_log *log = user;
    assert(log->out && line);
    /* A full disk must not stop the server; there is nowhere to say so. */
    (void)fputs(line, log->out);
    (void)fputc('\n', log->out);
}
