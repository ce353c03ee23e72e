/* A report's file: as a whole or not at all. */
#include "bench_file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char error[BENCH_ERROR_MAX];
static char directory[] = "/tmp/bench_file_test.XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(directory); /* what is left over makes it fail */
}

static const char *read_all(const char *name)
{
    static char text[64];
    FILE *in = fopen(name, "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    (void)fclose(in);
    return text;
}

static void write_all(const char *name, const char *text)
{
    struct bench_file f;
    assert_int_equal(bench_file_open(&f, name, error), TRI_OK);
    assert_true(fputs(text, f.out) >= 0);
    assert_int_equal(bench_file_commit(&f, error), TRI_OK);
}

static size_t count_files(void)
{
    DIR *all = opendir(".");
    assert_non_null(all);
    size_t count = 0;
    const struct dirent *entry = NULL;
    while ((entry = readdir(all)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        count += entry->d_name[0] != '.';
    }
    (void)closedir(all);
    return count;
}

static void a_file_is_there_when_it_is_whole(void **state)
{
    (void)state;
    struct bench_file f;
    assert_int_equal(bench_file_open(&f, "new", error), TRI_OK);
    assert_true(fputs("text", f.out) >= 0);
    assert_int_not_equal(access("new", F_OK), 0);
    assert_int_equal(bench_file_commit(&f, error), TRI_OK);
    assert_string_equal(read_all("new"), "text");
    assert_int_equal(count_files(), 1);
    assert_int_equal(unlink("new"), 0);
}

static void an_old_one_stays_if_the_new_one_is_abandoned(void **state)
{
    (void)state;
    write_all("file", "old");
    struct bench_file f;
    assert_int_equal(bench_file_open(&f, "file", error), TRI_OK);
    assert_true(fputs("new", f.out) >= 0);
    assert_string_equal(read_all("file"), "old");
    bench_file_abandon(&f);
    assert_string_equal(read_all("file"), "old");
    assert_int_equal(count_files(), 1);
    write_all("file", "new");
    assert_string_equal(read_all("file"), "new");
    assert_int_equal(unlink("file"), 0);
}

static void others_may_read_it_as_the_umask_says(void **state)
{
    (void)state;
    const mode_t before = umask(027);
    write_all("file", "x");
    (void)umask(before);
    struct stat st;
    assert_int_equal(stat("file", &st), 0);
    assert_int_equal(st.st_mode & 0777U, 0640);
    assert_int_equal(unlink("file"), 0);
}

static void behind_a_link_the_file_is_replaced(void **state)
{
    (void)state;
    write_all("file", "old");
    assert_int_equal(symlink("file", "link"), 0);
    write_all("link", "new");
    assert_string_equal(read_all("file"), "new");
    struct stat st;
    assert_int_equal(lstat("link", &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(unlink("link"), 0);
    assert_int_equal(unlink("file"), 0);
}

static void what_is_no_file_is_written_directly(void **state)
{
    (void)state;
    write_all("/dev/null", "x");
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    struct bench_file f;
    assert_int_equal(bench_file_open(&f, "/dev/full", error), TRI_OK);
    assert_true(fputs("x", f.out) >= 0);
    assert_int_equal(bench_file_commit(&f, error), TRI_ERR_IO);
    assert_string_equal(error, "/dev/full: No space left on device; give a file that can be "
                               "written");
    assert_int_equal(bench_file_open(&f, "/", error), TRI_ERR_IO);
    assert_int_equal(bench_file_open(&f, "none/file", error), TRI_ERR_IO);
    assert_string_equal(error, "none/file: No such file or directory; give a file that can be "
                               "written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_there_when_it_is_whole),
        cmocka_unit_test(an_old_one_stays_if_the_new_one_is_abandoned),
        cmocka_unit_test(others_may_read_it_as_the_umask_says),
        cmocka_unit_test(behind_a_link_the_file_is_replaced),
        cmocka_unit_test(what_is_no_file_is_written_directly),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
