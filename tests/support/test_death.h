/* What ends the program with a failed assertion is tried in a child process. */
#ifndef TRI_TESTS_TEST_DEATH_H
#define TRI_TESTS_TEST_DEATH_H

#include <stdbool.h>

/* Whether |run| ends its process by abort(). What it prints is not seen. */
bool test_death_is_met(void (*run)(void *user), void *user);

#endif
