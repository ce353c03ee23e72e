/* The closing handshake. RFC 6455 section 5.5.1, 7. */
#include "conformance_table.h"

#include <stdio.h>

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))
#define GROUP "closing"
#define FAULT "close:1002;fin;"

static const struct conformance_case rows[] = {
    {.name = "without a code", .script = "X", .expect = "close;fin;"},
    {.name = "behind a message", .script = "T\"a\" X1000", .expect = "T1:a;close:1000;fin;"},
    {.name = "with a reason", .script = "X1000\"bye\"", .expect = "close:1000:bye;fin;"},
    {.name = "with a reason in UTF-8",
     .script = "X1000<c3a4e282acf09f9880>",
     .expect = "close:1000<c3a4e282acf09f9880>;fin;"},
    {.name = "with a reason of 122 bytes", .script = "X1000*122", .expect = "close:1000*122;fin;"},
    {.name = "with a reason of 123 bytes", .script = "X1000*123", .expect = "close:1000*123;fin;"},
    {.name = "with a reason of 124 bytes", .script = "X1000*124", .expect = FAULT},
    {.name = "with 65536 bytes", .script = "X1000*65534", .expect = FAULT},
    {.name = "with 124 bytes of reason shows at its header",
     .script = "X/h1000*124",
     .expect = FAULT},
    {.name = "with one byte", .script = "X<03>", .expect = FAULT},
    {.name = "with one byte of zero", .script = "X<00>", .expect = FAULT},
    {.name = "without FIN", .script = "x1000", .expect = FAULT},
    {.name = "without FIN and payload", .script = "x", .expect = FAULT},
    {.name = "in two fragments", .script = "x<03> C<e8>", .expect = FAULT},
    {.name = "with a mask of zeros", .script = "X/01000\"a\"", .expect = "close:1000:a;fin;"},
    {.name = "with a header that waits",
     .script = "T\"a\" X/h1000",
     .expect = "T1:a;",
     .flags = CASE_OPEN},

    {.name = "with a reason that is a continuation byte",
     .script = "X1000<80>",
     .expect = "close:1007;fin;"},
    {.name = "with a reason that is overlong",
     .script = "X1000<c0af>",
     .expect = "close:1007;fin;"},
    {.name = "with a reason that is a surrogate",
     .script = "X1000<eda080>",
     .expect = "close:1007;fin;"},
    {.name = "with a reason above U+10FFFF",
     .script = "X1000<f4908080>",
     .expect = "close:1007;fin;"},
    {.name = "with a reason that breaks off",
     .script = "X1000\"a\"<c3>",
     .expect = "close:1007;fin;"},
    {.name = "with a long reason that breaks off",
     .script = "X1000*121<e282>",
     .expect = "close:1007;fin;"},
    {.name = "with a bad code and a bad reason", .script = "X999<ff>", .expect = FAULT},

    {.name = "a text behind it", .script = "X1000 T\"a\"", .expect = "close:1000;fin;"},
    {.name = "a ping behind it", .script = "X1000 P\"a\"", .expect = "close:1000;fin;"},
    {.name = "a pong behind it", .script = "X1000 O\"a\"", .expect = "close:1000;fin;"},
    {.name = "much behind it", .script = "T\"a\" X1000 B*65536", .expect = "T1:a;close:1000;fin;"},
    {.name = "frames that are none behind it",
     .script = "X1000 =<ffffffff>",
     .expect = "close:1000;fin;"},
    {.name = "a second behind it", .script = "X1000 X1000", .expect = "close:1000;fin;"},
    {.name = "a second, other one behind it",
     .script = "X1001\"a\" X1000\"b\"",
     .expect = "close:1001:a;fin;"},
    {.name = "a bad second one behind it", .script = "X1000 X999", .expect = "close:1000;fin;"},
    {.name = "a Close and a Close without a code",
     .script = "X1000 X",
     .expect = "close:1000;fin;"},
    {.name = "behind a ping", .script = "P\"a\" X1000", .expect = "pong:a;close:1000;fin;"},
    {.name = "behind 70000 bytes", .script = "B*70000 X1000", .expect = "B*70000;close:1000;fin;"},
    {.name = "within a message", .script = "t\"a\" X1000 C\"b\"", .expect = "close:1000;fin;"},
    {.name = "within a message, bad", .script = "t\"a\" X1005 C\"b\"", .expect = FAULT},
    {.name = "a fault behind it is not looked at",
     .script = "X1000 T/u\"a\"",
     .expect = "close:1000;fin;"},
    {.name = "a Close behind a fault is not answered", .script = "P*126 X1000", .expect = FAULT},

    {.name = "the server first",
     .script = "T\"a\" ! X1001",
     .expect = "T1:a;close:1001:going;fin;"},
    {.name = "the server first, the answer has no code",
     .script = "! X",
     .expect = "close:1001:going;fin;",
     .end_code = 1005},
    {.name = "the server first, and no answer",
     .script = "T\"a\" !",
     .expect = "T1:a;close:1001:going;",
     .flags = CASE_OPEN,
     .end_code = 1006},
    {.name = "the server first, a text before the answer",
     .script = "! T\"a\" X1001",
     .expect = "close:1001:going;fin;"},
    {.name = "the server first, a ping before the answer",
     .script = "! P\"a\" X1001",
     .expect = "close:1001:going;fin;"},
    {.name = "the server first, fragments before the answer",
     .script = "! t\"a\" C\"b\" X1001",
     .expect = "close:1001:going;fin;"},
    {.name = "the server first, much before the answer",
     .script = "! B*70000 T*5000 X1001",
     .expect = "close:1001:going;fin;"},
    {.name = "the server first, within a message",
     .script = "t\"a\" ! C\"b\" X1001",
     .expect = "close:1001:going;fin;"},
    {.name = "the server first, within a frame",
     .script = "T/h\"ab\" ! =<5698> X1001",
     .expect = "close:1001:going;fin;",
     .flags = CASE_PLAIN},
    {.name = "the server first, then a message too long",
     .script = "! T*1001 X1001",
     .expect = "close:1001:going;fin;",
     .limits = LIMITS_TIGHT},
    {.name = "the server first, another code in the answer",
     .script = "! X4000\"a\"",
     .expect = "close:1001:going;fin;",
     .end_code = 4000},
    {.name = "the server first, then a fault",
     .script = "! T/u\"a\" X1001",
     .expect = "close:1001:going;fin;",
     .end_code = 1002},
    {.name = "the server first, then a bad answer",
     .script = "! X1005",
     .expect = "close:1001:going;fin;",
     .end_code = 1002},
    {.name = "the server first, then two answers",
     .script = "! X1001 X1000",
     .expect = "close:1001:going;fin;"},
    {.name = "the server first, then something behind the answer",
     .script = "! X1001 T\"a\"",
     .expect = "close:1001:going;fin;"},
};

