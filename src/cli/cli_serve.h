/* `trisock serve`. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

/* |argv|: the arguments behind "serve". Returns the exit code: 0, 1 (failed) or 2 (usage). */
int cli_serve(int argc, const char *const *argv);

#endif
