// SPDX-License-Identifier: Apache-2.0
/*
 * hash.c - the stable hash of byte strings.
 *
 * Words are read little-endian and folded by 64 x 64 -> 128 bit products, the idea of wyhash (Wang
 * Yi) and MUM (Vladimir Makarov); the schedule of words below is our own and pinned by a test. The
 * last 16 bytes are read again where the length is no multiple, so that no byte is read outside.
 */
#include "base/hash.h"

#include "base/word.h"

#define HASH_K0 UINT64_C(0xa0761d6478bd642f)
#define HASH_K1 UINT64_C(0xe7037ed1a0b428db)
#define HASH_K2 UINT64_C(0x8ebc6af09c88c6e3)
#define HASH_K3 UINT64_C(0x589965cc75374cc3)
#define HASH_K4 UINT64_C(0x1d8e4e27c47d124f)

uint64_t sb_hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint64_t seed = HASH_K0 ^ (uint64_t)size * HASH_K4;
    uint64_t a;
    uint64_t b;

    if (size > 16) {
        const uint8_t *last = p + size - 16;

        if (size > 64) { // four chains, so that the products overlap
            const uint8_t *stop = p + size - 64;
            uint64_t lane1 = seed;
            uint64_t lane2 = seed;
            uint64_t lane3 = seed;

            do {
                seed = sb_hash_mix(sb_word_load64(p) ^ HASH_K1, sb_word_load64(p + 8) ^ seed);
                lane1 =
                    sb_hash_mix(sb_word_load64(p + 16) ^ HASH_K2, sb_word_load64(p + 24) ^ lane1);
                lane2 =
                    sb_hash_mix(sb_word_load64(p + 32) ^ HASH_K3, sb_word_load64(p + 40) ^ lane2);
                lane3 =
                    sb_hash_mix(sb_word_load64(p + 48) ^ HASH_K4, sb_word_load64(p + 56) ^ lane3);
                p += 64;
            } while (p < stop);
            seed = sb_hash_mix(seed ^ lane1, HASH_K2) ^ sb_hash_mix(lane2 ^ HASH_K3, lane3);
        }
        for (; p < last; p += 16) {
            seed = sb_hash_mix(sb_word_load64(p) ^ HASH_K1, sb_word_load64(p + 8) ^ seed);
        }
        a = sb_word_load64(last);
        b = sb_word_load64(last + 8);
    } else if (size >= 8) {
        a = sb_word_load64(p);
        b = sb_word_load64(p + size - 8);
    } else if (size >= 4) {
        a = sb_word_load32(p);
        b = sb_word_load32(p + size - 4);
    } else if (size > 0) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[size >> 1] << 8 | p[size - 1];
        b = 0;
    } else {
        a = 0;
        b = 0;
    }
    a ^= HASH_K1;
    b ^= seed;
    return sb_hash_mix(sb_hash_mix(a, b) ^ HASH_K2, a + b * HASH_K3);
}
