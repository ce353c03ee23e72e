/* Frames: sizes, masks, lengths, reserved bits and opcodes. RFC 6455 section 5.2, 5.3. */
#include "conformance_table.h"

#include <stdio.h>
#include <string.h>

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct conformance_case framing_rows[] = {
    {.name = "hello", .script = "T\"Hello\"", .expect = "T5:Hello;"},
    {.name = "three messages", .script = "T\"a\" B\"b\" T\"c\"", .expect = "T1:a;B1:b;T1:c;"},
    {.name = "binary that is no UTF-8", .script = "B<ff00c080>", .expect = "B<ff00c080>;"},

    {.name = "a mask of zeros", .script = "T/0\"Hello\"", .expect = "T5:Hello;"},
    {.name = "a mask of zeros, 200 bytes", .script = "B/0*200", .expect = "B*200;"},
    {.name = "a mask of zeros, 70000 bytes", .script = "B/0*70000", .expect = "B*70000;"},
    {.name = "a mask of zeros and no payload", .script = "T/0 P/0", .expect = "T0;pong;"},
    {.name = "text without a mask", .script = "T/u\"Hello\"", .expect = "close:1002;fin;"},
    {.name = "binary without a mask", .script = "B/u*200", .expect = "close:1002;fin;"},
    {.name = "an empty text without a mask", .script = "T/u", .expect = "close:1002;fin;"},
    {.name = "a ping without a mask", .script = "P/u\"x\"", .expect = "close:1002;fin;"},
    {.name = "a pong without a mask", .script = "O/u", .expect = "close:1002;fin;"},
    {.name = "a Close without a mask", .script = "X/u1000", .expect = "close:1002;fin;"},
    {.name = "a continuation without a mask",
     .script = "T\"a\" t\"b\" C/u\"c\"",
     .expect = "T1:a;close:1002;fin;"},
    {.name = "without a mask behind a message",
     .script = "T\"a\" T/u\"b\" T\"c\"",
     .expect = "T1:a;close:1002;fin;"},
    {.name = "without a mask, told by the header alone",
     .script = "T/u/h\"Hello\"",
     .expect = "close:1002;fin;"},

    {.name = "126 bytes in 16 bits", .script = "T/w*126", .expect = "T*126;", .flags = CASE_PLAIN},
    {.name = "65536 bytes in 64 bits",
     .script = "B/q*65536",
     .expect = "B*65536;",
     .flags = CASE_PLAIN},
    {.name = "0 bytes in 16 bits", .script = "T/w", .expect = "close:1002;fin;"},
    {.name = "5 bytes in 16 bits", .script = "T/w\"Hello\"", .expect = "close:1002;fin;"},
    {.name = "125 bytes in 16 bits",
     .script = "B/w*125",
     .expect = "close:1002;fin;",
     .flags = CASE_PLAIN},
    {.name = "0 bytes in 64 bits", .script = "T/q", .expect = "close:1002;fin;"},
    {.name = "125 bytes in 64 bits", .script = "T/q*125", .expect = "close:1002;fin;"},
    {.name = "126 bytes in 64 bits", .script = "B/q*126", .expect = "close:1002;fin;"},
    {.name = "65535 bytes in 64 bits",
     .script = "B/q*65535",
     .expect = "close:1002;fin;",
     .flags = CASE_PLAIN},
    {.name = "a ping's length in 16 bits", .script = "P/w\"x\"", .expect = "close:1002;fin;"},
    {.name = "a ping's length in 64 bits", .script = "P/q\"x\"", .expect = "close:1002;fin;"},
    {.name = "a Close's length in 16 bits", .script = "X/w1000", .expect = "close:1002;fin;"},
    {.name = "a continuation's length is not minimal",
     .script = "t\"a\" C/w\"b\"",
     .expect = "close:1002;fin;"},
    {.name = "the top bit of a length",
     .script = "B/Q*65536",
     .expect = "close:1002;fin;",
     .flags = CASE_PLAIN},
    {.name = "the top bit of a length, and no other",
     .script = "=<82ff800000000000000037fa213d>",
     .expect = "close:1002;fin;",
     .flags = CASE_PLAIN},
    {.name = "the top bit shows at its byte",
     .script = "T\"a\" =<82ff80>",
     .expect = "T1:a;close:1002;fin;",
     .flags = CASE_PLAIN},
    {.name = "the largest length there is",
     .script = "=<82ff7fffffffffffffff37fa213d>",
     .expect = "close:1009;fin;",
     .flags = CASE_PLAIN | CASE_WHOLE},

    {.name = "half a header waits",
     .script = "T\"a\" =<81>",
     .expect = "T1:a;",
     .flags = CASE_OPEN},
    {.name = "a header without its mask waits",
     .script = "=<818537fa>",
     .expect = "",
     .flags = CASE_OPEN | CASE_PLAIN},
    {.name = "a header without its payload waits",
     .script = "T\"a\" B/h\"b\"",
     .expect = "T1:a;",
     .flags = CASE_OPEN | CASE_PLAIN},
};

