/* See app_rooms.h. */
#include "app_rooms.h"

#include "app_json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_BYTES_MAX 256u /* an event without a text: a name, and numbers of 20 digits */

/* The |user| of a socket. In its room's list from on_open on. */
struct member {
    struct member *next, *prev;
    struct tri_room *room;
    struct tri_ws *ws; /* NULL: not open yet */
};

/* In its bucket's chain; members_len > 0, but for moments while one comes or goes. */
struct tri_room {
    struct tri_room *next;
    struct tri_rooms *rooms;
    struct member *first;
    size_t members_len; /* in the list, and the one that is being accepted */
    char name[TRI_ROOM_NAME_MAX + 1];
};

/* -------------------------------------------------------------------------------------- the table */

void tri_rooms_init(struct tri_rooms *rooms)
{
    *rooms = (struct tri_rooms){
        .rooms_max = TRI_ROOMS_MAX,
        .members_max = TRI_ROOM_MEMBERS_MAX,
        .announced_max = TRI_ROOM_ANNOUNCED_MAX,
    };
}

void tri_rooms_deinit(struct tri_rooms *rooms)
{
    assert(rooms->rooms_len == 0);
    rooms->rooms_max = 0;
}

/* FNV-1a. Names chosen to meet in one bucket make it a list of TRI_ROOMS_MAX, searched once a join. */
static struct tri_room **bucket_of(struct tri_rooms *rooms, const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++) {
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    }
    return &rooms->buckets[hash % TRI_ROOMS_BUCKETS];
}

static struct tri_room *find_room(struct tri_rooms *rooms, const char *name)
{
    struct tri_room *room = *bucket_of(rooms, name);
    while (room && strcmp(room->name, name) != 0) {
        room = room->next;
    }
    return room;
}

static struct tri_room *add_room(struct tri_rooms *rooms, const char *name)
{
    assert(strlen(name) <= TRI_ROOM_NAME_MAX && rooms->rooms_len < rooms->rooms_max);
    struct tri_room *room = malloc(sizeof *room);
    if (!room) {
        return NULL;
    }
    struct tri_room **bucket = bucket_of(rooms, name);
    *room = (struct tri_room){.next = *bucket, .rooms = rooms};
    memcpy(room->name, name, strlen(name) + 1);
    *bucket = room;
    rooms->rooms_len++;
    return room;
}

static void remove_room(struct tri_room *room)
{
    assert(room->members_len == 0 && !room->first && room->rooms->rooms_len > 0);
    struct tri_room **at = bucket_of(room->rooms, room->name);
    while (*at != room) {
        at = &(*at)->next;
    }
    *at = room->next;
    room->rooms->rooms_len--;
    free(room);
}

/* ------------------------------------------------------------------------------------- the members */

/* |room| may be empty, and goes if there is no memory then. */
static struct member *take_seat(struct tri_room *room)
{
    struct member *m = malloc(sizeof *m);
    if (m) {
        *m = (struct member){.room = room};
        room->members_len++;
    } else if (room->members_len == 0) {
        remove_room(room);
    }
    return m;
}

static void enter(struct member *m, struct tri_ws *ws)
{
    assert(!m->ws);
    m->ws = ws;
    m->next = m->room->first;
    if (m->next) {
        m->next->prev = m;
    }
    m->room->first = m;
}

static void leave_list(struct member *m)
{
    if (m->next) {
        m->next->prev = m->prev;
    }
    if (m->prev) {
        m->prev->next = m->next;
    } else {
        m->room->first = m->next;
    }
}

/* The member's end; its room's too if it was the last. Returns the room, or NULL. */
static struct tri_room *give_up_seat(struct member *m)
{
    struct tri_room *room = m->room;
    assert(room->members_len > 0);
    if (m->ws) {
        leave_list(m);
    }
    free(m);
    room->members_len--;
    if (room->members_len > 0) {
        return room;
    }
    remove_room(room);
    return NULL;
}

/* -------------------------------------------------------------------------------------- the events */

/*
 * Sends to every member of |room| but |except| (may be NULL). A send calls nobody back, so the list
 * stays as it is. False: there is no memory.
 */
static bool broadcast(const struct tri_room *room, const struct member *except, enum tri_type type,
                      const void *data, size_t len)
{
    struct tri_payload *payload = tri_payload_new(type, data, len);
    if (!payload) {
        return false;
    }
    for (const struct member *m = room->first; m; m = m->next) {
        if (m != except) {
            /* One that is full or short of memory misses it, one that closes needs it no more. */
            enum tri_err err = tri_ws_send_payload(m->ws, payload);
            (void)err;
        }
    }
    tri_payload_free(payload);
    return true;
}

/* "join" or "leave". Who misses it learns the count from the next one. */
static void announce(const struct tri_room *room, const struct member *except, const char *event,
                     uint64_t id)
{
    if (room->members_len > room->rooms->announced_max) {
        return;
    }
    char text[EVENT_BYTES_MAX];
    int len = snprintf(text, sizeof text, "{\"event\":\"%s\",\"id\":%" PRIu64 ",\"count\":%zu}",
                       event, id, room->members_len);
    assert(len > 0 && (size_t)len < sizeof text);
    (void)broadcast(room, except, TRI_TEXT, text, (size_t)len);
}

