/*
 * struct tri_request: a request that was handed to a handler and waits for its answer. And the way
 * there: head, route, verdict, handler. Everything that an adapter tells of its requests comes
 * here, whatever HTTP it is.
 */
#ifndef TRI_SERVER_REQUEST_H
#define TRI_SERVER_REQUEST_H

#include "http_exchange.h"
#include "server_hub.h"

/* The events that every connection is made with; their |user| is its struct tri_link. */
extern const struct tri_exchange_events tri_request_exchange_events;

#endif