static void add_sizes(struct conformance_table *t)
{
    static const size_t sizes[] = {0,    1,    2,     124,   125,   126,   127,   128,   1000,
                                   4095, 4096, 16383, 16384, 16385, 65535, 65536, 65537, 70000};
    for (size_t i = 0; i < 2 * LEN(sizes); i++) {
        const char kind = i % 2 == 0 ? 'T' : 'B';
        char name[64], script[64], expect[64];
        (void)snprintf(name, sizeof name, "%s of %zu bytes", i % 2 == 0 ? "text" : "binary",
                       sizes[i / 2]);
        (void)snprintf(script, sizeof script, "%c*%zu", kind, sizes[i / 2]);
        (void)snprintf(expect, sizeof expect, "%c*%zu;", kind, sizes[i / 2]);
        conformance_add(t,
                        &(struct conformance_case){
                            .group = "framing", .name = name, .script = script, .expect = expect});
    }
}

/* --- reserved bits. RFC 6455 section 5.2: MUST be 0 unless an extension gives them a meaning */

struct place {
    const char *name, *before, *echoes;
};

static const struct place places[] = {
    {"alone", "", ""},
    {"behind a message", "T\"ok\" ", "T2:ok;"},
    {"behind a ping", "P\"ok\" ", "pong:ok;"},
    {"in a message", "T\"ok\" t\"Hel\" ", "T2:ok;"},
};

struct kind {
    const char *name;
    char letter;
    const char *payload;
};

static const struct kind kinds[] = {
    {"text", 'T', "\"Hello\""}, {"binary", 'B', "\"Hello\""}, {"continuation", 'C', "\"lo\""},
    {"ping", 'P', "\"x\""},     {"pong", 'O', "\"x\""},       {"Close", 'X', "1000"},
};

static void add_reserved(struct conformance_table *t, unsigned bits, const struct kind *kind,
                         const struct place *place)
{
    char name[80], flags[8], script[100], expect[60], off[60];
    (void)snprintf(flags, sizeof flags, "%s%s%s", (bits & 4) ? "/1" : "", (bits & 2) ? "/2" : "",
                   (bits & 1) ? "/3" : "");
    (void)snprintf(name, sizeof name, "RSV %u%u%u on a %s %s", bits >> 2, bits >> 1 & 1, bits & 1,
                   kind->name, place->name);
    (void)snprintf(script, sizeof script, "%s%c%s%s P\"after\"", place->before, kind->letter, flags,
                   kind->payload);
    /* Where compression was agreed, RSV1 says that "Hello" is compressed, which it is not. */
    const int is_squeezed = bits == 4 && (kind->letter == 'T' || kind->letter == 'B') &&
                            strcmp(place->name, "in a message") != 0;
    (void)snprintf(off, sizeof off, "%sclose:1002;fin;", place->echoes);
    (void)snprintf(expect, sizeof expect, "%sclose:%s;fin;", place->echoes,
                   is_squeezed ? "1007" : "1002");
    conformance_add(t, &(struct conformance_case){.group = "reserved bits",
                                                  .name = name,
                                                  .script = script,
                                                  .expect = expect,
                                                  .expect_off = off});
}