/* Neither a name nor what carries a socket needs escaping. */
static enum tri_err welcome(const struct member *m)
{
    char text[EVENT_BYTES_MAX];
    int len = snprintf(
        text, sizeof text,
        "{\"event\":\"welcome\",\"room\":\"%s\",\"id\":%" PRIu64 ",\"count\":%zu,\"http\":\"%s\"}",
        m->room->name, tri_ws_id(m->ws), m->room->members_len, tri_ws_carrier(m->ws)->http);
    assert(len > 0 && (size_t)len < sizeof text);
    return tri_ws_send(m->ws, TRI_TEXT, text, (size_t)len);
}

/* What |m| said, as an event to all. False: there is no memory. */
static bool relay_text(const struct member *m, const uint8_t *said, size_t said_len)
{
    char head[EVENT_BYTES_MAX];
    int printed =
        snprintf(head, sizeof head, "{\"event\":\"message\",\"id\":%" PRIu64 ",\"text\":\"",
                 tri_ws_id(m->ws));
    assert(printed > 0 && (size_t)printed < sizeof head);
    size_t len = (size_t)printed;
    char *text = malloc(len + tri_json_escape(NULL, said, said_len) + 2);
    if (!text) {
        return false;
    }
    memcpy(text, head, len);
    len += tri_json_escape(text + len, said, said_len);
    memcpy(text + len, "\"}", 2);
    bool is_sent = broadcast(m->room, NULL, TRI_TEXT, text, len + 2);
    free(text);
    return is_sent;
}

/* ------------------------------------------------------------------------------------- the handler */

/* The name in |path|, or NULL if that is no room's. */
static const char *name_in(const char *path)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_.";
    size_t prefix_len = strlen(TRI_ROOMS_PATH);
    if (strncmp(path, TRI_ROOMS_PATH, prefix_len) != 0) {
        return NULL;
    }
    const char *name = path + prefix_len;
    size_t len = strspn(name, allowed);
    return len > 0 && len <= TRI_ROOM_NAME_MAX && name[len] == '\0' ? name : NULL;
}

/* Why the room cannot be joined, |room| NULL being a new one; NULL: it can. */
static const char *why_not(const struct tri_rooms *rooms, const struct tri_room *room)
{
    if (room) {
        return room->members_len >= rooms->members_max ? "The room is full." : NULL;
    }
    return rooms->rooms_len >= rooms->rooms_max ? "There are too many rooms. Join another." : NULL;
}

static void join_room(struct tri_rooms *rooms, const char *name, struct tri_request *req)
{
    struct tri_room *room = find_room(rooms, name);
    const char *reason = why_not(rooms, room);
    if (reason) {
        tri_request_refuse(req, 503, reason);
        return;
    }
    room = room ? room : add_room(rooms, name);
    struct member *m = room ? take_seat(room) : NULL;
    if (!m) {
        tri_request_refuse(req, 503, "The server is short of memory. Try again later.");
        return;
    }
    if (tri_request_accept(req, m) != TRI_OK) {
        (void)give_up_seat(m); /* it was answered, and no callback follows */
    }
}

static void on_request(void *user, struct tri_request *req)
{
    const char *name = name_in(tri_request_path(req));
    if (name) {
        join_room(user, name, req);
        return;
    }
    tri_request_refuse(req, 404,
                       "A room is " TRI_ROOMS_PATH
                       "NAME, and NAME is 1 to 64 characters of A-Z a-z 0-9 - _ .");
}

static void on_open(void *user, struct tri_ws *ws)
{
    struct member *m = user;
    enter(m, ws);
    tri_ws_slow(ws, TRI_SLOW_DROP); /* a room does not wait for one member */
    if (welcome(m) != TRI_OK) {
        (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, "short of memory");
    }
    announce(m->room, m, "join", tri_ws_id(ws));
}

static void on_message(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                       size_t len)
{
    const struct member *m = user;
    if (len > TRI_ROOM_MESSAGE_BYTES_MAX) {
        (void)tri_ws_close(ws, TRI_CLOSE_TOO_BIG, "a room takes messages of up to 65536 bytes");
        return;
    }
    bool is_sent = type == TRI_TEXT ? relay_text(m, data, len)
                                    : broadcast(m->room, NULL, TRI_BINARY, data, len);
    if (!is_sent) {
        (void)tri_ws_close(ws, TRI_CLOSE_TRY_AGAIN_LATER, "short of memory");
    }
}

static void on_close(void *user, struct tri_ws *ws, const struct tri_ws_end *end)
{
    (void)end;
    const struct tri_room *room = give_up_seat(user);
    if (room) {
        announce(room, NULL, "leave", tri_ws_id(ws));
    }
}

const struct tri_ws_handler tri_rooms_handler = {
    .on_request = on_request,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
};
