/* Opens files below a folder, and only there: whatever their names and links say. Linux. */
#ifndef APP_BENEATH_H
#define APP_BENEATH_H

#include <stdbool.h>

/*
 * Opens |name| (relative, no empty segment, not "..") below |root_fd| for reading. Links are
 * followed as long as they stay below.
 *
 * walk   in: do not try openat2. out: set when the kernel has none. Names are then walked segment
 *        by segment, and links are not followed
 *
 * Returns a descriptor, or -1 with errno.
 */
int tri_open_beneath(int root_fd, const char *name, bool *walk);

#endif
