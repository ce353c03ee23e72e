/* Changes of protocol: what is sent before it is agreed to, and CONNECT. */
#include "smuggling_table.h"

#define HOST "Host: localhost\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ECHO "GET /echo HTTP/1.1\r\n" HOST
#define PAGE "GET / HTTP/1.1\r\n" HOST
#define OFFER(token) "Upgrade: " token "\r\nConnection: Upgrade\r\n\r\n"

/* The first bytes of what the client hopes for, and a request where the server would see one. */
#define BEHIND(text) .behind = (text), .behind_len = sizeof(text) - 1
#define FRAME "\x81\x85\x01\x02\x03\x04igonn" SMUGGLED

static const struct smuggling_case sockets[] = {
    {"6455 4.2.2: accepted, a request behind it is frames", BYTES(ECHO UPGRADE KEY VERSION "\r\n"),
     TUNNEL},
    {"6455 4.2.2: accepted, frames behind it", BYTES(ECHO UPGRADE KEY VERSION "\r\n"), TUNNEL,
     BEHIND(FRAME)},
    {"9110 7.8: websocket is not the first choice",
     BYTES(ECHO "Upgrade: h2c, WebSocket\r\nConnection: keep-alive, UPGRADE\r\n" KEY VERSION
                "\r\n"),
     TUNNEL},
    {"6455 4.2.1: a length of 0 is no body",
     BYTES(ECHO UPGRADE KEY VERSION "Content-Length: 0\r\n\r\n"), TUNNEL},
    {"9931: a version that is not spoken",
     BYTES(ECHO UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n"), LAST("426")},
    {"9931: the same, frames behind it", BYTES(ECHO UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n"),
     LAST("426"), BEHIND(FRAME)},
    {"6455 4.2.1: no version", BYTES(ECHO UPGRADE KEY "\r\n"), LAST("426")},
    {"6455 4.2.1: two versions, the same", BYTES(ECHO UPGRADE KEY VERSION VERSION "\r\n"),
     LAST("426")},
    {"6455 4.2.1: two versions, different",
     BYTES(ECHO UPGRADE KEY VERSION "Sec-WebSocket-Version: 8\r\n\r\n"), LAST("426")},
    {"6455 4.2.1: a list of versions",
     BYTES(ECHO UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n"), LAST("426")},
    {"6455 4.2.1: +13", BYTES(ECHO UPGRADE KEY "Sec-WebSocket-Version: +13\r\n\r\n"), LAST("426")},
    {"6455 4.2.1: 013", BYTES(ECHO UPGRADE KEY "Sec-WebSocket-Version: 013\r\n\r\n"), LAST("426")},
    {"6455 9.1: a malformed extension",
     BYTES(ECHO UPGRADE KEY VERSION "Sec-WebSocket-Extensions: a;;b\r\n\r\n"), LAST("400")},
    {"6455 4.1: a malformed subprotocol",
     BYTES(ECHO UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a b\r\n\r\n"), LAST("400")},
    {"9931: no sockets there", BYTES(PAGE UPGRADE KEY VERSION "\r\n"), LAST("200")},
    {"9931: the same, frames behind it", BYTES(PAGE UPGRADE KEY VERSION "\r\n"), LAST("200"),
     BEHIND(FRAME)},
    {"6455 4.2.1: no key", BYTES(ECHO UPGRADE VERSION "\r\n"), REFUSED("400")},
    {"6455 4.2.1: no key where no sockets are", BYTES(PAGE UPGRADE VERSION "\r\n"), REFUSED("400")},
    {"6455 4.2.1: an empty key", BYTES(ECHO UPGRADE VERSION "Sec-WebSocket-Key:\r\n\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: two keys, the same", BYTES(ECHO UPGRADE KEY KEY VERSION "\r\n"), REFUSED("400")},
    {"6455 4.2.1: two keys, different",
     BYTES(ECHO UPGRADE KEY "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: a key of 15 bytes",
     BYTES(ECHO UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n" VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: a key that is no Base64",
     BYTES(ECHO UPGRADE "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA*A==\r\n" VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: POST", BYTES("POST /echo HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: HEAD", BYTES("HEAD /echo HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n"),
     REFUSED("400")},
    {"9110 9.1: get", BYTES("get /echo HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: HTTP/1.0", BYTES("GET /echo HTTP/1.0\r\n" HOST UPGRADE KEY VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: no Host", BYTES("GET /echo HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n"),
     REFUSED("400")},
    {"6455 4.2.1: two Hosts", BYTES(ECHO HOST UPGRADE KEY VERSION "\r\n"), REFUSED("400")},
    {"9931: a body, or is it a frame?",
     BYTES(ECHO UPGRADE KEY VERSION "Content-Length: 5\r\n\r\nhello"), REFUSED("400")},
    {"9931: a body that the next request would be",
     BYTES(ECHO UPGRADE KEY VERSION "Content-Length: 43\r\n\r\n"), REFUSED("400")},
    {"9931: a length of 00", BYTES(ECHO UPGRADE KEY VERSION "Content-Length: 00\r\n\r\n"),
     REFUSED("400")},
    {"9931: a chunked body",
     BYTES(ECHO UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), REFUSED("400")},
    {"9931: a body where no sockets are",
     BYTES(PAGE UPGRADE KEY VERSION "Content-Length: 5\r\n\r\nhello"), REFUSED("400")},
};

/* Ignored, as row U3 says: the request is a plain one, and what it is followed by another, if it is
 * one. Each of these protocols begins with bytes that are none. */
static const struct smuggling_case ignored[] = {
    {"9110 7.6.1: Upgrade without the option is no upgrade",
     BYTES(ECHO "Upgrade: websocket\r\n" KEY VERSION "\r\n"), KEPT("426")},
    {"the same, frames behind it", BYTES(ECHO "Upgrade: websocket\r\n" KEY VERSION "\r\n"),
     THEN("426", "400"), BEHIND(FRAME)},
    {"9110 7.6.1: another option",
     BYTES(ECHO "Upgrade: websocket\r\nConnection: keep-alive\r\n" KEY VERSION "\r\n"),
     KEPT("426")},
    {"9110 7.6.1: an option that only begins so",
     BYTES(ECHO "Upgrade: websocket\r\nConnection: upgraded\r\n" KEY VERSION "\r\n"), KEPT("426")},
    {"9110 7.8: the option without Upgrade",
     BYTES(ECHO "Connection: Upgrade\r\n" KEY VERSION "\r\n"), KEPT("426")},
    {"9110 7.8: a version of websocket that is none", BYTES(PAGE OFFER("websocket/13")),
     KEPT("200")},
    {"9110 7.8: a token that only begins so", BYTES(PAGE OFFER("websockets")), KEPT("200")},
    {"9113 3.1: h2c", BYTES(PAGE OFFER("h2c")), KEPT("200")},
    {"9113 3.1: h2c and its settings",
     BYTES(PAGE "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nUpgrade: h2c\r\n"
                "Connection: Upgrade, HTTP2-Settings\r\n\r\n"),
     KEPT("200")},
    {"9931: the preface behind h2c", BYTES(PAGE OFFER("h2c")), THEN("200", "505"),
     BEHIND("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SMUGGLED)},
    {"9931: frames of HTTP/2 behind h2c", BYTES(PAGE OFFER("h2c")), THEN("200", "400"),
     BEHIND("\0\0\0\4\0\0\0\0\0" SMUGGLED)},
    {"2817: a ClientHello behind TLS", BYTES(PAGE OFFER("TLS/1.2")), THEN("200", "400"),
     BEHIND("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" SMUGGLED)},
    {"9298: a capsule behind connect-udp",
     BYTES(PAGE "Capsule-Protocol: ?1\r\n" OFFER("connect-udp")), THEN("200", "400"),
     BEHIND("\0\5\0data" SMUGGLED)},
    {"9484: a capsule behind connect-ip", BYTES(PAGE OFFER("connect-ip")), THEN("200", "400"),
     BEHIND("\1\4\4\177\0\1" SMUGGLED)},
    {"9110 7.8: two tokens, none ours", BYTES(PAGE OFFER("foo/2, bar")), KEPT("200")},
    {"9110 7.8: an empty Upgrade", BYTES(PAGE OFFER("")), KEPT("200")},
    {"6455: a frame behind a plain request", BYTES(PAGE "\r\n"), THEN("200", "400"), BEHIND(FRAME)},
};

static const struct smuggling_case connects[] = {
    {"9931: CONNECT", BYTES("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"),
     REFUSED("501")},
    {"9931: CONNECT, TLS behind it",
     BYTES("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"), REFUSED("501"),
     BEHIND("\x16\x03\x01\x02\x00" SMUGGLED)},
    {"9931: CONNECT that closes",
     BYTES("CONNECT localhost:443 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), REFUSED("501")},
    {"9931: CONNECT that keeps alive",
     BYTES("CONNECT localhost:443 HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n\r\n"),
     REFUSED("501")},
    {"9110 9.3.6: CONNECT without a port", BYTES("CONNECT localhost HTTP/1.1\r\n" HOST "\r\n"),
     REFUSED("501")},
    {"9110 9.3.6: CONNECT to a path", BYTES("CONNECT / HTTP/1.1\r\n" HOST "\r\n"), REFUSED("501")},
    {"9110 9.3.6: CONNECT to an absolute target",
     BYTES("CONNECT http://localhost/ HTTP/1.1\r\n" HOST "\r\n"), REFUSED("501")},
    {"9110 9.3.6: CONNECT with a length",
     BYTES("CONNECT localhost:443 HTTP/1.1\r\n" HOST "Content-Length: 43\r\n\r\n"), REFUSED("501")},
    {"9110 9.3.6: CONNECT, chunked",
     BYTES("CONNECT localhost:443 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     REFUSED("501")},
    {"9931: CONNECT on HTTP/1.0", BYTES("CONNECT localhost:443 HTTP/1.0\r\n\r\n"), REFUSED("501")},
    {"8441: an extended CONNECT is of HTTP/2",
     BYTES("CONNECT /echo HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n"), REFUSED("501")},
    {"8441: :protocol is no field", BYTES(ECHO ":protocol: websocket\r\n\r\n"), REFUSED("400")},
    {"9110 9.1: connect is another method, and has no such target",
     BYTES("connect localhost:443 HTTP/1.1\r\n" HOST "\r\n"), REFUSED("400")},
};

void smuggling_upgrade(struct smuggling_table *t)
{
    smuggling_add_rows(t, sockets, sizeof sockets / sizeof sockets[0]);
    smuggling_add_rows(t, ignored, sizeof ignored / sizeof ignored[0]);
    smuggling_add_rows(t, connects, sizeof connects / sizeof connects[0]);
}
