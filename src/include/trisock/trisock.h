/*
 * trisock: WebSocket over HTTP/1.1 (RFC 6455), HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220) on one port.
 *
 * This is the whole public interface. A program fills a tri_config (listeners, certificate,
 * routes), makes a tri_server from it, and runs it, or steps it inside a loop of its own. Handlers
 * are called on the thread that runs the server; no handler may block.
 *
 * Ownership in one paragraph: what you make with a _new you release with its _free. A pointer that
 * a handler is given is borrowed for that call, except struct tri_ws (yours to use until on_close
 * returns) and struct tri_request (until it is answered or on_cancel returns). Data that you pass
 * in is copied before the call returns, unless a declaration says otherwise.
 *
 * Threads: every function is for the thread that runs the server, except tri_server_stop,
 * tri_server_drain and tri_server_ask_reload. A handler calls neither tri_server_run, _step nor
 * _free.
 *
 * Misuse that no error code is named for (an answer in on_cancel, a type of message that there is
 * not) ends the program with a failed assertion, in release builds too.
 */
#ifndef TRISOCK_TRISOCK_H
#define TRISOCK_TRISOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRI_VERSION "0.1.0"

#if defined(__GNUC__)
#define TRI_API __attribute__((visibility("default")))
#define TRI_MUST_USE __attribute__((warn_unused_result))
#else
#define TRI_API
#define TRI_MUST_USE
#endif

/* Zero is success, negative is an error, positive is "not yet". */
enum tri_err {
    TRI_OK = 0,
    TRI_PARTIAL = 1,         /* more input is needed; nothing was consumed */
    TRI_AGAIN = 2,           /* nothing can be done now; a later event will say when */
    TRI_ERR_NOMEM = -1,      /* an allocation failed */
    TRI_ERR_INVALID = -2,    /* not usable, or not now; nothing changed */
    TRI_ERR_PROTOCOL = -3,   /* the peer broke the protocol */
    TRI_ERR_UTF8 = -4,       /* text is not valid UTF-8 */
    TRI_ERR_LIMIT = -5,      /* a configured limit was reached */
    TRI_ERR_FULL = -6,       /* the send queue is full; on_drain says when to go on */
    TRI_ERR_CLOSED = -7,     /* the socket is closing or closed; nothing was sent */
    TRI_ERR_IO = -8,         /* a system call failed */
    TRI_ERR_TLS = -9,        /* TLS failed, or a key or certificate is not usable */
    TRI_ERR_INUSE = -10,     /* the address is in use */
    TRI_ERR_NOT_FOUND = -11, /* no such file, route or entry */
};

/* A short English name of |err|, such as "send queue is full". Static memory, never NULL. */
TRI_API const char *tri_err_text(enum tri_err err);

/* The library's version, for example "0.1.0". Static memory. */
TRI_API const char *tri_version(void);

/* ------------------------------------------------------------------------------- messages */

/* The type of a message: RFC 6455 section 5.6. The values are the opcodes. */
enum tri_type {
    TRI_TEXT = 1,   /* UTF-8, checked on receipt */
    TRI_BINARY = 2, /* any bytes */
};

/* Close codes, RFC 6455 section 7.4.1. 3000 to 4999 are for libraries and applications. */
enum tri_close_code {
    TRI_CLOSE_NORMAL = 1000,
    TRI_CLOSE_GOING_AWAY = 1001,
    TRI_CLOSE_PROTOCOL_ERROR = 1002,
    TRI_CLOSE_UNSUPPORTED = 1003,
    TRI_CLOSE_NO_STATUS = 1005, /* reported, never sent: the Close frame held no code */
    TRI_CLOSE_ABNORMAL = 1006,  /* reported, never sent: no Close frame came */
    TRI_CLOSE_BAD_DATA = 1007,
    TRI_CLOSE_POLICY = 1008,
    TRI_CLOSE_TOO_BIG = 1009,
    TRI_CLOSE_INTERNAL_ERROR = 1011,
    TRI_CLOSE_TRY_AGAIN_LATER = 1013,
};

/* ----------------------------------------------------------------------------- connections */

/* Which HTTP versions a server offers; combine with |. */
enum tri_http {
    TRI_HTTP_1_1 = 1, /* WebSocket by Upgrade, RFC 6455 */
    TRI_HTTP_2 = 2,   /* WebSocket by extended CONNECT, RFC 8441 */
    TRI_HTTP_3 = 4,   /* WebSocket by extended CONNECT, RFC 9220 */
    TRI_HTTP_ALL = 7,
};

/* What carries a request or a socket. All strings are valid as long as their owner. */
struct tri_carrier {
    uint64_t conn_id;        /* counts the server's connections from 1 */
    int64_t stream_id;       /* HTTP/2 or HTTP/3 stream; on HTTP/1.1 the request's number from 0 */
    const char *http;        /* "http/1.1", "h2" or "h3" */
    const char *remote;      /* peer's address, "127.0.0.1:50321" or "[::1]:50321" */
    const char *tls_version; /* "TLS 1.3" or "TLS 1.2"; "" without TLS */
    const char *tls_cipher;  /* for example "TLS_AES_128_GCM_SHA256"; "" without TLS */
    const char *tls_group;   /* key exchange, for example "X25519MLKEM768"; "" if not known */
};

/* ---------------------------------------------------------------------------------- requests */

/*
 * A request whose head has been read, normalised: but for the method of an opening handshake (GET
 * or CONNECT) and tri_request_field, nothing in it depends on the HTTP version. A WebSocket opening
 * handshake is a request too. It lives until it is answered, by exactly one of tri_request_accept,
 * tri_request_refuse, tri_request_reply and tri_request_reply_body, now or later on the server's
 * thread, or until the on_cancel of its handler returns, which must not answer it.
 */
struct tri_request;

/* One field of a request or response. |name| is lower case, without the colon. */
struct tri_header {
    const char *name;
    const char *value;
};

/* Strings of the request, NUL-terminated, valid as long as the request. Never NULL. */
TRI_API const char *tri_request_method(const struct tri_request *req);    /* "GET", "CONNECT" */
TRI_API const char *tri_request_authority(const struct tri_request *req); /* "localhost:8443" */
TRI_API const char *tri_request_path(const struct tri_request *req);      /* without the query */
TRI_API const char *tri_request_query(const struct tri_request *req); /* without "?", may be "" */

/*
 * The value of the first field called |name| (lower case), or NULL if there is none. Valid as long
 * as the request. Several cookie fields are one, joined by "; ". Fields of HTTP/1.1 alone (host,
 * connection, upgrade) are only there; tri_request_authority is the host everywhere.
 */
