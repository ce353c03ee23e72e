/* A keyed hash for tables whose keys a peer chooses: without the key nobody can make them collide. */
#ifndef TRI_BASE_HASH_H
#define TRI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash with one round a word and three at the end, over |len| words. |key| is random. */
uint64_t tri_hash_words(const uint64_t key[2], const uint64_t *words, size_t len);

#endif
