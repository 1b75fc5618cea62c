// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_words.h - numbers in the words of state rows.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_WORDS_H
#define SABOT_EXEC_OPS_AGGREGATE_WORDS_H

#include <stdint.h>
#include <string.h>

__extension__ typedef __int128 sb_aggregate_int128;
__extension__ typedef unsigned __int128 sb_aggregate_uint128;

static inline sb_aggregate_int128 sb_wide_load(const uint64_t *words)
{
    return (sb_aggregate_int128)((sb_aggregate_uint128)words[1] << 64 | words[0]);
}

static inline void sb_wide_store(uint64_t *words, sb_aggregate_int128 value)
{
    words[0] = (uint64_t)value;
    words[1] = (uint64_t)((sb_aggregate_uint128)value >> 64);
}

/* To the nearest integer, halves away from 0; `divisor` is positive. */
static inline sb_aggregate_int128 sb_wide_divide(sb_aggregate_int128 value, int64_t divisor)
{
    sb_aggregate_int128 quotient = value / divisor;
    sb_aggregate_int128 rest = value % divisor;

    rest = rest < 0 ? -rest : rest;
    return rest >= divisor - rest ? quotient + (value < 0 ? -1 : 1) : quotient;
}

static inline double sb_float_load(uint64_t word)
{
    double value;

    memcpy(&value, &word, sizeof value);
    return value;
}

static inline uint64_t sb_float_word(double value)
{
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    return word;
}

/* A canonical double's bits as an integer of the same order: NaN above all. */
static inline int64_t sb_float_order(uint64_t word)
{
    return (int64_t)(word ^ ((uint64_t)((int64_t)word >> 63) >> 1));
}

/* How many numbers, their mean, and the sum of their squared distances from it. */
struct sb_moments {
    int64_t count;
    double mean;
    double squares;
};

/* One more number (Welford). */
static inline void sb_moments_add(struct sb_moments *moments, double value)
{
    double distance = value - moments->mean;

    moments->count++;
    moments->mean += distance / (double)moments->count;
    moments->squares += distance * (value - moments->mean);
}

/* The moments of both together (Chan, Golub, LeVeque). */
static inline void sb_moments_merge(struct sb_moments *moments, const struct sb_moments *other)
{
    int64_t count = moments->count + other->count;
    double distance = other->mean - moments->mean;
    double share;

    if (moments->count == 0 || other->count == 0) {
        *moments = moments->count == 0 ? *other : *moments;
        return;
    }
    share = (double)other->count / (double)count;
    moments->mean += distance * share;
    moments->squares += other->squares + distance * distance * (double)moments->count * share;
    moments->count = count;
}

#endif