static const struct conformance_case reserved_rows[] = {
    {.name = "RSV2 shows at its byte", .script = "=<a1>", .expect = "close:1002;fin;"},
    {.name = "RSV3 shows at its byte", .script = "=<91>", .expect = "close:1002;fin;"},
    {.name = "RSV3 shows before the payload",
     .script = "T/3/h\"Hello\"",
     .expect = "close:1002;fin;"},
    {.name = "RSV1 on a ping shows at its byte", .script = "=<c9>", .expect = "close:1002;fin;"},
    {.name = "RSV1 on a continuation shows before the payload",
     .script = "T\"ok\" t\"a\" C/1/h\"b\"",
     .expect = "T2:ok;close:1002;fin;"},
};

/* --- opcodes. RFC 6455 section 5.2: 3 to 7 and 11 to 15 are reserved */

static void add_opcode(struct conformance_table *t, unsigned opcode, const struct place *place)
{
    static const char *const payloads[] = {"", "\"Hello\"", "*200", "/h\"Hello\""};
    static const char *const names[] = {"empty", "5 bytes", "200 bytes", "a header alone"};
    for (size_t i = 0; i < LEN(payloads); i++) {
        char name[80], script[80], expect[60];
        (void)snprintf(name, sizeof name, "opcode %u %s, %s", opcode, place->name, names[i]);
        (void)snprintf(script, sizeof script, "%s#%02x%s P\"after\"", place->before, 0x80 | opcode,
                       payloads[i]);
        (void)snprintf(expect, sizeof expect, "%sclose:1002;fin;", place->echoes);
        conformance_add(t,
                        &(struct conformance_case){
                            .group = "opcodes", .name = name, .script = script, .expect = expect});
    }
}

static void add_opcode_uncut(struct conformance_table *t, unsigned opcode)
{
    char name[80], script[80];
    (void)snprintf(name, sizeof name, "opcode %u without FIN", opcode);
    (void)snprintf(script, sizeof script, "#%02x\"Hel\" C\"lo\"", opcode);
    conformance_add(
        t, &(struct conformance_case){
               .group = "opcodes", .name = name, .script = script, .expect = "close:1002;fin;"});
    (void)snprintf(name, sizeof name, "opcode %u shows at its byte", opcode);
    (void)snprintf(script, sizeof script, "T\"ok\" =<%02x>", 0x80 | opcode);
    conformance_add(t, &(struct conformance_case){.group = "opcodes",
                                                  .name = name,
                                                  .script = script,
                                                  .expect = "T2:ok;close:1002;fin;"});
}

void conformance_framing(struct conformance_table *t)
{
    conformance_add_rows(t, "framing", framing_rows, LEN(framing_rows));
    add_sizes(t);
    conformance_add_rows(t, "reserved bits", reserved_rows, LEN(reserved_rows));
    for (unsigned bits = 1; bits < 8; bits++) {
        for (size_t k = 0; k < LEN(kinds); k++) {
            for (size_t p = 0; p < LEN(places); p++) {
                add_reserved(t, bits, &kinds[k], &places[p]);
            }
        }
    }
    for (unsigned opcode = 3; opcode < 16; opcode++) {
        if (opcode >= 8 && opcode <= 10) {
            continue;
        }
        for (size_t p = 0; p < LEN(places); p++) {
            add_opcode(t, opcode, &places[p]);
        }
        add_opcode_uncut(t, opcode);
    }
}
