/* URLs: which are read how, and what is said of those that are not. */
#include "client_url.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

struct good {
    const char *url, *host;
    unsigned port;
    const char *authority, *path;
};

static const struct good goods[] = {
    {"wss://localhost", "localhost", 443, "localhost", ""},
    {"wss://localhost/", "localhost", 443, "localhost", "/"},
    {"WSS://Example.COM/Path?Q", "example.com", 443, "example.com", "/Path?Q"},
    {"wss://example.com:443/a", "example.com", 443, "example.com", "/a"},
    {"wss://example.com:/a", "example.com", 443, "example.com", "/a"},
    {"wss://example.com:8443", "example.com", 8443, "example.com:8443", ""},
    {"wss://example.com:08443?q", "example.com", 8443, "example.com:8443", "?q"},
    {"wss://127.0.0.1:65535#f", "127.0.0.1", 65535, "127.0.0.1:65535", "#f"},
    {"wss://[::1]", "::1", 443, "[::1]", ""},
    {"wss://[2001:DB8::1]:9/x", "2001:db8::1", 9, "[2001:db8::1]:9", "/x"},
    {"wss://a_b-c.d", "a_b-c.d", 443, "a_b-c.d", ""},
    {"wss://host/p@q:r", "host", 443, "host", "/p@q:r"},
};

static void a_url_has_a_host_a_port_and_a_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        const struct good *row = &goods[i];
        struct tri_client_url url;
        const char *wrong = tri_client_url_parse(&url, row->url);
        if (wrong) {
            fail_msg("%s: %s", row->url, wrong);
        }
        assert_string_equal(url.host, row->host);
        assert_int_equal(url.port, row->port);
        assert_string_equal(url.authority, row->authority);
        assert_true(tri_slice_equal(url.path, tri_slice_of_string(row->path)));
    }
}

static void what_is_none_is_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *url, *part;
    } bad[] = {
        {NULL, "no URL"},
        {"", "wss://"},
        {"localhost", "wss://"},
        {"https://localhost", "wss://"},
        {"ws://localhost", "over TLS only"},
        {"http://localhost", "over TLS only"},
        {"wss://", "no host"},
        {"wss:///path", "no host"},
        {"wss://:443", "no host"},
        {"wss://user@host", "user or password"},
        {"wss://user:pass@host/", "user or password"},
        {"wss://ho st", "no name has"},
        {"wss://h\xc3\xb6st", "no name has"},
        {"wss://a\r\nb", "no name has"},
        {"wss://host:80a", "no number"},
        {"wss://host:-1", "no number"},
        {"wss://host:1:2", "no number"},
        {"wss://host:65536", "65535"},
        {"wss://host:99999999999999999999", "65535"},
        {"wss://host:0", "is 0"},
        {"wss://[::1", "bracket"},
        {"wss://[]", "no host"},
        {"wss://[::g]", "IPv6"},
        {"wss://[1.2.3.4]", "IPv6"},
        {"wss://[::1]x", "no number"},
        {"wss://::1", "no host"},
        {"wss://[fe80::1%eth0]", "IPv6"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tri_client_url url = {.port = 7};
        const char *wrong = tri_client_url_parse(&url, bad[i].url);
        if (!wrong || !strstr(wrong, bad[i].part)) {
            fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].url ? bad[i].url : "(none)",
                     wrong ? wrong : "", bad[i].part);
        }
        assert_int_equal(url.port, 7); /* not written */
    }
}

static void a_host_has_a_longest_length(void **state)
{
    (void)state;
    char text[6 + TRI_RESOLVE_HOST_MAX + 2] = "wss://";
    memset(text + 6, 'a', TRI_RESOLVE_HOST_MAX + 1);
    text[6 + TRI_RESOLVE_HOST_MAX + 1] = '\0';
    struct tri_client_url url;
    assert_non_null(tri_client_url_parse(&url, text));
    text[6 + TRI_RESOLVE_HOST_MAX] = '\0';
    assert_null(tri_client_url_parse(&url, text));
    assert_int_equal(strlen(url.host), TRI_RESOLVE_HOST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_has_a_host_a_port_and_a_path),
        cmocka_unit_test(what_is_none_is_refused_with_a_sentence),
        cmocka_unit_test(a_host_has_a_longest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
