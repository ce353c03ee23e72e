/* Borrowed bytes: a pointer and a length. Owns nothing; valid as long as whoever lent it says. */
#ifndef TRI_BASE_SLICE_H
#define TRI_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tri_slice {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;          /* bytes */
};

/* A slice of a string literal. */
#define TRI_SLICE(literal)                                                                         \
    ((struct tri_slice){.data = (const uint8_t *)(literal), .len = sizeof(literal) - 1})

static inline struct tri_slice tri_slice_of(const void *data, size_t len)
{
    return (struct tri_slice){.data = (const uint8_t *)data, .len = len};
}

static inline struct tri_slice tri_slice_of_string(const char *s)
{
    return tri_slice_of(s, strlen(s));
}

static inline bool tri_slice_equal(struct tri_slice a, struct tri_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII case is ignored, as field names and tokens want it. RFC 9110 section 5.1 */
bool tri_slice_equal_nocase(struct tri_slice a, struct tri_slice b);

/* Without SP and HTAB at both ends: OWS, RFC 9110 section 5.6.3 */
struct tri_slice tri_slice_trim(struct tri_slice s);

/*
 * Takes the next element of a comma-separated list off the front of |*rest|, trimmed. Empty
 * elements are passed over (RFC 9110 section 5.6.1.2). Returns false at the end of the list.
 */
bool tri_slice_next_element(struct tri_slice *rest, struct tri_slice *element);

/* Whether |list| (comma-separated) holds |token|, ASCII case ignored. */
bool tri_slice_list_has(struct tri_slice list, struct tri_slice token);

#endif
