#include "h3_qlog.h"
#include "rig_h3.h"
#include "temp_dir.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

static const ngtcp2_cid id = {.datalen = 3, .data = {0x0a, 0xbc, 0xff}};

static void the_file_is_named_after_the_id(void **state)
{
    (void)state;
    struct temp_dir dir;
    struct stat info;
    temp_dir_make(&dir);
    FILE *qlog = tri_h3_qlog_open(dir.path, &id);
    assert_non_null(qlog);
    tri_h3_qlog_write(qlog, "text", 4);
    tri_h3_qlog_close(qlog);
    assert_int_equal(stat(temp_dir_path(&dir, "0abcff.sqlog"), &info), 0);
    assert_int_equal(info.st_size, 4);
    temp_dir_remove(&dir);
}

static void a_file_that_is_there_is_left_alone(void **state)
{
    (void)state;
    struct temp_dir dir;
    temp_dir_make(&dir);
    temp_dir_text(&dir, "0abcff.sqlog", "precious");
    assert_null(tri_h3_qlog_open(dir.path, &id));
    temp_dir_remove(&dir);
    tri_h3_qlog_close(NULL);
}

static void a_folder_that_is_missing_gives_no_file(void **state)
{
    (void)state;
    assert_null(tri_h3_qlog_open("/nowhere/at/all", &id));
}

static size_t count_files(const char *path, size_t *bytes)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char file[600];
        struct stat info;
        if (!strstr(entry->d_name, ".sqlog")) {
            continue;
        }
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        assert_int_equal(stat(file, &info), 0);
        *bytes += (size_t)info.st_size;
        n++;
    }
    closedir(dir);
    return n;
}

static void a_connection_writes_its_log(void **state)
{
    (void)state;
    struct temp_dir dir;
    size_t bytes = 0;
    temp_dir_make(&dir);
    struct rig_h3 *r = rig_h3_new(&(struct rig_h3_options){.qlog_dir = dir.path});
    rig_h3_assert_alive(r);
    rig_h3_free(r);
    assert_int_equal(count_files(dir.path, &bytes), 1);
    assert_true(bytes > 1000);
    temp_dir_remove(&dir);
}

static void warn(void *user, enum tri_log_level level, const char *line)
{
    size_t *warnings = user;
    *warnings += level == TRI_LOG_WARN && strstr(line, "qlog.failed") ? 1 : 0;
}

static void a_connection_without_a_place_for_its_log_works_and_says_so(void **state)
{
    (void)state;
    size_t warnings = 0;
    struct tri_log log = {.write = warn, .user = &warnings, .level = TRI_LOG_WARN};
    struct rig_h3 *r =
        rig_h3_new(&(struct rig_h3_options){.qlog_dir = "/nowhere/at/all", .log = &log});
    rig_h3_assert_alive(r);
    rig_h3_free(r);
    assert_int_equal(warnings, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_named_after_the_id),
        cmocka_unit_test(a_file_that_is_there_is_left_alone),
        cmocka_unit_test(a_folder_that_is_missing_gives_no_file),
        cmocka_unit_test(a_connection_writes_its_log),
        cmocka_unit_test(a_connection_without_a_place_for_its_log_works_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
