/*
 * From hosts to addresses: what is known without asking, and names that the system looks up (its
 * answers are scripted: uv_getaddrinfo is ours below).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "net_resolve.h"
#include "test_alloc.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the system, with a script: addresses 192.0.2.1 ... each |scripted_times| times, or an error */

static bool is_scripted;
static int scripted_addrs, scripted_times, scripted_error;
static unsigned scripted_ms;

struct scripted {
    uv_work_t work;
    uv_getaddrinfo_t *request;
    uv_getaddrinfo_cb done;
};

struct scripted_addr {
    struct addrinfo info;
    struct sockaddr_in addr;
};

static void wait_a_little(uv_work_t *work)
{
    (void)work;
    usleep(scripted_ms * 1000);
}

static void answer_by_script(uv_work_t *work, int status)
{
    (void)status;
    struct scripted *s = work->data;
    struct addrinfo *list = NULL;
    for (int i = scripted_addrs * scripted_times; i-- > 0;) {
        struct scripted_addr *a = calloc(1, sizeof *a);
        a->addr.sin_family = AF_INET;
        a->addr.sin_addr.s_addr = htonl(0xc0000201u + (unsigned)(i / scripted_times));
        a->info.ai_addr = (struct sockaddr *)&a->addr;
        a->info.ai_addrlen = sizeof a->addr;
        a->info.ai_next = list;
        list = &a->info;
    }
    uv_getaddrinfo_t *request = s->request;
    uv_getaddrinfo_cb done = s->done;
    free(s);
    done(request, scripted_error, list);
}

static void *find_real(const char *name)
{
    void *real = dlsym(RTLD_NEXT, name);
    assert_non_null(real);
    return real;
}

int scripted_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb done,
                         const char *node, const char *service,
                         const struct addrinfo *hints) __asm__("uv_getaddrinfo");
void scripted_freeaddrinfo(struct addrinfo *list) __asm__("uv_freeaddrinfo");

int scripted_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb done,
                         const char *node, const char *service, const struct addrinfo *hints)
{
    if (!is_scripted) {
        int (*real)(uv_loop_t *, uv_getaddrinfo_t *, uv_getaddrinfo_cb, const char *, const char *,
                    const struct addrinfo *);
        *(void **)&real = find_real("uv_getaddrinfo");
        return real(loop, request, done, node, service, hints);
    }
    assert_non_null(node);
    assert_int_equal(hints->ai_socktype, SOCK_STREAM);
    struct scripted *s = calloc(1, sizeof *s);
    *s = (struct scripted){.request = request, .done = done};
    s->work.data = s;
    request->type = UV_UNKNOWN_REQ; /* uv_cancel then says that it is too late */
    return uv_queue_work(loop, &s->work, wait_a_little, answer_by_script);
}

void scripted_freeaddrinfo(struct addrinfo *list)
{
    if (!is_scripted) {
        void (*real)(struct addrinfo *);
        *(void **)&real = find_real("uv_freeaddrinfo");
        real(list);
        return;
    }
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list);
        list = next;
    }
}

static void script(int addrs, int times, int error, unsigned ms)
{
    is_scripted = true;
    scripted_addrs = addrs;
    scripted_times = times;
    scripted_error = error;
    scripted_ms = ms;
}

/* ---- who asks */

struct asker {
    struct tri_loop *loop;
    struct tri_resolve *resolve;
    struct tri_resolve_query query;
    bool calling;
    int answers, turn_ends, turn_ends_then;
    size_t addrs_len;
    struct tri_addr addrs[TRI_RESOLVE_ADDRS_MAX];
    char error[96];
};

static void end_turn(void *user, uint64_t now_ns)
{
    (void)now_ns;
    struct asker *a = user;
    a->turn_ends++;
}

static void ignore_deadline(void *user, uint64_t now_ns)
{
    (void)user;
    (void)now_ns;
}

static void ignore_wake(void *user)
{
    (void)user;
}

static const struct tri_loop_events events = {end_turn, ignore_deadline, ignore_wake};

static void take_addrs(void *user, const struct tri_addr *addrs, size_t addrs_len,
                       const char *error)
{
    struct asker *a = user;
    assert_false(a->calling);
    assert_true(addrs_len <= TRI_RESOLVE_ADDRS_MAX);
    a->answers++;
    a->turn_ends_then = a->turn_ends;
    a->addrs_len = addrs_len;
    memcpy(a->addrs, addrs, addrs_len * sizeof *addrs);
    (void)snprintf(a->error, sizeof a->error, "%s", error);
    tri_loop_stop(a->loop);
}

