/*
 * A main() for fuzz targets in builds without libFuzzer: runs the target once on
 * an empty input and once on every file named, or found in a folder named, on the
 * command line. So `dev test` guards every input that the fuzzer ever found.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static void fail(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

/* The input gets memory of exactly its size, so that a sanitizer sees one byte too far. */
static void replay_file(const char *path, size_t len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(len > 0 ? len : 1);

    if (!file || !data || fread(data, 1, len, file) != len) {
        fail(path, "cannot read");
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
}

static size_t replay_path(const char *path)
{
    struct stat st;
    size_t count = 0;

    if (stat(path, &st) != 0) {
        return 0;
    }
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path, (size_t)st.st_size);
        return 1;
    }
    DIR *dir = opendir(path);
    if (!dir) {
        fail(path, "cannot open");
    }
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char name[PATH_MAX];

        if (entry->d_name[0] == '.') {
            continue;
        }
        if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= (int)sizeof(name)) {
            fail(path, "path too long");
        }
        count += replay_path(name);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1];
    size_t count = 0;

    if (LLVMFuzzerInitialize) {
        LLVMFuzzerInitialize(&argc, &argv);
    }
    LLVMFuzzerTestOneInput(nothing, 0);
    for (int i = 1; i < argc; i++) {
        count += replay_path(argv[i]);
    }
    printf("%zu inputs replayed\n", count);
    return 0;
}
