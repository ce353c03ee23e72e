/* What the program prints when it is asked how to use it. */
#include "cli_help.h"

const char *cli_help_serve(void)
{
    return "usage: trisock serve [OPTION]...\n"
           "\n"
           "Serves WebSocket over HTTP/1.1, HTTP/2 and HTTP/3 on one port: an echo, a greeting that\n"
           "tells what carries the socket (/hello), and a page at / that shows both.\n"
           "\n"
           "  --listen ADDR:PORT      listen there, TCP and UDP; may be repeated; port 0: any free\n"
           "                          (default 127.0.0.1:8443 and [::1]:8443)\n"
           "  --cert FILE             certificate chain, PEM, leaf first\n"
           "  --key FILE              its key, PEM (without both: one is made for localhost)\n"
           "  --root DIR              serve the files below DIR, before the built-in page\n"
           "  --echo PATH             path of the echo (default /echo)\n"
           "  --http LIST             which HTTP to offer, of 1.1,2,3 (default all)\n"
           "  --extended-connect on|off\n"
           "                          WebSocket over HTTP/2 and HTTP/3 (default on)\n"
           "  --cleartext ADDR:PORT   also listen there without TLS, and refuse everything (426)\n"
           "  --cleartext-redirect    redirect there to https instead (308)\n"
           "  --keylog FILE           append TLS secrets to FILE, for traffic analysers\n"
           "  --qlog DIR              write a qlog of each QUIC connection into DIR\n"
           "  --log FILE              append the log to FILE (default, or -: standard error)\n"
           "  --log-format text|json  form of the log (default text)\n"
           "  --verbose               log connections and requests too\n"
           "  --version               print the version\n"
           "  --help                  print this\n"
           "\n"
           "Limits (sizes in bytes, times in milliseconds):\n"
           "  --max-message N         longest message received (default 16777216)\n"
           "  --max-queue N           bytes queued to send on a socket (default 1048576)\n"
           "  --max-streams N         streams on a connection (default 1000)\n"
           "  --max-connections N     connections (default 100000)\n"
           "  --ping-interval N       silence before a ping; 0: never (default 30000)\n"
           "  --idle-timeout N        silence before a socket is dead; 0: never (default 60000)\n"
           "  --close-timeout N       for the closing handshake (default 5000)\n"
           "  --handshake-timeout N   for the TLS or QUIC handshake (default 10000)\n"
           "  --request-timeout N     for a request head to arrive (default 10000)\n"
           "  --keepalive-timeout N   for a connection without streams (default 60000)\n"
           "\n"
           "SIGINT or SIGTERM closes every socket politely; a second one ends at once.\n";
}

const char *cli_help(void)
{
    return "usage: trisock COMMAND [OPTION]...\n"
           "\n"
           "  serve     serve WebSocket over HTTP/1.1, HTTP/2 and HTTP/3 (trisock serve --help)\n"
           "  help      print this\n"
           "  version   print the version\n";
}
