/* N6: the names of a certificate, and which server names they stand for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer_tls.h"
#include "run_program.h"
#include "test_alloc.h"
#include "tls_hosts.h"
#include "tls_identity.h"

#include <stdio.h>

static struct peer_tls_files files;

static int make_files(void **state)
{
    (void)state;
    peer_tls_files_make(&files);
    return wolfSSL_Init() == WOLFSSL_SUCCESS ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    peer_tls_files_remove(&files);
    wolfSSL_Cleanup();
    return 0;
}

/* A certificate with |extension| ("-addext ..." or ""), whose common name is cn.example. */
static WOLFSSL_X509 *make_leaf(const char *extension)
{
    char line[1024];
    char out[4096];
    (void)snprintf(line, sizeof line,
                   "cd '%s' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
                   "-nodes -days 3 -subj /CN=cn.example %s -keyout k.pem -out c.pem",
                   files.folder, extension);
    if (run_shell(line, out, sizeof out) != 0) {
        fail_msg("%s: %s", line, out);
    }
    (void)snprintf(line, sizeof line, "%s/c.pem", files.folder);
    WOLFSSL_X509 *leaf = wolfSSL_X509_load_certificate_file(line, WOLFSSL_FILETYPE_PEM);
    assert_non_null(leaf);
    return leaf;
}

/* The names of such a certificate, joined by "|", in the order they are kept. */
static void assert_names(const char *extension, const char *want)
{
    WOLFSSL_X509 *leaf = make_leaf(extension);
    struct tri_buf hosts;
    tri_buf_init(&hosts, tri_alloc_heap(), 4096);
    assert_int_equal(tri_tls_hosts_read(&hosts, leaf), TRI_OK);
    char got[1024] = "";
    struct tri_slice s = tri_buf_peek(&hosts);
    assert_true(s.len < sizeof got);
    for (size_t i = 0; i < s.len; i++) {
        got[i] = s.data[i] ? (char)s.data[i] : '|';
    }
    /* The order of the library's list is its own. */
    assert_int_equal(strlen(got), strlen(want));
    char copy[1024];
    (void)snprintf(copy, sizeof copy, "%s", want);
    char *rest = copy;
    for (char *name = strtok_r(rest, "|", &rest); name; name = strtok_r(NULL, "|", &rest)) {
        assert_int_equal(tri_tls_hosts_find(&hosts, name, strlen(name)), TRI_TLS_HOST_EXACT);
    }
    tri_buf_deinit(&hosts);
    wolfSSL_X509_free(leaf);
}

static void N6_names_and_addresses_are_read(void **state)
{
    (void)state;
    assert_names("-addext subjectAltName=DNS:A.Example,DNS:*.b.example,IP:127.0.0.1,IP:2001:db8::1",
                 "a.example|*.b.example|127.0.0.1|2001:db8::1|");
}

static void N6_the_common_name_is_no_name(void **state)
{
    (void)state;
    assert_names("", "");
}

static void N6_what_is_no_name_is_left_out(void **state)
{
    (void)state;
    assert_names("-addext subjectAltName=DNS:a*.example,DNS:*.*.example,DNS:b.*.example,DNS:*,"
                 "DNS:ok.example,email:me@example.org,URI:https://u.example",
                 "ok.example|");
}

static struct tri_buf fill(const char *names, size_t len)
{
    struct tri_buf hosts;
    tri_buf_init(&hosts, tri_alloc_heap(), 4096);
    assert_int_equal(tri_buf_append(&hosts, names, len), TRI_OK);
    return hosts;
}

/* RFC 9525 section 6.3, and the examples of RFC 6125 section 6.4.3. */
static void N6_server_names_are_matched_label_by_label(void **state)
{
    (void)state;
    static const char names[] = "example.org\0*.example.org\0www.example.net\0*.b.example.net\0"
                                "127.0.0.1";
    static const struct {
        const char *name;
        enum tri_tls_host_match match;
    } cases[] = {
        {"example.org", TRI_TLS_HOST_EXACT},
        {"EXAMPLE.Org", TRI_TLS_HOST_EXACT},
        {"a.example.org", TRI_TLS_HOST_WILDCARD},
        {"A.EXAMPLE.ORG", TRI_TLS_HOST_WILDCARD},
        {"a.b.example.org", TRI_TLS_HOST_NONE}, /* one label only */
        {".example.org", TRI_TLS_HOST_NONE},    /* and not none */
        {"aexample.org", TRI_TLS_HOST_NONE},
        {"example.org.evil", TRI_TLS_HOST_NONE},
        {"a.example.orgx", TRI_TLS_HOST_NONE},
        {"example.or", TRI_TLS_HOST_NONE},
        {"www.example.net", TRI_TLS_HOST_EXACT},
        {"example.net", TRI_TLS_HOST_NONE},
        {"b.example.net", TRI_TLS_HOST_NONE},
        {"a.b.example.net", TRI_TLS_HOST_WILDCARD},
        {"127.0.0.1", TRI_TLS_HOST_EXACT},
        {"127.0.0.11", TRI_TLS_HOST_NONE},
        {"", TRI_TLS_HOST_NONE},
        {".", TRI_TLS_HOST_NONE},
        {"org", TRI_TLS_HOST_NONE},
    };
    struct tri_buf hosts = fill(names, sizeof names);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (tri_tls_hosts_find(&hosts, cases[i].name, strlen(cases[i].name)) != cases[i].match) {
            fail_msg("%s", cases[i].name);
        }
    }
    assert_int_equal(tri_tls_hosts_find(&hosts, NULL, 0), TRI_TLS_HOST_NONE);
    tri_buf_deinit(&hosts);
}

static void N6_an_exact_name_behind_a_wildcard_is_found(void **state)
{
    (void)state;
    static const char names[] = "*.example.org\0a.example.org";
    struct tri_buf hosts = fill(names, sizeof names);
    assert_int_equal(tri_tls_hosts_find(&hosts, "a.example.org", 13), TRI_TLS_HOST_EXACT);
    assert_int_equal(tri_tls_hosts_find(&hosts, "b.example.org", 13), TRI_TLS_HOST_WILDCARD);
    tri_buf_deinit(&hosts);
}

static void short_memory_is_told(void **state)
{
    (void)state;
    WOLFSSL_X509 *leaf = make_leaf("-addext subjectAltName=DNS:a.example");
    struct test_alloc heap;
    test_alloc_init(&heap);
    heap.fail_at = 1;
    struct tri_buf hosts;
    tri_buf_init(&hosts, &heap.alloc, 4096);
    assert_int_equal(tri_tls_hosts_read(&hosts, leaf), TRI_ERR_NOMEM);
    tri_buf_deinit(&hosts);
    wolfSSL_X509_free(leaf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(N6_names_and_addresses_are_read),
        cmocka_unit_test(N6_the_common_name_is_no_name),
        cmocka_unit_test(N6_what_is_no_name_is_left_out),
        cmocka_unit_test(N6_server_names_are_matched_label_by_label),
        cmocka_unit_test(N6_an_exact_name_behind_a_wildcard_is_found),
        cmocka_unit_test(short_memory_is_told),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
