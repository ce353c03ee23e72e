/* Random bytes from the kernel. */
#include "base_random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

static void fill_from_kernel(void *user, uint8_t *out, size_t len)
{
    (void)user;
    while (len > 0) {
        const ssize_t got = getrandom(out, len, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            abort(); /* without random bytes, keys and masks would be guessable */
        }
        out += got;
        len -= (size_t)got;
    }
}

static const struct tri_random system_random = {.fill = fill_from_kernel};

const struct tri_random *tri_random_system(void)
{
    return &system_random;
}
