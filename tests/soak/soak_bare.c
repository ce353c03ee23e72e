/* See soak_bare.h. */
#include "soak_bare.h"

/* What goes on a stream, opened for it. */
struct breach {
    size_t len;
    bool is_uni, fin;
    uint8_t bytes[12];
};

/* Type 0 is a control stream; frames: 0 DATA, 4 SETTINGS. RFC 9114 sections 6.2 and 7. */
static const struct breach breaches[] = {
    {4, true, false, {0x00, 0x00, 0x01, 'x'}},                    /* no SETTINGS first */
    {6, true, false, {0x00, 0x04, 0x00, 0x00, 0x01, 'x'}},        /* DATA on the control stream */
    {5, true, false, {0x00, 0x04, 0x00, 0x04, 0x00}},             /* SETTINGS twice */
    {5, true, false, {0x00, 0x04, 0x02, 0x02, 0x00}},             /* a setting of HTTP/2 */
    {3, true, true, {0x00, 0x04, 0x00}},                          /* the control stream ends */
    {7, true, false, {0x00, 0x04, 0x00, 0x07, 0x02, 0x00, 0x00}}, /* a frame of a wrong length */
    {7, true, false, {0x02, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff}}, /* QPACK: a capacity too large */
    {2, true, false, {0x01, 0x00}},                               /* a push, by a client */
    {3, false, false, {0x00, 0x01, 'x'}},                         /* DATA before HEADERS */
    {2, false, false, {0x04, 0x00}},                              /* SETTINGS on a request stream */
};

void soak_bare_break(struct peer_h3 *p, struct soak_random *r)
{
    static const uint8_t control[] = {0x00, 0x04, 0x00};
    const struct breach *b = &breaches[soak_random_below(r, sizeof breaches / sizeof breaches[0])];
    if (!b->is_uni) {
        int64_t id = peer_h3_raw_open(p, true);
        peer_h3_raw_send(p, id, control, sizeof control, false);
    }
    int64_t id = peer_h3_raw_open(p, b->is_uni);
    peer_h3_raw_send(p, id, b->bytes, b->len, b->fin);
}
