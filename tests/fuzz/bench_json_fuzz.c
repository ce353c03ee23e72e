/* A file of --compare: any bytes are a run, which then can be shown, or an error that says why not. */
#include "bench_compare.h"
#include "bench_html.h"
#include "bench_json.h"
#include "bench_table.h"

#include <assert.h>
#include <string.h>

static void show(const struct bench_run *run)
{
    FILE *out = fopen("/dev/null", "w");
    assert(out);
    bench_table_print(out, &run->result);
    bench_compare_print(out, &run->result, &run->result);
    (void)fclose(out);
    const struct bench_result *const runs[] = {&run->result, &run->result};
    char error[BENCH_ERROR_MAX];
    enum tri_err err = bench_html_write(runs, 1, "/dev/null", error);
    assert(err == TRI_OK);
    err = bench_html_write(runs, 2, "/dev/null", error);
    assert(err == TRI_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char error[BENCH_ERROR_MAX] = "";
    struct bench_run *run = NULL;
    const enum tri_err err = bench_json_parse(&run, (const char *)data, len, "a.json", error);
    if (err != TRI_OK) {
        assert(!run && strncmp(error, "a.json: ", 8) == 0);
        return 0;
    }
    assert(run && run->result.options == &run->options);
    assert(run->result.series_len >= 1 && run->result.series_len <= BENCH_HTTPS_MAX);
    show(run);
    bench_run_free(run);
    return 0;
}
