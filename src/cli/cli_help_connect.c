/* What `trisock connect --help` prints. */
#include "cli_help.h"

static const char connect_help[] =
    "usage: trisock connect [OPTION]... URL\n"
    "\n"
    "Opens a WebSocket at URL, wss://HOST[:PORT][/PATH], over HTTP/1.1, HTTP/2 or HTTP/3. Each\n"
    "line of standard input is sent as a text message, each message received is printed as a\n"
    "line: text as it is (on a terminal without control characters), binary in hexadecimal.\n"
    "\n"
    "  --http LIST             which HTTP may be used, of 1.1,2,3; 3 is tried first where it is\n"
    "                          the first (default all: what the server agrees to over TCP)\n"
    "  --header 'NAME: VALUE'  one more field of the opening handshake; may be repeated\n"
    "  --origin ORIGIN         send it as a page of that origin\n"
    "  --subprotocol LIST      subprotocols to ask for, with commas, the preferred one first\n"
    "  --deflate off|shared|dedicated\n"
    "                          offer to compress messages (default off)\n"
    "  --ping TIME             silence before a ping, such as 500ms or 20s; 0: never (default\n"
    "                          30s)\n"
    "  --binary                send binary messages: lines are hexadecimal digits\n"
    "  --raw                   print binary messages as they are, without an end of line\n"
    "  --once MESSAGE          send it, print one answer, and close; reads no input\n"
    "  --wait TIME             when the input has ended, close after so much silence (default\n"
    "                          500ms)\n"
    "  --json                  print each event as a line of JSON: open, message, close, error\n"
    "  --max-message SIZE      longest message received, such as 65536 or 64k (default 16m)\n"
    "  --ca FILE               trust the certificates in FILE (PEM), not those of the system\n"
    "  --insecure              take any certificate, of anybody; says so\n"
    "  -v, --verbose           tell on standard error what the socket rides on, how long each\n"
    "                          part of opening took, and how it ended\n"
    "  --keylog FILE           append TLS secrets to FILE, for traffic analysers\n"
    "  --qlog DIR              write a qlog of each QUIC connection into DIR\n"
    "  --bridge [ADDR:]PORT    instead: accept ws:// on a loopback address and carry each\n"
    "                          socket over a stream of its own, so that what only speaks\n"
    "                          HTTP/1.1 uses the others; the path is that of each request\n"
    "  --help                  print this\n"
    "\n"
    "At the end of the input all that is queued is sent, answers are printed until there was\n"
    "silence for --wait, and the socket is closed with 1000. SIGINT or SIGTERM closes it with\n"
    "1001; a second one ends at once. Input is not read while the server takes no more.\n"
    "\n"
    "Exit status: 0 closed with 1000, 1001 or no code; 1 it did not open, or output cannot be\n"
    "written; 2 the arguments or the input cannot be used; 3 closed with another code, or\n"
    "before the answer to --once; 4 ended without a closing handshake.\n";

const char *cli_help_connect(void)
{
    return connect_help;
}
