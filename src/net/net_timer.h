/*
 * A timer for those to whom the milliseconds of the loop's own are too coarse: one shot, nanoseconds,
 * on a timerfd. It costs a descriptor, and a system call each time it is set.
 */
#ifndef TRI_NET_TIMER_H
#define TRI_NET_TIMER_H

#include "net_loop.h"

struct tri_timer;

/*
 * Not set yet. |on_time| comes from the loop, at the time set or a little later; the timer is not set
 * then, and may be set or freed. TRI_OK; TRI_ERR_IO (no descriptor; errno is kept); TRI_ERR_NOMEM.
 */
TRI_MUST_USE enum tri_err tri_timer_new(struct tri_timer **out, struct tri_loop *loop,
                                        void (*on_time)(void *user), void *user);
void tri_timer_free(struct tri_timer *t); /* on_time comes no more; NULL is fine */

/*
 * At |at_ns| of the monotonic clock (uv_hrtime), in place of what was set; a time that is past is at
 * once, but not during the call. UINT64_MAX: not at all.
 */
void tri_timer_set(struct tri_timer *t, uint64_t at_ns);

#endif
