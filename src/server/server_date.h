/* The value of the date field, made once a second: RFC 9110 section 5.6.7, 6.6.1. */
#ifndef TRI_SERVER_DATE_H
#define TRI_SERVER_DATE_H

#include "base_slice.h"

#include <time.h>

#define TRI_DATE_LEN 29u /* "Sun, 06 Nov 1994 08:49:37 GMT" */

struct tri_date {
    time_t second;               /* that |text| was made for */
    char text[TRI_DATE_LEN + 1]; /* "" before the first use */
};

/* The text for |wall|, seconds since 1970 UTC. Borrowed until the next call. */
struct tri_slice tri_date_text(struct tri_date *d, time_t wall);

#endif
