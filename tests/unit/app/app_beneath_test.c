/* Nothing above the root opens, by openat2 and by walking alike. */
#include "app_beneath.h"
#include "temp_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
    struct temp_dir dir;
    int root_fd;
};

static int make_tree(void **state)
{
    static struct tree tree;
    temp_dir_make(&tree.dir);
    temp_dir_text(&tree.dir, "secret.txt", "secret");
    temp_dir_folder(&tree.dir, "root");
    temp_dir_folder(&tree.dir, "root/below");
    temp_dir_text(&tree.dir, "root/a.txt", "a");
    temp_dir_text(&tree.dir, "root/below/b.txt", "b");
    temp_dir_link(&tree.dir, "root/out.txt", "../secret.txt");
    temp_dir_link(&tree.dir, "root/absolute.txt", temp_dir_path(&tree.dir, "secret.txt"));
    temp_dir_link(&tree.dir, "root/up", "..");
    temp_dir_link(&tree.dir, "root/in.txt", "below/b.txt");
    temp_dir_link(&tree.dir, "root/loop", "loop");
    assert_int_equal(mkfifo(temp_dir_path(&tree.dir, "root/fifo"), 0600), 0);
    tree.root_fd = open(temp_dir_path(&tree.dir, "root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(tree.root_fd >= 0);
    *state = &tree;
    return 0;
}

static int remove_tree(void **state)
{
    struct tree *tree = *state;
    close(tree->root_fd);
    temp_dir_remove(&tree->dir);
    return 0;
}

/* Opens both ways; the two must agree. */
static int open_both(const struct tree *tree, const char *name)
{
    bool walk = true;
    int walked = tri_open_beneath(tree->root_fd, name, &walk);
    walk = false;
    int fd = tri_open_beneath(tree->root_fd, name, &walk);
    assert_int_equal(fd >= 0, walked >= 0);
    if (walked >= 0) {
        close(walked);
    }
    return fd;
}

static void assert_content(const struct tree *tree, const char *name, const char *content)
{
    int fd = open_both(tree, name);
    assert_true(fd >= 0);
    char text[16] = "";
    assert_int_equal(read(fd, text, sizeof text - 1), strlen(content));
    assert_string_equal(text, content);
    close(fd);
}

static void files_below_the_root_open(void **state)
{
    assert_content(*state, "a.txt", "a");
    assert_content(*state, "below/b.txt", "b");
}

static void the_root_itself_opens(void **state)
{
    int fd = open_both(*state, ".");
    assert_true(fd >= 0);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    close(fd);
}

static void no_link_leads_out(void **state)
{
    static const char *const names[] = {
        "out.txt", "absolute.txt",  "up/secret.txt", "up",
        "loop",    "up/root/a.txt", "../secret.txt", "below/../../secret.txt"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(open_both(*state, names[i]), -1);
    }
}

static void a_link_that_stays_below_opens_unless_names_are_walked(void **state)
{
    struct tree *tree = *state;
    bool walk = false;
    int fd = tri_open_beneath(tree->root_fd, "in.txt", &walk);
    assert_int_equal(fd >= 0, !walk); /* |walk| is set where the kernel has no openat2 */
    if (fd >= 0) {
        close(fd);
    }
    walk = true;
    assert_int_equal(tri_open_beneath(tree->root_fd, "in.txt", &walk), -1);
    assert_int_equal(errno, ELOOP);
}

static void what_is_not_there_says_so(void **state)
{
    assert_int_equal(open_both(*state, "none.txt"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(open_both(*state, "a.txt/b"), -1);
    assert_int_equal(errno, ENOTDIR);
    char name[300];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(open_both(*state, name), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void a_fifo_does_not_hold_up_the_server(void **state)
{
    int fd = open_both(*state, "fifo");
    assert_true(fd >= 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_below_the_root_open),
        cmocka_unit_test(the_root_itself_opens),
        cmocka_unit_test(no_link_leads_out),
        cmocka_unit_test(a_link_that_stays_below_opens_unless_names_are_walked),
        cmocka_unit_test(what_is_not_there_says_so),
        cmocka_unit_test(a_fifo_does_not_hold_up_the_server),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
