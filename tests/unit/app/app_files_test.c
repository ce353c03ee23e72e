/* Static files: content, validators, folders, and no way out of the root. */
#include "app_files.h"
#include "fake_api.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE 100000

struct tree {
    struct temp_dir dir;
    struct tri_files files;
};

static void refuse_next(void *user, struct tri_request *req)
{
    (void)user;
    tri_request_refuse(req, 404, "next");
}

static const struct tri_http_handler next = {.on_request = refuse_next};

static void set_time(const struct tree *tree, const char *name, time_t when)
{
    const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
    assert_int_equal(utimensat(AT_FDCWD, temp_dir_path(&tree->dir, name), times, 0), 0);
}

static int make_tree(void **state)
{
    static struct tree tree;
    static uint8_t large[LARGE];
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (uint8_t)(i * 7 / 3);
    }
    temp_dir_make(&tree.dir);
    temp_dir_text(&tree.dir, "secret.txt", "secret");
    temp_dir_folder(&tree.dir, "root");
    temp_dir_folder(&tree.dir, "root/with");
    temp_dir_folder(&tree.dir, "root/without");
    temp_dir_text(&tree.dir, "root/a.txt", "a text");
    temp_dir_text(&tree.dir, "root/empty.css", "");
    temp_dir_text(&tree.dir, "root/with/index.html", "<p>index");
    temp_dir_text(&tree.dir, "root/a b.html", "blank");
    temp_dir_text(&tree.dir, "root/.hidden", "hidden");
    temp_dir_write(&tree.dir, "root/large.bin", large, sizeof large);
    temp_dir_link(&tree.dir, "root/link.txt", "../secret.txt");
    assert_int_equal(mkfifo(temp_dir_path(&tree.dir, "root/fifo"), 0600), 0);
    set_time(&tree, "root/a.txt", 784111777);
    set_time(&tree, "root/with/index.html", (time_t)4102444800); /* 2100 */
    assert_int_equal(tri_files_init(&tree.files, temp_dir_path(&tree.dir, "root"), &next, NULL),
                     TRI_OK);
    *state = &tree;
    return 0;
}

static int remove_tree(void **state)
{
    struct tree *tree = *state;
    tri_files_deinit(&tree->files);
    temp_dir_remove(&tree->dir);
    return 0;
}

static struct tri_request *serve(struct tree *tree, struct tri_request *req)
{
    tri_files_handler.on_request(&tree->files, req);
    assert_int_equal(req->answers, 1);
    return req;
}

static struct tri_request *ask(struct tree *tree, const char *method, const char *path)
{
    return serve(tree, fake_request_new(method, path));
}

static void a_file_comes_with_its_type_and_validators(void **state)
{
    struct tri_request *req = ask(*state, "GET", "/a.txt");
    assert_int_equal(req->status, 200);
    assert_string_equal(fake_answer_text(req), "a text");
    assert_string_equal(fake_answer_field(req, "content-type"), "text/plain; charset=utf-8");
    assert_string_equal(fake_answer_field(req, "last-modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(fake_answer_field(req, "etag"), "\"6-2ebc98a1-0\"");
    assert_string_equal(fake_answer_field(req, "x-content-type-options"), "nosniff");
    fake_request_free(req);
}

static void a_large_file_comes_piece_by_piece(void **state)
{
    static const size_t pieces[] = {1, 7, 16384, LARGE};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct tri_request *req = fake_request_new("GET", "/large.bin");
        req->read_max = pieces[i];
        serve(*state, req);
        assert_int_equal(req->body_len, LARGE);
        for (size_t at = 0; at < LARGE; at++) {
            assert_int_equal(req->body[at], (uint8_t)(at * 7 / 3));
        }
        fake_request_free(req);
    }
}

static void an_empty_file_and_a_name_with_a_blank_are_files(void **state)
{
    struct tri_request *req = ask(*state, "GET", "/empty.css");
    assert_int_equal(req->status, 200);
    assert_int_equal(req->body_len, 0);
    assert_false(req->body_failed);
    fake_request_free(req);
    req = ask(*state, "GET", "/a%20b.html");
    assert_string_equal(fake_answer_text(req), "blank");
    fake_request_free(req);
}

static void head_has_the_fields_of_get(void **state)
{
    struct tri_request *get = ask(*state, "GET", "/a.txt");
    struct tri_request *head = ask(*state, "HEAD", "/a.txt");
    assert_int_equal(head->status, 200);
    assert_string_equal(head->head, get->head);
    assert_int_equal(head->body_len, 0);
    fake_request_free(get);
    fake_request_free(head);
}

static int status_with(struct tree *tree, const char *name, const char *value)
{
    struct tri_request *req = fake_request_new("GET", "/a.txt");
    req->fields[0] = (struct tri_header){name, value};
    serve(tree, req);
    int status = req->status;
    assert_non_null(fake_answer_field(req, "etag"));
    assert_int_equal(req->body_len, status == 304 ? 0 : 6);
    fake_request_free(req);
    return status;
}

