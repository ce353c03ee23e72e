/*
 * The rooms application: what a member of /rooms/NAME says, every member hears, whatever carries
 * their sockets. Written on the public header alone.
 *
 *   /rooms/tea      joins the room "tea", which is there as long as somebody is in it
 *
 * NAME is 1 to 64 characters of A-Z a-z 0-9 - _ . and anything else is answered 404. The server
 * sends texts, one JSON object each:
 *
 *   {"event":"welcome","room":"tea","id":7,"count":3,"http":"h2"}   first, to who joins
 *   {"event":"join","id":7,"count":3}                               to the others
 *   {"event":"message","id":7,"text":"hello"}                       a text, to all, sender included
 *   {"event":"leave","id":7,"count":2}                              to who is left
 *
 * Above TRI_ROOM_ANNOUNCED_MAX members, "join" and "leave" are left out; a welcome has the count.
 * A binary message goes to all members as it is. A member that does not read misses what its queue
 * has no room for, and nobody waits for it.
 */
#ifndef APP_ROOMS_H
#define APP_ROOMS_H

#include "trisock/trisock.h"

/* Where it is to be served: a room's name is what follows. */
#define TRI_ROOMS_PATH "/rooms/"

/* Bytes. Long enough for a random id in any spelling, short enough to be shown. */
#define TRI_ROOM_NAME_MAX 64u

/* More rooms are answered 503. It keeps the chains of the table below at ten. */
#define TRI_ROOMS_MAX 10000u
#define TRI_ROOMS_BUCKETS 1024u

/* More members of one room are answered 503: each message costs a send for each of them, some
 * tens of milliseconds of the loop here. */
#define TRI_ROOM_MEMBERS_MAX 100000u

/* In a room of more members nobody is told who joins and leaves. When all come, or all go, that is a
 * send for each pair: half a million here, and some gigabytes in a room of ten thousand. */
#define TRI_ROOM_ANNOUNCED_MAX 1000u

/* A longer message closes its sender with 1009: people write less, and it is multiplied. */
#define TRI_ROOM_MESSAGE_BYTES_MAX ((size_t)(64 * 1024))

struct tri_room;

/* All rooms of one route. */
struct tri_rooms {
    struct tri_room *buckets[TRI_ROOMS_BUCKETS];
    size_t rooms_len;                             /* <= rooms_max */
    size_t rooms_max, members_max, announced_max; /* as above; a test lowers them */
};

void tri_rooms_init(struct tri_rooms *rooms);

/* After the server's end: every room went with its last member. */
void tri_rooms_deinit(struct tri_rooms *rooms);

/* For tri_config_ws at TRI_ROOMS_PATH; the user is a struct tri_rooms that outlives the server. */
extern const struct tri_ws_handler tri_rooms_handler;

#endif
