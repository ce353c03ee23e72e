/*
 * One table of requests through all three dialects: the same request gets the same verdict, spelled
 * as each HTTP spells it, and the same is agreed. Rows U4, U5, E2, E3, N3, W3, W4.
 */
#include "contract.h"
#include "http_body.h"
#include "http_handshake.h"

#include <stdio.h>
#include <stdlib.h>

/* What a row expects, in words; each dialect has its own status for it. */
enum expect {
    ACCEPTED,       /* h1 101, else 200 */
    UPGRADE_NEEDED, /* h1 426 with upgrade and connection, else 400 */
    VERSION_NEEDED, /* h1 426 with upgrade, else 400; with sec-websocket-version: 13 */
    OK,             /* 200 with a body */
    BAD,            /* 400 */
    FORBIDDEN,      /* 403 */
    NOT_FOUND,      /* 404 */
    NOT_HERE,       /* a WebSocket asked of a plain route: h1 answers plainly, else 404 */
    UNKNOWN,        /* another protocol: h1 passes it over (as a plain request), else 501 */
    MALFORMED,      /* h1 400, else a stream error; the fake, which checks no syntax, skips it */
};

struct row {
    const char *what;
    struct fixture_request request;
    enum expect expect;
    const char *extensions, *subprotocol; /* that the answer names; NULL: no such field */
};

static const struct tri_header others[] = {
    {"sec-websocket-protocol", "chat"}, {"origin", "https://localhost"}, {NULL, NULL}};

/* The fields that decide. /echo takes what comes; /chat/ has lists, and dedicated compression. */
#define FIELD(name, value)                                                                         \
    ((const struct tri_header[]){                                                                  \
        {(name), (value)},                                                                         \
        {NULL, NULL},                                                                              \
    })
#define TWO(name, value, name2, value2)                                                            \
    ((const struct tri_header[]){                                                                  \
        {(name), (value)},                                                                         \
        {(name2), (value2)},                                                                       \
        {NULL, NULL},                                                                              \
    })
#define EXTENSIONS "sec-websocket-extensions"
#define SUBPROTOCOLS "sec-websocket-protocol"
#define OPENING(path_, headers_)                                                                   \
    {                                                                                              \
        .protocol = "websocket", .path = (path_), .headers = (headers_)                            \
    }
