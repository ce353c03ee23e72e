/*
 * Text is UTF-8: RFC 6455 section 8.1, RFC 3629. Each sequence is sent whole, and in two frames cut
 * at every byte; a bad one must end the socket at its first bad byte, before frame or message do.
 */
#include "conformance_table.h"

#include <stdio.h>
#include <string.h>

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))
#define GROUP "UTF-8"
#define FAULT "close:1007;fin;"

struct sequence {
    const char *name;
    const char *bytes;
    size_t bad; /* bytes up to and with the first that cannot stand there; 0: all is well */
};

static const struct sequence good[] = {
    {"U+007F", "\x7f", 0},
    {"U+0080", "\xc2\x80", 0},
    {"U+00E4", "\xc3\xa4", 0},
    {"U+07FF", "\xdf\xbf", 0},
    {"U+0800", "\xe0\xa0\x80", 0},
    {"U+0FFF", "\xe0\xbf\xbf", 0},
    {"U+1000", "\xe1\x80\x80", 0},
    {"U+20AC", "\xe2\x82\xac", 0},
    {"U+CFFF", "\xec\xbf\xbf", 0},
    {"U+D000", "\xed\x80\x80", 0},
    {"U+D7FF", "\xed\x9f\xbf", 0},
    {"U+E000", "\xee\x80\x80", 0},
    {"U+FFFD", "\xef\xbf\xbd", 0},
    {"U+FFFE", "\xef\xbf\xbe", 0},
    {"U+FFFF", "\xef\xbf\xbf", 0},
    {"U+FEFF", "\xef\xbb\xbf", 0},
    {"U+10000", "\xf0\x90\x80\x80", 0},
    {"U+1F600", "\xf0\x9f\x98\x80", 0},
    {"U+1FFFE", "\xf0\x9f\xbf\xbe", 0},
    {"U+3FFFF", "\xf0\xbf\xbf\xbf", 0},
    {"U+40000", "\xf1\x80\x80\x80", 0},
    {"U+FFFFF", "\xf3\xbf\xbf\xbf", 0},
    {"U+100000", "\xf4\x80\x80\x80", 0},
    {"U+10FFFF", "\xf4\x8f\xbf\xbf", 0},
    {"Greek", "\xce\xba\xcf\x8c\xcf\x83\xce\xbc\xce\xb5", 0},
    {"a letter with two accents", "a\xcc\x81\xcc\xa3", 0},
    {"all four lengths", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", 0},
};

static const struct sequence bad[] = {
    {"a continuation byte 80", "\x80", 1},
    {"a continuation byte BF", "\xbf", 1},
    {"a continuation byte behind a letter", "a\x80", 2},
    {"a continuation byte too many", "\xc3\xa4\xa4", 3},
    {"continuation bytes alone", "\x80\x81\x82\x83", 1},
    {"overlong NUL in two", "\xc0\x80", 1},
    {"overlong slash in two", "\xc0\xaf", 1},
    {"overlong U+007F in two", "\xc1\xbf", 1},
    {"overlong slash in three", "\xe0\x80\xaf", 2},
    {"overlong U+07FF in three", "\xe0\x9f\xbf", 2},
    {"overlong slash in four", "\xf0\x80\x80\xaf", 2},
    {"overlong U+FFFF in four", "\xf0\x8f\xbf\xbf", 2},
    {"a surrogate U+D800", "\xed\xa0\x80", 2},
    {"a surrogate U+DB7F", "\xed\xad\xbf", 2},
    {"a surrogate U+DBFF", "\xed\xaf\xbf", 2},
    {"a surrogate U+DC00", "\xed\xb0\x80", 2},
    {"a surrogate U+DFFF", "\xed\xbf\xbf", 2},
    {"a pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80", 2},
    {"U+110000", "\xf4\x90\x80\x80", 2},
    {"U+13FFFF", "\xf4\xbf\xbf\xbf", 2},
    {"U+140000", "\xf5\x80\x80\x80", 1},
    {"U+1FFFFF", "\xf7\xbf\xbf\xbf", 1},
    {"five bytes", "\xf8\x88\x80\x80\x80", 1},
    {"six bytes", "\xfc\x84\x80\x80\x80\x80", 1},
    {"FE", "\xfe", 1},
    {"FF", "\xff", 1},
    {"a letter within two", "\xc3z", 2},
    {"a letter within three", "\xe2\x82z", 3},
    {"a letter within four", "\xf0\x9f\x98z", 4},
    {"a lead within two", "\xc3\xc3\xa4", 2},
    {"a lead within three", "\xe2\x82\xe2\x82\xac", 3},
    {"good, and bad behind it", "\xce\xba\xcf\x8c\xed\xa0\x80ok", 6},
    {"bad at the end of much", "much that is good \xf4\x90\x80\x80", 20},
};

static void put_hex(char *out, size_t out_max, const char *bytes, size_t len)
{
    size_t used = (size_t)snprintf(out, out_max, "<");
    for (size_t i = 0; i < len; i++) {
        used += (size_t)snprintf(out + used, out_max - used, "%02x", (unsigned char)bytes[i]);
    }
    (void)snprintf(out + used, out_max - used, ">");
}

static void add(struct conformance_table *t, const char *name, const char *script,
                const char *expect, unsigned flags)
{
    conformance_add(
        t, &(struct conformance_case){
               .group = GROUP, .name = name, .script = script, .expect = expect, .flags = flags});
}

/* In one frame, and in two for each byte at which it can be cut. */
static void add_whole_and_cut(struct conformance_table *t, const struct sequence *s)
{
    char name[100], script[200], expect[100], head[80], tail[80];
    const size_t len = strlen(s->bytes);
    put_hex(head, sizeof head, s->bytes, len);
    (void)snprintf(script, sizeof script, "T\"ok\" T%s", head);
    (void)snprintf(expect, sizeof expect, "T2:ok;T%s;", head);
    const char *outcome = s->bad > 0 ? "T2:ok;" FAULT : expect;
    add(t, s->name, script, outcome, 0);
    for (size_t cut = 1; cut < len; cut++) {
        put_hex(head, sizeof head, s->bytes, cut);
        put_hex(tail, sizeof tail, s->bytes + cut, len - cut);
        (void)snprintf(name, sizeof name, "%s, cut behind byte %zu", s->name, cut);
        (void)snprintf(script, sizeof script, "T\"ok\" t%s C%s", head, tail);
        add(t, name, script, outcome, 0);
    }
}

/* The frame has more to come, which is never sent; and so has the message. */
static void add_fail_fast(struct conformance_table *t, const struct sequence *s)
{
    char name[100], script[200], hex[80];
    put_hex(hex, sizeof hex, s->bytes, s->bad);
    (void)snprintf(name, sizeof name, "%s ends it before the message ends", s->name);
    (void)snprintf(script, sizeof script, "t%s", hex);
    add(t, name, script, FAULT, 0);
    (void)snprintf(name, sizeof name, "%s ends it before the frame ends", s->name);
    (void)snprintf(script, sizeof script, "T/0/h*100 =%s", hex); /* with zeros as the mask */
    add(t, name, script, FAULT, CASE_PLAIN);
}

/* What would be good if more of it came. */
static void add_incomplete(struct conformance_table *t, const struct sequence *s)
{
    char name[100], script[200], hex[80];
    const size_t len = strlen(s->bytes);
    for (size_t cut = 1; cut < len && (s->bytes[0] & 0x80); cut++) {
        put_hex(hex, sizeof hex, s->bytes, cut);
        (void)snprintf(name, sizeof name, "%s ends behind byte %zu", s->name, cut);
        (void)snprintf(script, sizeof script, "T%s", hex);
        add(t, name, script, FAULT, 0);
        (void)snprintf(name, sizeof name, "%s ends behind byte %zu, in a last frame", s->name, cut);
        (void)snprintf(script, sizeof script, "t\"a\" C%s T\"b\"", hex);
        add(t, name, script, FAULT, 0);
        (void)snprintf(name, sizeof name, "%s waits behind byte %zu", s->name, cut);
        (void)snprintf(script, sizeof script, "t%s P\"1\"", hex);
        add(t, name, script, "pong:1;", CASE_OPEN);
    }
}

static const struct conformance_case rows[] = {
    {.name = "an empty text", .script = "T", .expect = "T0;"},
    {.name = "NUL", .script = "T<00>", .expect = "T<00>;"},
    {.name = "text in many languages",
     .script = "T<4772c3bcc39f652c20ce93ceb5ceb9ceac2c20e4bda0e5a5bd2c20d0bfd180d0b8d0b2d0b5d182>",
     .expect =
         "T<4772c3bcc39f652c20ce93ceb5ceb9ceac2c20e4bda0e5a5bd2c20d0bfd180d0b8d0b2d0b5d182>;"},
    {.name = "a frame for each byte of a text",
     .script = "T/s14<c3a4e282acf09f9880c3a4e282ac>",
     .expect = "T<c3a4e282acf09f9880c3a4e282ac>;"},
    {.name = "a frame for each byte of a text, with pings",
     .script = "T/s4/i<f09f9880>",
     .expect = "pong:i;pong:i;pong:i;T<f09f9880>;"},
    {.name = "a ping within a letter", .script = "t<c3> P\"1\" C<a4>", .expect = "pong:1;T<c3a4>;"},
    {.name = "an empty frame within a letter", .script = "t<c3> c C<a4>", .expect = "T<c3a4>;"},
    {.name = "a letter cut by the end of a message is not finished by the next",
     .script = "T<c3> T<a4>",
     .expect = FAULT},
    {.name = "bad bytes in a binary message do not matter",
     .script = "B<eda080> T\"ok\"",
     .expect = "B<eda080>;T2:ok;"},
    {.name = "bad bytes in a ping do not matter",
     .script = "P<ff> T\"ok\"",
     .expect = "pong<ff>;T2:ok;"},
    {.name = "a bad byte in 65536", .script = "T\"ok\" T*65000<ff>*535", .expect = "T2:ok;" FAULT},
    {.name = "a bad byte in 65536, in the first frame of two",
     .script = "T\"ok\" t*65000<ff>*535 C\"x\"",
     .expect = "T2:ok;" FAULT},
    {.name = "a bad byte, last of 20000", .script = "T*19999<c3>", .expect = FAULT},
    {.name = "a letter over the end of 16384 bytes",
     .script = "T*16383<f09f9880>*100",
     .expect = "T*16383<f09f9880>*100;"},
    {.name = "a letter over the end of 16384 bytes, bad",
     .script = "T*16383<f09f9841>*100",
     .expect = FAULT},
};

void conformance_text(struct conformance_table *t)
{
    conformance_add_rows(t, GROUP, rows, LEN(rows));
    for (size_t i = 0; i < LEN(good); i++) {
        add_whole_and_cut(t, &good[i]);
    }
    for (size_t i = 0; i < LEN(bad); i++) {
        add_whole_and_cut(t, &bad[i]);
        add_fail_fast(t, &bad[i]);
    }
    for (size_t i = 0; i < LEN(good) - 3; i += 3) { /* the single letters, one in three */
        add_incomplete(t, &good[i]);
    }
}
