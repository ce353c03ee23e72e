/* See cli_connect_print.h. */
#include "cli_connect_print.h"

#include "bench_text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------- JSON */

/* Prints |event| (taken; NULL: memory is short) on a line. */
static void print_event(const struct cli_connect_print *p, json_t *event)
{
    if (!event || json_dumpf(event, p->out, JSON_COMPACT) != 0) {
        (void)fputs("{\"event\":\"error\",\"fault\":\"memory\"}", p->out);
    }
    (void)fputc('\n', p->out);
    json_decref(event);
}

/* A string of text from outside, which may not be UTF-8. */
static json_t *text_of(const char *text)
{
    char clean[1024];
    return json_string(bench_text_clean(clean, sizeof clean, text));
}

static const char *name_deflate(enum tri_deflate deflate)
{
    switch (deflate) {
    case TRI_DEFLATE_OFF:
        return "off";
    case TRI_DEFLATE_SHARED:
        return "shared";
    case TRI_DEFLATE_DEDICATED:
        return "dedicated";
    }
    return "";
}

/* ----------------------------------------------------------------------------------------- open */

static void print_open_event(const struct cli_connect_print *p, const struct cli_connect_opened *o)
{
    const struct tri_carrier *c = tri_ws_carrier(o->ws);
    const struct tri_client_timing t = tri_client_conn_timing(o->conn);
    json_t *event = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:o,s:s,s:I,s:I,s:I,s:I,s:I}", "event", "open", "http",
        c->http, "remote", c->remote, "tls", c->tls_version, "cipher", c->tls_cipher, "group",
        c->tls_group, "resumed", tri_client_conn_is_resumed(o->conn), "subprotocol",
        text_of(tri_ws_subprotocol(o->ws)), "deflate", name_deflate(tri_ws_deflate(o->ws)),
        "resolved_ns", (json_int_t)t.resolved_ns, "connected_ns", (json_int_t)t.connected_ns,
        "secured_ns", (json_int_t)t.secured_ns, "settings_ns", (json_int_t)t.settings_ns, "open_ns",
        (json_int_t)o->open_ns);
    print_event(p, event);
}

static void tell_timing(const struct cli_connect_print *p, const struct cli_connect_opened *o)
{
    const struct tri_client_timing t = tri_client_conn_timing(o->conn);
    const struct {
        const char *what;
        uint64_t ns;
    } parts[] = {{"address", t.resolved_ns},
                 {"connected", t.connected_ns},
                 {"TLS", t.secured_ns},
                 {"SETTINGS", t.settings_ns},
                 {"open", o->open_ns}};
    const char *before = "* after:";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char text[BENCH_NUMBER_MAX];
        if (parts[i].ns > 0) {
            (void)fprintf(p->err, "%s %s %s", before, parts[i].what,
                          bench_quantity(text, (double)parts[i].ns, BENCH_UNIT_TIME));
            before = ",";
        }
    }
    (void)fputc('\n', p->err);
}

void cli_connect_print_open(const struct cli_connect_print *p,
                            const struct cli_connect_opened *opened)
{
    const struct cli_connect_opened *o = opened;
    if (p->options->json) {
        print_open_event(p, o);
    }
    if (!p->options->verbose) {
        return;
    }
    const struct tri_carrier *c = tri_ws_carrier(o->ws);
    char text[256];
    (void)fprintf(p->err, "* open over %s to %s, %s, %s, %s%s\n", c->http, c->remote,
                  c->tls_version, c->tls_cipher, c->tls_group,
                  tri_client_conn_is_resumed(o->conn) ? ", resumed" : "");
    tell_timing(p, o);
    const char *subprotocol = tri_ws_subprotocol(o->ws);
    if (subprotocol[0] != '\0') {
        (void)fprintf(p->err, "* subprotocol: %s\n",
                      bench_text_clean(text, sizeof text, subprotocol));
    }
    if (p->options->deflate != TRI_DEFLATE_OFF) {
        (void)fprintf(p->err, "* compression: %s\n", name_deflate(tri_ws_deflate(o->ws)));
    }
}

