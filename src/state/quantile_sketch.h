// SPDX-License-Identifier: Apache-2.0
/*
 * quantile_sketch.h - about where the quantiles of many numbers are: KLL in a run of bytes.
 *
 * Up to 256 numbers a sketch is exact. Beyond, the number it gives for a quantile is one whose rank
 * is off by less than 2 % of the count with a certainty of 99 %, whatever the numbers are and in
 * whatever order they came. It holds at most about a thousand numbers. Sketches of parts merge into
 * one of the whole with the same bound. What would be drawn at random follows from the count, so
 * the same input gives the same sketch.
 */
#ifndef SABOT_STATE_QUANTILE_SKETCH_H
#define SABOT_STATE_QUANTILE_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

enum { SB_QUANTILE_SKETCH_SIZE_MIN = 96 }; // of an empty one

void sb_quantile_sketch_init(uint8_t *bytes);
int64_t sb_quantile_sketch_size(const uint8_t *bytes);

/* Bytes that one more number, or merging `other`, needs in all while it works. */
int64_t sb_quantile_sketch_room(const uint8_t *bytes);
int64_t sb_quantile_sketch_merge_room(const uint8_t *bytes, const uint8_t *other);

void sb_quantile_sketch_add(uint8_t *bytes, double value);
void sb_quantile_sketch_merge(uint8_t *bytes, const uint8_t *other);

/* The number at a quantile; the sketch is not empty. */
double sb_quantile_sketch_get(const uint8_t *bytes, double quantile);

/* Whether `size` bytes from outside are a sketch. */
bool sb_quantile_sketch_is_valid(const uint8_t *bytes, int64_t size);

#endif
