// SPDX-License-Identifier: Apache-2.0
/*
 * distinct_sketch.h - about how many different hashes there were: HyperLogLog in a run of bytes.
 *
 * 4096 registers: the standard error is 1.04 / sqrt(4096) = 1.6 %. A sketch begins as a list of
 * the registers in use and becomes an array of all when that is no longer shorter by much. The
 * bytes are the same on every machine; sketches of parts merge into the sketch of the whole.
 */
#ifndef SABOT_STATE_DISTINCT_SKETCH_H
#define SABOT_STATE_DISTINCT_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SB_DISTINCT_SKETCH_SIZE_MIN = 16,        // of an empty one
    SB_DISTINCT_SKETCH_SIZE_MAX = 16 + 4096, // what any may grow to
};

void sb_distinct_sketch_init(uint8_t *bytes);
int64_t sb_distinct_sketch_size(const uint8_t *bytes);

/* Bytes that one more hash, or merging `other`, may need in all. */
int64_t sb_distinct_sketch_room(const uint8_t *bytes);
int64_t sb_distinct_sketch_merge_room(const uint8_t *bytes, const uint8_t *other);

void sb_distinct_sketch_add(uint8_t *bytes, uint64_t hash);
void sb_distinct_sketch_merge(uint8_t *bytes, const uint8_t *other);

int64_t sb_distinct_sketch_count(const uint8_t *bytes);

/* Whether `size` bytes from outside are a sketch. */
bool sb_distinct_sketch_is_valid(const uint8_t *bytes, int64_t size);

#endif