static void an_unchanged_file_is_304(void **state)
{
    assert_int_equal(status_with(*state, "if-none-match", "\"6-2ebc98a1-0\""), 304);
    assert_int_equal(status_with(*state, "if-none-match", "\"7-2ebc98a1-0\""), 200);
    assert_int_equal(status_with(*state, "if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
                     304);
    assert_int_equal(status_with(*state, "if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT"),
                     200);
}

static void a_changed_file_has_another_entity_tag(void **state)
{
    struct tree *tree = *state;
    temp_dir_text(&tree->dir, "root/change.txt", "one");
    set_time(tree, "root/change.txt", 1000);
    struct tri_request *before = ask(tree, "GET", "/change.txt");
    temp_dir_text(&tree->dir, "root/change.txt", "two");
    set_time(tree, "root/change.txt", 1001);
    struct tri_request *after = ask(tree, "GET", "/change.txt");
    assert_string_not_equal(before->head, after->head);
    assert_string_equal(fake_answer_text(after), "two");
    fake_request_free(before);
    fake_request_free(after);
}

static void a_folder_is_its_index(void **state)
{
    struct tri_request *req = ask(*state, "GET", "/with/");
    assert_int_equal(req->status, 200);
    assert_string_equal(fake_answer_text(req), "<p>index");
    assert_string_equal(fake_answer_field(req, "content-type"), "text/html; charset=utf-8");
    /* RFC 9110 section 8.8.2.1: a date to come is not told. */
    assert_null(strstr(fake_answer_field(req, "last-modified"), "2100"));
    fake_request_free(req);
}

static void a_folder_without_its_slash_is_redirected(void **state)
{
    struct tri_request *req = fake_request_new("GET", "/with");
    req->query = "a=b";
    serve(*state, req);
    assert_int_equal(req->status, 301);
    assert_string_equal(fake_answer_field(req, "location"), "/with/?a=b");
    fake_request_free(req);
    req = ask(*state, "GET", "/with");
    assert_string_equal(fake_answer_field(req, "location"), "/with/");
    fake_request_free(req);
}

static void what_is_not_found_goes_to_the_next_handler(void **state)
{
    static const char *const paths[] = {
        "/",        "/none.txt", "/without",       "/without/",        "/a.txt/",  "/fifo",
        "/.hidden", "/link.txt", "/../secret.txt", "/..%2fsecret.txt", "/a.txt/b",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct tri_request *req = ask(*state, "GET", paths[i]);
        assert_int_equal(req->status, 404);
        assert_string_equal(fake_answer_text(req), "next");
        fake_request_free(req);
    }
}

static void a_bad_escape_is_400(void **state)
{
    struct tri_request *req = ask(*state, "GET", "/a%00.txt");
    assert_int_equal(req->status, 400);
    fake_request_free(req);
}

static void a_file_that_may_not_be_read_is_403(void **state)
{
    struct tree *tree = *state;
    temp_dir_text(&tree->dir, "root/locked.txt", "locked");
    assert_int_equal(chmod(temp_dir_path(&tree->dir, "root"), 0755), 0);
    assert_int_equal(chmod(temp_dir_path(&tree->dir, "root/locked.txt"), 0), 0);
    uid_t us = geteuid();
    if (us == 0) {
        assert_int_equal(seteuid(65534), 0); /* root may read everything */
    }
    struct tri_request *req = ask(tree, "GET", "/locked.txt");
    if (us == 0) {
        assert_int_equal(seteuid(us), 0);
    }
    assert_int_equal(req->status, 403);
    fake_request_free(req);
}

static void another_method_is_405(void **state)
{
    struct tri_request *req = ask(*state, "DELETE", "/a.txt");
    assert_int_equal(req->status, 405);
    fake_request_free(req);
}

static void a_root_that_is_none_is_told(void **state)
{
    struct tree *tree = *state;
    struct tri_files files;
    assert_int_equal(tri_files_init(&files, temp_dir_path(&tree->dir, "none"), &next, NULL),
                     TRI_ERR_NOT_FOUND);
    assert_int_equal(tri_files_init(&files, temp_dir_path(&tree->dir, "secret.txt"), &next, NULL),
                     TRI_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_comes_with_its_type_and_validators),
        cmocka_unit_test(a_large_file_comes_piece_by_piece),
        cmocka_unit_test(an_empty_file_and_a_name_with_a_blank_are_files),
        cmocka_unit_test(head_has_the_fields_of_get),
        cmocka_unit_test(an_unchanged_file_is_304),
        cmocka_unit_test(a_changed_file_has_another_entity_tag),
        cmocka_unit_test(a_folder_is_its_index),
        cmocka_unit_test(a_folder_without_its_slash_is_redirected),
        cmocka_unit_test(what_is_not_found_goes_to_the_next_handler),
        cmocka_unit_test(a_bad_escape_is_400),
        cmocka_unit_test(a_file_that_may_not_be_read_is_403),
        cmocka_unit_test(another_method_is_405),
        cmocka_unit_test(a_root_that_is_none_is_told),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