static void add_code(struct conformance_table *t, unsigned code, int is_valid)
{
    char name[64], script[64], expect[64];
    (void)snprintf(name, sizeof name, "with code %u", code);
    (void)snprintf(script, sizeof script, "X%u", code);
    (void)snprintf(expect, sizeof expect, "close:%u;fin;", code);
    conformance_add(t, &(struct conformance_case){.group = GROUP,
                                                  .name = name,
                                                  .script = script,
                                                  .expect = is_valid ? expect : FAULT});
    (void)snprintf(name, sizeof name, "with code %u and a reason", code);
    (void)snprintf(script, sizeof script, "T\"a\" X%u\"why\"", code);
    /* The transcript does not tell the reason of a code that the server gives for a fault. */
    const int is_shown = code < 1002 || code > 2000 || (code > 1003 && code < 1007) || code > 1011;
    (void)snprintf(expect, sizeof expect, "T1:a;close:%u%s;fin;", code, is_shown ? ":why" : "");
    conformance_add(t, &(struct conformance_case){.group = GROUP,
                                                  .name = name,
                                                  .script = script,
                                                  .expect = is_valid ? expect : "T1:a;" FAULT});
}

/* RFC 6455 section 7.4: 1004 is reserved; 1005, 1006, 1015 are never sent; 1016 to 2999 are not
 * given out (the registry has 1012 to 1014); 3000 to 4999 are free. */
void conformance_close(struct conformance_table *t)
{
    static const unsigned valid[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
                                     1013, 1014, 3000, 3001, 3500, 3999, 4000, 4001, 4998, 4999};
    static const unsigned invalid[] = {0,    1,    999,  1004, 1005, 1006, 1015, 1016,  1017,
                                       1100, 1999, 2000, 2001, 2999, 5000, 5001, 32768, 65535};
    conformance_add_rows(t, GROUP, rows, LEN(rows));
    for (size_t i = 0; i < LEN(valid); i++) {
        add_code(t, valid[i], 1);
    }
    for (size_t i = 0; i < LEN(invalid); i++) {
        add_code(t, invalid[i], 0);
    }
}