TRI_API const char *tri_request_field(const struct tri_request *req, const char *name);

/* What carries the request. Valid as long as the request. */
TRI_API const struct tri_carrier *tri_request_carrier(const struct tri_request *req);

/*
 * Accepts a WebSocket opening handshake. on_open follows before this returns.
 *
 * user   becomes the socket's own pointer, handed to its callbacks (see tri_ws_handler)
 *
 * Returns TRI_OK; TRI_ERR_INVALID if |req| is no opening handshake (500 was answered);
 * TRI_ERR_CLOSED if the server is stopping, TRI_ERR_LIMIT if the connection has TRI_LIMIT_SOCKETS
 * by now, TRI_ERR_NOMEM (all: answered 503, where memory is left for that). In every case |req| has
 * ended.
 */
TRI_API enum tri_err tri_request_accept(struct tri_request *req, void *user);

/*
 * Answers with |status| (400 to 599; 500 for any other) and a text/plain body that holds |reason|
 * (may be NULL). |req| has ended afterwards.
 */
TRI_API void tri_request_refuse(struct tri_request *req, int status, const char *reason);

/*
 * Answers with |status| (200 to 599), |headers_len| fields and a body, all copied. content-length
 * is added, and date, server and alt-svc where they are not given. To HEAD, the body is left out
 * and its length still told; 204, 205 and 304 have none.
 *
 * Up to 32 fields of 60 KiB together: names in lower case, values without control characters and
 * without space around them. Not these, which each HTTP version has in its own way: connection,
 * content-length, keep-alive, proxy-connection, te, trailer, transfer-encoding, upgrade. What a
 * `priority` field says is also heeded here, before what the client asked for: RFC 9218 section 8.
 *
 * Returns TRI_OK; TRI_ERR_INVALID for a bad status or field, TRI_ERR_NOMEM (both: answered 500,
 * where memory is left for that). In every case |req| has ended.
 */
TRI_API enum tri_err tri_request_reply(struct tri_request *req, int status,
                                       const struct tri_header *headers, size_t headers_len,
                                       const void *body, size_t body_len);

/* A body that is read piece by piece, as the peer takes it. */
struct tri_body {
    /*
     * Puts up to |max| bytes at |out|, the count in |*len|. Called until |length| bytes came.
     * Anything but TRI_OK, or *len = 0, aborts the response (the peer sees it cut off).
     */
    enum tri_err (*read)(void *user, uint8_t *out, size_t max, size_t *len);
    void (*close)(void *user); /* exactly once, last, also if nothing is sent; may be NULL */
    void *user;
    uint64_t length; /* bytes, told as content-length */
};

/* Like tri_request_reply with a body from |body| (copied; its user stays yours until close). */
TRI_API enum tri_err tri_request_reply_body(struct tri_request *req, int status,
                                            const struct tri_header *headers, size_t headers_len,
                                            const struct tri_body *body);

/* A handler of plain HTTP requests. */
struct tri_http_handler {
    void (*on_request)(void *user, struct tri_request *req);
    void (*on_cancel)(void *user, struct tri_request *req); /* unanswered, peer gone; may be NULL */
};

/* ----------------------------------------------------------------------------------- sockets */

/* One WebSocket, whatever carries it. */
struct tri_ws;

/* How a socket ended, and what passed over it. */
struct tri_ws_end {
    uint16_t code; /* the peer's close code; 1005 or 1006 where none came; ours if we failed it */
    const char *reason; /* the peer's or, with a code of ours or 1006, ours; UTF-8, may be "" */
    bool clean;         /* a Close frame was sent and one was received */
    /* In: given to the handler. Out: taken from it, whether or not the peer still got them. */
    uint64_t messages_in, messages_out;
    uint64_t messages_dropped;    /* refused by the queue under TRI_SLOW_DROP */
    uint64_t bytes_in, bytes_out; /* message bytes, before compression and framing */
    uint64_t duration_ms;
};

/* A piece of a message, as it arrived: pieces follow neither the peer's frames nor its packets. */
struct tri_fragment {
    enum tri_type type;  /* of the message */
    bool first, last;    /* the piece begins the message; it ends it; both for a whole one */
    const uint8_t *data; /* borrowed for the call */
    size_t len;          /* bytes; 0 only in an empty message or a last piece */
};

/*
 * A handler of WebSockets on one route. |user| is the pointer given to tri_request_accept, or the
 * route's own when on_request is NULL. Every callback may be NULL. All may send and close.
 */
struct tri_ws_handler {
    /* Decide on an opening handshake that is valid; |user| is the route's. NULL accepts it. */
    void (*on_request)(void *user, struct tri_request *req);
    void (*on_cancel)(void *user, struct tri_request *req);
    void (*on_open)(void *user, struct tri_ws *ws);
    /* A whole message. |data| is borrowed for the call; text is valid UTF-8. */
    void (*on_message)(void *user, struct tri_ws *ws, enum tri_type type, const uint8_t *data,
                       size_t len);
    /*
     * Instead of on_message, which is then not called: messages piece by piece, of any length, with
     * no limit on their bytes or frames, held by nobody. The pieces of one message come in order
     * and unmixed. Text is valid UTF-8 so far; a character may be cut at the end of a piece. When
     * the socket ends within a message, on_close is all that follows.
     */
    void (*on_fragment)(void *user, struct tri_ws *ws, const struct tri_fragment *fragment);
    /* After TRI_ERR_FULL: the queue has fallen to half of its limit, go on sending. Not after a
     * message that TRI_SLOW_DROP dropped, nor while the socket closes: nobody waits. */
    void (*on_drain)(void *user, struct tri_ws *ws);
    /* The end, exactly once, last. |ws| is gone when this returns. */
    void (*on_close)(void *user, struct tri_ws *ws, const struct tri_ws_end *end);
};

/*
 * Queues one message, copied. Nothing is written before the loop's turn ends.
 *
 * Returns TRI_OK; TRI_ERR_FULL if the queue's limit would be passed (nothing was queued; a message
 * is always taken when the queue is empty); TRI_ERR_CLOSED after a close; TRI_ERR_NOMEM. Text must
 * be UTF-8; the peer would fail the socket otherwise.
 *
 * At TRI_LIMIT_MEMORY_BYTES a queue that would hold more than 16 KiB is full; if it is empty, the
 * socket is closed with 1013, and TRI_ERR_NOMEM returned.
 */
