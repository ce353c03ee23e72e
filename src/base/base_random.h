/* Random bytes, from the kernel or, in tests, from a seed. */
#ifndef TRI_BASE_RANDOM_H
#define TRI_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct tri_random {
    void (*fill)(void *user, uint8_t *out, size_t len); /* cannot fail */
    void *user;
};

/* The kernel's generator, getrandom(2). Static. Aborts if the kernel has none. */
const struct tri_random *tri_random_system(void);

#endif
