/* Reading and replacing small files. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "test_alloc.h"
#include "tls_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[128];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/trisock-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails if a temporary file was left */
}

static void assert_reads(const char *want, size_t len)
{
    struct tri_buf got;
    tri_buf_init(&got, tri_alloc_heap(), TRI_TLS_FILE_BYTES_MAX);
    assert_int_equal(tri_tls_file_read(&got, path), TRI_OK);
    assert_true(tri_slice_equal(tri_buf_peek(&got), tri_slice_of(want, len)));
    tri_buf_deinit(&got);
}

static void reads_what_was_written(void **state)
{
    (void)state;
    static char bytes[20000]; /* several steps */
    memset(bytes, 'a', sizeof bytes);
    static const size_t lens[] = {0, 1, 4095, 4096, 4097, sizeof bytes};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        assert_int_equal(tri_tls_file_write(path, bytes, lens[i], 0600), TRI_OK);
        assert_reads(bytes, lens[i]);
    }
}

static void sets_the_mode_whatever_the_umask(void **state)
{
    (void)state;
    mode_t old = umask(0077);
    struct stat st;
    assert_int_equal(tri_tls_file_write(path, "x", 1, 0644), TRI_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    (void)umask(0);
    assert_int_equal(tri_tls_file_write(path, "x", 1, 0600), TRI_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    (void)umask(old);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    char below[160];
    assert_int_equal(tri_tls_file_write(path, "old", 3, 0600), TRI_OK);
    (void)snprintf(below, sizeof below, "%s/below", path);
    assert_int_equal(tri_tls_file_write(below, "new", 3, 0600), TRI_ERR_IO);
    assert_int_equal(errno, ENOTDIR);
    assert_int_equal(tri_tls_file_write(folder, "new", 3, 0600), TRI_ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_reads("old", 3);
}

static void works_in_the_working_directory_without_a_slash(void **state)
{
    (void)state;
    char before[512];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(tri_tls_file_write("file", "here", 4, 0600), TRI_OK);
    assert_int_equal(chdir(before), 0);
    assert_reads("here", 4);
}

static void tells_why_it_cannot_read(void **state)
{
    (void)state;
    struct tri_buf got;
    tri_buf_init(&got, tri_alloc_heap(), 10);
    assert_int_equal(tri_tls_file_read(&got, "/no/such/file"), TRI_ERR_NOT_FOUND);
    assert_int_equal(tri_tls_file_read(&got, folder), TRI_ERR_IO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(tri_tls_file_write(path, "12345678901", 11, 0600), TRI_OK);
    assert_int_equal(tri_tls_file_read(&got, path), TRI_ERR_LIMIT);
    tri_buf_deinit(&got);
}

/* A start must not hang on a named pipe that nobody writes to. */
static void a_pipe_is_empty_not_endless(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_reads("", 0);
}

static void reading_survives_each_failing_allocation(void **state)
{
    (void)state;
    static char bytes[20000];
    unlink(path);
    assert_int_equal(tri_tls_file_write(path, bytes, sizeof bytes, 0600), TRI_OK);
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        struct test_alloc memory;
        test_alloc_init(&memory);
        memory.fail_at = n;
        struct tri_buf got;
        tri_buf_init(&got, &memory.alloc, TRI_TLS_FILE_BYTES_MAX);
        enum tri_err err = tri_tls_file_read(&got, path);
        failed = test_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? TRI_ERR_NOMEM : TRI_OK);
        tri_buf_deinit(&got);
        assert_int_equal(memory.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(sets_the_mode_whatever_the_umask),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(works_in_the_working_directory_without_a_slash),
        cmocka_unit_test(tells_why_it_cannot_read),
        cmocka_unit_test(a_pipe_is_empty_not_endless),
        cmocka_unit_test(reading_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
