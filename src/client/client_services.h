/*
 * Where else a server is, as it told us by Alt-Svc (RFC 7838): of that, HTTP/3 on the same host alone.
 * A memory of one client, for as long as the server said, bounded.
 */
#ifndef TRI_CLIENT_SERVICES_H
#define TRI_CLIENT_SERVICES_H

#include "client_url.h"

/* Origins that are remembered; a new one takes the place of the one that ends first. */
#define TRI_CLIENT_SERVICES_MAX 64u

/* RFC 7838 section 3.1: what counts where it does not say; and the longest that is believed. */
#define TRI_CLIENT_SERVICE_SECONDS_DEFAULT ((uint64_t)(24 * 60 * 60))
#define TRI_CLIENT_SERVICE_SECONDS_MAX ((uint64_t)(30 * 24 * 60 * 60))

/* How long one that was not there is let alone, whatever the server tells meanwhile: where UDP does not
 * get through, each answer over TCP tells of it anew, and each new connection would wait for it. */
#define TRI_CLIENT_SERVICE_AVOID_NS (UINT64_C(5) * 60 * 1000 * 1000 * 1000)

struct tri_client_service {
    char *authority;         /* of the origin; owned; NULL: the place is free */
    uint16_t port;           /* where HTTP/3 is */
    uint64_t until_ns;       /* monotonic */
    uint64_t avoid_until_ns; /* 0: it is not avoided */
};

struct tri_client_services {
    const struct tri_alloc *alloc;
    struct tri_client_service all[TRI_CLIENT_SERVICES_MAX];
};

void tri_client_services_init(struct tri_client_services *s, const struct tri_alloc *alloc);
void tri_client_services_deinit(struct tri_client_services *s);

/*
 * |url| has answered with an alt-svc field of |value|. What is malformed, or for another host, or for
 * something else than HTTP/3, is passed over; so is all if memory is short.
 */
void tri_client_services_learn(struct tri_client_services *s, const struct tri_client_url *url,
                               struct tri_slice value, uint64_t now_ns);

/* The port of its HTTP/3; 0: it is not known to have it, or it is avoided. */
uint16_t tri_client_services_find(const struct tri_client_services *s,
                                  const struct tri_client_url *url, uint64_t now_ns);

/* It was not there: for a while find has none. RFC 7838 section 2.4 */
void tri_client_services_avoid(struct tri_client_services *s, const struct tri_client_url *url,
                               uint64_t now_ns);

#endif
