// SPDX-License-Identifier: Apache-2.0
/*
 * hash.c - the stable hash of byte strings.
 *
 * Words are read little-endian and folded by 64 x 64 -> 128 bit products, the idea of wyhash (Wang
 * Yi) and MUM (Vladimir Makarov); the schedule of words is our own and pinned by a test. Text of up
 * to 16 bytes is two words padded with zeros, so that who may read 16 bytes anyway needs no branch
 * on its size. Longer text is read by 16 bytes, the last 16 again where the size is no multiple: no
 * byte outside is touched.
 */
#include "base/hash.h"

#include "base/assert.h"

#define HASH_LANE_1 UINT64_C(0x589965cc75374cc3)
#define HASH_LANE_2 UINT64_C(0x1d8e4e27c47d124f)
#define HASH_LANE_3 UINT64_C(0xd6e8feb86659fd93)

// 64 bytes into four chains, so that the products overlap.
static inline void block_fold(const uint8_t *bytes, uint64_t lanes[4])
{
    lanes[0] = sb_hash_pair(bytes, SB_HASH_TEXT_1, lanes[0]);
    lanes[1] = sb_hash_pair(bytes + 16, HASH_LANE_1, lanes[1]);
    lanes[2] = sb_hash_pair(bytes + 32, HASH_LANE_2, lanes[2]);
    lanes[3] = sb_hash_pair(bytes + 48, HASH_LANE_3, lanes[3]);
}

static inline uint64_t lanes_fold(const uint64_t lanes[4])
{
    return sb_hash_mix(lanes[0] ^ lanes[1], SB_HASH_TEXT_2) ^
           sb_hash_mix(lanes[2] ^ HASH_LANE_1, lanes[3]);
}

static uint64_t long_hash(const uint8_t *bytes, size_t size)
{
    uint64_t seed = sb_hash_seed(size);

    if (size > 64) {
        const uint8_t *stop = bytes + size - 64;
        const uint8_t *first = bytes;
        uint64_t lanes[4] = {seed, seed, seed, seed};

        do {
            block_fold(bytes, lanes);
            bytes += 64;
        } while (bytes < stop);
        seed = lanes_fold(lanes);
        size -= (size_t)(bytes - first);
    }
    return sb_hash_rest(bytes, size, seed);
}

uint64_t sb_hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint64_t first = 0;
    uint64_t second = 0;

    if (size > 16) {
        return long_hash(p, size);
    }
    if (size > 8) {
        first = sb_word_load64(p);
        second = sb_word_load64(p + size - 8) >> (8 * (16 - size));
    } else if (size >= 4) {
        first = sb_word_load32(p) | sb_word_load32(p + size - 4) << (8 * (size - 4));
    } else if (size > 0) { // the middle byte is one of the others when there is none
        first = (uint64_t)p[0] | (uint64_t)p[size >> 1] << (8 * (size >> 1)) |
                (uint64_t)p[size - 1] << (8 * (size - 1));
    }
    return sb_hash_words(first, second, sb_hash_seed(size));
}

void sb_hash_stream_init(struct sb_hash_stream *stream, size_t size)
{
    stream->size = size;
    stream->done = 0;
    stream->used = 0;
    for (int i = 0; i < 4; i++) {
        stream->lanes[i] = sb_hash_seed(size);
    }
}

void sb_hash_stream_put(struct sb_hash_stream *stream, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;

    while (size > 0) {
        size_t room = 64 - stream->used;
        size_t taken = size < room ? size : room;

        if (taken == 0) { // the block is not the last one
            block_fold(stream->bytes + 16, stream->lanes);
            memcpy(stream->bytes, stream->bytes + 64, 16);
            stream->done += 64;
            stream->used = 0;
            continue;
        }
        memcpy(stream->bytes + 16 + stream->used, p, taken);
        stream->used += taken;
        p += taken;
        size -= taken;
    }
}

uint64_t sb_hash_stream_end(struct sb_hash_stream *stream)
{
    sb_debug_assert(stream->done + stream->used == stream->size);
    if (stream->done == 0) {
        return sb_hash_bytes(stream->bytes + 16, stream->size);
    }
    return sb_hash_rest(stream->bytes + 16, stream->used, lanes_fold(stream->lanes));
}
