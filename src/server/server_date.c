/* See server_date.h. strftime would ask the locale for the names, which the host may have set. */
#include "server_date.h"

#include <assert.h>
#include <stdio.h>

static void format_date(char out[TRI_DATE_LEN + 1], time_t wall)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    if (!gmtime_r(&wall, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
        /* RFC 9110 section 6.6.1 wants a date from a working clock; this is the best there is. */
        wall = 0;
        gmtime_r(&wall, &tm);
    }
    int len = snprintf(out, TRI_DATE_LEN + 1, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                       days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
    assert(len == (int)TRI_DATE_LEN);
}

struct tri_slice tri_date_text(struct tri_date *d, time_t wall)
{
    if (d->text[0] == '\0' || d->second != wall) {
        format_date(d->text, wall);
        d->second = wall;
    }
    return tri_slice_of(d->text, TRI_DATE_LEN);
}
