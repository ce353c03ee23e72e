/* The embedded page: what is served, as what, and with which guards. */
#include "app_site.h"
#include "app_site_files.h"
#include "fake_api.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct tri_request *ask(const char *method, const char *path)
{
    struct tri_request *req = fake_request_new(method, path);
    tri_site_handler.on_request(NULL, req);
    assert_int_equal(req->answers, 1);
    return req;
}

static void every_embedded_file_is_served(void **state)
{
    (void)state;
    assert_true(tri_site_files_len > 0);
    for (size_t i = 0; i < tri_site_files_len; i++) {
        const struct tri_site_file *file = &tri_site_files[i];
        struct tri_request *req = ask("GET", file->path);
        assert_int_equal(req->status, 200);
        assert_int_equal(req->body_len, file->len);
        assert_memory_equal(req->body, file->data, file->len);
        assert_string_equal(fake_answer_field(req, "content-type"), file->content_type);
        assert_string_equal(fake_answer_field(req, "etag"), file->etag);
        assert_string_equal(fake_answer_field(req, "x-content-type-options"), "nosniff");
        fake_request_free(req);
    }
}

static void the_root_is_the_index(void **state)
{
    (void)state;
    struct tri_request *root = ask("GET", "/");
    struct tri_request *index = ask("GET", "/index.html");
    assert_int_equal(root->status, 200);
    assert_string_equal(root->head, index->head);
    assert_string_equal(fake_answer_text(root), fake_answer_text(index));
    assert_string_equal(fake_answer_field(root, "content-type"), "text/html; charset=utf-8");
    const char *policy = fake_answer_field(root, "content-security-policy");
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_non_null(strstr(policy, "connect-src 'self' wss:"));
    fake_request_free(root);
    fake_request_free(index);
}

static void an_unchanged_page_is_not_sent_again(void **state)
{
    (void)state;
    struct tri_request *first = ask("GET", "/");
    struct tri_request *req = fake_request_new("GET", "/");
    req->fields[0] = (struct tri_header){"if-none-match", fake_answer_field(first, "etag")};
    tri_site_handler.on_request(NULL, req);
    assert_int_equal(req->status, 304);
    assert_int_equal(req->body_len, 0);
    assert_non_null(fake_answer_field(req, "etag"));
    fake_request_free(req);
    fake_request_free(first);
}

static void another_path_is_a_404_page(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nothing", "/index.html/", "/INDEX.HTML", "//", "*", ""};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct tri_request *req = ask("GET", paths[i]);
        assert_int_equal(req->status, 404);
        assert_non_null(strstr(fake_answer_text(req), "nothing at this address"));
        fake_request_free(req);
    }
}

static void another_method_is_405(void **state)
{
    (void)state;
    struct tri_request *req = ask("POST", "/");
    assert_int_equal(req->status, 405);
    fake_request_free(req);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_embedded_file_is_served),
        cmocka_unit_test(the_root_is_the_index),
        cmocka_unit_test(an_unchanged_page_is_not_sent_again),
        cmocka_unit_test(another_path_is_a_404_page),
        cmocka_unit_test(another_method_is_405),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
