/* permessage-deflate, RFC 7692: what is agreed, and messages compressed in every way there is. */
#include "conformance_table.h"

#include <stdio.h>

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BAD "close:1007;fin;"
#define FAULT "close:1002;fin;"

/* Of RFC 7692 section 7.2.3: "Hello" in one block; the same again, referring to the first. */
#define HELLO "<f248cdc9c90700>"
#define HELLO_AGAIN "<f200110000>"

static const struct conformance_case rows[] = {
    {.name = "hello", .script = "T/1" HELLO, .expect = "T5:Hello;"},
    {.name = "hello in two", .script = "t/1<f248cd> C<c9c90700>", .expect = "T5:Hello;"},
    {.name = "hello in seven", .script = "T/1/s7" HELLO, .expect = "T5:Hello;"},
    {.name = "hello in seven with pings",
     .script = "B/1/s7/i" HELLO,
     .expect = "pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;B5:Hello;"},
    {.name = "hello in a stored block",
     .script = "T/1<000500faff48656c6c6f00>",
     .expect = "T5:Hello;"},
    {.name = "hello in two stored blocks",
     .script = "T/1<000200fdff4865000300fcff6c6c6f00>",
     .expect = "T5:Hello;"},
    {.name = "hello in two stored blocks and two frames",
     .script = "t/1<000200fdff48> C<65000300fcff6c6c6f00>",
     .expect = "T5:Hello;"},
    {.name = "hello in a final block", .script = "T/1<f348cdc9c9070000>", .expect = "T5:Hello;"},
    {.name = "hello in two blocks with an empty one between",
     .script = "T/1<f24805000000ffffcac9c90700>",
     .expect = "T5:Hello;"},
    {.name = "hello twice, without context",
     .script = "T/1" HELLO " T/1" HELLO,
     .expect = "T5:Hello;T5:Hello;"},
    {.name = "context that was given up is not there",
     .script = "T/1" HELLO " T/1" HELLO_AGAIN,
     .expect = "T5:Hello;" BAD,
     .offer = "permessage-deflate; client_no_context_takeover"},
    {.name = "context that never was", .script = "T/1" HELLO_AGAIN, .expect = BAD},

    {.name = "a letter", .script = "T/z\"a\"", .expect = "T1:a;"},
    {.name = "an empty text", .script = "T/z", .expect = "T0;"},
    {.name = "an empty binary", .script = "B/z", .expect = "B0;"},
    {.name = "three empty texts", .script = "T/z T/z T/z", .expect = "T0;T0;T0;"},
    {.name = "an empty text between", .script = "T/z\"a\" T/z T/z\"a\"", .expect = "T1:a;T0;T1:a;"},
    {.name = "an empty stored block", .script = "T/1<00>", .expect = "T0;"},
    {.name = "an empty fixed block", .script = "T/1<0200>", .expect = "T0;"},
    {.name = "an empty text in two", .script = "t/z C", .expect = "T0;"},
    {.name = "in two, the first empty", .script = "t/z C\"Hello\"", .expect = "T5:Hello;"},
    {.name = "in two, the last empty", .script = "t/z\"Hello\" C", .expect = "T5:Hello;"},
    {.name = "in three, the middle empty", .script = "t/z\"Hel\" c C\"lo\"", .expect = "T5:Hello;"},
    {.name = "in three that are flushed", .script = "t/z*50 c*50 C*50", .expect = "T*50*50*50;"},
    {.name = "a ping between flushed pieces",
     .script = "t/z\"Hel\" P\"1\" C\"lo\"",
     .expect = "pong:1;T5:Hello;"},
    {.name = "200 bytes", .script = "T/z*200", .expect = "T*200;", .flags = CASE_SQUEEZED},
    {.name = "70000 bytes", .script = "B/z*70000", .expect = "B*70000;", .flags = CASE_SQUEEZED},
    {.name = "70000 bytes in ten",
     .script = "T/z/s10*70000",
     .expect = "T*70000;",
     .flags = CASE_SQUEEZED},
    {.name = "200 bytes in frames of one byte, with pings",
     .script = "T/z/s20/i\"abcdefghijklmnopqrst\"",
     .expect =
         "pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;"
         "pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;pong:i;T20:abcdefghijklmnopqrst;"},
    {.name = "bytes that do not get smaller",
     .script = "B/z<00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0>",
     .expect = "B<00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0>;"},
    {.name = "ten messages alike",
     .script = "T/z*300 T/z*300 T/z*300 T/z*300 T/z*300 T/z*300 T/z*300 T/z*300 T/z*300 T/z*300",
     .expect = "T*300;T*300;T*300;T*300;T*300;T*300;T*300;T*300;T*300;T*300;",
     .flags = CASE_SQUEEZED},
    {.name = "a message over a million bytes, and what follows waits for it",
     .script = "T/z%3000000 P\"1\" T/z\"b\"",
     .expect = "T%3000000;pong:1;T1:b;"},
    {.name = "a message over a million bytes in four",
     .script = "B/z/s4%3000000 X1000\"b\"",
     .expect = "B%3000000;close:1000:b;fin;"},

    {.name = "uncompressed first",
     .script = "T\"a\" T/z\"b\"",
     .expect = "T1:a;T1:b;",
     .expect_off = "T1:a;" FAULT},
    {.name = "uncompressed behind", .script = "T/z\"a\" T\"b\"", .expect = "T1:a;T1:b;"},
    {.name = "uncompressed between",
     .script = "T/z*300 T*300 T/z*300 B*10 T/z*300",
     .expect = "T*300;T*300;T*300;B*10;T*300;"},
    {.name = "uncompressed in two between",
     .script = "T/z*300 t*300 C\"x\" T/z*300",
     .expect = "T*300;T*300\"x\";T*300;"},
    {.name = "by turns in fragments",
     .script = "t/z*90 C*90 t*90 C*90 t/z*90 C*90",
     .expect = "T*90*90;T*90*90;T*90*90;"},
    {.name = "never compressed",
     .script = "T\"a\" B*1000",
     .expect = "T1:a;B*1000;",
     .expect_off = "T1:a;B*1000;"},

    {.name = "ended with BFINAL", .script = "T/f\"Hello\"", .expect = "T5:Hello;"},
    {.name = "empty and ended with BFINAL", .script = "T/f", .expect = "T0;"},
    {.name = "2000 bytes ended with BFINAL", .script = "B/f*2000", .expect = "B*2000;"},
    {.name = "BFINAL, then a message without",
     .script = "T/f*200 T/z*200 T/z*200",
     .expect = "T*200;T*200;T*200;"},
    {.name = "BFINAL behind a message without",
     .script = "T/z*200 T/f*200 T/z*200",
     .expect = "T*200;T*200;T*200;"},
    {.name = "BFINAL three times",
     .script = "T/f*200 T/f*200 T/f*200",
     .expect = "T*200;T*200;T*200;"},
    {.name = "BFINAL in five frames", .script = "T/f/s5*200 T/z\"a\"", .expect = "T*200;T1:a;"},

    {.name = "RSV1 on a continuation", .script = "t/z\"Hel\" C/1\"lo\"", .expect = FAULT},
    {.name = "RSV1 on a middle one", .script = "t/z\"Hel\" c/1\"l\" C\"o\"", .expect = FAULT},
    {.name = "RSV1 on a continuation of an uncompressed message",
     .script = "t\"Hel\" C/1\"lo\"",
     .expect = FAULT},
    {.name = "RSV1 on a ping within a message", .script = "t/z\"Hel\" P/1\"x\"", .expect = FAULT},
    {.name = "RSV1 on a pong", .script = "T/z\"a\" O/1\"x\"", .expect = "T1:a;" FAULT},
    {.name = "RSV1 on a Close", .script = "T/z\"a\" X/11000", .expect = "T1:a;" FAULT},
    {.name = "RSV2 on a compressed message", .script = "T/1/2" HELLO, .expect = FAULT},
    {.name = "a compressed message within a message",
     .script = "t/z\"Hel\" T/1" HELLO,
     .expect = FAULT},

    {.name = "a block of no type", .script = "T/1<ffffffff>", .expect = BAD},
    {.name = "a block of no type, binary", .script = "B/1<ffffffff>", .expect = BAD},
    {.name = "a block of no type behind messages",
     .script = "T/z\"a\" P\"1\" T/1<ffffffff> T\"b\"",
     .expect = "T1:a;pong:1;" BAD},
    {.name = "a block of no type in the second frame",
     .script = "t/1<000500faff48656c6c6f> C<ffffffff>",
     .expect = BAD},
    {.name = "garbage ends it before the message does", .script = "t/1<ffffffff>", .expect = BAD},
    {.name = "text as it is", .script = "T/1\"This is not compressed at all\"", .expect = BAD},
    {.name = "a stored block of two lengths",
     .script = "T/1<000500fafe48656c6c6f00>",
     .expect = BAD},
    {.name = "code lengths that cannot be",
     .script = "T/1<04ffffffffffffffffffffffff>",
     .expect = BAD},
    {.name = "breaks off in a fixed block", .script = "T/1<f248cd>", .expect = BAD},
    {.name = "breaks off behind one byte", .script = "T/1<f2>", .expect = BAD},
    {.name = "breaks off in a stored length", .script = "B/1<000500>", .expect = BAD},
    {.name = "breaks off in a stored block", .script = "B/1<000500faff4865>", .expect = BAD},
    {.name = "breaks off in a second frame", .script = "t/1<f248> C<cd>", .expect = BAD},
    {.name = "breaks off behind a message",
     .script = "T/1" HELLO " T/1<f248cd>",
     .expect = "T5:Hello;" BAD},
    {.name = "text that is no UTF-8", .script = "T/z\"a\"<ff>", .expect = BAD},
    {.name = "text that breaks off in a letter", .script = "T/z\"a\"<e282>", .expect = BAD},
    {.name = "text with a letter over two pieces",
     .script = "t/z<e282> C<ac>",
     .expect = "T<e282ac>;"},
    {.name = "17 million bytes out of a few",
     .script = "T/z\"a\" B/z%17000000",
     .expect = "T1:a;close:1009;fin;",
     .flags = CASE_WHOLE},
};