TRI_API TRI_MUST_USE enum tri_err tri_ws_send(struct tri_ws *ws, enum tri_type type,
                                              const void *data, size_t len);

/*
 * One message in pieces, for what is not in memory as a whole: begin, any number of appends, end.
 * Each append is a frame, and is queued as tri_ws_send queues a message; after TRI_ERR_FULL the
 * same append may be tried again. In between no other message can be sent on the socket:
 * tri_ws_send, tri_ws_send_payload and a second begin return TRI_ERR_INVALID, as does an append or
 * end without a begin. A socket may be closed within a message; the peer then drops what it has of
 * it.
 *
 * Returns TRI_OK; TRI_ERR_FULL (append only; nothing was queued); TRI_ERR_CLOSED; TRI_ERR_INVALID;
 * TRI_ERR_NOMEM, and if the message cannot go on then, the socket is aborted.
 */
TRI_API TRI_MUST_USE enum tri_err tri_ws_send_begin(struct tri_ws *ws, enum tri_type type);
TRI_API TRI_MUST_USE enum tri_err tri_ws_send_append(struct tri_ws *ws, const void *data,
                                                     size_t len);
TRI_API TRI_MUST_USE enum tri_err tri_ws_send_end(struct tri_ws *ws);

/* A message to be sent to many sockets: framed once, compressed at most once, never copied. */
struct tri_payload;

/*
 * Makes one, |data| copied. It belongs to no server and can be sent on any socket of the thread,
 * whatever carries it. NULL if memory is short. tri_payload_free gives up what _new or _hold gave;
 * the memory goes when the last socket has sent it too. NULL is fine.
 */
TRI_API struct tri_payload *tri_payload_new(enum tri_type type, const void *data, size_t len);
TRI_API struct tri_payload *tri_payload_hold(
    struct tri_payload *payload); /* one more; returns it */
TRI_API void tri_payload_free(struct tri_payload *payload);

/* As tri_ws_send, without a copy. The payload stays yours. */
TRI_API TRI_MUST_USE enum tri_err tri_ws_send_payload(struct tri_ws *ws,
                                                      struct tri_payload *payload);

/* What a socket does with a message that its full queue has no room for. */
enum tri_slow {
    TRI_SLOW_WAIT = 0,  /* TRI_ERR_FULL, and on_drain follows */
    TRI_SLOW_DROP = 1,  /* TRI_ERR_FULL, and it counts as dropped; a message in pieces waits */
    TRI_SLOW_CLOSE = 2, /* TRI_ERR_FULL, and the socket is closed with 1013, as by tri_ws_close */
};

/* Changes the policy of one socket for the sends to come; it starts with that of its route. */
TRI_API void tri_ws_slow(struct tri_ws *ws, enum tri_slow policy);

#define TRI_URGENCY_FIRST 0u
#define TRI_URGENCY_DEFAULT 3u
#define TRI_URGENCY_LEAST 7u

/*
 * Who goes first when the streams of one HTTP/2 or HTTP/3 connection have more to send than it
 * takes: |urgency| 0 (TRI_URGENCY_FIRST) before 7 (TRI_URGENCY_LEAST), strictly; equal ones share
 * it by bytes. A socket starts with what its client asks for, in the `priority` field of the
 * handshake or by PRIORITY_UPDATE, 3 if it does not; from the first call on the client is not heard
 * any more. It holds for all that is not on its way yet, messages already queued among it. On
 * HTTP/1.1, where a socket has its connection for itself, nothing changes. RFC 9218
 *
 * A socket that always has something to send holds up everything less urgent on its connection.
 * An |urgency| over 7 is misuse.
 */
TRI_API void tri_ws_urgency(struct tri_ws *ws, unsigned urgency);

/*
 * Stops reading: no message, piece, pong or Close of the peer is looked at until tri_ws_resume. The
 * peer can send one stream window more (HTTP/2, HTTP/3; 256 KiB) or what fits the buffers of TCP
 * (HTTP/1.1), and then waits; no other socket does. The idle timeout pauses too. After
 * tri_ws_resume, what waited comes at the next turn of the loop, never during the call. Both are
 * harmless where they change nothing. A socket that closes reads on by itself. If the peer resets
 * it, or its connection is lost, on_close comes though it pauses, and what waited is lost.
 */
TRI_API void tri_ws_pause(struct tri_ws *ws);
TRI_API void tri_ws_resume(struct tri_ws *ws);

/*
 * Starts the closing handshake after all that was queued: |code| 1000 to 4999 as RFC 6455 section
 * 7.4 allows it to be sent, |reason| UTF-8 of up to 123 bytes, or NULL. on_close follows later,
 * never during this call. On a socket that is closing already it does nothing. Without memory for
 * the Close it is tri_ws_abort.
 *
 * Returns TRI_OK; TRI_ERR_INVALID if the code or reason may not be sent (nothing happened).
 */
TRI_API enum tri_err tri_ws_close(struct tri_ws *ws, uint16_t code, const char *reason);

/* Ends the socket at once, both directions. on_close (1006) follows, never during this call. */
TRI_API void tri_ws_abort(struct tri_ws *ws);

/* The server's number of the socket, from 1, as the log has it. */
TRI_API uint64_t tri_ws_id(const struct tri_ws *ws);

/* What carries the socket. Valid until on_close returns. */
TRI_API const struct tri_carrier *tri_ws_carrier(const struct tri_ws *ws);

/* Bytes queued and not yet released by the transport, framing included. */
TRI_API size_t tri_ws_queued_bytes(const struct tri_ws *ws);

/* The subprotocol agreed on, "" if none. Valid until on_close returns. RFC 6455 section 1.9 */
TRI_API const char *tri_ws_subprotocol(const struct tri_ws *ws);

/* How messages of a socket are compressed: permessage-deflate, RFC 7692. */
enum tri_deflate {
    TRI_DEFLATE_OFF = 0,    /* not at all */
    TRI_DEFLATE_SHARED = 1, /* each message by itself, with a compressor that all sockets share */
    /* By a compressor of its own, that remembers earlier messages: smaller, for tens of KiB a
     * socket out of TRI_LIMIT_DEFLATE_BYTES; a socket that finds it used up gets SHARED. */
    TRI_DEFLATE_DEDICATED = 2,
};

/* What was agreed with the peer: OFF where it did not ask for compression. */
TRI_API enum tri_deflate tri_ws_deflate(const struct tri_ws *ws);

/* ------------------------------------------------------------------------------ configuration */

/* Everything that a server is made from. Setters copy what they are given. */
struct tri_config;

