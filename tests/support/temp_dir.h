/* A folder of its own for a test, below the system's place for such. Every failure ends the test. */
#ifndef TRI_TESTS_TEMP_DIR_H
#define TRI_TESTS_TEMP_DIR_H

#include <stddef.h>

struct temp_dir {
    char path[256];
};

void temp_dir_make(struct temp_dir *d);
void temp_dir_remove(struct temp_dir *d); /* with all that is in it */

/* "<folder>/<name>"; static memory, overwritten by the fourth call from now. */
const char *temp_dir_path(const struct temp_dir *d, const char *name);

/* Writes a file, or makes a folder or a link, below it. */
void temp_dir_write(const struct temp_dir *d, const char *name, const void *data, size_t len);
void temp_dir_text(const struct temp_dir *d, const char *name, const char *text);
void temp_dir_folder(const struct temp_dir *d, const char *name);
void temp_dir_link(const struct temp_dir *d, const char *name, const char *target);

#endif