#define NEITHER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static const struct row rows[] = {
    {"E2 U1: an opening handshake is accepted", {.protocol = "websocket"}, .expect = ACCEPTED},
    {"E2: a query belongs to the route",
     {.protocol = "websocket", .path = "/echo?room=1&x=%20"},
     .expect = ACCEPTED},
    {"other fields do not matter",
     {.protocol = "websocket", .headers = others},
     .expect = ACCEPTED},
    {"U5 E2: version 12 is told which one is known",
     {.protocol = "websocket", .version = "12"},
     .expect = VERSION_NEEDED},
    {"U5 E2: no version is told which one is known",
     {.protocol = "websocket", .version = ""},
     .expect = VERSION_NEEDED},
    {"version 13.0 is not 13",
     {.protocol = "websocket", .version = "13.0"},
     .expect = VERSION_NEEDED},
    {"a WebSocket at an unknown path",
     {.protocol = "websocket", .path = "/nowhere"},
     .expect = NOT_FOUND},
    {"a WebSocket below a WebSocket route",
     {.protocol = "websocket", .path = "/echo/deeper"},
     .expect = NOT_FOUND},
    {"U3: a WebSocket at a plain route",
     {.protocol = "websocket", .path = "/file"},
     .expect = NOT_HERE},
    {"U4: a plain request for a WebSocket route", {.path = "/echo"}, .expect = UPGRADE_NEEDED},
    {"U4: with a query", {.path = "/echo?x"}, .expect = UPGRADE_NEEDED},
    {"a plain request", {.path = "/file"}, .expect = OK},
    {"a plain request below a folder", {.path = "/folder/a/b"}, .expect = OK},
    {"a plain request at an unknown path", {.path = "/nowhere"}, .expect = NOT_FOUND},
    {"U3 E3: another protocol at a plain route",
     {.protocol = "irc", .path = "/file"},
     .expect = UNKNOWN},
    {"N3: h2c as protocol at a plain route",
     {.protocol = "h2c", .path = "/file"},
     .expect = UNKNOWN},
    {"E3: a protocol with another method is malformed",
     {.protocol = "websocket", .method = "POST"},
     .expect = MALFORMED},
    {"U5: no authority", {.protocol = "websocket", .authority = ""}, .expect = MALFORMED},

    {"a WebSocket below a WebSocket folder", OPENING("/chat/room/7", NULL), .expect = ACCEPTED},
    {"U4: a plain request below a WebSocket folder",
     {.path = "/chat/room"},
     .expect = UPGRADE_NEEDED},
    {"a WebSocket beside a WebSocket folder", OPENING("/chat", NULL), .expect = NOT_FOUND},

    {"W3: compression is agreed on where it is offered",
     OPENING("/echo", FIELD(EXTENSIONS, "permessage-deflate; client_max_window_bits")),
     .expect = ACCEPTED, .extensions = NEITHER},
    {"W3: windows and contexts are negotiated",
     OPENING("/chat/", FIELD(EXTENSIONS, "permessage-deflate; client_max_window_bits=10; "
                                         "client_no_context_takeover")),
     .expect = ACCEPTED,
     .extensions = "permessage-deflate; client_no_context_takeover; server_max_window_bits=12; "
                   "client_max_window_bits=10"},
    {"W3: the first alternative that can be served is taken, over several fields",
     OPENING("/echo", TWO(EXTENSIONS, "permessage-deflate; server_max_window_bits=8", EXTENSIONS,
                          "permessage-deflate; server_max_window_bits=\"11\"")),
     .expect = ACCEPTED, .extensions = NEITHER "; server_max_window_bits=11"},
    {"W3: another extension is not answered",
     OPENING("/echo", FIELD(EXTENSIONS, "x-frames; a=b, permessage-deflate; what")),
     .expect = ACCEPTED},
    {"W3: what is no list of extensions is malformed",
     OPENING("/echo", FIELD(EXTENSIONS, "permessage-deflate; ;")), .expect = BAD},

    {"W4: a subprotocol is agreed on",
     OPENING("/chat/", FIELD(SUBPROTOCOLS, "mqtt, superchat, chat")), .expect = ACCEPTED,
     .subprotocol = "superchat"},
    {"W4: subprotocols come in several fields",
     OPENING("/chat/", TWO(SUBPROTOCOLS, "mqtt", SUBPROTOCOLS, "chat")), .expect = ACCEPTED,
     .subprotocol = "chat"},
    {"W4: without a common subprotocol the socket opens without one",
     OPENING("/chat/", FIELD(SUBPROTOCOLS, "mqtt, Chat")), .expect = ACCEPTED},
    {"W4: what is no list of tokens is malformed",
     OPENING("/chat/", FIELD(SUBPROTOCOLS, "chat room")), .expect = BAD},
    {"W3 W4: both are answered",
     OPENING("/chat/", TWO(EXTENSIONS, "permessage-deflate", SUBPROTOCOLS, "chat")),
     .expect = ACCEPTED, .extensions = "permessage-deflate; server_max_window_bits=12",
     .subprotocol = "chat"},

    {"W4: an origin of the list", OPENING("/chat/", FIELD("origin", "https://a.example")),
     .expect = ACCEPTED},
    {"W4: an origin in capitals", OPENING("/chat/", FIELD("origin", "https://A.Example")),
     .expect = ACCEPTED},
    {"W4: no origin at all is no browser", OPENING("/chat/", NULL), .expect = ACCEPTED},
    {"W4: another origin", OPENING("/chat/", FIELD("origin", "https://b.example")),
     .expect = FORBIDDEN},
    {"W4: a sandboxed page", OPENING("/chat/", FIELD("origin", "null")), .expect = FORBIDDEN},
    {"W4: two origins",
     OPENING("/chat/", TWO("origin", "https://a.example", "origin", "https://a.example")),
     .expect = FORBIDDEN},
};

#define ROWS (sizeof rows / sizeof rows[0])

struct handler {
    struct tri_routes routes;
    size_t sockets;
    int status_before, status; /* of the exchange, around its answer */
};

