/* What a client of HTTP/3 does in a soak: one table, from which each client draws. */
#ifndef TRI_TESTS_SOAK_SCENE_H
#define TRI_TESTS_SOAK_SCENE_H

#include "soak_random.h"

enum soak_way {
    SOAK_TALK,    /* opens sockets and talks on them */
    SOAK_GET,     /* asks for pages */
    SOAK_BARE,    /* breaks the rules of HTTP/3 */
    SOAK_HALF,    /* says its first word, and no more */
    SOAK_GARBAGE, /* sends datagrams of anything */
};

/* How the sockets of one who talks end. */
enum soak_end {
    SOAK_CLOSE,     /* politely */
    SOAK_FIN,       /* the stream ends without a Close */
    SOAK_RESET,     /* RESET_STREAM */
    SOAK_STOP,      /* STOP_SENDING */
    SOAK_BAD_FRAME, /* something for which the server closes */
    SOAK_VANISH,    /* nothing is heard of the client any more */
    SOAK_HANG_UP,   /* CONNECTION_CLOSE with the sockets open */
};

enum soak_move { SOAK_STAY, SOAK_MIGRATE, SOAK_NAT };

struct soak_scene {
    const char *kind;
    unsigned weight; /* how often it is drawn */
    enum soak_way way;
    enum soak_end end;
    enum soak_move move;
    int status;                            /* that the handshake is refused with; 0: it is not */
    bool is_slow;                          /* sends all it has to say, and reads only later */
    bool is_polite;                        /* all that it does can be known exactly */
    size_t sockets_max;                    /* or requests */
    size_t messages_max;                   /* on each socket */
    size_t bytes_max;                      /* of a message */
    const char *path, *protocol, *version; /* of the handshake; NULL: as they should be */
    const char *reason;                    /* of a refusal, in the metrics */
};

/* One for the next client. */
const struct soak_scene *soak_scene_choose(struct soak_random *r, bool is_polite);

#endif
