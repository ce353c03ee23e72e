/* Pings and pongs. RFC 6455 section 5.5, 5.5.2, 5.5.3. */
#include "conformance_table.h"

#include <stdio.h>

#define LEN(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct conformance_case rows[] = {
    {.name = "a ping without payload", .script = "P", .expect = "pong;"},
    {.name = "a ping with text", .script = "P\"Hello\"", .expect = "pong:Hello;"},
    {.name = "a ping with bytes",
     .script = "P<00fffefdfcfb00ff>",
     .expect = "pong<00fffefdfcfb00ff>;"},
    {.name = "a ping with no UTF-8", .script = "P<c0af>", .expect = "pong<c0af>;"},
    {.name = "a ping with a mask of zeros", .script = "P/0*60", .expect = "pong*60;"},
    {.name = "a pong that nobody asked for", .script = "O\"Hello\"", .expect = ""},
    {.name = "an empty pong that nobody asked for", .script = "O", .expect = ""},
    {.name = "a pong, and a ping behind it", .script = "O\"a\" P\"b\"", .expect = "pong:b;"},
    {.name = "pongs of all sizes", .script = "O*1 O*124 O*125 T\"a\"", .expect = "T1:a;"},
    {.name = "ten pongs", .script = "O O O O O O O O O O T\"a\"", .expect = "T1:a;"},
    {.name = "ten pings",
     .script = "P\"0\" P\"1\" P\"2\" P\"3\" P\"4\" P\"5\" P\"6\" P\"7\" P\"8\" P\"9\"",
     .expect = "pong:0;pong:1;pong:2;pong:3;pong:4;pong:5;pong:6;pong:7;pong:8;pong:9;"},
    {.name = "ten long pings",
     .script = "P*125 P*124 P*123 P*122 P*121 P*120 P*119 P*118 P*117 P*116",
     .expect = "pong*125;pong*124;pong*123;pong*122;pong*121;pong*120;pong*119;pong*118;pong*117;"
               "pong*116;"},
    {.name = "pings and messages by turns",
     .script = "P\"1\" T\"a\" P\"2\" B\"b\" P\"3\"",
     .expect = "pong:1;T1:a;pong:2;B1:b;pong:3;"},
    {.name = "a ping, then a Close",
     .script = "P\"1\" X1000 P\"2\"",
     .expect = "pong:1;close:1000;fin;"},
    {.name = "a ping of 125 bytes cut at its header waits",
     .script = "P/h*125",
     .expect = "",
     .flags = CASE_OPEN},
    {.name = "a ping of 126 bytes", .script = "P*126", .expect = "close:1002;fin;"},
    {.name = "a ping of 127 bytes", .script = "P*127", .expect = "close:1002;fin;"},
    {.name = "a ping of 65536 bytes", .script = "P*65536", .expect = "close:1002;fin;"},
    {.name = "a long ping shows at its header", .script = "P/h*126", .expect = "close:1002;fin;"},
    {.name = "a long ping shows at its second byte",
     .script = "=<89fe>",
     .expect = "close:1002;fin;"},
    {.name = "a pong of 126 bytes", .script = "O*126", .expect = "close:1002;fin;"},
    {.name = "a pong of 65536 bytes", .script = "O*65536", .expect = "close:1002;fin;"},
    {.name = "a long ping behind messages",
     .script = "T\"a\" P\"b\" P*126 T\"c\"",
     .expect = "T1:a;pong:b;close:1002;fin;"},
    {.name = "a long pong within a message",
     .script = "T\"a\" t\"b\" O*126 C\"c\"",
     .expect = "T1:a;close:1002;fin;"},
    {.name = "a ping without FIN", .script = "p\"x\"", .expect = "close:1002;fin;"},
    {.name = "an empty ping without FIN", .script = "p", .expect = "close:1002;fin;"},
    {.name = "a ping in two fragments", .script = "p\"x\" C\"y\"", .expect = "close:1002;fin;"},
    {.name = "a pong without FIN", .script = "o\"x\"", .expect = "close:1002;fin;"},
    {.name = "a pong in two fragments", .script = "o\"x\" C\"y\"", .expect = "close:1002;fin;"},
    {.name = "a ping without FIN shows at its byte",
     .script = "=<09>",
     .expect = "close:1002;fin;"},
    {.name = "a ping without FIN behind messages",
     .script = "T\"a\" P\"b\" p\"c\" T\"d\"",
     .expect = "T1:a;pong:b;close:1002;fin;"},
    {.name = "a pong without FIN within a message",
     .script = "T\"a\" t\"b\" o\"c\" C\"d\"",
     .expect = "T1:a;close:1002;fin;"},
};

void conformance_control(struct conformance_table *t)
{
    static const unsigned sizes[] = {1, 2, 63, 64, 65, 124, 125};
    conformance_add_rows(t, "pings and pongs", rows, LEN(rows));
    for (size_t i = 0; i < LEN(sizes); i++) {
        char name[64], script[32], expect[32];
        (void)snprintf(name, sizeof name, "a ping of %u bytes", sizes[i]);
        (void)snprintf(script, sizeof script, "P*%u", sizes[i]);
        (void)snprintf(expect, sizeof expect, "pong*%u;", sizes[i]);
        conformance_add(
            t, &(struct conformance_case){
                   .group = "pings and pongs", .name = name, .script = script, .expect = expect});
    }
}
