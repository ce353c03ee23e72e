/* See soak_scene.h. */
#include "soak_scene.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static const struct soak_scene scenes[] = {
    {.kind = "talk, few sockets",
     .weight = 10,
     .is_polite = true,
     .sockets_max = 3,
     .messages_max = 10,
     .bytes_max = MIB},
    {.kind = "talk, many sockets",
     .weight = 4,
     .is_polite = true,
     .sockets_max = 60,
     .messages_max = 4,
     .bytes_max = 5000},
    {.kind = "read slowly",
     .weight = 4,
     .is_polite = true,
     .sockets_max = 2,
     .messages_max = 12,
     .bytes_max = 128 * KIB,
     .is_slow = true},
    {.kind = "migrate",
     .weight = 5,
     .is_polite = true,
     .sockets_max = 3,
     .messages_max = 20,
     .bytes_max = 64 * KIB,
     .move = SOAK_MIGRATE},
    {.kind = "another port by a NAT",
     .weight = 4,
     .is_polite = true,
     .sockets_max = 3,
     .messages_max = 20,
     .bytes_max = 64 * KIB,
     .move = SOAK_NAT},
    {.kind = "get pages", .weight = 4, .is_polite = true, .way = SOAK_GET, .sockets_max = 10},
    {.kind = "end without Close",
     .weight = 3,
     .sockets_max = 8,
     .messages_max = 3,
     .bytes_max = 2000,
     .end = SOAK_FIN},
    {.kind = "reset sockets",
     .weight = 3,
     .sockets_max = 8,
     .messages_max = 3,
     .bytes_max = 2000,
     .end = SOAK_RESET},
    {.kind = "stop sockets",
     .weight = 3,
     .sockets_max = 8,
     .messages_max = 3,
     .bytes_max = 2000,
     .end = SOAK_STOP},
    {.kind = "bad frames of WebSocket",
     .weight = 6,
     .sockets_max = 8,
     .messages_max = 2,
     .bytes_max = 2000,
     .end = SOAK_BAD_FRAME},
    {.kind = "vanish",
     .weight = 5,
     .sockets_max = 8,
     .messages_max = 4,
     .bytes_max = 64 * KIB,
     .end = SOAK_VANISH},
    {.kind = "hang up",
     .weight = 4,
     .sockets_max = 8,
     .messages_max = 4,
     .bytes_max = 64 * KIB,
     .end = SOAK_HANG_UP},
    {.kind = "wrong path",
     .weight = 2,
     .sockets_max = 3,
     .path = "/nothing",
     .status = 404,
     .reason = "path"},
    {.kind = "wrong version",
     .weight = 2,
     .sockets_max = 3,
     .version = "12",
     .status = 400,
     .reason = "version"},
    {.kind = "wrong protocol",
     .weight = 2,
     .sockets_max = 3,
     .protocol = "connect-udp",
     .status = 501,
     .reason = "protocol"},
    {.kind = "bad frames of HTTP/3", .weight = 6, .way = SOAK_BARE},
    {.kind = "half a handshake", .weight = 4, .way = SOAK_HALF},
    {.kind = "garbage", .weight = 4, .way = SOAK_GARBAGE},
};
#define SCENES_LEN (sizeof scenes / sizeof scenes[0])

static unsigned weight_of(const struct soak_scene *scene, bool is_polite)
{
    return scene->is_polite || !is_polite ? scene->weight : 0;
}

const struct soak_scene *soak_scene_choose(struct soak_random *r, bool is_polite)
{
    unsigned all = 0;
    for (size_t i = 0; i < SCENES_LEN; i++) {
        all += weight_of(&scenes[i], is_polite);
    }
    size_t left = soak_random_below(r, all);
    size_t i = 0;
    while (left >= weight_of(&scenes[i], is_polite)) {
        left -= weight_of(&scenes[i], is_polite);
        i++;
    }
    return &scenes[i];
}