static enum tri_err ask_with(struct asker *a, const struct tri_alloc *alloc, const char *host)
{
    *a = (struct asker){.query = {host, 8443, take_addrs, NULL}};
    assert_int_equal(tri_loop_new(&a->loop, alloc, &events, a), TRI_OK);
    a->query.user = a;
    a->calling = true;
    enum tri_err err = tri_resolve_start(&a->resolve, a->loop, &a->query);
    a->calling = false;
    return err;
}

static void ask(struct asker *a, const char *host)
{
    assert_int_equal(ask_with(a, tri_alloc_heap(), host), TRI_OK);
    assert_int_equal(a->answers, 0);
}

/* The answer as text: "127.0.0.1:8443 [::1]:8443 ", or the error. */
static const char *answer(struct asker *a)
{
    static char text[TRI_RESOLVE_ADDRS_MAX * (TRI_ADDR_TEXT_MAX + 1) + 1];
    size_t at = 0;
    assert_int_equal(tri_loop_run(a->loop), TRI_OK);
    assert_int_equal(a->answers, 1);
    assert_true(a->turn_ends > a->turn_ends_then); /* what it begins is flushed */
    text[0] = '\0';
    for (size_t i = 0; i < a->addrs_len; i++) {
        char one[TRI_ADDR_TEXT_MAX];
        tri_addr_format(&a->addrs[i], one);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s ", one);
    }
    assert_int_equal(a->error[0] == '\0', a->addrs_len > 0);
    tri_loop_free(a->loop);
    return a->addrs_len > 0 ? text : a->error;
}

