/*
 * HTTP/1.1: what is no request and asks to be taken for one. RFC 9112, RFC 9931. One attacker after
 * another comes; each is refused once, nothing behind it is answered, and its connection ends.
 */
#include "attacks.h"

#include "base_limits.h"
#include "h1_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ATTACKERS 200u

/* Behind each attack: what must not be answered. */
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

#define HOST "Host: localhost\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

struct how {
    const char *head;
    int status;
    const char *more;  /* repeated |more_times|, behind the head; NULL: nothing */
    size_t more_bytes; /* at least so much of it */
    bool is_asked;     /* the handler hears of it, and refuses it */
};

static void echo(struct h1_rig *bystander, struct attack_report *r)
{
    struct tenant *t = &bystander->tenants[0];
    const size_t in_before = t->in_len;
    const size_t out_before = bystander->out_len;
    h1_rig_text(bystander, "echo");
    assert_int_equal(t->in_len, in_before + 4);
    tenant_send(t, t->in + in_before, 4);
    h1_rig_drain(bystander);
    assert_int_equal(bystander->out_len, out_before + 4);
    assert_memory_equal(bystander->out + out_before, "echo", 4);
    r->echoes++;
}

static void send_more(struct h1_rig *r, const struct how *how)
{
    const size_t len = how->more ? strlen(how->more) : 0;
    for (size_t sent = 0; sent < how->more_bytes && !h1_rig_is_done(r); sent += len) {
        h1_rig_feed(r, how->more, len);
    }
}

static void attack_once(const struct how *how)
{
    struct h1_rig r;
    h1_rig_open(&r);
    r.answer = H1_RIG_NOT_FOUND;
    h1_rig_text(&r, how->head);
    send_more(&r, how);
    h1_rig_text(&r, SMUGGLED);
    h1_rig_eof(&r, true);
    assert_int_equal(h1_rig_status(&r, 0), how->status);
    assert_int_equal(h1_rig_statuses(&r), 1);
    assert_int_equal(r.requests_len, how->is_asked ? 1 : 0);
    assert_true(h1_rig_is_done(&r));
    assert_true(r.alloc.bytes_peak < (size_t)128 * 1024);
    h1_rig_close(&r); /* asserts that its memory is back */
    assert_int_equal(r.alloc.bytes, 0);
}

static void attack_again_and_again(const struct attack *a, struct attack_report *r)
{
    const struct how *how = a->how;
    struct h1_rig bystander;
    h1_rig_open(&bystander);
    h1_rig_text(&bystander, H1_RIG_HANDSHAKE);
    assert_true(bystander.tenants[0].bound);
    tenant_room(&bystander.tenants[0], (ATTACKERS + 2) * 4);
    echo(&bystander, r);
    r->before = bystander.alloc.bytes;
    for (unsigned i = 0; i < ATTACKERS; i++) {
        attack_once(how);
        echo(&bystander, r);
    }
    r->after = bystander.alloc.bytes;
    (void)snprintf(r->stopped_by, sizeof r->stopped_by, "status %d and the end", how->status);
    h1_rig_close(&bystander);
}

#define HOW(text, code, ...) (&(const struct how){.head = (text), .status = (code), __VA_ARGS__})

#define REFUSED_UPGRADE                                                                            \
    "GET /nowhere HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"               \
    "Sec-WebSocket-Key: " H1_RIG_KEY "\r\nSec-WebSocket-Version: 13\r\n\r\n"

static const struct attack list[] = {
    {"h1 optimistic data behind a refused upgrade", attack_again_and_again,
     HOW(REFUSED_UPGRADE, 404, .is_asked = true)},
    {"h1 optimistic data behind CONNECT", attack_again_and_again,
     HOW("CONNECT localhost:443 HTTP/1.1\r\n" HOST "\r\n", 501, .is_asked = false)},
    {"h1 two lengths", attack_again_and_again,
     HOW("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" CHUNKED "\r\n0\r\n\r\n", 400,
         .is_asked = false)},
    {"h1 a field folded over two lines", attack_again_and_again,
     HOW("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400, .is_asked = false)},
    {"h1 a head that does not end", attack_again_and_again,
     HOW("GET / HTTP/1.1\r\n" HOST, 431,
         .more = "X-Fill: 1234567890123456789012345678901234567890\r\n",
         .more_bytes = TRI_REQUEST_HEAD_BYTES_MAX + 1000)},
    {"h1 a body over the limit", attack_again_and_again,
     HOW("POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413, .is_asked = false)},
    {"h1 chunks over the limit", attack_again_and_again,
     HOW("POST / HTTP/1.1\r\n" HOST CHUNKED "\r\n", 413,
         .more = "28\r\n1234567890123456789012345678901234567890\r\n",
         .more_bytes = 2 * (size_t)TRI_REQUEST_BODY_BYTES_MAX)},
};

struct attacks attacks_h1(void)
{
    return (struct attacks){.list = list, .len = sizeof list / sizeof list[0]};
}
