/* See rig_reload.h. */
#include "rig_reload.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

void rig_reload_next(struct rig_reload *r)
{
    tri_config_free(r->next);
    r->next = tri_config_new();
    assert_non_null(r->next);
    assert_int_equal(tri_config_copy(r->next, r->s.config), TRI_OK);
}

int rig_reload_set_up(void **state)
{
    struct rig_reload *r = calloc(1, sizeof *r);
    assert_non_null(r);
    test_server_init(&r->s);
    rig_reload_next(r);
    *state = r;
    return 0;
}

void rig_reload_start(struct rig_reload *r)
{
    test_server_start(&r->s);
    test_server_open_socket(&r->s, &r->c);
    rig_reload_next(r);
    r->s.log[0] = '\0';
}

int rig_reload_tear_down(void **state)
{
    struct rig_reload *r = *state;
    if (r->s.server) {
        test_client_close(&r->c);
    }
    tri_config_free(r->next);
    test_server_deinit(&r->s);
    free(r);
    return 0;
}

enum tri_err rig_reload_apply(struct rig_reload *r)
{
    return tri_server_reconfigure(r->s.server, r->next, r->s.error, sizeof r->s.error);
}

void rig_reload_must_apply(struct rig_reload *r)
{
    assert_int_equal(rig_reload_apply(r), TRI_OK);
    assert_string_equal(r->s.error, "");
    assert_non_null(strstr(r->s.log, "info reload.done certificates=1"));
}

void rig_reload_assert_echoes(struct rig_reload *r, const char *text)
{
    tri_buf_consume(&r->c.received, tri_buf_peek(&r->c.received).len);
    test_client_send_frame(&r->c, 0x81, text, strlen(text));
    assert_true(test_server_await(&r->s, &r->c, text));
}