static void what_is_known_is_told_without_asking(void **state)
{
    (void)state;
    static const struct {
        const char *host, *want;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1:8443 "},
        {"192.0.2.7", "192.0.2.7:8443 "},
        {"::1", "[::1]:8443 "},
        {"2001:db8::7", "[2001:db8::7]:8443 "},
        {"localhost", "127.0.0.1:8443 [::1]:8443 "},
        {"LOCALHOST", "127.0.0.1:8443 [::1]:8443 "},
        {"localhost.", "127.0.0.1:8443 [::1]:8443 "},
        {"a.b.localhost", "127.0.0.1:8443 [::1]:8443 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asker a;
        ask(&a, cases[i].host);
        assert_string_equal(answer(&a), cases[i].want);
    }
}

static void a_zone_is_the_interface_of_that_name(void **state)
{
    (void)state;
    struct asker a;
    ask(&a, "fe80::1%lo");
    assert_string_equal(answer(&a), "[fe80::1%1]:8443 ");
}

static void a_name_without_address_is_told_from_the_loop(void **state)
{
    (void)state;
    char longest[TRI_RESOLVE_HOST_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0'; /* one more than may be */
    script(0, 0, UV_EAI_NONAME, 0);
    const char *const hosts[] = {"", longest, "mylocalhost", "1.2.3.4.5",
                                 "fe80::1%no-such-interface"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct asker a;
        ask(&a, hosts[i]);
        const char *got = answer(&a);
        if (a.addrs_len > 0) {
            fail_msg("\"%s\" is %s", hosts[i], got);
        }
    }
}

static void the_systems_addresses_are_told_each_once_and_in_order(void **state)
{
    (void)state;
    static const struct {
        int addrs, times;
        const char *want;
    } cases[] = {
        {1, 1, "192.0.2.1:8443 "},
        {2, 3, "192.0.2.1:8443 192.0.2.2:8443 "},
        {8, 1,
         "192.0.2.1:8443 192.0.2.2:8443 192.0.2.3:8443 192.0.2.4:8443 192.0.2.5:8443 "
         "192.0.2.6:8443 192.0.2.7:8443 192.0.2.8:8443 "},
        {20, 2,
         "192.0.2.1:8443 192.0.2.2:8443 192.0.2.3:8443 192.0.2.4:8443 192.0.2.5:8443 "
         "192.0.2.6:8443 192.0.2.7:8443 192.0.2.8:8443 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asker a;
        script(cases[i].addrs, cases[i].times, 0, 0);
        ask(&a, "name.example");
        assert_string_equal(answer(&a), cases[i].want);
    }
}

static void the_system_is_asked(void **state)
{
    (void)state;
    is_scripted = false;
    struct asker a;
    ask(&a, "2130706433"); /* inet_aton's numbers are a name here, and need no name server */
    assert_string_equal(answer(&a), "127.0.0.1:8443 ");
    ask(&a, "2130706433");
    tri_resolve_cancel(a.resolve);
    tri_loop_free(a.loop);
    assert_int_equal(a.answers, 0);
}

static void tells_why_there_is_no_address(void **state)
{
    (void)state;
    static const struct {
        int error;
        const char *want;
    } cases[] = {
        {0, "the name has no address"},
        {UV_EAI_NONAME, "the name has no address"},
        {UV_EAI_AGAIN, "the name server does not answer"},
        {UV_EAI_MEMORY, "memory for looking up the name is short"},
        {UV_EAI_FAIL, "the name cannot be looked up"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asker a;
        script(0, 0, cases[i].error, 0);
        ask(&a, "name.example");
        assert_string_equal(answer(&a), cases[i].want);
    }
}

static void a_look_up_that_runs_may_be_cancelled(void **state)
{
    (void)state;
    struct asker a;
    script(1, 1, 0, 50);
    ask(&a, "name.example");
    usleep(20000); /* its thread has begun */
    tri_loop_step(a.loop);
    tri_resolve_cancel(a.resolve);
    tri_loop_step(a.loop);
    tri_loop_free(a.loop);
    assert_int_equal(a.answers, 0);
}

static void may_be_cancelled(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "localhost", "name.example"};
    script(1, 1, 0, 0);
    for (int i = 0; i < 6; i++) {
        struct asker a;
        ask(&a, hosts[i / 2]);
        if (i % 2 != 0) {
            tri_resolve_cancel(a.resolve);
            tri_loop_step(a.loop);
        } else {
            tri_resolve_cancel(a.resolve); /* and the loop is freed at once */
        }
        tri_loop_free(a.loop);
        assert_int_equal(a.answers, 0);
    }
}

static void several_at_a_time(void **state)
{
    (void)state;
    struct asker a;
    script(1, 1, 0, 0);
    ask(&a, "127.0.0.1");
    struct tri_resolve *more[9];
    for (size_t i = 0; i < 9; i++) {
        a.query.host = i % 3 == 0 ? "::1" : i % 3 == 1 ? "localhost" : "name.example";
        assert_int_equal(tri_resolve_start(&more[i], a.loop, &a.query), TRI_OK);
    }
    tri_resolve_cancel(more[0]);
    tri_resolve_cancel(more[4]);
    while (a.answers < 8) {
        tri_loop_step(a.loop);
    }
    tri_loop_free(a.loop);
    assert_int_equal(a.answers, 8);
}

static void survives_each_failing_allocation(void **state)
{
    (void)state;
    static const char *const hosts[] = {"192.0.2.1", "name.example"};
    script(1, 1, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        bool failed = true;
        for (size_t n = 1; failed; n++) {
            struct test_alloc memory;
            struct asker a;
            test_alloc_init(&memory);
            struct tri_loop *loop;
            assert_int_equal(tri_loop_new(&loop, &memory.alloc, &events, &a), TRI_OK);
            a = (struct asker){.loop = loop, .query = {hosts[i], 8443, take_addrs, &a}};
            memory.fail_at = memory.calls + n;
            enum tri_err err = tri_resolve_start(&a.resolve, loop, &a.query);
            failed = test_alloc_has_failed(&memory);
            memory.fail_at = 0;
            assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
            if (failed) {
                assert_null(a.resolve);
                tri_loop_free(loop);
            } else {
                assert_string_equal(answer(&a), "192.0.2.1:8443 ");
            }
            assert_int_equal(memory.live, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_told_without_asking),
        cmocka_unit_test(a_zone_is_the_interface_of_that_name),
        cmocka_unit_test(a_name_without_address_is_told_from_the_loop),
        cmocka_unit_test(the_systems_addresses_are_told_each_once_and_in_order),
        cmocka_unit_test(the_system_is_asked),
        cmocka_unit_test(tells_why_there_is_no_address),
        cmocka_unit_test(a_look_up_that_runs_may_be_cancelled),
        cmocka_unit_test(may_be_cancelled),
        cmocka_unit_test(several_at_a_time),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