/* A configuration with every default in place, or NULL if memory is short. */
TRI_API struct tri_config *tri_config_new(void);
TRI_API void tri_config_free(struct tri_config *config); /* NULL is fine */

/*
 * Adds an address to listen on: "127.0.0.1:8443", "[::1]:8443", "0.0.0.0:443"; port 0 lets the
 * system choose. TCP and UDP use the same port. Default, if never called: 127.0.0.1:8443 and
 * [::1]:8443. Returns TRI_OK, TRI_ERR_INVALID (not an address), TRI_ERR_LIMIT (over 16),
 * TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_config_listen(struct tri_config *config, const char *address);

/* What a cleartext port answers. */
enum tri_cleartext {
    TRI_CLEARTEXT_REFUSE = 0,   /* 426 with Upgrade: TLS/1.2, HTTP/1.1 */
    TRI_CLEARTEXT_REDIRECT = 1, /* 308 to the https URL, on the first listening port */
};

/* Adds a cleartext port, which never serves anything. Errors as tri_config_listen. */
TRI_API enum tri_err tri_config_cleartext(struct tri_config *config, const char *address,
                                          enum tri_cleartext answer);

/*
 * Sets the admin address, "127.0.0.1:9100", port 0 lets the system choose; off by default. On it
 * the server tells by HTTP/1.1, without TLS, how it is, and takes the order to drain:
 *
 *   GET /metrics    what it has counted, in the Prometheus text format
 *   GET /healthz    200 while it serves at all, a drain included
 *   GET /readyz     200; 503 while it stops or drains
 *   POST /drain     tri_server_drain over the time of tri_config_drain_ms (202)
 *
 * Whoever reaches it may do that, so it has to be an address of the loopback interface
 * (127.0.0.0/8, ::1); to watch a server from elsewhere, run an agent or a tunnel beside it. Pages
 * in a browser are kept out: the host asked for must be an address or localhost (421), and a POST
 * without what browsers add to those of pages (403). It has its own limit on connections (16), is
 * the last to be closed, and nothing on it counts as traffic. TRI_OK; TRI_ERR_INVALID (no address,
 * or not loopback).
 */
TRI_API enum tri_err tri_config_admin(struct tri_config *config, const char *address);

/* Over how many milliseconds POST /drain closes the sockets; more than a day is one. Default 0: all
 * at once. */
TRI_API void tri_config_drain_ms(struct tri_config *config, uint64_t over_ms);

/*
 * Adds a certificate: PEM files of its chain (leaf first) and its key. Read by tri_server_new and
 * tri_server_reload. Of several, a client gets the one whose subjectAltName holds the server name
 * that it asks for, else the one that covers it by a wildcard ("*.example.org": one label), else
 * the first: that is the default. Of two for the same name, the one added first counts.
 *
 * Without any, a certificate for localhost, 127.0.0.1 and ::1 is made and kept under the user's
 * state directory ($XDG_STATE_HOME/trisock or ~/.local/state/trisock).
 *
 * Returns TRI_OK, TRI_ERR_INVALID (a name is missing), TRI_ERR_LIMIT (over 64), TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_config_certificate(struct tri_config *config, const char *cert_file,
                                            const char *key_file);

/* Which HTTP versions to offer, TRI_HTTP_ flags. Default TRI_HTTP_ALL. TRI_ERR_INVALID for none. */
TRI_API enum tri_err tri_config_http(struct tri_config *config, unsigned versions);

/*
 * Whether extended CONNECT is offered on h2 and h3 (RFC 8441 section 3). Default true. Where it is
 * not, one that comes anyway is a malformed request, which resets its stream.
 */
TRI_API void tri_config_extended_connect(struct tri_config *config, bool on);

/*
 * The same for one address alone, whatever is said of all: the |index|-th that was added by
 * tri_config_listen, from 0. Returns TRI_OK, or TRI_ERR_NOT_FOUND if there are not so many.
 */
TRI_API enum tri_err tri_config_listen_extended_connect(struct tri_config *config, size_t index,
                                                        bool on);

/*
 * Serves WebSockets at |path|: exactly that path, any query, or, where it ends in "/", all below it
 * too. Paths are compared as they were sent: no "%2e" is decoded, no ".." resolved. |handler| is
 * borrowed and must outlive the server; it may not set both on_message and on_fragment. Returns
 * TRI_OK, TRI_ERR_INVALID (no leading "/", both of the two, or |path| serves WebSockets already),
 * TRI_ERR_LIMIT (over 64 paths), TRI_ERR_NOMEM. Of two routes that match, the longer path wins.
 */
TRI_API enum tri_err tri_config_ws(struct tri_config *config, const char *path,
                                   const struct tri_ws_handler *handler, void *user);

/*
 * What the WebSockets at |path|, added before, offer and do. Each returns TRI_OK; TRI_ERR_NOT_FOUND
 * if no WebSocket is served at exactly |path|; TRI_ERR_INVALID for a value that is none;
 * TRI_ERR_NOMEM.
 *
 * deflate        default TRI_DEFLATE_OFF
 * slow           default TRI_SLOW_WAIT
 * subprotocols   "chat, superchat": of those that a client names, in its order, the first that is
 *                listed is agreed; none in common: the socket opens without one, which browsers
 *                do not accept. "": none, the default
 * origins        "https://example.com, https://example.org:8443": a handshake with another Origin
 *                is answered 403; one without an Origin (no browser) is not. As browsers write
 *                them: without the default port, without a "/" at the end. "": any, the default
 */
TRI_API enum tri_err tri_config_ws_deflate(struct tri_config *config, const char *path,
                                           enum tri_deflate mode);
TRI_API enum tri_err tri_config_ws_slow(struct tri_config *config, const char *path,
                                        enum tri_slow policy);
TRI_API enum tri_err tri_config_ws_subprotocols(struct tri_config *config, const char *path,
                                                const char *subprotocols);
TRI_API enum tri_err tri_config_ws_origins(struct tri_config *config, const char *path,
                                           const char *origins);

/*
 * Serves plain HTTP at |path|: exactly that path, or, where it ends in "/", all below it too.
 * Otherwise as tri_config_ws, also beside it at the same path; TRI_ERR_INVALID too for a handler
 * without on_request. The handler sees every method but CONNECT.
 */
TRI_API enum tri_err tri_config_http_route(struct tri_config *config, const char *path,
                                           const struct tri_http_handler *handler, void *user);

/*
 * Says that what is served plainly at |path|, added before, may be asked for twice without harm:
 * GET and HEAD without a body are then answered in early data too. TRI_OK; TRI_ERR_NOT_FOUND if no
 * plain HTTP is served at exactly |path|.
 */
