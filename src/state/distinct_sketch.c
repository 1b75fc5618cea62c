// SPDX-License-Identifier: Apache-2.0
/*
 * distinct_sketch.c - HyperLogLog; the estimate is Ertl's ("New cardinality estimation algorithms
 * for HyperLogLog sketches", 2017, algorithm 6), which needs no table of corrections.
 */
#include "state/distinct_sketch.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

enum {
    VERSION = 1,
    PRECISION = 12,
    REGISTER_COUNT = 1 << PRECISION,
    RANK_MAX = 64 - PRECISION + 1,
    LIST_MAX = 192, // registers of a list: 768 bytes
    HEADER_SIZE = 16,
};

/* At the begin of a sketch; then entries (register << 8 | rank) of a list, or all ranks. */
struct header {
    uint8_t version;
    uint8_t is_dense;
    uint16_t unused;
    uint32_t entry_count; // of a list
    uint64_t reserved;
};
static_assert(sizeof(struct header) == HEADER_SIZE, "written as it is");

static struct header header_load(const uint8_t *bytes)
{
    struct header header;

    memcpy(&header, bytes, sizeof header);
    return header;
}

static void header_store(uint8_t *bytes, bool is_dense, uint32_t entry_count)
{
    struct header header = {.version = VERSION, .is_dense = is_dense, .entry_count = entry_count};

    memcpy(bytes, &header, sizeof header);
}

static uint32_t entry_load(const uint8_t *bytes, uint32_t entry)
{
    uint32_t value;

    memcpy(&value, bytes + HEADER_SIZE + 4 * (size_t)entry, sizeof value);
    return value;
}

static void entry_store(uint8_t *bytes, uint32_t entry, uint32_t value)
{
    memcpy(bytes + HEADER_SIZE + 4 * (size_t)entry, &value, sizeof value);
}

void sb_distinct_sketch_init(uint8_t *bytes)
{
    header_store(bytes, false, 0);
}

static int64_t list_size(int64_t entry_count)
{
    return HEADER_SIZE + 4 * entry_count;
}

int64_t sb_distinct_sketch_size(const uint8_t *bytes)
{
    struct header header = header_load(bytes);

    return header.is_dense ? SB_DISTINCT_SKETCH_SIZE_MAX : list_size(header.entry_count);
}

static int64_t room(const uint8_t *bytes, int64_t more)
{
    struct header header = header_load(bytes);

    return header.is_dense || header.entry_count + more > LIST_MAX
               ? SB_DISTINCT_SKETCH_SIZE_MAX
               : list_size(header.entry_count + more);
}

int64_t sb_distinct_sketch_room(const uint8_t *bytes)
{
    return room(bytes, 1);
}

int64_t sb_distinct_sketch_merge_room(const uint8_t *bytes, const uint8_t *other)
{
    struct header header = header_load(other);

    return header.is_dense ? SB_DISTINCT_SKETCH_SIZE_MAX : room(bytes, header.entry_count);
}

static void make_dense(uint8_t *bytes)
{
    struct header header = header_load(bytes);
    uint32_t entries[LIST_MAX];

    for (uint32_t i = 0; i < header.entry_count; i++) {
        entries[i] = entry_load(bytes, i);
    }
    header_store(bytes, true, 0);
    memset(bytes + HEADER_SIZE, 0, REGISTER_COUNT);
    for (uint32_t i = 0; i < header.entry_count; i++) {
        bytes[HEADER_SIZE + (entries[i] >> 8)] = (uint8_t)entries[i];
    }
}

static void register_raise(uint8_t *bytes, uint32_t index, uint32_t rank)
{
    struct header header = header_load(bytes);

    if (!header.is_dense) {
        uint32_t found = UINT32_MAX;
        for (uint32_t i = 0; i < header.entry_count; i++) {
            found = entry_load(bytes, i) >> 8 == index ? i : found;
        }
        if (found != UINT32_MAX) {
            if ((entry_load(bytes, found) & 0xff) < rank) {
                entry_store(bytes, found, index << 8 | rank);
            }
            return;
        }
        if (header.entry_count < LIST_MAX) {
            entry_store(bytes, header.entry_count, index << 8 | rank);
            header_store(bytes, false, header.entry_count + 1);
            return;
        }
        make_dense(bytes);
    }
    bytes += HEADER_SIZE + index;
    *bytes = *bytes < rank ? (uint8_t)rank : *bytes;
}

void sb_distinct_sketch_add(uint8_t *bytes, uint64_t hash)
{
    uint64_t rest = hash << PRECISION | UINT64_C(1) << (PRECISION - 1);

    register_raise(bytes, (uint32_t)(hash >> (64 - PRECISION)),
                   (uint32_t)__builtin_clzll(rest) + 1);
}

void sb_distinct_sketch_merge(uint8_t *bytes, const uint8_t *other)
{
    struct header header = header_load(other);

    if (!header.is_dense) {
        for (uint32_t i = 0; i < header.entry_count; i++) {
            uint32_t entry = entry_load(other, i);
            register_raise(bytes, entry >> 8, entry & 0xff);
        }
        return;
    }
    if (!header_load(bytes).is_dense) {
        make_dense(bytes);
    }
    for (int64_t i = HEADER_SIZE; i < SB_DISTINCT_SKETCH_SIZE_MAX; i++) {
        bytes[i] = bytes[i] < other[i] ? other[i] : bytes[i];
    }
}

static double sigma(double x)
{
    double y = 1.0;
    double z = x;
    double before;

    if (x == 1.0) {
        return (double)INFINITY;
    }
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    double y = 1.0;
    double z = 1.0 - x;
    double before;

    if (x == 0.0 || x == 1.0) {
        return 0.0;
    }
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
    } while (z != before);
    return z / 3.0;
}

int64_t sb_distinct_sketch_count(const uint8_t *bytes)
{
    const double m = REGISTER_COUNT;
    struct header header = header_load(bytes);
    int32_t counts[RANK_MAX + 1] = {0}; // registers of each rank
    double z;

    if (header.is_dense) {
        for (int64_t i = 0; i < REGISTER_COUNT; i++) {
            counts[bytes[HEADER_SIZE + i]]++;
        }
    } else {
        counts[0] = REGISTER_COUNT - (int32_t)header.entry_count;
        for (uint32_t i = 0; i < header.entry_count; i++) {
            counts[entry_load(bytes, i) & 0xff]++;
        }
    }
    z = m * tau(1.0 - counts[RANK_MAX] / m);
    for (int32_t rank = RANK_MAX - 1; rank >= 1; rank--) {
        z = 0.5 * (z + counts[rank]);
    }
    z += m * sigma(counts[0] / m);
    return llround(m * m / (2.0 * log(2.0) * z));
}

bool sb_distinct_sketch_is_valid(const uint8_t *bytes, int64_t size)
{
    struct header header;

    if (size < HEADER_SIZE) {
        return false;
    }
    header = header_load(bytes);
    if (header.version != VERSION || header.is_dense > 1 || header.entry_count > LIST_MAX ||
        size != sb_distinct_sketch_size(bytes)) {
        return false;
    }
    for (int64_t i = 0; header.is_dense && i < REGISTER_COUNT; i++) {
        if (bytes[HEADER_SIZE + i] > RANK_MAX) {
            return false;
        }
    }
    for (uint32_t i = 0; i < header.entry_count; i++) {
        uint32_t entry = entry_load(bytes, i);
        if (entry >> 8 >= REGISTER_COUNT || (entry & 0xff) > RANK_MAX || (entry & 0xff) == 0) {
            return false;
        }
    }
    return true;
}
