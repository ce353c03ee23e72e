/*
 * The loop of a worker: see net_loop.h and net_turn.h.
 *
 * A turn begins with the first callback that has something to do, and ends in uv_prepare: after
 * sockets and timers were handled, before the loop blocks. A step polls last and does not come to
 * another uv_prepare, so it ends its turn itself.
 */
#include "net_loop.h"

#include "net_ring.h"
#include "net_turn.h"

#include "base_timeout.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct tri_loop {
    uv_loop_t uv;
    uv_prepare_t before_poll;
    uv_timer_t timer;
    uv_async_t waker;
    const struct tri_alloc *alloc;
    const struct tri_loop_events *events; /* NULL while the loop is freed */
    void *user;
    struct tri_heap deadlines; /* of tri_loop_timer: the owner's and connections' */
    struct tri_loop_timer owner_deadline;
    struct tri_list lates;
    uint64_t now_ns;
    uint64_t input_ns;     /* see tri_loop_input_ns; 0: nobody has asked since */
    uint64_t armed_ms;     /* when the timer fires, in libuv's clock; UINT64_MAX: not armed */
    bool may_block;        /* within tri_loop_run */
    struct tri_ring *ring; /* NULL until it is asked for */
    bool in_turn;          /* something was handled since the last turn's end */
    bool in_expire;        /* deadlines that are set now are for the next turn */
    bool is_running;       /* within tri_loop_run or _step */
    void *large_scratch;   /* NULL until it is asked for */
    struct tri_loop_scratch scratch;
};

static uint64_t round_up_to_ms(uint64_t ns)
{
    return ns / TRI_NS_PER_MS + (ns % TRI_NS_PER_MS != 0);
}

void tri_loop_begin(struct tri_loop *l)
{
    if (!l->in_turn) {
        l->in_turn = true;
        l->now_ns = uv_hrtime();
        l->input_ns = 0;
    }
}

void tri_loop_note_input(struct tri_loop *l)
{
    l->input_ns = 0;
}

uint64_t tri_loop_input_ns(struct tri_loop *l)
{
    if (l->input_ns == 0 || !l->in_turn) {
        l->input_ns = uv_hrtime();
    }
    return l->input_ns;
}

/* The owner, or the host's own loop, may have done something since the last turn. */
static void begin_afresh(struct tri_loop *l)
{
    l->in_turn = false;
    tri_loop_begin(l);
}

static void expire(uv_timer_t *timer)
{
    struct tri_loop *l = timer->data;
    l->armed_ms = UINT64_MAX;
    tri_loop_begin(l);
    l->in_expire = true;
    /* Nodes that are set meanwhile come at the next turn, even for a time that is past. */
    uint64_t until_ns = l->now_ns;
    for (struct tri_heap_node *first = tri_heap_first(&l->deadlines);
         first && first->key_ns <= until_ns; first = tri_heap_first(&l->deadlines)) {
        struct tri_loop_timer *t = TRI_CONTAINER_OF(first, struct tri_loop_timer, node);
        tri_heap_set(&l->deadlines, first, UINT64_MAX);
        t->on_expire(t, l->now_ns);
    }
    l->in_expire = false;
}

/*
 * libuv's clock is uv_hrtime cut to milliseconds, so a timer for the next whole one never fires
 * before its deadline: no turn finds nothing to do.
 */
static void arm(struct tri_loop *l)
{
    const struct tri_heap_node *first = tri_heap_first(&l->deadlines);
    uint64_t at_ms =
        first && first->key_ns != UINT64_MAX ? round_up_to_ms(first->key_ns) : UINT64_MAX;
    if (at_ms == l->armed_ms) {
        return;
    }
    l->armed_ms = at_ms;
    if (at_ms == UINT64_MAX) {
        uv_timer_stop(&l->timer);
        return;
    }
    uint64_t now_ms = uv_now(&l->uv);
    int failed = uv_timer_start(&l->timer, expire, at_ms > now_ms ? at_ms - now_ms : 0, 0);
    assert(!failed);
}

static void run_lates(struct tri_loop *l)
{
    for (struct tri_list *node = tri_list_pop(&l->lates); node; node = tri_list_pop(&l->lates)) {
        struct tri_loop_late *late = TRI_CONTAINER_OF(node, struct tri_loop_late, node);
        late->run(late);
    }
}

