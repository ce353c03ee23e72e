/*
 * Two streams of the seam joined into one: what one brings goes out on the other, as it is. A tenant
 * on each; between them a bounded queue a direction. Credit for received bytes goes back when the
 * other side has released them, so that whoever does not read stops whoever writes.
 *
 *   on one side                    on the other
 *   -----------------------------  ----------------------------------------------
 *   on_fin                         fin, behind all that came before it
 *   closed in order                fin; what it still brings is dropped
 *   reset, aborted, lost           abort
 *
 * Each side has one on_closed; after the second the splice is over, and frees itself.
 */
#ifndef TRI_CLIENT_SPLICE_H
#define TRI_CLIENT_SPLICE_H

#include "base_list.h"
#include "base_timeout.h"
#include "client_chunks.h"
#include "ws_stream.h"

struct tri_client_splice;

struct tri_client_splice_side {
    struct tri_client_splice *splice;
    struct tri_stream *stream;    /* NULL: not bound yet, or closed */
    struct tri_client_chunks out; /* what the other side brought */
    bool fin;                     /* nothing follows |out| */
};

struct tri_client_splice_events {
    /* One side has said its last, or is closed: the other should end too. Again whenever bytes went
     * out since then. */
    void (*on_half)(void *user, struct tri_client_splice *splice);
    /* Both are; |splice| is freed when this returns. */
    void (*on_over)(void *user, struct tri_client_splice *splice);
};

struct tri_client_splice {
    const struct tri_alloc *alloc;
    const struct tri_client_splice_events *events;
    void *user;
    struct tri_client_splice_side near, far;
    bool is_half; /* on_half was called */
    /* For the owner's use: */
    struct tri_list node;
    struct tri_timeout timeout;
};

/* What is bound on both streams; the session is the side. */
extern const struct tri_stream_events tri_client_splice_stream_events;

/* NULL: no memory. Bind both sides, by setting their |stream|, or discard it. */
struct tri_client_splice *tri_client_splice_new(const struct tri_alloc *alloc,
                                                const struct tri_client_splice_events *events,
                                                void *user);
void tri_client_splice_discard(struct tri_client_splice *s);

/* Gives fin to both sides, behind what is on its way; what they still bring is dropped. */
void tri_client_splice_end(struct tri_client_splice *s);

/* Aborts what is still open. */
void tri_client_splice_cut(struct tri_client_splice *s);

#endif
