// SPDX-License-Identifier: Apache-2.0
/*
 * hash.h - the one stable 64-bit hash (CONTRACT 16.3).
 *
 * Shuffle, state, joins, rescaling and Python's HashPartitioner use it, so its values are pinned by
 * a golden test for ever. Integers of every width and sign hash by value as int64 (uint64 above
 * INT64_MAX by its bits); float32 and float64 that hold an integer do NOT equal that integer's hash
 * (keys are of one kind); -0.0 hashes as 0.0 and every NaN as one; text and binary by their bytes;
 * decimals of up to 128 bits by their 128-bit unscaled value; decimal256, lists, structs and maps
 * by the bytes columnar/value_bytes.h makes of them; dictionaries and runs as their values; null by
 * a constant of its own. A key of several columns folds from the left with sb_hash_combine; a key
 * of one column is that column's hash.
 */
#ifndef SABOT_BASE_HASH_H
#define SABOT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/word.h"

#define SB_HASH_NULL UINT64_C(0x9b1f3a6d52c8e047)
#define SB_HASH_NAN UINT64_C(0x7ff8000000000000)
#define SB_HASH_TEXT_0 UINT64_C(0xa0761d6478bd642f)
#define SB_HASH_TEXT_1 UINT64_C(0xe7037ed1a0b428db)
#define SB_HASH_TEXT_2 UINT64_C(0x8ebc6af09c88c6e3)

__extension__ typedef unsigned __int128 sb_uint128;

/* Mixes the 128-bit product of two words: one multiply, full avalanche of both halves. */
static inline uint64_t sb_hash_mix(uint64_t a, uint64_t b)
{
    sb_uint128 product = (sb_uint128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * The hash of an integer, boolean, date, time or timestamp value. One to one: two values have equal
 * hashes only when they are equal. The multipliers and shifts are "moremur" by Pelle Evensen.
 */
static inline uint64_t sb_hash64(uint64_t value)
{
    value ^= UINT64_C(0x2d358dccaa6c78a5); // so that 0 is as good as any
    value ^= value >> 27;
    value *= UINT64_C(0x3c79ac492ba7b653);
    value ^= value >> 33;
    value *= UINT64_C(0x1c69b3f74ac4ae35);
    value ^= value >> 27;
    return value;
}

static inline uint64_t sb_hash_double(double value)
{
    uint64_t bits;

    if (value != value) {
        return sb_hash64(SB_HASH_NAN);
    }
    value += 0.0; // -0.0 + 0.0 is 0.0
    memcpy(&bits, &value, sizeof bits);
    return sb_hash64(bits ^ UINT64_C(0x4b33a62ed433d4a3));
}

/* The hash of the two halves of a decimal128. */
static inline uint64_t sb_hash_wide(uint64_t low, uint64_t high)
{
    return sb_hash64(low ^ sb_hash64(high ^ UINT64_C(0x8bb84b93962eacc9)));
}

static inline uint64_t sb_hash_combine(uint64_t left, uint64_t right)
{
    return sb_hash_mix(left ^ UINT64_C(0x4d5a2da51de1aa47), right ^ UINT64_C(0xa0761d6478bd642f));
}

/*
 * The end of every text's hash. Up to 16 bytes of text are `first` and `second` by themselves: the
 * bytes as two little-endian words, zeros behind the last one (an inline view holds just that).
 */
static inline uint64_t sb_hash_words(uint64_t first, uint64_t second, uint64_t seed)
{
    sb_uint128 product = (sb_uint128)(first ^ SB_HASH_TEXT_1) * (second ^ seed);

    // The words themselves come in again, so that no factor of 0 hides the other one.
    return sb_hash_mix((uint64_t)product ^ first,
                       (uint64_t)(product >> 64) ^ second ^ SB_HASH_TEXT_2);
}

/* What sb_hash_words starts from for a text of up to 16 bytes. */
static inline uint64_t sb_hash_seed(size_t size)
{
    return SB_HASH_TEXT_0 ^ (uint64_t)size;
}

/* 16 bytes of a longer text, folded into what came before. */
static inline uint64_t sb_hash_pair(const uint8_t *bytes, uint64_t key, uint64_t seed)
{
    return sb_hash_mix(sb_word_load64(bytes) ^ key, sb_word_load64(bytes + 8) ^ seed);
}

/*
 * The last 1 to 64 of more than 16 bytes; of 17 to 64 bytes, after sb_hash_seed, that is the hash.
 */
static inline uint64_t sb_hash_rest(const uint8_t *bytes, size_t size, uint64_t seed)
{
    const uint8_t *last = bytes + size - 16;

    for (; bytes < last; bytes += 16) {
        seed = sb_hash_pair(bytes, SB_HASH_TEXT_1, seed);
    }
    return sb_hash_words(sb_word_load64(last), sb_word_load64(last + 8), seed);
}

/* Text and binary: by content, independent of where and how they are stored. */
uint64_t sb_hash_bytes(const void *bytes, size_t size);

/*
 * The same hash of bytes that come in pieces and are never in one place. `size` is that of all of
 * them.
 */
struct sb_hash_stream {
    size_t size;
    size_t done; // in whole blocks of 64
    size_t used; // of the block at hand
    uint64_t lanes[4];
    uint8_t bytes[16 + 64]; // the last 16 of what was done, then the block at hand
};

void sb_hash_stream_init(struct sb_hash_stream *stream, size_t size);
void sb_hash_stream_put(struct sb_hash_stream *stream, const void *bytes, size_t size);
uint64_t sb_hash_stream_end(struct sb_hash_stream *stream);

#endif
