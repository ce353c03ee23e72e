/* See link_options.h. */
#include "link_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLISECOND_NS UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)
#define TIME_NS_MAX (60 * SECOND_NS)
#define RATE_BPS_LEAST UINT64_C(1000)
#define RATE_BPS_MAX UINT64_C(100000000000)
#define MTU_LEAST 1280 /* IPv6 asks for it: RFC 8200 section 5 */
#define MTU_MAX 65535
#define QUEUE_NS (100 * MILLISECOND_NS)
#define HOLD_NS_LEAST MILLISECOND_NS
#define HOLD_PART 4 /* of the delay */

const char link_options_usage[] =
    "usage: ./dev link [OPTION]... -- COMMAND [ARGUMENT]...\n"
    "\n"
    "Runs COMMAND on one end of a link, with a server on the other. Each end is a network namespace of\n"
    "its own. LINK_SERVER and LINK_CLIENT hold the addresses of the ends, LINK_SERVER6 and LINK_CLIENT6\n"
    "those of IPv6, LINK_SERVER_PID the server's process. Everything holds for each direction alike.\n"
    "\n"
    "  --delay TIME      how long a packet is on its way, one way: a round trip takes twice\n"
    "                    that (25ms, 100us, 0.1s; default 0)\n"
    "  --loss SHARE      share of the packets that never arrive (1%, 0.01; default 0)\n"
    "  --rate RATE       IP packets, headers included, go at this rate (500kbit, 20mbit, 1gbit;\n"
    "                    default: as fast as they can)\n"
    "  --queue TIME|SIZE with --rate, a packet that would wait longer than that for its turn, or\n"
    "                    behind more bytes, is dropped (50ms, 64kB; default 100ms)\n"
    "  --reorder SHARE   share of the packets that are held back, for a quarter of the delay and\n"
    "                    at least 1 ms, so that those behind overtake them (default 0)\n"
    "  --seed N          the same seed chooses the same packets, by their number (default 1)\n"
    "  --mtu BYTES       longest IP packet, 1280 to 65535 (default 1500)\n"
    "  --server COMMAND  a command for the shell, which runs on the other end until COMMAND ends\n"
    "  --ready PORT|TEXT the server is ready when something listens at PORT, or when it prints a\n"
    "                    line with TEXT in it (default: any line)\n"
    "  --stats FILE      write what the link did as JSON, with the numbers of the lost packets\n"
    "  --help            print this\n"
    "\n"
    "The exit status is that of COMMAND (128 and the signal, if one ended it); 125 if the link could\n"
    "not be made or the server did not start; 2 for wrong options.\n";

/* ---- values */

/* A number that is not negative, and what follows it. */
static bool read_number(const char *text, double *number, const char **unit)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    *number = strtod(text, &end);
    *unit = end;
    return errno == 0;
}

struct unit {
    const char *name;
    double factor;
};

/* |units| end with a NULL. */
static bool read_quantity(const char *text, const struct unit *units, double *value)
{
    const char *name = NULL;
    if (!read_number(text, value, &name)) {
        return false;
    }
    for (; units->name; units++) {
        if (strcmp(units->name, name) == 0) {
            *value *= units->factor;
            return true;
        }
    }
    return false;
}

bool link_options_time(const char *text, uint64_t *ns)
{
    static const struct unit units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {NULL, 0}};
    double value = 0;
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return true;
    }
    if (!read_quantity(text, units, &value) || value > (double)TIME_NS_MAX) {
        return false;
    }
    *ns = (uint64_t)(value + 0.5);
    return true;
}

bool link_options_share(const char *text, double *share)
{
    static const struct unit units[] = {{"%", 0.01}, {"", 1}, {NULL, 0}};
    return read_quantity(text, units, share) && *share <= 1;
}

