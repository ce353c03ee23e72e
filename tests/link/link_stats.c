/* See link_stats.h. */
#include "link_stats.h"

#include <inttypes.h>
#include <stdio.h>

#define MILLISECOND_NS 1e6

static const char *const names[LINK_ENDS] = {[LINK_CLIENT] = "up", [LINK_SERVER] = "down"};

void link_stats_tell(const struct link_forward *f, const struct link_overruns *overruns)
{
    for (size_t i = 0; i < LINK_ENDS; i++) {
        const struct link_counts *c = &f->ways[i].counts;
        (void)fprintf(stderr,
                      "link: %s: %" PRIu64 " packets, %" PRIu64 " bytes; lost %" PRIu64
                      ", dropped by the queue %" PRIu64 ", held back %" PRIu64,
                      names[i], c->packets, c->bytes, c->lost, c->dropped, c->reordered);
        if (overruns->ends[i] > 0) {
            (void)fprintf(stderr, "; %" PRIu64 " before the link, which was not fast enough",
                          overruns->ends[i]);
        }
        (void)fputc('\n', stderr);
    }
}

static void write_numbers(FILE *out, const char *name, const struct link_way *way,
                          bool (*is_one)(const struct link_way *, uint64_t))
{
    const char *comma = "";
    (void)fprintf(out, ", \"%s\": [", name);
    for (uint64_t number = 1; number <= way->counts.packets; number++) {
        if (is_one(way, number)) {
            (void)fprintf(out, "%s%" PRIu64, comma, number);
            comma = ",";
        }
    }
    (void)fputc(']', out);
}

static void write_way(FILE *out, const struct link_way *way, uint64_t overruns)
{
    const struct link_counts *c = &way->counts;
    (void)fprintf(out,
                  "{\"packets\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"delivered\": %" PRIu64
                  ", \"delivered_bytes\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"dropped\": %" PRIu64
                  ", \"reordered\": %" PRIu64 ", \"overruns\": %" PRIu64 ", \"longest\": %zu",
                  c->packets, c->bytes, c->delivered, c->delivered_bytes, c->lost, c->dropped,
                  c->reordered, overruns, c->longest);
    write_numbers(out, "lost_packets", way, link_way_is_lost);
    write_numbers(out, "reordered_packets", way, link_way_is_held);
    (void)fputc('}', out);
}

bool link_stats_write(const struct link_forward *f, const struct link_overruns *overruns,
                      const char *file)
{
    const struct link_options *o = f->ways[LINK_CLIENT].options;
    FILE *out = fopen(file, "we");
    if (!out) {
        return false;
    }
    (void)fprintf(out,
                  "{\"delay_ms\": %g, \"loss\": %g, \"rate_bps\": %" PRIu64
                  ", \"queue_ms\": %g, \"reorder\": %g, \"seed\": %" PRIu64 ", \"mtu\": %d",
                  (double)o->line.delay_ns / MILLISECOND_NS, o->loss, o->line.rate_bps,
                  (double)o->line.queue_ns / MILLISECOND_NS, o->reorder, o->seed, o->mtu);
    for (size_t i = 0; i < LINK_ENDS; i++) {
        (void)fprintf(out, ",\n \"%s\": ", names[i]);
        write_way(out, &f->ways[i], overruns->ends[i]);
    }
    (void)fputs("}\n", out);
    return fclose(out) == 0;
}