/* -------------------------------------------------------------------------------------- messages */

/* A terminal obeys control characters: of a stranger's text it gets tabs and newlines alone. */
static void print_text(const struct cli_connect_print *p, const uint8_t *data, size_t len)
{
    if (!p->is_terminal) {
        (void)fwrite(data, 1, len, p->out);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        const bool is_c1 = data[i] == 0xc2 && i + 1 < len && data[i + 1] < 0xa0;
        const bool is_c0 = data[i] < 0x20 && data[i] != '\n' && data[i] != '\t';
        (void)fputc(is_c0 || is_c1 || data[i] == 0x7f ? '?' : data[i], p->out);
        i += is_c1 ? 1 : 0;
    }
}

static void print_hex(FILE *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        (void)fputc(digits[data[i] >> 4], out);
        (void)fputc(digits[data[i] & 15], out);
    }
}

static void print_message_event(const struct cli_connect_print *p, enum tri_type type,
                                const uint8_t *data, size_t len)
{
    if (type == TRI_TEXT) {
        print_event(p, json_pack("{s:s,s:s,s:o}", "event", "message", "type", "text", "data",
                                 json_stringn((const char *)data, len)));
        return;
    }
    (void)fputs("{\"event\":\"message\",\"type\":\"binary\",\"hex\":\"", p->out);
    print_hex(p->out, data, len);
    (void)fputs("\"}\n", p->out);
}

void cli_connect_print_message(const struct cli_connect_print *p, enum tri_type type,
                               const uint8_t *data, size_t len)
{
    if (p->options->json) {
        print_message_event(p, type, data, len);
        return;
    }
    if (type == TRI_BINARY && p->options->raw) {
        (void)fwrite(data, 1, len, p->out);
        return;
    }
    if (type == TRI_BINARY) {
        print_hex(p->out, data, len);
    } else {
        print_text(p, data, len);
    }
    (void)fputc('\n', p->out);
}

/* -------------------------------------------------------------------------------------- the end */

void cli_connect_print_close(const struct cli_connect_print *p, const struct tri_ws_end *end)
{
    if (p->options->json) {
        print_event(p, json_pack("{s:s,s:i,s:o,s:b,s:I,s:I,s:I,s:I,s:I}", "event", "close", "code",
                                 end->code, "reason", text_of(end->reason), "clean", end->clean,
                                 "messages_in", (json_int_t)end->messages_in, "messages_out",
                                 (json_int_t)end->messages_out, "bytes_in",
                                 (json_int_t)end->bytes_in, "bytes_out", (json_int_t)end->bytes_out,
                                 "duration_ms", (json_int_t)end->duration_ms));
    }
    if (p->options->verbose) {
        char reason[512];
        (void)fprintf(p->err, "* closed: %u%s%s%s\n", end->code, end->reason[0] != '\0' ? " " : "",
                      bench_text_clean(reason, sizeof reason, end->reason),
                      end->clean ? "" : " (without a closing handshake)");
        (void)fprintf(p->err,
                      "* messages: %" PRIu64 " in, %" PRIu64 " out; bytes: %" PRIu64 " in, %" PRIu64
                      " out\n",
                      end->messages_in, end->messages_out, end->bytes_in, end->bytes_out);
    }
}

void cli_connect_print_failure(const struct cli_connect_print *p, const struct tri_failure *why)
{
    if (p->options->json) {
        print_event(p, json_pack("{s:s,s:s,s:i,s:o}", "event", "error", "fault",
                                 tri_fault_name(why->fault), "status", why->status, "text",
                                 text_of(why->text)));
    }
    char text[1024];
    (void)fprintf(p->err, "trisock: %s\n", bench_text_clean(text, sizeof text, why->text));
}

void cli_connect_print_error(const struct cli_connect_print *p, const char *format, ...)
{
    char text[CLI_ERROR_MAX];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (p->options->json) {
        print_event(p, json_pack("{s:s,s:s,s:i,s:o}", "event", "error", "fault", "input", "status",
                                 0, "text", text_of(text)));
    }
    (void)fprintf(p->err, "trisock: %s\n", text);
}
