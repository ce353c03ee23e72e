/* HTTP/2 frames written and read by hand (RFC 9113 section 4), for what a proper client refuses to
 * send. Field blocks are literals without indexing or Huffman (RFC 7541 section 6.2.2). */
#ifndef TRI_TESTS_FRAMES_H2_H
#define TRI_TESTS_FRAMES_H2_H

#include "base_slice.h"
#include "peer_h2.h"

#include "trisock/trisock.h"

struct frame_h2 {
    uint8_t type;
    uint8_t flags;
    uint32_t stream_id;
    struct tri_slice payload;
};

/* All append to |out|. */
void frames_h2_preface(
    struct bytes_h2 *out); /* the magic, empty SETTINGS, and their ACK for ours */
void frames_h2_frame(struct bytes_h2 *out, uint8_t type, uint8_t flags, uint32_t stream_id,
                     const void *payload, size_t len);
/* |fields| end with a NULL name. */
void frames_h2_headers(struct bytes_h2 *out, uint32_t stream_id, const struct tri_header *fields,
                       bool fin);
void frames_h2_data(struct bytes_h2 *out, uint32_t stream_id, const void *data, size_t len,
                    bool fin);
/* A frame whose payload is one 32-bit number: RST_STREAM, WINDOW_UPDATE. */
void frames_h2_number(struct bytes_h2 *out, uint8_t type, uint32_t stream_id, uint32_t number);

/* One literal field of a field block. */
void frames_h2_field(struct bytes_h2 *out, const void *name, size_t name_len, const void *value,
                     size_t value_len);

/* Takes the next whole frame off |*rest|; false at the end. */
bool frames_h2_next(struct tri_slice *rest, struct frame_h2 *out);

uint32_t frames_h2_read_u32(const uint8_t *at);

#endif
