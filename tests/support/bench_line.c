/* See bench_line.h. */
#include "bench_line.h"

#include <assert.h>
#include <string.h>

#define ARGS_MAX 48

enum tri_err bench_line(struct bench_options *o, const char *line, char *error)
{
    static char text[1024];
    const char *argv[ARGS_MAX];
    int argc = 0;
    assert(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *at = text; *at;) {
        assert(argc < ARGS_MAX);
        argv[argc++] = at;
        at += strcspn(at, " ");
        if (*at) {
            *at++ = '\0';
        }
    }
    return bench_options_parse(o, argc, argv, error);
}
