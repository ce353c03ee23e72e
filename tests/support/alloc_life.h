/*
 * The life of a connection, over and over: opened, asked for pages and WebSockets, messages both
 * ways, closed by either side, reset, drained. Each time another of its allocations fails: what the
 * failure hits ends in its scope, visibly for the peer; what it does not hit is whole; and nothing
 * is left, of memory or of waiting.
 */
#ifndef TRI_TESTS_ALLOC_LIFE_H
#define TRI_TESTS_ALLOC_LIFE_H

#include "fixture.h"

/* Prints how many allocations there were. Fails the test (cmocka). */
void alloc_life_sweep(const struct fixture_ops *transport);

#endif
