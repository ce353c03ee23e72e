/* See bench_process.h. Linux. */
#include "bench_process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024u

/* ------------------------------------------------------------------------------------- CPU time */

static uint64_t ns_of(time_t seconds, long ns)
{
    return (uint64_t)seconds * UINT64_C(1000000000) + (uint64_t)ns;
}

static void read_own_shares(struct bench_cpu *out)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        out->user_ns = ns_of(usage.ru_utime.tv_sec, 1000L * usage.ru_utime.tv_usec);
        out->system_ns = ns_of(usage.ru_stime.tv_sec, 1000L * usage.ru_stime.tv_usec);
    }
}

/* The first line of /proc/|pid|/|name|. */
static bool read_line(pid_t pid, const char *name, char line[LINE_MAX_BYTES])
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    FILE *file = fopen(path, "re");
    if (!file) {
        return false;
    }
    bool is_read = fgets(line, LINE_MAX_BYTES, file) != NULL;
    (void)fclose(file);
    return is_read;
}

/* Fields 14 and 15 of proc(5), counted from behind the name of the program, which may hold
 * anything. */
static void read_shares(pid_t pid, struct bench_cpu *out)
{
    char line[LINE_MAX_BYTES];
    long ticks = sysconf(_SC_CLK_TCK);
    char *at = read_line(pid, "stat", line) ? strrchr(line, ')') : NULL;
    for (int field = 2; at && field < 14; field++) {
        at = strchr(at + 1, ' ');
    }
    if (!at || ticks <= 0) {
        return;
    }
    uint64_t tick_ns = UINT64_C(1000000000) / (uint64_t)ticks;
    char *end = NULL;
    out->user_ns = strtoull(at, &end, 10) * tick_ns;
    out->system_ns = strtoull(end, NULL, 10) * tick_ns;
}

bool bench_process_usage(pid_t pid, struct bench_usage *out)
{
    *out = (struct bench_usage){.total_ns = 0};
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    struct timespec t;
    if ((pid != 0 && clock_getcpuclockid(pid, &clock) != 0) || clock_gettime(clock, &t) != 0) {
        return false;
    }
    out->total_ns = ns_of(t.tv_sec, t.tv_nsec);
    if (pid == 0) {
        read_own_shares(&out->shares);
    } else {
        read_shares(pid, &out->shares);
    }
    return true;
}

static uint64_t since(uint64_t before, uint64_t after)
{
    return after > before ? after - before : 0;
}

struct bench_cpu bench_usage_between(const struct bench_usage *before,
                                     const struct bench_usage *after)
{
    uint64_t total = since(before->total_ns, after->total_ns);
    uint64_t user = since(before->shares.user_ns, after->shares.user_ns);
    uint64_t system = since(before->shares.system_ns, after->shares.system_ns);
    double user_share = user + system > 0 ? (double)user / (double)(user + system) : 1;
    struct bench_cpu cpu = {.user_ns = (uint64_t)((double)total * user_share)};
    cpu.system_ns = since(cpu.user_ns, total);
    return cpu;
}

/* --------------------------------------------------------------------------------------- memory */

/* The value in KiB behind |key| in /proc/|pid|/|name|, in bytes; 0: it is not there. */
static uint64_t read_kib(pid_t pid, const char *name, const char *key)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    FILE *file = fopen(path, "re");
    if (!file) {
        return 0;
    }
    char line[LINE_MAX_BYTES];
    uint64_t bytes = 0;
    size_t key_len = strlen(key);
    while (bytes == 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, key_len) == 0) {
            bytes = strtoull(line + key_len, NULL, 10) * 1024;
        }
    }
    (void)fclose(file);
    return bytes;
}

uint64_t bench_process_memory(pid_t pid)
{
    uint64_t bytes = read_kib(pid, "smaps_rollup", "Pss:");
    return bytes > 0 ? bytes : read_kib(pid, "status", "VmRSS:");
}

/* -------------------------------------------------------------------------------------- machine */

/* The value of "model name" in /proc/cpuinfo, or "unknown CPU". */
static void read_cpu_name(char *out, size_t max)
{
    (void)snprintf(out, max, "unknown CPU");
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[LINE_MAX_BYTES];
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) == 0 && colon) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(out, max, "%s", colon + 1 + strspn(colon + 1, " "));
            break;
        }
    }
    if (file) {
        (void)fclose(file);
    }
}

void bench_process_machine(char out[BENCH_TEXT_MAX])
{
    char cpu[128];
    read_cpu_name(cpu, sizeof cpu);
    struct utsname name = {.sysname = "Linux"};
    (void)uname(&name);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    /* Of "6.1.0-18-amd64" the number: what follows names whose build it is. */
    (void)snprintf(out, BENCH_TEXT_MAX, "%s, %ld core%s, %s %.*s", cpu, cores,
                   cores == 1 ? "" : "s", name.sysname, (int)strcspn(name.release, "-"),
                   name.release);
}
