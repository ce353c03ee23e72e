/* Sentences about what failed. */
#include "client_fault.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void each_fault_has_a_name_without_spaces(void **state)
{
    (void)state;
    for (int i = TRI_FAULT_NONE; i <= TRI_FAULT_MEMORY; i++) {
        const char *name = tri_fault_name((enum tri_fault)i);
        assert_true(strlen(name) > 2 && !strchr(name, ' '));
        for (int k = TRI_FAULT_NONE; k < i; k++) {
            assert_string_not_equal(name, tri_fault_name((enum tri_fault)k));
        }
    }
    assert_string_equal(tri_fault_name(TRI_FAULT_CERTIFICATE), "certificate");
}

static void what_an_adapter_says_becomes_a_sentence(void **state)
{
    (void)state;
    static const struct {
        struct tri_call_end end;
        const char *text;
    } rows[] = {
        {{TRI_FAULT_NONE, 0, false, ""}, "the connection was closed"},
        {{TRI_FAULT_NONE, 0x100, false, "bye"}, "the connection was closed: bye"},
        {{TRI_FAULT_LOST, 0, false, ""}, "the connection to host ended"},
        {{TRI_FAULT_LOST, 0, false, "why"}, "the connection to host ended: why"},
        {{TRI_FAULT_PROTOCOL, 0x10a, false, "why"},
         "the connection to host ended with code 0x10a: why"},
        {{TRI_FAULT_TLS, 0x128, false, "why"}, "TLS with host failed: why"},
        {{TRI_FAULT_CERTIFICATE, 0x12a, false, "it has expired"},
         "the certificate of host is not to be trusted: it has expired"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tri_client_fault f;
        tri_client_fault_of_end(&f, &rows[i].end, "the connection", "host");
        const struct tri_failure told = tri_client_fault_tell(&f);
        assert_int_equal(told.fault, rows[i].end.fault);
        assert_int_equal(told.status, 0);
        assert_string_equal(told.text, rows[i].text);
    }
}

static void a_long_sentence_is_cut(void **state)
{
    (void)state;
    struct tri_client_fault f;
    tri_client_fault_set(&f, TRI_FAULT_TLS, "%0*d", 2 * TRI_CLIENT_FAULT_TEXT_MAX, 1);
    assert_int_equal(strlen(f.text), TRI_CLIENT_FAULT_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_a_name_without_spaces),
        cmocka_unit_test(what_an_adapter_says_becomes_a_sentence),
        cmocka_unit_test(a_long_sentence_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