static const struct conformance_case limit_rows[] = {
    {.name = "1000 bytes, compressed", .script = "T/z*1000", .expect = "T*1000;"},
    {.name = "1001 bytes, compressed",
     .script = "T/z*1001",
     .expect = "close:1009;fin;",
     .flags = CASE_WHOLE},
    {.name = "1001 bytes in two, compressed",
     .script = "t/z*600 C*401",
     .expect = "close:1009;fin;",
     .flags = CASE_WHOLE},
    {.name = "1000 bytes in two, compressed", .script = "t/z*600 C*400", .expect = "T*600*400;"},
    {.name = "100000 bytes out of a few",
     .script = "T/z%100000",
     .expect = "close:1009;fin;",
     .flags = CASE_WHOLE},
    {.name = "100000 bytes out of a few, behind a message",
     .script = "T/z%1000 P B/z%100000 T\"a\"",
     .expect = "T%1000;pong;close:1009;fin;",
     .flags = CASE_WHOLE},
    {.name = "100000 bytes out of a few, that never end",
     .script = "t/z%100000",
     .expect = "close:1009;fin;",
     .flags = CASE_WHOLE},
    {.name = "1000 bytes, longer than that when compressed",
     .script = "B/1/s3<00e80317fc>*1000<00>",
     .expect = "B*1000;"},
    {.name = "pieces of 100000 bytes out of a few",
     .script = "T/z%100000 T\"a\"",
     .expect = "T%100000;T1:a;",
     .flags = CASE_PIECES},
    {.name = "9 frames, compressed",
     .script = "T/z/s9\"abcdefghi\"",
     .expect = "close:1008;fin;",
     .flags = CASE_WHOLE},
};