static const struct tri_ws_handler some_ws = {.on_open = NULL};
static const struct tri_http_handler some_http = {.on_request = NULL};

/* As the server does it. */
static void accept_socket(struct contract *c, struct tri_exchange *x,
                          const struct tri_request_head *head, const struct tri_route *route,
                          const struct tri_handshake *handshake)
{
    struct handler *h = c->extra;
    struct tri_deflate_params params;
    char extensions[TRI_DEFLATE_ANSWER_MAX];
    struct tri_field fields[2];
    size_t len = 0;
    tri_deflate_agree(&handshake->deflate, route->deflate, 12, &params);
    if (params.mode != TRI_DEFLATE_OFF) {
        const size_t extensions_len = tri_deflate_answer(&params, extensions);
        fields[len++] = (struct tri_field){TRI_SLICE("sec-websocket-extensions"),
                                           tri_slice_of(extensions, extensions_len)};
    }
    if (handshake->subprotocol.len > 0) {
        fields[len++] =
            (struct tri_field){TRI_SLICE("sec-websocket-protocol"), handshake->subprotocol};
    }
    struct tenant *t = &c->tenants[c->tenants_len++];
    tenant_init(t, x, head);
    tenant_accept_with(t, fields, len);
    memset(fields, 0x5a, sizeof fields); /* they were borrowed for the call */
    memset(extensions, 'X', sizeof extensions);
    h->sockets++;
}

static void answer_plainly(struct contract *c, struct tri_exchange *x,
                           const struct tri_response *base, const char *text)
{
    struct tri_http_body *body;
    enum tri_err err =
        tri_http_body_new_copy(&body, &c->alloc.alloc, &x->stream, text, strlen(text));
    assert_int_equal(err, TRI_OK);
    struct tri_response r = *base;
    r.content_length = strlen(text);
    r.events = &tri_http_body_stream_events;
    r.session = body;
    err = x->ops->respond(x, &r);
    assert_int_equal(err, TRI_OK);
}

static void answer(struct contract *c, struct tri_exchange *x, const struct tri_request_head *head)
{
    struct handler *h = c->extra;
    struct tri_handshake handshake;
    const struct tri_route *route = tri_routes_find(&h->routes, tri_request_head_path(head));
    switch (tri_handshake_verdict(head, route, &handshake)) {
    case TRI_VERDICT_WEBSOCKET:
        accept_socket(c, x, head, route, &handshake);
        return;
    case TRI_VERDICT_PLAIN:
        answer_plainly(c, x, &(struct tri_response){.answer = TRI_ANSWER_PLAIN, .status = 200},
                       "hello");
        return;
    case TRI_VERDICT_REFUSE:
        answer_plainly(c, x, &handshake.refusal, handshake.reason);
        return;
    }
}

static void on_request(struct contract *c, struct tri_exchange *x,
                       const struct tri_request_head *head)
{
    struct handler *h = c->extra;
    h->status_before = x->status;
    answer(c, x, head);
    h->status = x->status;
}

static bool is_h1(const struct contract *c)
{
    return strcmp(c->t->name, "http/1.1") == 0;
}

static int expected_status(const struct contract *c, enum expect e)
{
    switch (e) {
    case ACCEPTED:
        return is_h1(c) ? 101 : 200;
    case UPGRADE_NEEDED:
    case VERSION_NEEDED:
        return is_h1(c) ? 426 : 400;
    case OK:
        return 200;
    case BAD:
        return 400;
    case FORBIDDEN:
        return 403;
    case NOT_FOUND:
        return 404;
    case NOT_HERE:
        return is_h1(c) ? 200 : 404;
    case UNKNOWN:
        return is_h1(c) ? 200 : 501;
    case MALFORMED:
        return is_h1(c) ? 400 : 0;
    }
    abort();
}

