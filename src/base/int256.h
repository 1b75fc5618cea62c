// SPDX-License-Identifier: Apache-2.0
/*
 * int256.h - integers of 256 bits: the little that decimal256 needs.
 */
#ifndef SABOT_BASE_INT256_H
#define SABOT_BASE_INT256_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 sb_uint128;

/* Two's complement, the low word first: little-endian, as Arrow has decimal256. */
struct sb_int256 {
    uint64_t words[4];
};

static inline bool sb_int256_is_negative(const struct sb_int256 *value)
{
    return value->words[3] >> 63 != 0;
}

static inline struct sb_int256 sb_int256_negate(struct sb_int256 value)
{
    uint64_t carry = 1;

    for (int32_t w = 0; w < 4; w++) {
        value.words[w] = ~value.words[w] + carry;
        carry = carry && value.words[w] == 0;
    }
    return value;
}

/* From the two words of 128 bits. */
static inline struct sb_int256 sb_int256_widen(uint64_t low, uint64_t high)
{
    uint64_t sign = (uint64_t)((int64_t)high >> 63);

    return (struct sb_int256){{low, high, sign, sign}};
}

/* False when the sum leaves the range. */
static inline bool sb_int256_add(const struct sb_int256 *a, const struct sb_int256 *b,
                                 struct sb_int256 *out)
{
    bool is_a_negative = sb_int256_is_negative(a);
    bool is_b_negative = sb_int256_is_negative(b);
    uint64_t carry = 0;

    for (int32_t w = 0; w < 4; w++) {
        uint64_t sum;
        bool first = __builtin_add_overflow(a->words[w], b->words[w], &sum);
        bool second = __builtin_add_overflow(sum, carry, &sum);

        carry = first || second;
        out->words[w] = sum;
    }
    return is_a_negative != is_b_negative || sb_int256_is_negative(out) == is_a_negative;
}

/* Times 10 to the power of `digits`; false when that leaves the range. */
static inline bool sb_int256_scale(struct sb_int256 *value, int32_t digits)
{
    enum { WORD_DIGITS = 19 };
    bool is_negative = sb_int256_is_negative(value);
    bool fits = true;

    *value = is_negative ? sb_int256_negate(*value) : *value;
    for (int32_t done = 0; done < digits && fits; done += WORD_DIGITS) {
        sb_uint128 carry = 0;
        uint64_t factor = 1;

        for (int32_t d = done; d < digits && d < done + WORD_DIGITS; d++) {
            factor *= 10;
        }
        for (int32_t w = 0; w < 4; w++) {
            carry += (sb_uint128)value->words[w] * factor;
            value->words[w] = (uint64_t)carry;
            carry >>= 64;
        }
        fits = carry == 0 && !sb_int256_is_negative(value);
    }
    *value = is_negative ? sb_int256_negate(*value) : *value;
    return fits;
}

/* The nearest double, or a neighbour of it beyond 128 bits. */
static inline double sb_int256_double(const struct sb_int256 *value)
{
    const double word = 18446744073709551616.0;
    bool is_negative = sb_int256_is_negative(value);
    struct sb_int256 size = is_negative ? sb_int256_negate(*value) : *value;
    sb_uint128 low = (sb_uint128)size.words[1] << 64 | size.words[0];
    sb_uint128 high = (sb_uint128)size.words[3] << 64 | size.words[2];
    double result = (double)high * word * word + (double)low;

    return is_negative ? -result : result;
}

#endif