bool link_options_rate(const char *text, uint64_t *bps)
{
    static const struct unit units[] = {{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {NULL, 0}};
    double value = 0;
    if (!read_quantity(text, units, &value) || value < (double)RATE_BPS_LEAST ||
        value > (double)RATE_BPS_MAX) {
        return false;
    }
    *bps = (uint64_t)(value + 0.5);
    return true;
}

static bool read_bytes(const char *text, double *bytes)
{
    static const struct unit units[] = {{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {NULL, 0}};
    return read_quantity(text, units, bytes) && *bytes <= LINK_QUEUE_BYTES_MAX;
}

static bool read_whole(const char *text, uint64_t *number)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool read_mtu(const char *text, int *mtu)
{
    uint64_t number = 0;
    if (!read_whole(text, &number) || number < MTU_LEAST || number > MTU_MAX) {
        return false;
    }
    *mtu = (int)number;
    return true;
}

/* ---- options */

enum option { DELAY, LOSS, RATE, QUEUE, REORDER, SEED, MTU, SERVER, READY, STATS, OPTIONS };

static const struct {
    const char *name, *wants;
} options[OPTIONS] = {
    [DELAY] = {"--delay", "a time of at most 60s, such as 25ms"},
    [LOSS] = {"--loss", "a share, such as 1% or 0.01"},
    [RATE] = {"--rate", "a rate from 1kbit to 100gbit, such as 20mbit"},
    [QUEUE] = {"--queue", "a time or a size, such as 50ms or 64kB"},
    [REORDER] = {"--reorder", "a share, such as 0.5% or 0.005"},
    [SEED] = {"--seed", "a whole number"},
    [MTU] = {"--mtu", "bytes, 1280 to 65535"},
    [SERVER] = {"--server", "a command"},
    [READY] = {"--ready", "a port or a text"},
    [STATS] = {"--stats", "a file"},
};

/* |queue_bytes| is not negative if the queue was given in bytes. */
static bool take_value(struct link_options *o, enum option option, const char *value,
                       double *queue_bytes)
{
    switch (option) {
    case DELAY:
        return link_options_time(value, &o->line.delay_ns);
    case LOSS:
        return link_options_share(value, &o->loss);
    case RATE:
        return link_options_rate(value, &o->line.rate_bps);
    case QUEUE:
        *queue_bytes = -1;
        return link_options_time(value, &o->line.queue_ns) || read_bytes(value, queue_bytes);
    case REORDER:
        return link_options_share(value, &o->reorder);
    case SEED:
        return read_whole(value, &o->seed);
    case MTU:
        return read_mtu(value, &o->mtu);
    case SERVER:
        o->server = value;
        return *value != '\0';
    case READY:
        o->ready = value;
        return *value != '\0';
    case STATS:
        o->stats = value;
        return *value != '\0';
    case OPTIONS:
        break;
    }
    return false;
}

static enum option find_option(const char *name)
{
    enum option option = DELAY;
    while (option < OPTIONS && strcmp(options[option].name, name) != 0) {
        option++;
    }
    return option;
}

/* What follows from several options together. */
static bool finish(struct link_options *o, double queue_bytes, char error[LINK_ERROR_MAX])
{
    if (queue_bytes >= 0) {
        if (o->line.rate_bps == 0) {
            (void)snprintf(error, LINK_ERROR_MAX, "--queue in bytes wants a --rate");
            return false;
        }
        o->line.queue_ns = (uint64_t)(queue_bytes * 8e9 / (double)o->line.rate_bps);
    }
    o->line.hold_ns = o->line.delay_ns / HOLD_PART;
    if (o->line.hold_ns < HOLD_NS_LEAST) {
        o->line.hold_ns = HOLD_NS_LEAST;
    }
    if ((!o->command || !*o->command) && !o->help) {
        (void)snprintf(error, LINK_ERROR_MAX, "there is no command: put it behind --");
        return false;
    }
    return true;
}

bool link_options_parse(struct link_options *o, int argc, char *const *argv,
                        char error[LINK_ERROR_MAX])
{
    double queue_bytes = -1;
    *o = (struct link_options){.seed = 1, .mtu = 1500, .line = {.queue_ns = QUEUE_NS}};
    for (int i = 1; i < argc && !o->command; i++) {
        enum option option = find_option(argv[i]);
        if (strcmp(argv[i], "--help") == 0) {
            o->help = true;
        } else if (strcmp(argv[i], "--") == 0) {
            o->command = &argv[i + 1];
        } else if (option == OPTIONS) {
            (void)snprintf(error, LINK_ERROR_MAX, "unknown option: %s", argv[i]);
            return false;
        } else if (i + 1 == argc || !take_value(o, option, argv[i + 1], &queue_bytes)) {
            (void)snprintf(error, LINK_ERROR_MAX, "%s wants %s, not %s", argv[i],
                           options[option].wants, i + 1 < argc ? argv[i + 1] : "nothing");
            return false;
        } else {
            i++;
        }
    }
    return finish(o, queue_bytes, error);
}