TRI_API enum tri_err tri_config_http_route_early(struct tri_config *config, const char *path);

/*
 * Early data (0-RTT, RFC 8470): who comes back over HTTP/3 may send requests with its first
 * packets, a round trip earlier. Whoever has recorded these packets can send them again, so it is
 * off by default, and on it answers at once only what tri_config_http_route_early has marked; other
 * plain requests wait for the end of the handshake. On HTTP/2 and HTTP/1.1 none is ever taken.
 *
 * A request that says Early-Data: 1 was early for an intermediary, which this server cannot wait
 * for: it is answered if it is such a GET or HEAD and refused with 425 if not, whatever is set
 * here.
 *
 * Returns TRI_OK, or TRI_ERR_INVALID for a value that is none.
 */
enum tri_early_data {
    TRI_EARLY_DATA_OFF,
    TRI_EARLY_DATA_WAIT,   /* WebSocket handshakes wait too: what is sent behind them opens late */
    TRI_EARLY_DATA_REFUSE, /* they get 425 (Too Early), and clients try again after the handshake */
};
TRI_API enum tri_err tri_config_early_data(struct tri_config *config, enum tri_early_data mode);

/*
 * Limits, each with its unit and default. They range, besides 0 where that is named, for
 * MESSAGE_BYTES from 1 to 1 GiB, QUEUE_BYTES from 1 KiB to 1 GiB, timeouts from 10 ms to ten
 * minutes (PING and KEEPALIVE: to a day; IDLE: to seven), STREAMS and SOCKETS from 1 to 65,536,
 * CONNECTIONS, CONNECTIONS_ADDRESS and HALF_OPEN to 10,000,000, FRAGMENTS and CONTROL_FRAMES to
 * 1,000,000, DEFLATE_BYTES from 1 MiB to 64 GiB, DEFLATE_LEAST_BYTES to 1 MiB, MEMORY_BYTES from
 * 16 MiB to 1 TiB.
 */
enum tri_limit {
    TRI_LIMIT_MESSAGE_BYTES,        /* longest message received; default 16 MiB; over it: 1009 */
    TRI_LIMIT_QUEUE_BYTES,          /* bytes queued to send per socket; default 1 MiB */
    TRI_LIMIT_PING_INTERVAL_MS,     /* silence before a ping; default 30,000; 0: never */
    TRI_LIMIT_IDLE_TIMEOUT_MS,      /* silence before a socket is given up, with 1001 if it takes
                                       that, else 1006; default 60,000; 0: never */
    TRI_LIMIT_CLOSE_TIMEOUT_MS,     /* for the closing handshake; default 5,000 */
    TRI_LIMIT_HANDSHAKE_TIMEOUT_MS, /* TLS or QUIC handshake; default 10,000 */
    TRI_LIMIT_REQUEST_TIMEOUT_MS,   /* first byte to end of a request head; default 10,000 */
    TRI_LIMIT_KEEPALIVE_TIMEOUT_MS, /* a connection without streams; default 60,000 */
    TRI_LIMIT_RESPONSE_TIMEOUT_MS,  /* a plain response of which the peer takes nothing; default
                                       60,000; then it is aborted */
    TRI_LIMIT_STREAMS,              /* concurrent streams per connection; default 1,000 */
    TRI_LIMIT_CONNECTIONS,          /* connections per server; default 100,000 */
    TRI_LIMIT_CONNECTIONS_ADDRESS,  /* of one IPv4 address or IPv6 /64, TCP and QUIC together;
                                       default 10,000; 0: no limit. QUIC handshakes of clients that
                                       have not proven their address count in HALF_OPEN alone */
    TRI_LIMIT_HALF_OPEN,            /* QUIC handshakes at a time per address to listen on; above it
                                       clients prove their own with a round trip more (Retry);
                                       default 1,000; 0: they always do */
    TRI_LIMIT_MEMORY_BYTES,         /* what the server may hold, all together; default 0: no limit.
                                       From 7/8 of it on new connections are refused, from 15/16
                                       new sockets and requests (503), and what would pass it ends
                                       its own socket (1013) */
    TRI_LIMIT_SOCKETS,              /* WebSockets per connection; default 1,000; over it: 503 */
    TRI_LIMIT_FRAGMENTS,            /* frames of a whole message; default 65,536; over it: 1008 */
    TRI_LIMIT_CONTROL_FRAMES,       /* received a second, per socket; default 1,000; 0: no limit;
                                       over it: 1008 */
    TRI_LIMIT_DEFLATE_BYTES,        /* memory of dedicated compressors, and as much again for
                                       messages that arrive in pieces; default 64 MiB */
    TRI_LIMIT_DEFLATE_LEAST_BYTES,  /* shorter messages go uncompressed; default 64, or 0 */
    TRI_LIMIT_DEFLATE_WINDOW_BITS,  /* 9 to 15; memory for ratio; default 12 (4 KiB of history) */
    TRI_LIMIT_DEFLATE_LEVEL,        /* 1 (fast) to 9 (small); default 3 */
};

/* TRI_OK, or TRI_ERR_INVALID if |value| is out of the limit's range. */
TRI_API enum tri_err tri_config_limit(struct tri_config *config, enum tri_limit limit,
                                      uint64_t value);

enum tri_log_level { TRI_LOG_ERROR, TRI_LOG_WARN, TRI_LOG_INFO, TRI_LOG_DEBUG };
enum tri_log_format { TRI_LOG_TEXT, TRI_LOG_JSON };

/*
 * Where log lines go: |write| gets each one, of up to 1,023 bytes, NUL-terminated, without a
 * newline, borrowed for the call, on the server's thread. It may not call the server, and |user|
 * must outlive it. |level| is the least important that is wanted. |write| NULL, the default:
 * nothing is logged.
 */
TRI_API void tri_config_log(struct tri_config *config,
                            void (*write)(void *user, enum tri_log_level level, const char *line),
                            void *user, enum tri_log_level level, enum tri_log_format format);

/*
 * Has tri_server_ask_reload call |on_reload| on the server's thread, instead of tri_server_reload:
 * for programs that have more to read again, and then call tri_server_reconfigure. |user| is
 * borrowed and must outlive the server. NULL: none, the default.
 */
TRI_API void tri_config_on_reload(struct tri_config *config, void (*on_reload)(void *user),
                                  void *user);

/*
 * Appends TLS secrets to |file| in the NSS key log format, for traffic analysers. Off by default.
 * Returns TRI_OK, TRI_ERR_INVALID (no name), TRI_ERR_NOMEM; so do the next two.
 */
