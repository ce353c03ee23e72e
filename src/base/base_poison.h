/*
 * Marks memory that is allocated but must not be touched, so that the address sanitizer catches
 * whoever touches it: spare chunks, bytes that were released. Does nothing in other builds.
 */
#ifndef TRI_BASE_POISON_H
#define TRI_BASE_POISON_H

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRI_HAS_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TRI_HAS_ASAN 1
#endif

#if defined(TRI_HAS_ASAN)
#include <sanitizer/asan_interface.h>
#endif

static inline void tri_poison(const void *p, size_t len)
{
#if defined(TRI_HAS_ASAN)
    __asan_poison_memory_region(p, len);
#else
    (void)p;
    (void)len;
#endif
}

static inline void tri_unpoison(const void *p, size_t len)
{
#if defined(TRI_HAS_ASAN)
    __asan_unpoison_memory_region(p, len);
#else
    (void)p;
    (void)len;
#endif
}

#endif
