/* See the header. */
#include "smuggling_run.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h1_rig.h"
#include "http_handshake.h"

struct run {
    struct h1_rig rig; /* first */
    size_t answered;   /* of the requests, in order */
    bool is_late;
};

static const struct tri_ws_handler ws_handler = {.on_open = NULL};
static const struct tri_http_handler http_handler = {.on_request = NULL};

/* --- the handler */

static void answer(struct tenant *t)
{
    static const struct tri_route sockets = {.ws = &ws_handler};
    static const struct tri_route pages = {.http = &http_handler};
    const bool is_echo = tri_slice_equal(tri_request_head_path(t->head), TRI_SLICE("/echo"));
    struct tri_handshake handshake;
    switch (tri_handshake_verdict(t->head, is_echo ? &sockets : &pages, &handshake)) {
    case TRI_VERDICT_WEBSOCKET:
        tenant_accept(t);
        return;
    case TRI_VERDICT_PLAIN:
        tenant_refuse(t, 200);
        return;
    case TRI_VERDICT_REFUSE: {
        const enum tri_err err = t->exchange->ops->respond(t->exchange, &handshake.refusal);
        assert(err == TRI_OK);
        t->head = NULL;
        return;
    }
    }
}

static void on_request(struct h1_rig *r, struct tenant *t)
{
    struct run *run = (struct run *)r;
    if (!run->is_late) {
        run->answered++;
        answer(t);
    }
}

/* An answer lets the next request in. */
static void answer_late(struct run *run)
{
    while (run->answered < run->rig.requests_len) {
        struct tenant *t = &run->rig.tenants[run->answered++];
        if (!t->canceled) {
            answer(t);
        }
        h1_rig_drain(&run->rig);
    }
}

/* --- what was seen */

struct seen {
    char statuses[64];
    bool is_tunnel;
    bool says_close;  /* the last response does */
    bool is_readable; /* all that was sent are heads of responses without a body */
    const char *rest; /* behind them */
};

static void note_status(struct seen *s, const char *at)
{
    const size_t len = strlen(s->statuses);
    assert(len + 5 < sizeof s->statuses);
    (void)snprintf(s->statuses + len, sizeof s->statuses - len, "%s%.3s", len > 0 ? " " : "", at);
    s->is_tunnel = strncmp(at, "101", 3) == 0;
}

/* Whether |field| stands in the |len| bytes of a head. */
static bool has_field(const char *head, size_t len, const char *field)
{
    const char *at = strstr(head, field);
    return at && at < head + len;
}

static void read_responses(struct seen *s, const char *out)
{
    static const char version[] = "HTTP/1.1 ";
    *s = (struct seen){.is_readable = true, .rest = out};
    while (*s->rest != '\0' && s->is_readable && !s->is_tunnel) {
        const char *end = strstr(s->rest, "\r\n\r\n");
        const size_t len = end ? (size_t)(end - s->rest) + 4 : 0;
        s->is_readable = end && strncmp(s->rest, version, sizeof version - 1) == 0;
        if (s->is_readable) {
            const char *status = s->rest + sizeof version - 1;
            note_status(s, status);
            s->says_close = has_field(s->rest, len, "\r\nConnection: close");
            s->is_readable = *status == '1' || has_field(s->rest, len, "\r\nContent-Length: 0\r\n");
            s->rest += len;
        }
    }
}

static const char *name_end(const struct run *run, const struct seen *s,
                            const struct smuggling_case *c)
{
    const struct h1_rig *r = &run->rig;
    if (!s->is_readable || h1_rig_is_aborted(r)) {
        return "broken";
    }
    if (h1_rig_is_done(r)) {
        return s->says_close ? "closed" : "closed without a word";
    }
    if (!s->is_tunnel) {
        return s->says_close ? "open against its word" : "open";
    }
    const struct tenant *t = &r->tenants[r->requests_len - 1];
    const bool has_all = t->in_len == c->behind_len && memcmp(t->in, c->behind, c->behind_len) == 0;
    return has_all && *s->rest == '\0' ? "tunnel" : "tunnel that lost bytes";
}

static void write_seen(const struct run *run, const struct smuggling_case *c,
                       char got[SMUGGLING_GOT_MAX])
{
    const struct h1_rig *r = &run->rig;
    struct seen s;
    read_responses(&s, r->out);
    size_t smuggled = 0;
    for (size_t i = 0; i < r->requests_len; i++) {
        smuggled += strstr(r->lines[i], " /smuggled ") ? 1 : 0;
    }
    (void)snprintf(got, SMUGGLING_GOT_MAX, "%s %s, asked %zu+%zu",
                   s.statuses[0] != '\0' ? s.statuses : "-", name_end(run, &s, c),
                   r->requests_len - smuggled, smuggled);
}

/* --- delivery */

static void give(struct run *run, const char *data, size_t len, size_t step)
{
    for (size_t at = 0; at < len; at += step) {
        h1_rig_feed(&run->rig, data + at, len - at < step ? len - at : step);
        answer_late(run);
    }
}

static void give_all(struct run *run, const struct smuggling_case *c,
                     const struct smuggling_delivery *d)
{
    const size_t len = c->head_len + c->behind_len;
    char *all = malloc(len);
    assert(all && d->split < len);
    memcpy(all, c->head, c->head_len);
    memcpy(all + c->head_len, c->behind, c->behind_len);
    const size_t step = d->is_bytes ? 1 : len;
    give(run, all, d->split, step);
    give(run, all + d->split, len - d->split, step);
    free(all);
}

void smuggling_run(const struct smuggling_case *c, const struct smuggling_delivery *d,
                   char got[SMUGGLING_GOT_MAX])
{
    struct run run = {.is_late = d->is_late};
    h1_rig_open(&run.rig);
    run.rig.on_request = on_request;
    give_all(&run, c, d);
    if (h1_rig_is_done(&run.rig)) {
        /* Bytes that were on their way. */
        give(&run, SMUGGLED, sizeof SMUGGLED - 1, sizeof SMUGGLED);
    }
    write_seen(&run, c, got);
    h1_rig_close(&run.rig);
}
