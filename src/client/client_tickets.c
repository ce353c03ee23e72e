/* See client_tickets.h. */
#include "client_tickets.h"

#include <assert.h>
#include <string.h>

struct ticket {
    struct tri_list node;
    WOLFSSL_SESSION *session; /* owned */
    unsigned versions;
    char authority[];
};

static struct ticket *ticket_of(struct tri_list *node)
{
    return TRI_CONTAINER_OF(node, struct ticket, node);
}

void tri_client_tickets_init(struct tri_client_tickets *t, const struct tri_alloc *alloc)
{
    *t = (struct tri_client_tickets){.alloc = alloc};
    tri_list_init(&t->all);
}

static WOLFSSL_SESSION *take_off(struct tri_client_tickets *t, struct ticket *ticket)
{
    WOLFSSL_SESSION *session = ticket->session;
    assert(t->len > 0);
    tri_list_remove(&ticket->node);
    t->len--;
    tri_alloc_release(t->alloc, ticket);
    return session;
}

void tri_client_tickets_deinit(struct tri_client_tickets *t)
{
    while (!tri_list_is_empty(&t->all)) {
        wolfSSL_SESSION_free(take_off(t, ticket_of(t->all.next)));
    }
}

void tri_client_tickets_put(struct tri_client_tickets *t, const char *authority, unsigned versions,
                            WOLFSSL_SESSION *session)
{
    if (!session) {
        return;
    }
    const size_t len = strlen(authority) + 1;
    struct ticket *ticket = tri_alloc_get(t->alloc, sizeof *ticket + len);
    if (!ticket) {
        wolfSSL_SESSION_free(session);
        return;
    }
    *ticket = (struct ticket){.session = session, .versions = versions};
    memcpy(ticket->authority, authority, len);
    tri_list_init(&ticket->node);
    tri_list_append(&t->all, &ticket->node);
    t->len++;
    if (t->len > TRI_CLIENT_TICKETS_MAX) {
        wolfSSL_SESSION_free(take_off(t, ticket_of(t->all.next)));
    }
}

WOLFSSL_SESSION *tri_client_tickets_take(struct tri_client_tickets *t, const char *authority,
                                         unsigned versions)
{
    for (struct tri_list *at = t->all.prev; at != &t->all; at = at->prev) {
        struct ticket *ticket = ticket_of(at);
        if (ticket->versions == versions && strcmp(ticket->authority, authority) == 0) {
            return take_off(t, ticket);
        }
    }
    return NULL;
}