static bool has_field(const struct fixture_seen *seen, const char *line)
{
    size_t len = strlen(line);
    for (size_t i = 0; i + len <= seen->head.len; i++) {
        if (memcmp(seen->head.data + i, line, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Exactly the line "name: value", once; no such field where |value| is NULL. */
static void check_field(const struct fixture_seen *seen, const char *name, const char *value)
{
    char line[256];
    (void)snprintf(line, sizeof line, "%s: %s\n", name, value ? value : "");
    line[value ? strlen(line) : strlen(name) + 1] = '\0';
    assert_int_equal(has_field(seen, line), value != NULL);
}

static void check_row(const struct contract *c, const struct row *row,
                      const struct fixture_seen *seen)
{
    if (row->expect == MALFORMED && !is_h1(c)) {
        /* a stream error, or, where the engine lets it pass, our own 400 */
        assert_true(seen->reset || seen->status == 400);
        return;
    }
    assert_int_equal(seen->status, expected_status(c, row->expect));
    assert_int_equal(has_field(seen, "sec-websocket-version: 13\n"), row->expect == VERSION_NEEDED);
    /* RFC 9110 section 15.5.22: a 426 always has it */
    bool upgrades =
        row->expect == UPGRADE_NEEDED || row->expect == VERSION_NEEDED || row->expect == ACCEPTED;
    assert_int_equal(has_field(seen, "upgrade: websocket\n"), is_h1(c) && upgrades);
    assert_int_equal(has_field(seen, "sec-websocket-accept: "),
                     is_h1(c) && row->expect == ACCEPTED); /* E2: not on h2 and h3 */
    check_field(seen, EXTENSIONS, row->extensions);
    check_field(seen, SUBPROTOCOLS, row->subprotocol);
    assert_int_equal(seen->fin, row->expect != ACCEPTED && !is_h1(c));
}

/* The exchange tells the handler what the peer has seen. What is malformed was not its to answer. */
static void check_status(const struct row *row, const struct handler *h,
                         const struct fixture_seen *seen)
{
    assert_int_equal(h->status_before, 0);
    if (row->expect != MALFORMED) {
        assert_int_equal(h->status, seen->status);
    }
}

static void add_ws(struct tri_routes *routes, const char *path, enum tri_deflate deflate)
{
    assert_int_equal(tri_routes_add_ws(routes, path, &some_ws, NULL), TRI_OK);
    tri_routes_get_ws(routes, path)->deflate = deflate;
}

static void add_routes(struct tri_routes *routes)
{
    add_ws(routes, "/echo", TRI_DEFLATE_SHARED);
    add_ws(routes, "/chat/", TRI_DEFLATE_DEDICATED);
    struct tri_route *chat = tri_routes_get_ws(routes, "/chat/");
    chat->subprotocols = tri_alloc_string(routes->alloc, "chat, superchat", 15);
    chat->origins = tri_alloc_string(routes->alloc, "https://localhost, https://a.example", 36);
    assert_int_equal(tri_routes_add_http(routes, "/file", &some_http, NULL), TRI_OK);
    assert_int_equal(tri_routes_add_http(routes, "/folder/", &some_http, NULL), TRI_OK);
}

static void run_row(struct contract *c, const struct row *row)
{
    struct handler h = {.sockets = 0};
    tri_routes_init(&h.routes, &c->alloc.alloc);
    add_routes(&h.routes);
    c->extra = &h;
    c->on_request = on_request;
    struct fixture_request request = row->request;
    request.fin = !request.protocol;
    int s = c->t->request(c->f, &request);
    assert_true(s >= 0);
    c->t->run(c->f);
    struct fixture_seen seen = contract_seen(c, s);
    check_row(c, row, &seen);
    assert_int_equal(h.sockets, row->expect == ACCEPTED ? 1 : 0);
    check_status(row, &h, &seen);
    tri_routes_deinit(&h.routes);
}

static const struct row *row_of(const char *what)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].what, what) == 0) {
            return &rows[i];
        }
    }
    abort();
}

static void run_case(struct contract *c)
{
    run_row(c, row_of(c->one->name));
}

static bool checks_syntax(const struct fixture_ops *t)
{
    return t != &fixture_fake;
}

int main(void)
{
    struct contract_case cases[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        cases[i] = (struct contract_case){.name = rows[i].what, .run = run_case};
        cases[i].applies = rows[i].expect == MALFORMED ? checks_syntax : NULL;
    }
    return contract_run("handshake contract", cases, ROWS);
}