static void end_turn(struct tri_loop *l)
{
    if (!l->in_turn) {
        return;
    }
    if (l->events) {
        l->events->on_turn_end(l->user, l->now_ns);
    }
    do {
        run_lates(l);
        tri_ring_submit(l->ring);
    } while (!tri_list_is_empty(&l->lates));
    l->in_turn = false;
    arm(l);
}

static void end_before_poll(uv_prepare_t *prepare)
{
    struct tri_loop *l = prepare->data;
    end_turn(l);
    tri_ring_turns(l->ring, l->may_block, end_turn);
}

static void wake_up(uv_async_t *waker)
{
    struct tri_loop *l = waker->data;
    tri_loop_begin(l);
    if (l->events) {
        l->events->on_wake(l->user);
    }
}

static void expire_owner(struct tri_loop_timer *t, uint64_t now_ns)
{
    struct tri_loop *l = TRI_CONTAINER_OF(t, struct tri_loop, owner_deadline);
    if (l->events) {
        l->events->on_deadline(l->user, now_ns);
    }
}

static void start_handles(struct tri_loop *l)
{
    l->before_poll.data = l;
    l->timer.data = l;
    l->waker.data = l;
    int failed = uv_prepare_init(&l->uv, &l->before_poll) || uv_timer_init(&l->uv, &l->timer) ||
                 uv_prepare_start(&l->before_poll, end_before_poll);
    assert(!failed); /* none of them can */
}

static void release(struct tri_loop *l)
{
    tri_heap_deinit(&l->deadlines);
    tri_alloc_release(l->alloc, l->large_scratch);
    tri_alloc_release(l->alloc, l);
}

/* libuv's own parts. |failed| of libuv comes back in errno. */
static enum tri_err open_uv(struct tri_loop *l)
{
    int failed = uv_loop_init(&l->uv);
    if (!failed) {
        failed = uv_async_init(&l->uv, &l->waker, wake_up);
        if (!failed) {
            start_handles(l);
            return TRI_OK;
        }
        uv_loop_close(&l->uv);
    }
    errno = -failed;
    return failed == UV_ENOMEM ? TRI_ERR_NOMEM : TRI_ERR_IO;
}

enum tri_err tri_loop_new(struct tri_loop **out, const struct tri_alloc *alloc,
                          const struct tri_loop_events *events, void *user)
{
    assert(out && alloc && events);
    assert(events->on_turn_end && events->on_deadline && events->on_wake);
    *out = NULL;
    struct tri_loop *l = tri_alloc_get(alloc, sizeof *l);
    if (!l) {
        return TRI_ERR_NOMEM;
    }
    memset(l, 0, offsetof(struct tri_loop, scratch));
    l->alloc = alloc;
    l->events = events;
    l->user = user;
    l->armed_ms = UINT64_MAX;
    tri_list_init(&l->lates);
    tri_heap_init(&l->deadlines, alloc);
    enum tri_err err = tri_loop_timer_init(l, &l->owner_deadline, expire_owner);
    if (!err) {
        err = open_uv(l);
    }
    if (err) {
        release(l);
        return err;
    }
    l->now_ns = uv_hrtime(); /* no turn begins: what is set before the first counts from then */
    *out = l;
    return TRI_OK;
}

void tri_loop_free(struct tri_loop *l)
{
    assert(l && !l->is_running);
    l->events = NULL;
    tri_ring_free(l->ring);
    l->ring = NULL;
    uv_close((uv_handle_t *)&l->before_poll, NULL);
    uv_close((uv_handle_t *)&l->timer, NULL);
    uv_close((uv_handle_t *)&l->waker, NULL);
    if (uv_run(&l->uv, UV_RUN_DEFAULT) != 0) {
        /* tri_loop_stop was called outside of a run: that one only took note of it. */
        (void)uv_run(&l->uv, UV_RUN_DEFAULT);
    }
    int busy = uv_loop_close(&l->uv);
    assert(!busy); /* a listener, connection or socket was not closed */
    tri_loop_timer_deinit(l, &l->owner_deadline);
    release(l);
}

static void run_uv(struct tri_loop *l, uv_run_mode mode)
{
    assert(!l->is_running);
    l->is_running = true;
    l->may_block = mode == UV_RUN_DEFAULT;
    begin_afresh(l);
    (void)uv_run(&l->uv, mode);
    end_turn(l); /* after a step, or what closing callbacks did after the last turn of a run */
    l->is_running = false;
    l->may_block = false;
}

