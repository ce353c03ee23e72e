/* struct tri_server: what its workers share, and the workers. */
#ifndef TRI_SERVER_INSTANCE_H
#define TRI_SERVER_INSTANCE_H

#include "server_worker.h"

struct tri_server {
    struct tri_shared shared;
    struct tri_worker worker; /* one, so far */
};

#endif
