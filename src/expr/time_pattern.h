// SPDX-License-Identifier: Apache-2.0
/*
 * time_pattern.h - "%Y-%m-%d": patterns that strftime writes and strptime reads.
 *
 * Compiled once, when an expression is bound. docs/reference/expressions.md has the letters; names
 * are English.
 */
#ifndef SABOT_EXPR_TIME_PATTERN_H
#define SABOT_EXPR_TIME_PATTERN_H

#include "base/arena.h"
#include "base/time_zone.h"
#include "expr/vector.h"

struct sb_time_item {
    char letter;  // 0: one byte of text
    char text;    // that byte
    int8_t width; // digits of %f
};

struct sb_time_pattern {
    const char *source;
    int32_t item_count;
    struct sb_time_item *items;
    bool has_offset;            // reads %z or %s: an instant
    bool has_nanos;             // %9f
    const struct sb_zone *zone; // of the values that strftime writes; NULL = none
    int32_t text_size;          // bytes that a text takes at most
};

/* `is_for_reading` refuses letters that only write. */
SB_MUST_CHECK enum sb_status sb_time_pattern_compile(struct sb_bytes text, bool is_for_reading,
                                                     const char *name, struct sb_arena *arena,
                                                     struct sb_time_pattern **out,
                                                     struct sb_error *err);

/* A moment as a clock shows it. */
struct sb_clock {
    int64_t days;
    int64_t seconds; // of the day
    int32_t nanos;
    int64_t offset; // east of UTC
};

/* Writes at most text_size bytes; returns how many. */
int32_t sb_time_pattern_write(const struct sb_time_pattern *pattern, const struct sb_clock *clock,
                              char *buffer);

/* The whole text; what it does not name is 1900-01-01T00:00:00. `has_offset`: seconds are UTC. */
bool sb_time_pattern_read(const struct sb_time_pattern *pattern, const char *text, int64_t size,
                          struct sb_clock *out);

#endif