bool tri_loop_is_running(const struct tri_loop *l)
{
    return l->is_running;
}

enum tri_err tri_loop_run(struct tri_loop *l)
{
    assert(l);
    run_uv(l, UV_RUN_DEFAULT);
    return TRI_OK;
}

void tri_loop_stop(struct tri_loop *l)
{
    assert(l);
    uv_stop(&l->uv);
}

int tri_loop_fd(const struct tri_loop *l)
{
    assert(l);
    return uv_backend_fd(&l->uv);
}

int tri_loop_timeout_ms(struct tri_loop *l)
{
    assert(l);
    uv_update_time(&l->uv); /* it counts from now, however long the last step is ago */
    return uv_backend_timeout(&l->uv);
}

void tri_loop_step(struct tri_loop *l)
{
    assert(l);
    run_uv(l, UV_RUN_NOWAIT);
}

uint64_t tri_loop_now_ns(struct tri_loop *l)
{
    assert(l);
    if (!l->in_turn) {
        l->now_ns = uv_hrtime();
    }
    return l->now_ns;
}

void tri_loop_set_deadline(struct tri_loop *l, uint64_t deadline_ns)
{
    tri_loop_timer_set(l, &l->owner_deadline, deadline_ns);
}

void tri_loop_wake(struct tri_loop *l)
{
    assert(l);
    (void)uv_async_send(&l->waker);
}

uv_loop_t *tri_loop_uv(struct tri_loop *l)
{
    assert(l);
    return &l->uv;
}

const struct tri_alloc *tri_loop_alloc(const struct tri_loop *l)
{
    return l->alloc;
}

struct tri_loop_scratch *tri_loop_scratch(struct tri_loop *l)
{
    return &l->scratch;
}

void *tri_loop_large_scratch(struct tri_loop *l, size_t len)
{
    if (!l->large_scratch) {
        l->large_scratch = tri_alloc_get(l->alloc, len);
    }
    return l->large_scratch;
}

struct tri_ring *tri_loop_ring(struct tri_loop *l)
{
    if (!l->ring && l->may_block) {
        l->ring = tri_ring_new(l);
    }
    return l->ring;
}

enum tri_err tri_loop_timer_init(struct tri_loop *l, struct tri_loop_timer *t,
                                 void (*on_expire)(struct tri_loop_timer *t, uint64_t now_ns))
{
    assert(l && t && on_expire);
    *t = (struct tri_loop_timer){.on_expire = on_expire};
    enum tri_err err = tri_heap_reserve(&l->deadlines);
    if (!err) {
        tri_heap_set(&l->deadlines, &t->node, UINT64_MAX); /* keeps its place reserved */
    }
    return err;
}

void tri_loop_timer_deinit(struct tri_loop *l, struct tri_loop_timer *t)
{
    assert(l && t);
    tri_heap_remove(&l->deadlines, &t->node);
}

void tri_loop_timer_set(struct tri_loop *l, struct tri_loop_timer *t, uint64_t deadline_ns)
{
    assert(l && t && t->on_expire);
    if (l->in_expire && deadline_ns <= l->now_ns) {
        deadline_ns = l->now_ns + 1;
    }
    if (t->node.key_ns == deadline_ns) {
        return;
    }
    tri_heap_set(&l->deadlines, &t->node, deadline_ns);
    if (!l->in_turn) {
        arm(l);
    }
}

void tri_loop_timer_after(struct tri_loop *l, struct tri_loop_timer *t, uint64_t ms)
{
    tri_loop_timer_set(l, t, tri_loop_now_ns(l) + ms * TRI_NS_PER_MS);
}

void tri_loop_late_init(struct tri_loop_late *late, void (*run)(struct tri_loop_late *late))
{
    assert(late && run);
    tri_list_init(&late->node);
    late->run = run;
}

void tri_loop_late_add(struct tri_loop *l, struct tri_loop_late *late)
{
    assert(l && late->run);
    if (!tri_list_is_linked(&late->node)) {
        tri_list_append(&l->lates, &late->node);
    }
}

void tri_loop_late_remove(struct tri_loop_late *late)
{
    tri_list_remove(&late->node);
}