/* What is not taken: then nothing is compressed. */
static const struct conformance_case offer_rows[] = {
    {.name = "a parameter that there is not", .offer = "permessage-deflate; fast"},
    {.name = "a parameter twice",
     .offer = "permessage-deflate; client_no_context_takeover; client_no_context_takeover"},
    {.name = "a value where there is none",
     .offer = "permessage-deflate; server_no_context_takeover=1"},
    {.name = "no value where there must be one",
     .offer = "permessage-deflate; server_max_window_bits"},
    {.name = "a window of 7 bits", .offer = "permessage-deflate; server_max_window_bits=7"},
    {.name = "a window of 8 bits for the server",
     .offer = "permessage-deflate; server_max_window_bits=8"},
    {.name = "a window of 16 bits", .offer = "permessage-deflate; client_max_window_bits=16"},
    {.name = "another extension", .offer = "x-other; a=b"},
};

static const struct conformance_case taken_rows[] = {
    {.name = "nothing asked for", .offer = "permessage-deflate"},
    {.name = "the second alternative",
     .offer = "permessage-deflate; fast, permessage-deflate; client_max_window_bits"},
    {.name = "behind another extension", .offer = "x-other, permessage-deflate"},
    {.name = "a value in quotes", .offer = "permessage-deflate; client_max_window_bits=\"10\""},
};