TRI_API enum tri_err tri_config_keylog(struct tri_config *config, const char *file);

/*
 * Keeps the secret that session tickets and QUIC tokens are sealed with in |file|: 64 hexadecimal
 * digits, made by tri_server_new if there is no such file, for its owner alone. A server that is
 * started again with the same secret resumes the TLS sessions of the last one, tells its clients
 * that their connections are gone, so that they come back at once, and spares them the proof of
 * their address (TRI_LIMIT_HALF_OPEN). Whoever reads it can read what TLS 1.2 and early data carry.
 * Servers that share a port or an address behind a balancer share it too. By default it is kept
 * beside the made certificate, and with a certificate of your own it is a new one with each start.
 */
TRI_API enum tri_err tri_config_secret_file(struct tri_config *config, const char *file);

/* Writes a qlog of each QUIC connection into the directory |dir|. Off by default. */
TRI_API enum tri_err tri_config_qlog(struct tri_config *config, const char *dir);

/* ------------------------------------------------------------------------------------- server */

struct tri_server;

/*
 * Makes a server from |config| (which may be freed afterwards), reads its certificate and binds
 * its addresses. On failure *out is NULL and |error| (if not NULL) gets up to |error_max| bytes of
 * a NUL-terminated English sentence that names the cause and the remedy.
 *
 * Returns TRI_OK; TRI_ERR_INUSE (an address); TRI_ERR_NOT_FOUND (a file); TRI_ERR_TLS (a
 * certificate or key); TRI_ERR_INVALID (what the secret file holds); TRI_ERR_IO; TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_server_new(struct tri_server **out, const struct tri_config *config,
                                    char *error, size_t error_max);

/*
 * Drops every connection at once and frees all. on_close is called for each open socket, on_cancel
 * for each request that is not answered. Peers see their connection end: a TCP reset, or one
 * CONNECTION_CLOSE on HTTP/3 (if it is lost: the next packet is answered by nobody).
 */
TRI_API void tri_server_free(struct tri_server *server); /* NULL is fine */

/* Serves until tri_server_stop, and then until that has finished. TRI_OK or TRI_ERR_IO. */
TRI_API enum tri_err tri_server_run(struct tri_server *server);

/*
 * Inside a loop of your own: when tri_server_fd is readable, or tri_server_timeout_ms has passed
 * (-1: no timeout), call tri_server_step, which handles what is there and never blocks. The timeout
 * counts from now; ask for it again after whatever you called, as there may be something to send.
 * |*running| turns false when a stop has finished.
 */
TRI_API int tri_server_fd(const struct tri_server *server);
TRI_API int tri_server_timeout_ms(const struct tri_server *server);
TRI_API enum tri_err tri_server_step(struct tri_server *server, bool *running);

/*
 * Stops politely: no new connection or socket, Close 1001 to each open one, and the end when all
 * are closed or the close timeout has passed. A second call drops what is left. Returns at once.
 * May be called from any thread and from a signal handler.
 */
TRI_API void tri_server_stop(struct tri_server *server);

/*
 * Stops as politely, and more slowly: the open sockets get their Close 1001 one by one, evenly over
 * |over_ms| milliseconds (more than a day is one), so that their clients do not all come back at
 * once. Until then a socket works as ever, and its connection answers plain requests; GOAWAY
 * follows when the last socket of the connection is closed. New connections are not accepted, new
 * sockets refused: 503 with retry-after. It ends when all are closed, or |over_ms| and the close
 * timeout have passed.
 *
 * tri_server_stop during a drain drops what is left. A drain after a stop, or during another one,
 * changes nothing. Returns at once. May be called from any thread and from a signal handler.
 */
TRI_API void tri_server_drain(struct tri_server *server, uint64_t over_ms);

/*
 * Reads all certificates and keys again, from the files that they came from, and serves them from
 * the next handshake on. Open connections and sockets do not notice. All are changed or, if any of
 * them cannot be used, none: the old ones go on being served, and |error| (if not NULL) gets up to
 * |error_max| bytes of a sentence that names the cause. The result is logged too.
 *
 * Returns TRI_OK, TRI_ERR_IO, TRI_ERR_TLS, TRI_ERR_NOT_FOUND, TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_server_reload(struct tri_server *server, char *error, size_t error_max);

/*
 * Takes over from |config|, which stays the caller's, what can change while the server serves. It
 * is a whole configuration: what is not set in it is at its default. All that follows changes, or,
 * if a certificate or key of it cannot be used or memory is short, nothing does: |error| (if not
 * NULL) gets up to |error_max| bytes of a sentence that names the cause, and so does the log.
 *
 *   certificates   as tri_server_reload, and from other files; but not between some and none
 *   limits         each from now on, for what is open too. A timeout that runs is as long as the
 *                  limit says now, or, of a connection that waits, when something happens on it.
 *                  For new connections alone: STREAMS, and what QUIC takes of HANDSHAKE_TIMEOUT,
 *                  IDLE_TIMEOUT and KEEPALIVE_TIMEOUT; for new compressors: DEFLATE_WINDOW_BITS and
 *                  DEFLATE_LEVEL; for the next message: a higher MESSAGE_BYTES
 *   routes         of routes with the same path, handlers and users: origins and subprotocols, of
 *                  new sockets deflate and slow, and tri_config_http_route_early
 *   the log        its writer, level and form
 *   the drain      the time of tri_config_drain_ms
 *
 * What else is different stays as it is until a restart, and the log names it (reload.ignored); but
 * for the hook of tri_config_on_reload, which stays without a word and need not be set again.
 *
 * Returns as tri_server_reload; TRI_ERR_CLOSED if the server is stopping.
 */
TRI_API enum tri_err tri_server_reconfigure(struct tri_server *server,
                                            const struct tri_config *config, char *error,
                                            size_t error_max);

/*
 * Has the server read its certificates again at its next turn, or call what tri_config_on_reload
 * says; the log tells the result. Returns at once. May be called from any thread and from a signal
 * handler. A server that stops ignores it.
 */
TRI_API void tri_server_ask_reload(struct tri_server *server);

/* What a server holds at the moment. */
enum tri_gauge {
    TRI_GAUGE_CONNECTIONS,   /* of all HTTP versions, handshakes included */
    TRI_GAUGE_SOCKETS,       /* open WebSockets */
    TRI_GAUGE_DEFLATE_BYTES, /* memory that compression holds */
    TRI_GAUGE_MEMORY_BYTES,  /* memory that the server holds, as TRI_LIMIT_MEMORY_BYTES counts it */
};
TRI_API uint64_t tri_server_gauge(const struct tri_server *server, enum tri_gauge gauge);

