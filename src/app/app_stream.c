/* See app_stream.h. */
#include "app_stream.h"

const struct tri_ws_handler tri_stream_handler = {
    .on_request = tri_echo_on_request,
    .on_fragment = tri_echo_on_fragment,
    .on_drain = tri_echo_on_drain,
    .on_close = tri_echo_on_close,
};