static void add_offers(struct conformance_table *t)
{
    for (size_t i = 0; i < LEN(offer_rows); i++) {
        struct conformance_case row = offer_rows[i];
        row.group = "compression offers";
        row.script = "T\"a\" T/z\"b\"";
        row.expect = row.expect_off = "T1:a;close:1002;fin;";
        row.flags = CASE_DEFLATE;
        conformance_add(t, &row);
    }
    for (size_t i = 0; i < LEN(taken_rows); i++) {
        struct conformance_case row = taken_rows[i];
        row.group = "compression offers";
        row.script = "T/z*200 T/z*200";
        row.expect = "T*200;T*200;";
        row.flags = CASE_DEFLATE | CASE_SQUEEZED;
        row.limits = LIMITS_WIDE;
        conformance_add(t, &row);
    }
    conformance_add(
        t, &(struct conformance_case){.group = "compression offers",
                                      .name = "a window of 8 bits for the client",
                                      .offer = "permessage-deflate; client_max_window_bits=8",
                                      .script = "T/1<000500faff48656c6c6f00>",
                                      .expect = "T5:Hello;",
                                      .flags = CASE_DEFLATE,
                                      .limits = LIMITS_WIDE});
}

/*
 * Each combination of parameters. The same 90 letters come again and again, at distances a little
 * longer than each of the windows, and in later messages: whoever looks back further than was
 * agreed, or into a message that was to be forgotten, cannot be read.
 */
#define FAR "*90%510*90%1210*90%2510*90%5110*90%10310*90%20710*90"

static void add_parameters(struct conformance_table *t, unsigned takeover)
{
    for (unsigned bits = 0; bits < 49; bits++) {
        char name[100], offer[200];
        (void)snprintf(name, sizeof name, "server %s, %u bits; client %s, %u bits",
                       (takeover & 1) ? "forgets" : "remembers", 9 + bits / 7,
                       (takeover & 2) ? "forgets" : "remembers", 9 + bits % 7);
        (void)snprintf(offer, sizeof offer,
                       "permessage-deflate%s%s; server_max_window_bits=%u; "
                       "client_max_window_bits=%u",
                       (takeover & 1) ? "; server_no_context_takeover" : "",
                       (takeover & 2) ? "; client_no_context_takeover" : "", 9 + bits / 7,
                       9 + bits % 7);
        conformance_add(t,
                        &(struct conformance_case){.group = "compression parameters",
                                                   .name = name,
                                                   .script = "T/z" FAR " B/z*90%1210 T\"a\" T/z*90",
                                                   .expect = "T" FAR ";B*90%1210;T1:a;T*90;",
                                                   .offer = offer,
                                                   .flags = CASE_DEFLATE | CASE_SQUEEZED,
                                                   .limits = LIMITS_WIDE});
    }
}

void conformance_deflate(struct conformance_table *t)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct conformance_case row = rows[i];
        row.group = "compression";
        row.flags |= CASE_DEFLATE;
        row.limits = LIMITS_WIDE;
        conformance_add(t, &row);
    }
    for (size_t i = 0; i < LEN(limit_rows); i++) {
        struct conformance_case row = limit_rows[i];
        row.group = "limits";
        row.flags |= CASE_DEFLATE;
        row.limits = LIMITS_TIGHT;
        conformance_add(t, &row);
    }
    add_offers(t);
    for (unsigned takeover = 0; takeover < 4; takeover++) {
        add_parameters(t, takeover);
    }
}