/*
 * All that the server has counted, as text in the Prometheus format (text/plain; version=0.0.4):
 * what the admin address serves as /metrics, some 15 KiB. |write| gets it in pieces, each of |len|
 * > 0 bytes without a NUL among or behind them, borrowed for the call.
 */
TRI_API void tri_server_metrics(const struct tri_server *server,
                                void (*write)(void *user, const char *text, size_t len),
                                void *user);

/*
 * The |index|-th address it listens on, "127.0.0.1:8443", with the real port; NULL past the end.
 * This and the strings below are valid as long as the server.
 */
TRI_API const char *tri_server_address(const struct tri_server *server, size_t index);

/* The same for the cleartext ports. */
TRI_API const char *tri_server_cleartext_address(const struct tri_server *server, size_t index);

/* The same for the admin address; NULL if there is none. */
TRI_API const char *tri_server_admin_address(const struct tri_server *server);

/*
 * Base64 of the SHA-256 of the default certificate's SubjectPublicKeyInfo: a pin for browsers. A
 * reload changes it in place.
 */
TRI_API const char *tri_server_spki_pin(const struct tri_server *server);

/* The file of the certificate that was made because none was given, or NULL. */
TRI_API const char *tri_server_made_certificate(const struct tri_server *server);

/* ------------------------------------------------------------------------------------- client */

/*
 * The other end: sockets that the program opens, to any server. They are the same struct tri_ws,
 * with the same handlers; a client has a loop of its own, and as many connections as it is asked
 * for, each of any HTTP version. Another thread may have another client.
 */
struct tri_client;

/* Everything that a client is made from. Setters copy what they are given. */
struct tri_client_config;

/* A configuration with every default in place, or NULL if memory is short. */
TRI_API struct tri_client_config *tri_client_config_new(void);
TRI_API void tri_client_config_free(struct tri_client_config *config); /* NULL is fine */

/*
 * Whom to trust: the certificates in the PEM file |file|, in place of those that the system trusts,
 * which is the default. A server's certificate has to be signed by one of them, be valid now and
 * hold the host of the URL. Returns TRI_OK, TRI_ERR_INVALID (no name), TRI_ERR_NOMEM; so do
 * tri_client_config_keylog and tri_client_config_qlog.
 */
TRI_API enum tri_err tri_client_config_ca(struct tri_client_config *config, const char *file);

/* Takes any certificate, of anybody. Default false. */
TRI_API void tri_client_config_insecure(struct tri_client_config *config, bool on);

/* Whether to resume TLS sessions by the server's tickets, within one client. Default true. */
TRI_API void tri_client_config_resumption(struct tri_client_config *config, bool on);

/* Whether HTTP/1.1 connections are read and written by io_uring: fewer system calls where many are busy
 * at once. Default false. Without Linux 6.1, or where a host steps the client from the beginning,
 * connections go by poll all the same. A client with it that has run goes on by tri_client_run, on that
 * thread: a host's poll would not see its connections, and another thread could not use them. */
TRI_API void tri_client_config_io_uring(struct tri_client_config *config, bool on);

/*
 * As tri_config_limit, of the limits that a client has a use for: MESSAGE_BYTES, QUEUE_BYTES,
 * PING_INTERVAL, IDLE_TIMEOUT, CLOSE_TIMEOUT, HANDSHAKE_TIMEOUT (name, connection, TLS and SETTINGS,
 * each), REQUEST_TIMEOUT (room for a socket on a connection that is up, and then the answer to its
 * opening handshake, each), FRAGMENTS, CONTROL_FRAMES and DEFLATE_*; the others change nothing.
 */
TRI_API enum tri_err tri_client_config_limit(struct tri_client_config *config, enum tri_limit limit,
                                             uint64_t value);

/* As tri_config_log, tri_config_keylog, tri_config_qlog. */
TRI_API void tri_client_config_log(struct tri_client_config *config,
                                   void (*write)(void *user, enum tri_log_level level,
                                                 const char *line),
                                   void *user, enum tri_log_level level,
                                   enum tri_log_format format);
TRI_API enum tri_err tri_client_config_keylog(struct tri_client_config *config, const char *file);
TRI_API enum tri_err tri_client_config_qlog(struct tri_client_config *config, const char *dir);

/*
 * Makes a client from |config| (which may be freed afterwards). On failure *out is NULL and |error|
 * (if not NULL) gets a sentence, as from tri_server_new. TRI_OK; TRI_ERR_NOT_FOUND (the file of
 * certificates, the folder of the key log, the qlog folder); TRI_ERR_TLS (the certificates);
 * TRI_ERR_IO (the key log or the qlog folder cannot be written to); TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_client_new(struct tri_client **out, const struct tri_client_config *config,
                                    char *error, size_t error_max);

/* Drops every connection at once and frees all; on_close, on_fail and on_closed are called, but not
 * the function of the timer. Not within a handler of this client. */
TRI_API void tri_client_free(struct tri_client *client); /* NULL is fine */

/* Runs until tri_client_stop, which any thread and any signal handler may call. TRI_OK, TRI_ERR_IO. */
TRI_API enum tri_err tri_client_run(struct tri_client *client);
TRI_API void tri_client_stop(struct tri_client *client);

/* Inside a loop of your own: as tri_server_fd, _timeout_ms and _step. */
TRI_API int tri_client_fd(const struct tri_client *client);
TRI_API int tri_client_timeout_ms(const struct tri_client *client);
TRI_API enum tri_err tri_client_step(struct tri_client *client);

/*
 * Calls |on_time| once, |delay_ns| nanoseconds from now or a little later, on the client's thread.
 * There is one such timer: setting it again replaces what was set. |on_time| NULL: none.
 */
TRI_API void tri_client_timer(struct tri_client *client, uint64_t delay_ns,
                              void (*on_time)(void *user), void *user);

/* The monotonic clock, nanoseconds, as it is now (not at the start of the turn). */
TRI_API uint64_t tri_client_now_ns(void);

/*
 * The same clock, for who stamps each message: as it was when the input that is being handled was
 * received. It is read once for all that one system call brings, so asking costs nothing.
 */
TRI_API uint64_t tri_client_input_ns(struct tri_client *client);

/* What kept a connection or a socket from opening, or ended the connection. */
enum tri_fault {
    TRI_FAULT_NONE = 0,    /* of a connection alone: it was closed as it should be, or by us */
    TRI_FAULT_URL,         /* not a wss:// URL that can be used, or a field that cannot be sent */
    TRI_FAULT_RESOLVE,     /* the host's name has no address */
    TRI_FAULT_CONNECT,     /* nobody answers there: refused, unreachable */
    TRI_FAULT_TIMEOUT,     /* a time limit passed */
    TRI_FAULT_TLS,         /* TLS failed */
    TRI_FAULT_CERTIFICATE, /* the server's certificate is not to be trusted */
    TRI_FAULT_VERSION,     /* the server does not speak the HTTP versions asked for */
    TRI_FAULT_NO_CONNECT,  /* it does not offer extended CONNECT: no WebSocket over that version */
    TRI_FAULT_STATUS,      /* it refused the opening handshake by an HTTP status */
    TRI_FAULT_HANDSHAKE,   /* its answer to the opening handshake breaks RFC 6455 */
    TRI_FAULT_STREAMS,     /* the connection takes no more sockets */
    TRI_FAULT_PROTOCOL,    /* the server broke HTTP or QUIC */
    TRI_FAULT_LOST,        /* the connection or the stream ended before there was an answer */
    TRI_FAULT_MEMORY,      /* an allocation failed */
};

/* A short English name of |fault| without spaces, such as "certificate". Static, never NULL. */
TRI_API const char *tri_fault_name(enum tri_fault fault);

struct tri_failure {
    enum tri_fault fault;
    int status;       /* of TRI_FAULT_STATUS: what the server answered; else 0 */
    const char *text; /* a sentence that names the cause, and the remedy where there is one */
};

/* A connection to one server. Several can go to the same one. */
struct tri_client_conn;

/* When the parts of a connection's opening were done: nanoseconds since it was asked for; 0: not
 * done, or not part of that HTTP version. */
struct tri_client_timing {
    uint64_t resolved_ns;  /* the host's address is known */
    uint64_t connected_ns; /* TCP: connected; QUIC: the first packet of the server has come */
    uint64_t secured_ns;   /* TLS is up; QUIC's handshake is complete */
    uint64_t settings_ns;  /* HTTP/2, HTTP/3: the server's SETTINGS have come */
};

/* What passed over a connection so far: payload of TCP segments or UDP datagrams. */
struct tri_client_traffic {
    uint64_t bytes_in, bytes_out;
};

/* What a connection is made from. Zero is a default everywhere but for |url|. */
struct tri_client_conn_setup {
    const char *url; /* wss://host[:port], what follows is passed over; copied */
    /*
     * Which versions may be used, TRI_HTTP_ flags; 0: all. TCP offers HTTP/2 before HTTP/1.1, and
     * where the server takes HTTP/2 without extended CONNECT, HTTP/1.1 is tried if it may be.
     * HTTP/3 is tried first if nothing else may be used, if |h3_first|, or if the server has told
     * by Alt-Svc, to this client, that it is there; if it fails before it is up, TCP is tried.
     */
    unsigned http;
    bool h3_first;
    /* It is up and sockets can be opened. May be NULL. */
    void (*on_ready)(void *user, struct tri_client_conn *conn);
    /* Last, exactly once, not before tri_client_connect has returned. |conn| and all its sockets are
     * gone when this returns. May be NULL. */
    void (*on_closed)(void *user, struct tri_client_conn *conn, const struct tri_failure *why);
    void *user;
};

/*
 * Starts to open a connection. Returns TRI_OK, TRI_ERR_INVALID (|error|, if not NULL, gets a
 * sentence about the URL), TRI_ERR_CLOSED (the client is being freed), TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_client_connect(struct tri_client_conn **out, struct tri_client *client,
                                        const struct tri_client_conn_setup *setup, char *error,
                                        size_t error_max);

/* Closes its sockets with 1001 and then the connection. on_closed follows. */
TRI_API void tri_client_conn_close(struct tri_client_conn *conn);

/* Drops it now. on_closed follows, never during the call. */
TRI_API void tri_client_conn_abort(struct tri_client_conn *conn);

/* Valid until on_closed returns. What is not known yet is "" or 0. */
TRI_API const struct tri_carrier *tri_client_conn_carrier(const struct tri_client_conn *conn);
TRI_API struct tri_client_timing tri_client_conn_timing(const struct tri_client_conn *conn);
TRI_API struct tri_client_traffic tri_client_conn_traffic(const struct tri_client_conn *conn);
TRI_API bool tri_client_conn_is_resumed(const struct tri_client_conn *conn);

/* How many more sockets can be opened on it now: 0 before on_ready. */
TRI_API size_t tri_client_conn_room(const struct tri_client_conn *conn);

/* What a socket is made from. Zero is a default for all but |path| and |handler|. */
struct tri_client_ws_setup {
    const char *path;                 /* "/echo?a=b"; copied, as all strings here */
    const struct tri_header *headers; /* more fields, names in lower case; not those below */
    size_t headers_len;
    const char *origin;       /* NULL: none */
    const char *subprotocols; /* "chat, superchat", the preferred first; NULL: none */
    enum tri_deflate deflate; /* what is offered */
    enum tri_slow slow;
    const struct tri_ws_handler *handler; /* borrowed; on_request and on_cancel are not for it */
    /* It did not open: called instead of on_open and on_close, not before tri_client_open has
     * returned. May be NULL. */
    void (*on_fail)(void *user, const struct tri_failure *why);
    void *user; /* of |handler| and on_fail */
};

/*
 * Opens a socket on |conn|. One asked for before on_ready, or while the server's limit of streams
 * is reached, waits its turn. On HTTP/1.1 a connection has one socket.
 *
 * One that the server refused without having looked at it (REFUSED_STREAM, H3_REQUEST_REJECTED) is
 * asked for once more. Where the server takes no more on this connection (GOAWAY), those that wait
 * fail by TRI_FAULT_LOST, as do those that it had not looked at: open them on a new connection.
 *
 * Returns TRI_OK (on_open or on_fail follows); TRI_ERR_INVALID (a path, field, or handler that
 * cannot be used; |error|, if not NULL, gets a sentence); TRI_ERR_LIMIT (HTTP/1.1: it has a socket;
 * or 65,536 wait); TRI_ERR_CLOSED (the connection is ending, or GOAWAY has come); TRI_ERR_NOMEM.
 */
TRI_API enum tri_err tri_client_open(struct tri_client_conn *conn,
                                     const struct tri_client_ws_setup *setup, char *error,
                                     size_t error_max);

#ifdef __cplusplus
}
#endif

#endif
